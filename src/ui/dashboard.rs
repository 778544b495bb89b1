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
use super::browser::{self, BrowserStart};
use super::deck::{Tour, motion};
use super::job_control::job_control;
use super::screen::{Screen, Surface};
use super::stored::reading::{self, StoredLink};
use super::stored::wanted::StoredAnswer;
use super::terminal_events::terminal_events;
use super::theme::Theme;
use super::view_thread::{FRAME, UiError, UiOptions, on_own_thread};
use super::{draw, log_view, picture};
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
    let (theme, first_tab, keys) = (options.theme(), options.first_tab, options.keys()?);
    let (moves, database, tour) = (!options.appearance.no_motion, options.database, options.tour);
    let (titles, bell) = (options.appearance.window_title, options.appearance.bell);
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
        app.keys = keys;
        app.motion.enable(moves);
        app.database = database;
        app.announcements.titles = titles;
        app.announcements.bell = bell;
        app.stored.readable = engine.stored.is_some();
        app.stored.links = links;
        app.tour = tour.map(|record| Tour::new(Some(record)));
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
    announce(&mut app, &snapshot, screen).map_err(UiError::Terminal)?;
    let mut changed = true;
    let mut next_frame = Instant::now();
    let mut next_move = next_frame;
    let mut opening = None;
    while !app.done(&snapshot) {
        send_staging(&mut app, &commands);
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
                    let started = perform(effect, &mut app, &snapshot, &commands, screen, theme);
                    opening = started.map_err(UiError::Terminal)?.or(opening);
                }
            }
            news = snapshots.changed(), if engine_lives => {
                if news.is_ok() {
                    snapshot = snapshots.borrow_and_update().clone();
                    app.see(&snapshot);
                    announce(&mut app, &snapshot, screen).map_err(UiError::Terminal)?;
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
            opened = opened(&mut opening), if opening.is_some() => {
                opening = None;
                if let Err(why) = opened {
                    app.refuse(format!("no browser could be started: {why}"), &snapshot);
                }
                changed = true;
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

/// What came of starting a browser; never returns where none is being started.
async fn opened(opening: &mut Option<BrowserStart>) -> Result<(), String> {
    match opening {
        Some(result) => result.await.unwrap_or_else(|_| Err("no thread for it".to_owned())),
        None => std::future::pending().await,
    }
}

fn handle(app: &mut App, event: Event, snapshot: &Snapshot) -> Option<Effect> {
    match event {
        Event::Key(key) => app.key(key, snapshot),
        Event::Mouse(mouse) => app.mouse_event(mouse, snapshot),
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

/// Sends what sets the stage of the tour; what finds no room is sent later.
fn send_staging(app: &mut App, commands: &mpsc::Sender<(Command, Origin)>) {
    while let Some(command) = app.take_staging() {
        match commands.try_send((command, Origin::Scene)) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full((command, _))) => return app.put_back_staging(command),
        }
    }
}

/// Says beside the screen what is due.
fn announce(app: &mut App, snapshot: &Snapshot, screen: &mut impl Surface) -> io::Result<()> {
    let due = app.announcements.after(snapshot);
    if let Some(title) = due.title {
        screen.title(&title)?;
    }
    if due.rings { screen.ring() } else { Ok(()) }
}

/// Does what the view asks for; returns the browser that is being started.
fn perform(
    effect: Effect,
    app: &mut App,
    snapshot: &Snapshot,
    commands: &mpsc::Sender<(Command, Origin)>,
    screen: &mut impl Surface,
    theme: Theme,
) -> io::Result<Option<BrowserStart>> {
    match effect {
        Effect::Send(command) => send(&command, Origin::Key, app, snapshot, commands),
        Effect::SendTyped(command) => send(&command, Origin::Typed, app, snapshot, commands),
        Effect::Copy(text) => screen.copy(&text)?,
        Effect::OpenUrl(url) => {
            if let Some(why) = browser::no_browser(|name| std::env::var(name).ok()) {
                app.say(format!("{why}: the URL is copied instead"), snapshot);
                screen.copy(&url)?;
            } else {
                app.say(format!("opening {url}"), snapshot);
                return Ok(Some(browser::open(url)));
            }
        }
        Effect::Picture => take_picture(app, snapshot, screen, theme)?,
        Effect::Mouse(on) => screen.mouse(on)?,
        Effect::Redraw => screen.clear()?,
        Effect::Suspend => screen.suspend()?,
    }
    Ok(None)
}

/// Writes a picture of what is shown now.
fn take_picture(
    app: &mut App,
    snapshot: &Snapshot,
    screen: &mut impl Surface,
    theme: Theme,
) -> io::Result<()> {
    let mut drawn = None;
    screen.draw(|frame| {
        draw::draw(frame, app, snapshot, theme);
        drawn = Some(frame.buffer_mut().clone());
    })?;
    let Some(buffer) = drawn else { return Ok(()) };
    let name = app.theme.unwrap_or(theme.name);
    match picture::save(&buffer, name, &jiff::Zoned::now()) {
        Ok(file) => app.say(format!("this screen is in {file}"), snapshot),
        Err(error) => app.refuse(format!("no picture: {error}"), snapshot),
    }
    Ok(())
}
