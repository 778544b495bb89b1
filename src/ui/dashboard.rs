//! The loop of the dashboard: events of the terminal and snapshots of the engine come in, frames and
//! commands go out. What it draws on is a [`Surface`]: the terminal, or a buffer of a test.

use std::io;
use std::sync::Arc;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::app::{App, Effect};
use super::deck::motion;
use super::job_control::job_control;
use super::screen::{Screen, Surface};
use super::stored::reading::{self, StoredLink};
use super::stored::wanted::StoredAnswer;
use super::terminal_events::terminal_events;
use super::theme::Theme;
use super::view_thread::{FRAME, UiError, UiOptions, on_own_thread};
use super::{draw, log_view};
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::Snapshot;

/// Shows the crawl until it is over and the user leaves, or `end` returns. A crawl that ends by itself stays on
/// screen; one that the user stops takes the dashboard with it.
///
/// The terminal is restored on return, on error and on panic; dropping the future ends the
/// dashboard as well.
///
/// # Errors
/// When the terminal cannot be used, or the engine is gone before the end of the crawl.
pub async fn run_until(
    snapshots: watch::Receiver<Arc<Snapshot>>,
    commands: mpsc::Sender<(Command, Origin)>,
    options: UiOptions,
    end: impl Future<Output = ()>,
) -> Result<(), UiError> {
    let (theme, first_tab) = (options.theme(), options.first_tab);
    let (moves, database) = (!options.appearance.no_motion, options.database);
    let links = options.stored.as_ref().is_some_and(|stored| stored.links);
    let (stored, task) = options
        .stored
        .map(|stored| reading::start(stored.pages))
        .map_or((None, None), |(link, task)| (Some(link), Some(task)));
    let engine = EngineLink { snapshots, commands, stored };
    let view = move |gone| async move {
        let mut screen = Screen::enter(options.panic_points).map_err(UiError::Terminal)?;
        let mut app = App::new();
        app.tab = first_tab;
        app.motion.enable(moves);
        app.database = database;
        app.stored.readable = engine.stored.is_some();
        app.stored.links = links;
        let events = terminal_events().map_err(UiError::Terminal)?;
        let events = stream::select(events, job_control().map_err(UiError::Terminal)?);
        show(&mut screen, app, events, engine, theme, gone).await
    };
    let shown = on_own_thread(view, end).await;
    if let Some(task) = task {
        task.ended().await;
    }
    shown
}

/// The ways to the engine and to the database, and back.
#[derive(Debug)]
pub struct EngineLink {
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Takes commands.
    pub commands: mpsc::Sender<(Command, Origin)>,
    /// Reads stored pages, where they can be read.
    pub stored: Option<StoredLink>,
}

/// The next answer of the database; never, where there is none to ask.
async fn next_answer(stored: &mut Option<StoredLink>) -> Option<StoredAnswer> {
    match stored {
        Some(link) => link.answer().await,
        None => std::future::pending().await,
    }
}

/// The loop, on the dashboard's own thread. It draws after an event or a snapshot, and while something moves on
/// the Deck, at no other time, and leaves [`FRAME`] between two frames.
///
/// # Errors
/// When the terminal cannot be used, or the engine is gone before the end of the crawl.
pub async fn show(
    screen: &mut impl Surface,
    mut app: App,
    mut events: impl Stream<Item = io::Result<Event>> + Unpin,
    engine: EngineLink,
    theme: Theme,
    mut gone: oneshot::Receiver<()>,
) -> Result<(), UiError> {
    let EngineLink { mut snapshots, commands, mut stored } = engine;
    let mut engine_lives = true;
    let mut snapshot = snapshots.borrow_and_update().clone();
    app.see(&snapshot);
    let mut changed = true;
    let mut next_frame = Instant::now();
    let mut next_move = next_frame;
    while !app.done(&snapshot) {
        if changed && Instant::now() >= next_frame {
            log_view::gather();
            let begin = Instant::now();
            screen
                .draw(|frame| draw::draw(frame, &mut app, &snapshot, theme))
                .map_err(UiError::Terminal)?;
            app.motion.wrote(begin.elapsed());
            changed = false;
            next_frame = Instant::now() + FRAME;
        }
        if let Some(link) = &stored {
            link.want(app.wanted(&snapshot));
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
                    perform(effect, &mut app, &snapshot, &commands, screen)
                        .map_err(UiError::Terminal)?;
                }
            }
            news = snapshots.changed(), if engine_lives => {
                if news.is_ok() {
                    snapshot = snapshots.borrow_and_update().clone();
                    app.see(&snapshot);
                    changed = true;
                    if app.shows_motion() && Instant::now() + motion::EARLY >= next_move {
                        app.motion.advance();
                        next_move = Instant::now() + motion::FRAME;
                    }
                } else if snapshot.run.is_final() {
                    engine_lives = false;
                } else {
                    return Err(UiError::EngineGone);
                }
            }
            answer = next_answer(&mut stored) => {
                match answer {
                    Some(answer) => app.receive(answer),
                    None => stored = None,
                }
                changed = true;
            }
            () = tokio::time::sleep_until(next_frame), if changed => {}
            () = tokio::time::sleep_until(next_move), if app.shows_motion() => {
                app.motion.advance();
                next_move = Instant::now() + motion::FRAME;
                changed = true;
            }
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
        Event::FocusGained | Event::FocusLost => {
            app.motion.focus(event == Event::FocusGained);
            None
        }
    }
}

fn send(
    command: &Command,
    origin: Origin,
    app: &mut App,
    snapshot: &Snapshot,
    commands: &mpsc::Sender<(Command, Origin)>,
) {
    match commands.try_send((command.clone(), origin)) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => app.busy(command, snapshot),
        Err(TrySendError::Closed(_)) => app.refuse("the engine is gone", snapshot),
    }
}

fn perform(
    effect: Effect,
    app: &mut App,
    snapshot: &Snapshot,
    commands: &mpsc::Sender<(Command, Origin)>,
    screen: &mut impl Surface,
) -> io::Result<()> {
    match effect {
        Effect::Send(command) => {
            send(&command, Origin::Key, app, snapshot, commands);
            Ok(())
        }
        Effect::SendTyped(command) => {
            send(&command, Origin::Typed, app, snapshot, commands);
            Ok(())
        }
        Effect::Copy(text) => screen.copy(&text),
        Effect::Mouse(on) => screen.mouse(on),
        Effect::Redraw => screen.clear(),
        Effect::Suspend => screen.suspend(),
    }
}
