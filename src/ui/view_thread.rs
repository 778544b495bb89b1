//! What the dashboard and the race of `compare` share: how they look, why they end, and the thread
//! of its own on which each runs.

use std::io;
use std::time::Duration;

use terminal_colorsaurus::{QueryOptions, ThemeMode};
use tokio::sync::{oneshot, watch};

use super::action::Tab;
use super::detect_theme::detect;
use super::keys::KeyMap;
use super::stored::StoredSource;
use super::theme::Theme;
use super::tour_seen::TourSeen;
use crate::panics::{Panic, caught_now};
use crate::settings::appearance::Appearance;
use crate::settings::faults::PanicPoints;

/// Least time between two frames.
pub(super) const FRAME: Duration = Duration::from_millis(33);

/// Longest wait for the terminal to name its background. A later reply is no key press.
const REPLY: Duration = Duration::from_millis(100);

/// The database as further commands name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ShownDatabase {
    /// The one that commands take where none is named.
    #[default]
    Usual,
    /// This one; secrets in it are masked.
    Named(String),
    /// One that is removed at the end.
    Temporary,
}

/// How the dashboard looks.
#[derive(Debug, Clone, Default)]
pub struct UiOptions {
    /// Colours, glyphs and motion.
    pub appearance: Appearance,
    /// Where the results are, once the crawl is over.
    pub database: ShownDatabase,
    /// The pages of the crawl, where they can be read.
    pub stored: Option<StoredSource>,
    /// The tab shown first.
    pub first_tab: Tab,
    /// The guided tour is on, and what was seen of it is told here.
    pub tour: Option<watch::Sender<TourSeen>>,
    /// Whether the dashboard is to panic, for tests.
    pub panic_points: PanicPoints,
}

/// Why the dashboard ended early.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The terminal cannot be used.
    #[error("cannot use this terminal (try --headless): {0}")]
    Terminal(#[source] io::Error),
    /// The thread of the dashboard cannot start.
    #[error("the system allows no more threads (ulimit -u): {0}")]
    Thread(#[source] io::Error),
    /// The thread of the dashboard panicked. The terminal was restored before.
    #[error("it panicked: {0}")]
    Panicked(Panic),
    /// The keys that were chosen cannot be used.
    #[error("keys: {0}")]
    Keys(String),
    /// The engine ended without saying how.
    #[error("the crawl ended without a last word; see the log")]
    EngineGone,
}

impl UiOptions {
    /// The theme that these options and the environment ask for.
    pub(super) fn theme(&self) -> Theme {
        detect(&self.appearance, |name| std::env::var(name).ok(), is_light)
    }

    /// The keys that these options ask for.
    pub(super) fn keys(&self) -> Result<KeyMap, UiError> {
        KeyMap::new(&self.appearance.keys).map_err(UiError::Keys)
    }
}

/// Whether the background of the terminal is light, if it says so soon.
fn is_light() -> Option<bool> {
    let mut options = QueryOptions::default();
    options.timeout = REPLY;
    let mode = terminal_colorsaurus::theme_mode(options).ok()?;
    Some(mode == ThemeMode::Light)
}

/// Runs what `view` makes on a thread of its own, until it ends or `end` does. The receiver
/// that it gets ends when nobody waits for it any more.
///
/// # Errors
/// Those of the view, [`UiError::Thread`], and [`UiError::Panicked`] when the view panics: the caller
/// lives on, because what is shown must not end with what shows it.
pub(super) async fn on_own_thread<V, F>(
    view: V,
    end: impl Future<Output = ()>,
) -> Result<(), UiError>
where
    V: FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    F: Future<Output = Result<(), UiError>>,
{
    // Dropped with this future: the thread sees it and ends.
    let (alive, gone) = oneshot::channel::<()>();
    let (done, mut result) = oneshot::channel();
    std::thread::Builder::new()
        .name("dashboard".to_owned())
        .spawn(move || {
            let outcome = caught_now(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(view(gone)),
                    Err(error) => Err(UiError::Terminal(error)),
                }
            });
            let _ = done.send(outcome.unwrap_or_else(|panic| Err(UiError::Panicked(panic))));
        })
        .map_err(UiError::Thread)?;
    let outcome = tokio::select! {
        outcome = &mut result => outcome,
        () = end => {
            drop(alive);
            result.await
        }
    };
    // The thread sends its outcome whatever happens in it.
    outcome.unwrap_or(Err(UiError::EngineGone))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_view_is_an_error_of_the_view() {
        let formatted = on_own_thread(|_| async { panic!("row {} is not there", 7) }, pending());
        let plain = on_own_thread(|_| async { panic!("row 7 is not there") }, pending());
        for shown in [formatted.await, plain.await] {
            let said = shown.unwrap_err().to_string();
            assert!(said.starts_with("it panicked: row 7 is not there at src/ui/"), "{said}");
        }
    }
}
