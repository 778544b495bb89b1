//! The command `tune`: a sweep over permits on a site, and what came of it.

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use url::Url;

use super::error::ProgramError;
use super::logging::start_logging;
use super::output::print_result;
use super::seed_list::with_listed_seeds;
use super::show_crawl::{CrawlDisplay, panic_points, reason_of, view};
use crate::cli::CrawlOptions;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::RunState;
use crate::crawl::{self, Crawl, CrawlError};
use crate::headless::signals::ProcessSignals;
use crate::headless::tell;
use crate::settings::Settings;
use crate::settings::dials::workers_for;
use crate::store::{self, OpenMode};
use crate::temp_folder::TempFolder;
use crate::tune::driver::drive;
use crate::tune::end::SweepEnd;
use crate::tune::limits::{SweepBudget, SweepLimits};
use crate::tune::result::TuneResult;
use crate::tune::sweep::{FIRST_PERMITS, Sweep};

/// First cooldown of a host that answers 429 without a `Retry-After`: the sweep lowers its rate at once, so
/// the host need not be left alone for long.
const COOLDOWN: Duration = Duration::from_secs(2);
/// How long requests in flight are waited for at the end.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// Measures what each number of permits gives on the site of `seeds`, and prints it.
pub(super) async fn tune(
    seeds: Vec<Url>,
    budget: SweepBudget,
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    let seeds = with_listed_seeds(seeds, options)?;
    if seeds.is_empty() {
        return Err(CrawlError::NoSeeds.into());
    }
    refuse_dials(options)?;
    let display = CrawlDisplay::of_tuning(options);
    let mut settings = Settings { seeds, host_backoff: COOLDOWN, ..Settings::default() };
    options.apply(&mut settings);
    settings.autopilot = None;
    settings.permits = FIRST_PERMITS.min(settings.max_permits);
    settings.workers = workers_for(settings.permits);
    settings.panic_points = panic_points();
    let limits = SweepLimits { max_permits: settings.max_permits, budget, rate: settings.rate };
    display.warn_of(&settings);
    let _log = start_logging(display.dashboard, options.logging, options.output.log_file(), said)?;
    let mut signals = ProcessSignals::listen().map_err(ProgramError::io("signals"))?;
    let folder;
    let db = if let Some(db) = &options.output.db {
        db.0.clone()
    } else {
        folder =
            TempFolder::new().map_err(ProgramError::io("a temporary folder cannot be made"))?;
        folder.path().join("tune.db").to_string_lossy().into_owned()
    };
    let starting = async {
        let store = store::open(&db, OpenMode::CreateIfMissing).await?;
        Ok::<_, ProgramError>(crawl::start(settings, store).await?)
    };
    let crawl = tokio::select! {
        started = starting => started?,
        () = signals.stop() => return Err(ProgramError::Interrupted),
    };
    sweep(crawl, &display, signals, limits).await
}

/// `tune` turns permits and workers itself, alone.
fn refuse_dials(options: &CrawlOptions) -> Result<(), ProgramError> {
    let dials = &options.dials;
    let given = [
        ("--permits", dials.permits.is_some()),
        ("--workers", dials.workers.is_some()),
        ("--autopilot", dials.autopilot.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(ProgramError::Usage(format!(
            "tune turns permits and workers itself, and takes no {flag}; --max-permits bounds them"
        ))),
        None => Ok(()),
    }
}

/// Sweeps, and prints what came of it.
async fn sweep(
    crawl: Crawl,
    display: &CrawlDisplay,
    signals: ProcessSignals,
    limits: SweepLimits,
) -> Result<ExitCode, ProgramError> {
    let forward =
        signals.forward(crawl.commands.clone(), crawl.snapshots.clone(), display.dashboard);
    let mut forward = tokio::spawn(forward);
    let mut sweep = Sweep::new(limits);
    let (progress, mut lines) = mpsc::unbounded_channel::<String>();
    let lines_shown = !display.dashboard && !display.quiet;
    let told = tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if lines_shown {
                tell(&format!("crawldeck: {line}"));
            } else {
                tracing::info!("{line}");
            }
        }
    });
    let measuring = async {
        drive(&crawl, &mut sweep, &progress).await;
        let result = TuneResult::of(&sweep);
        // A user who has taken over goes on flying.
        if sweep.ended() != Some(SweepEnd::TakenOver) || !display.dashboard {
            stop(&crawl, &result).await;
        }
        result
    };
    let showing = async {
        if display.dashboard { view(&crawl, display, &mut forward).await } else { Ok(()) }
    };
    let (result, shown) = tokio::join!(measuring, showing);
    let summary = crawl.wait().await;
    forward.abort();
    drop(progress);
    let _ = told.await;
    if let Err(why) = shown {
        tell(&format!("crawldeck: the dashboard ended ({why}), so the sweep was stopped"));
    }
    if display.json {
        let text = serde_json::to_string(&result).unwrap_or_default();
        print_result(format!("{text}\n").as_bytes());
    } else if !display.quiet {
        print_result(result.text().as_bytes());
    }
    if let Some(why) = &summary.ended_by {
        tell(&format!("crawldeck: {why}"));
    }
    if summary.state == RunState::Failed {
        tell(&format!(
            "crawldeck: no seed could be reached, no page got a response{}",
            reason_of(&summary)
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(if result.partial { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// Stops the crawl. It keeps the setting to use, with which it would be resumed.
async fn stop(crawl: &Crawl, result: &TuneResult) {
    let by_tune = |command| (command, Origin::Autopilot);
    // A crawl that is over takes no command.
    for setting in &result.settings {
        let _ = crawl.commands.send(by_tune(Command::Set(*setting))).await;
    }
    let _ = crawl.commands.send(by_tune(Command::Stop)).await;
    let mut snapshots = crawl.snapshots.clone();
    let over = snapshots.wait_for(|s| s.run.is_final());
    if tokio::time::timeout(STOP_PATIENCE, over).await.is_err() {
        let _ = crawl.commands.send(by_tune(Command::StopNow)).await;
    }
}
