//! The dashboard: draws snapshots, sends commands. It knows no HTTP and no SQL.
//!
//! A key press travels: terminal event → key table ([`keys`]) → [`action::Action`] →
//! [`app::App::update`] → `try_send` → the engine → a new snapshot → [`draw::draw`].
//!
//! It draws on a new snapshot, a key or a resize, at most 30 times a second and never on a
//! timer, in a thread of its own: a slow terminal holds up the drawing and nothing else.

pub mod action;
pub mod app;
pub mod chart;
pub mod draw;
pub mod hosts;
pub mod keys;
mod lists;
pub mod log_view;
pub mod paint;
pub mod panels;
pub mod prompt;
pub mod race;
mod screen;
pub mod staging;
pub mod tables;
pub mod text;
pub mod theme;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::Snapshot;
use app::{App, Effect};
pub use keys::keys_table_markdown;
pub use log_view::log_layer;
use screen::Screen;
pub use theme::ColorMode;
use theme::Theme;

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(33);

/// How the dashboard looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct UiOptions {
    /// Whether to use colours.
    pub color: ColorMode,
    /// Whether to keep to ASCII; `None` asks the environment.
    pub ascii: Option<bool>,
}

/// Why the dashboard ended early.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The terminal cannot be used.
    #[error("cannot use this terminal (try --headless): {0}")]
    Terminal(#[source] io::Error),
    /// The engine ended without saying how.
    #[error("the crawl ended without a last word; see the log")]
    EngineGone,
}

/// Shows the crawl until it is over and the user leaves. A crawl that ends by itself stays on
/// screen; one that the user stops takes the dashboard with it.
///
/// The terminal is restored on return, on error and on panic; dropping the future ends the
/// dashboard as well.
///
/// # Errors
/// When the terminal cannot be used, or the engine is gone before the end of the crawl.
pub async fn run(
    snapshots: watch::Receiver<Arc<Snapshot>>,
    commands: mpsc::Sender<(Command, Origin)>,
    options: UiOptions,
) -> Result<(), UiError> {
    run_until(snapshots, commands, options, std::future::pending()).await
}

/// Like [`run`], but also returns, with the terminal restored, when `end` does.
///
/// # Errors
/// Like [`run`].
pub async fn run_until(
    snapshots: watch::Receiver<Arc<Snapshot>>,
    commands: mpsc::Sender<(Command, Origin)>,
    options: UiOptions,
    end: impl Future<Output = ()>,
) -> Result<(), UiError> {
    let theme = Theme::detect(options.color, options.ascii, |name| std::env::var(name).ok());
    on_its_thread(move |gone| show(snapshots, commands, theme, gone), end).await
}

/// Runs what `view` makes on a thread of its own, until it ends or `end` does. It is told when
/// nobody waits for it any more.
async fn on_its_thread<V, F>(view: V, end: impl Future<Output = ()>) -> Result<(), UiError>
where
    V: FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    F: Future<Output = Result<(), UiError>>,
{
    // Dropped with this future: the thread sees it and ends.
    let (alive, gone) = oneshot::channel::<()>();
    let (done, mut result) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("dashboard".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let outcome = match runtime {
                Ok(runtime) => runtime.block_on(view(gone)),
                Err(error) => Err(UiError::Terminal(error)),
            };
            let _ = done.send(outcome);
        })
        .map_err(UiError::Terminal)?;
    let outcome = tokio::select! {
        outcome = &mut result => outcome,
        () = end => {
            drop(alive);
            result.await
        }
    };
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Ok(()),
        },
    }
}

/// The loop, on the dashboard's own thread.
async fn show(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    commands: mpsc::Sender<(Command, Origin)>,
    theme: Theme,
    mut gone: oneshot::Receiver<()>,
) -> Result<(), UiError> {
    let mut screen = Screen::enter().map_err(UiError::Terminal)?;
    let mut events = EventStream::new();
    let mut app = App::new();
    let mut engine_lives = true;
    let mut snapshot = snapshots.borrow_and_update().clone();
    app.see(&snapshot);
    let mut changed = true;
    let mut next_frame = Instant::now();
    while !app.done(&snapshot) {
        if changed && Instant::now() >= next_frame {
            log_view::gather();
            screen
                .draw(|frame| draw::draw(frame, &mut app, &snapshot, theme))
                .map_err(UiError::Terminal)?;
            changed = false;
            next_frame = Instant::now() + FRAME;
        }
        tokio::select! {
            biased;
            _ = &mut gone => return Ok(()),
            event = events.next() => {
                let event = event
                    .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
                    .map_err(UiError::Terminal)?;
                let effect = handle(&mut app, event, &snapshot);
                changed = true;
                if let Some(effect) = effect {
                    perform(effect, &mut app, &snapshot, &commands, &mut screen)
                        .map_err(UiError::Terminal)?;
                }
            }
            news = snapshots.changed(), if engine_lives => {
                if news.is_ok() {
                    snapshot = snapshots.borrow_and_update().clone();
                    app.see(&snapshot);
                    changed = true;
                } else if snapshot.run.is_final() {
                    engine_lives = false;
                } else {
                    return Err(UiError::EngineGone);
                }
            }
            () = tokio::time::sleep_until(next_frame), if changed => {}
        }
    }
    Ok(())
}

fn handle(app: &mut App, event: Event, snapshot: &Snapshot) -> Option<Effect> {
    match event {
        Event::Key(key) => app.key(key, snapshot),
        Event::Mouse(mouse) => {
            app.wheel(mouse, snapshot);
            None
        }
        Event::Paste(text) => {
            app.paste(&text);
            None
        }
        // Also when the size is what it was: a terminal that shrank and grew between two frames
        // has lost what was on it.
        Event::Resize(..) => Some(Effect::Redraw),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn perform(
    effect: Effect,
    app: &mut App,
    snapshot: &Snapshot,
    commands: &mpsc::Sender<(Command, Origin)>,
    screen: &mut Screen,
) -> io::Result<()> {
    match effect {
        Effect::Send(command) => {
            match commands.try_send((command.clone(), Origin::User)) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => app.busy(&command, snapshot),
                Err(TrySendError::Closed(_)) => app.refuse("the engine is gone", snapshot),
            }
            Ok(())
        }
        Effect::Copy(text) => Screen::copy(&text),
        Effect::Mouse(on) => screen.mouse(on),
        Effect::Redraw => screen.clear(),
        Effect::Suspend => screen.suspend(),
    }
}
