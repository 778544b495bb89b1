//! The loop of the race: boards come in, frames go out; a key stops it.

use std::io;
use std::sync::Arc;

use crossterm::event::{Event, KeyEventKind, KeyModifiers};
use futures_util::StreamExt as _;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::layout::draw;
use crate::compare::progress::ComparisonProgress;
use crate::ui::action::Action;
use crate::ui::keys::{KeyContext, KeyMap};
use crate::ui::screen::{Screen, Surface as _};
use crate::ui::terminal_events::terminal_events;
use crate::ui::theme::Theme;
use crate::ui::view_thread::{FRAME, UiError, UiOptions, on_own_thread};

/// Shows the race until it is over and the user leaves. One that is stopped, by key or by `stop`,
/// takes the view with it.
///
/// The terminal is restored on return, on error and on panic.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(
    board: watch::Receiver<Arc<ComparisonProgress>>,
    stop: CancellationToken,
    options: UiOptions,
) -> Result<(), UiError> {
    let theme = options.theme();
    let keys = options.keys()?;
    let view = move |gone| async move {
        let screen = Screen::enter(options.panic_points).map_err(UiError::Terminal)?;
        show(screen, board, stop, (theme, keys), gone).await
    };
    on_own_thread(view, std::future::pending()).await
}

/// The loop, on the dashboard's own thread.
async fn show(
    mut screen: Screen,
    mut boards: watch::Receiver<Arc<ComparisonProgress>>,
    stop: CancellationToken,
    (theme, keys): (Theme, KeyMap),
    mut gone: oneshot::Receiver<()>,
) -> Result<(), UiError> {
    let mut events = terminal_events().map_err(UiError::Terminal)?;
    let mut board = boards.borrow_and_update().clone();
    let mut changed = true;
    let mut explains = false;
    let mut next_frame = Instant::now();
    while !(board.finished && stop.is_cancelled()) {
        if changed && Instant::now() >= next_frame {
            let frame =
                |frame: &mut ratatui::Frame<'_>| draw(frame, &board, (theme, &keys), explains);
            screen.draw(frame).map_err(UiError::Terminal)?;
            changed = false;
            next_frame = Instant::now() + FRAME;
        }
        tokio::select! {
            biased;
            _ = &mut gone => return Ok(()),
            () = stop.cancelled(), if board.finished => {}
            event = events.next() => {
                let event = event
                    .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
                    .map_err(UiError::Terminal)?;
                changed = true;
                match event {
                    Event::Key(key) if key.kind == KeyEventKind::Release => {}
                    Event::Key(key) => match keys.action_for(key, KeyContext::Race) {
                        Some(Action::Help) => explains = !explains,
                        // What lies on top is left first, except by Ctrl-C.
                        Some(Action::Stop | Action::Close)
                            if explains && !key.modifiers.contains(KeyModifiers::CONTROL) =>
                        {
                            explains = false;
                        }
                        Some(Action::Stop) => stop.cancel(),
                        Some(Action::Close) if board.finished => stop.cancel(),
                        Some(Action::Suspend) => screen.suspend().map_err(UiError::Terminal)?,
                        _ => {}
                    },
                    Event::Resize(..) => screen.clear().map_err(UiError::Terminal)?,
                    _ => {}
                }
            }
            news = boards.changed(), if !board.finished => {
                if news.is_err() {
                    return Err(UiError::EngineGone);
                }
                board = boards.borrow_and_update().clone();
                changed = true;
            }
            () = tokio::time::sleep_until(next_frame), if changed => {}
        }
    }
    Ok(())
}
