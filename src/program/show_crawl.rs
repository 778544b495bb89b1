//! Shows a running crawl, by dashboard or progress lines, and prints its summary at the end.

use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use tokio::task::JoinHandle;

use super::output::print_result;
use crate::cli::{CrawlOptions, PANIC_IN};
use crate::crawl::Crawl;
use crate::crawl::protocol::failure_hint::failure_hint;
use crate::crawl::protocol::snapshot::RunState;
use crate::crawl::protocol::summary::Summary;
use crate::headless::signals::ProcessSignals;
use crate::headless::{self, tell};
use crate::settings::Settings;
use crate::settings::faults::PanicPoints;
use crate::units;

/// How a crawl is shown.
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct CrawlDisplay {
    /// By the dashboard, instead of progress lines.
    pub(super) dashboard: bool,
    /// With one JSON object at the end.
    pub(super) json: bool,
    /// Not at all.
    pub(super) quiet: bool,
    /// Its database is removed at the end.
    pub(super) temporary: bool,
    /// The guided tour is on, and what was seen of it is told here.
    #[cfg(feature = "tui")]
    pub(super) tour: Option<tokio::sync::watch::Sender<crate::ui::TourSeen>>,
    #[cfg(feature = "tui")]
    first_tab: crate::ui::action::Tab,
    #[cfg(feature = "tui")]
    appearance: crate::settings::appearance::Appearance,
}

impl CrawlDisplay {
    /// As the options and the terminal want it.
    pub(super) fn of(options: &CrawlOptions) -> Self {
        // A list on standard input is read before, and keys come from the terminal itself.
        let list_on_stdin = options.reach.list() == Some(Path::new("-"));
        let terminal = (stdin().is_terminal() || list_on_stdin && has_terminal())
            && stdout().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            dashboard: cfg!(feature = "tui") && terminal && options.output.headless != Some(true),
            json: options.output.json == Some(true),
            quiet: options.logging.is_quiet(),
            temporary: false,
            #[cfg(feature = "tui")]
            tour: None,
            #[cfg(feature = "tui")]
            first_tab: crate::ui::action::Tab::default(),
            #[cfg(feature = "tui")]
            appearance: options.display.appearance(),
        }
    }

    /// Likewise; the dashboard begins with the Tuning tab.
    pub(super) fn of_tuning(options: &CrawlOptions) -> Self {
        Self {
            #[cfg(feature = "tui")]
            first_tab: crate::ui::action::Tab::Tuning,
            temporary: options.output.db.is_none(),
            ..Self::of(options)
        }
    }

    /// Warns of settings that may harm others; the dashboard shows them in its own place.
    pub(super) fn warn_of(&self, settings: &Settings) {
        if self.dashboard {
            return;
        }
        if settings.ignore_robots {
            tell(
                "crawldeck: robots.txt is IGNORED (--ignore-robots): only with the sites' consent",
            );
        }
        if settings.fetch.insecure {
            tell(
                "crawldeck: certificates are NOT VERIFIED (--insecure): anybody on the way can read \
                  and change what is sent",
            );
        }
    }
}

/// Shows a crawl until it is over, and prints its summary. The exit code is the crawl's: neither a
/// dashboard that fails nor a print that does changes it. A crawl whose dashboard has failed is stopped
/// gracefully.
pub(super) async fn show_crawl(
    crawl: Crawl,
    display: &CrawlDisplay,
    signals: ProcessSignals,
) -> ExitCode {
    let forward =
        signals.forward(crawl.commands.clone(), crawl.snapshots.clone(), display.dashboard);
    let mut forward = tokio::spawn(forward);
    let shown = view(&crawl, display, &mut forward).await;
    let summary = crawl.wait().await;
    let reason = reason_of(&summary);
    forward.abort();
    if let Err(why) = shown {
        tell(&format!("crawldeck: the dashboard ended ({why}), so the crawl was stopped"));
    }
    if display.json {
        let text = serde_json::to_string(&summary).unwrap_or_default();
        print_result(format!("{text}\n").as_bytes());
    } else if !display.quiet {
        print_result(format!("{}\n", in_words(&summary, display.temporary)).as_bytes());
        if let Some(next) =
            next_commands(&summary).filter(|_| display.dashboard && !display.temporary)
        {
            tell(&format!("crawldeck: next: {next}"));
        }
    }
    if let Some(recrawl) = &summary.recrawl
        && !display.json
        && !display.quiet
    {
        let unchecked = recrawl.unchecked.filter(|&pages| pages > 0);
        let unchecked = unchecked.map_or_else(String::new, |n| format!(", {n} not compared"));
        let text = format!(
            "against crawl {}: {} new, {} changed, {} gone, {} same{unchecked}\n",
            recrawl.previous, recrawl.new, recrawl.changed, recrawl.gone, recrawl.same
        );
        print_result(text.as_bytes());
    }
    if summary.state == RunState::Failed {
        tell(&format!(
            "crawldeck: no seed could be reached, no page got a response{reason}{}",
            advice(&summary)
        ));
    }
    if summary.state == RunState::Complete && summary.pages == summary.skipped {
        tell(&format!(
            "crawldeck: nothing was fetched{reason}; see the error column of scraped_pages"
        ));
    }
    if let Some(why) = &summary.ended_by {
        tell(&format!("crawldeck: {why}"));
    }
    if summary.unsaved > 0 {
        tell(&format!(
            "crawldeck: {} finished pages could not be saved; a resumed crawl fetches them again",
            summary.unsaved
        ));
    }
    match summary.state {
        RunState::Complete => ExitCode::SUCCESS,
        RunState::Failed => ExitCode::FAILURE,
        _ => ExitCode::from(3),
    }
}

