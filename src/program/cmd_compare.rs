//! The mode `compare`: the strategies, raced or in turn, and the table.

use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::CompareOptions;
use crate::compare::progress::{ComparisonProgress, Lane, LaneState};
use crate::compare::race::{self, ComparisonPlan};
use crate::compare::result::Comparison;
use crate::compare::table::table;
use crate::compare::workload::Workload;
use crate::headless::signals::ProcessSignals;
use crate::headless::tell;
use crate::lab::{Lab, LabConfig};
use crate::settings::appearance::Appearance;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::error::ProgramError;
use super::logging::start_logging;
use super::output::{print, print_result};
use super::seed_list::read_list;

/// Time between two lines of progress.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Runs the comparison, shows it, and prints what it came to.
pub(super) async fn compare(options: CompareOptions) -> Result<ExitCode, ProgramError> {
    let own = options.list.as_deref().map(own_list).transpose()?;
    let terminal = stdin().is_terminal()
        && stdout().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let dashboard = cfg!(feature = "tui") && terminal && !options.headless && !options.json;
    let quiet = options.logging.is_quiet();
    let _log = start_logging(dashboard, options.logging, None, &[])?;
    let mut signals = ProcessSignals::listen().map_err(ProgramError::io("signals"))?;
    let program =
        std::env::current_exe().map_err(ProgramError::io("this program cannot be found"))?;
    let lab = if own.is_none() || options.cpu {
        Some(Lab::start(LabConfig { pages: 1, ..LabConfig::default() }).await?)
    } else {
        None
    };
    let site = lab.as_ref().and_then(|lab| Url::parse(lab.urls().first()?).ok());
    let article = || site.as_ref().map(|site| Workload::article(site, options.scale));
    let plan = ComparisonPlan {
        program,
        workload: own.or_else(article).unwrap_or_default(),
        scale: options.scale,
        permits: options.permits,
        cpu: site.as_ref().filter(|_| options.cpu).map(Workload::pages),
        concurrent: dashboard,
    };
    for line in plan.workload.left_out.iter().filter(|_| !dashboard) {
        tell(&format!("crawldeck: {line}"));
    }
    let stop = CancellationToken::new();
    let signalled = tokio::spawn({
        let stop = stop.clone();
        async move {
            // A second signal adds nothing: the children have seconds to end, no more.
            loop {
                signals.stop().await;
                stop.cancel();
            }
        }
    });
    let (sender, board) = watch::channel(Arc::new(plan.initial_progress()));
    let appearance = dashboard.then(|| options.display.appearance());
    let shown = tokio::join!(
        race::run(&plan, &sender, &stop),
        view(board.clone(), appearance, quiet, &stop)
    )
    .1;
    signalled.abort();
    if let Some(lab) = lab {
        lab.stop().await;
    }
    if let Err(why) = shown {
        tell(&format!("crawldeck: the view ended ({why}), so the comparison was stopped"));
    }
    let comparison = Comparison::of(&board.borrow(), &plan.workload.left_out);
    let text = if options.json {
        serde_json::to_string(&comparison).unwrap_or_default() + "\n"
    } else {
        table(&comparison)
    };
    if comparison.partial {
        // Stopped, perhaps by closing the terminal that it would be printed to.
        print_result(text.as_bytes());
        return Ok(ExitCode::from(3));
    }
    print(text.as_bytes())
}

/// A list of the user's own.
fn own_list(path: &Path) -> Result<Workload, ProgramError> {
    let name = format!("--list {}", path.display());
    let list = Workload::parse(&name, &read_list(path)?);
    if list.urls.is_empty() {
        for line in &list.left_out {
            tell(&format!("crawldeck: {line}"));
        }
        return Err(ProgramError::Usage(format!("{name}: no URL in it; one a line is wanted")));
    }
    Ok(list)
}

#[cfg(feature = "tui")]
async fn view(
    board: watch::Receiver<Arc<ComparisonProgress>>,
    dashboard: Option<Appearance>,
    quiet: bool,
    stop: &CancellationToken,
) -> Result<(), crate::ui::UiError> {
    use crate::ui::{UiOptions, race};
    let Some(appearance) = dashboard else {
        lines(board, quiet).await;
        return Ok(());
    };
    let ui = UiOptions { appearance, ..UiOptions::default() };
    let shown = race::run(board, stop.clone(), ui).await;
    if let Err(error) = &shown {
        tracing::error!(%error, "the view ended: the comparison stops");
        // Nobody sees it any more.
        stop.cancel();
    }
    shown
}

#[cfg(not(feature = "tui"))]
async fn view(
    board: watch::Receiver<Arc<ComparisonProgress>>,
    _: Option<Appearance>,
    quiet: bool,
    _: &CancellationToken,
) -> Result<(), std::convert::Infallible> {
    lines(board, quiet).await;
    Ok(())
}

/// Lines of progress on standard error, until all is over.
async fn lines(mut board: watch::Receiver<Arc<ComparisonProgress>>, quiet: bool) {
    let mut reported: Vec<LaneState> = Vec::new();
    let mut last_line = tokio::time::Instant::now();
    loop {
        let now = Arc::clone(&board.borrow_and_update());
        reported.resize(now.lanes.len(), LaneState::Waiting);
        let due = last_line.elapsed() >= LINE_EVERY;
        if due {
            last_line = tokio::time::Instant::now();
        }
        for (lane, before) in now.lanes.iter().zip(&mut reported) {
            let news = std::mem::replace(before, lane.state) != lane.state;
            if !quiet && (news || due && lane.state == LaneState::Running) {
                tell(&line(lane));
            }
        }
        if now.finished || board.changed().await.is_err() {
            return;
        }
    }
}

fn line(lane: &Lane) -> String {
    let name = lane.strategy;
    let done = format!("{} of {} URLs, {:.1} s", lane.done(), lane.total, lane.progress.elapsed_s);
    match lane.state {
        LaneState::Waiting | LaneState::Running if lane.done() == 0 => {
            format!("{name}: {}", name.description())
        }
        LaneState::Waiting | LaneState::Running => format!("{name}: {done}"),
        LaneState::Finished => format!("{name}: done, {done}"),
        LaneState::Failed => {
            format!("{name}: {}, {done}", lane.why.as_deref().unwrap_or("ended early"))
        }
    }
}