/// Where tasks and the dashboard are to panic, for tests.
pub(super) fn panic_points() -> PanicPoints {
    let wanted = std::env::var(PANIC_IN).ok();
    wanted.and_then(|points| points.parse().ok()).unwrap_or_default()
}

/// Whether the process has a terminal to read keys from.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Why no page was fetched, as a part of a line.
pub(super) fn reason_of(summary: &Summary) -> String {
    // Text of a server may be in it.
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let reason: Option<String> = summary.reason.as_deref().map(plain);
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

/// Shows a crawl by dashboard, or by progress lines, until it is over and the user leaves. Ends early, once the
/// crawl is over, where `signalled` has passed on a signal to stop.
#[cfg(feature = "tui")]
pub(super) async fn view(
    crawl: &Crawl,
    display: &CrawlDisplay,
    signalled: &mut JoinHandle<()>,
) -> Result<(), crate::ui::UiError> {
    use crate::crawl::protocol::command::{Command, Origin};
    use crate::ui::stored::StoredSource;
    use crate::ui::{self, UiOptions};
    if !display.dashboard {
        headless::watch(crawl.snapshots.clone(), display.quiet).await;
        return Ok(());
    }
    let commands = crawl.commands.clone();
    let end = async {
        // However the task ended, no signal is forwarded any more.
        let _ = signalled.await;
    };
    let options = UiOptions {
        appearance: display.appearance.clone(),
        database: shown_database(&crawl.snapshots.borrow().db, display.temporary),
        stored: Some(StoredSource { pages: crawl.stored_pages(), links: crawl.stores_links() }),
        first_tab: display.first_tab,
        tour: display.tour.clone(),
        panic_points: panic_points(),
    };
    let shown = ui::run_until(crawl.snapshots.clone(), commands, options, end).await;
    if let Err(error) = &shown {
        tracing::error!(%error, "the dashboard ended: the crawl stops");
        // Nobody can see the crawl any more: end it cleanly.
        let stop = (Command::Stop, Origin::Terminal);
        let _ = crawl.commands.send(stop).await;
    }
    shown
}

/// The database as further commands name it.
#[cfg(feature = "tui")]
fn shown_database(db: &str, temporary: bool) -> crate::ui::ShownDatabase {
    use crate::ui::ShownDatabase;
    match db {
        _ if temporary => ShownDatabase::Temporary,
        crate::cli::DEFAULT_DB => ShownDatabase::Usual,
        db => ShownDatabase::Named(db.to_owned()),
    }
}

#[cfg(not(feature = "tui"))]
pub(super) async fn view(
    crawl: &Crawl,
    display: &CrawlDisplay,
    _: &mut JoinHandle<()>,
) -> Result<(), std::convert::Infallible> {
    headless::watch(crawl.snapshots.clone(), display.quiet).await;
    Ok(())
}

/// What to do about a crawl of which nothing answered, as the end of a line.
fn advice(summary: &Summary) -> String {
    let hint = summary.reason.as_deref().and_then(failure_hint);
    hint.map_or_else(String::new, |(question, action)| {
        format!("; {question} Next: {action}, then crawl again")
    })
}

/// The commands that go on from here. The dashboard, which names them as well, is gone by now.
fn next_commands(summary: &Summary) -> Option<String> {
    let db = match &*summary.db {
        crate::cli::DEFAULT_DB => String::new(),
        db => format!(" {db}"),
    };
    match summary.state {
        RunState::Complete => {
            Some(format!("crawldeck report{db}, or crawldeck export{db} --output pages.csv"))
        }
        RunState::Stopped => Some(format!("crawldeck resume{db}")),
        _ => None,
    }
}

fn in_words(summary: &Summary, temporary: bool) -> String {
    let state = match summary.state {
        RunState::Complete => "complete",
        RunState::Failed => "failed",
        _ if temporary => "stopped",
        _ => "stopped, resumable",
    };
    let db =
        if temporary { "a temporary database, removed (--db URL keeps it)" } else { &summary.db };
    let resent = match summary.resent {
        0 => String::new(),
        requests => format!("{} resent, ", units::counted(requests, "request", "requests")),
    };
    format!(
        "{state}: {} pages ({} ok, {} failed, {} skipped), {} links, {resent}{} in {:.1} s, \
         {:.1} pages/s → {} (crawl {})",
        summary.pages,
        summary.ok,
        summary.failed,
        summary.skipped,
        summary.links,
        units::bytes(summary.bytes),
        summary.elapsed_s,
        summary.pages_per_s,
        db,
        summary.crawl_id,
    )
}
