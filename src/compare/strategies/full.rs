//! The whole of crawldeck: permits, workers, retries with back-off, parsing in threads, and a
//! database row for every fetch.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::StrategyError;
use super::parent_link::ParentLink;
use crate::compare::counters::Counters;
use crate::compare::ipc::StrategyJob;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::{self, Crawl};
use crate::model::ids::CrawlId;
use crate::settings::scope_kind::ScopeKind;
use crate::settings::{BreakerSettings, Settings, TrapSettings};
use crate::store;
use crate::store::{OpenMode, StoreError, Value};
use crate::temp_folder::TempFolder;

/// Workers beyond the permits, so that a URL is ready when a permit is free.
const SPARE_WORKERS: u32 = 4;
/// A share of failures that is never reached, which disables the breaker.
const NEVER: f64 = 2.0;

/// Fetches the workload; stops at once on request.
pub async fn run(
    job: StrategyJob,
    counters: &Arc<Counters>,
    parent: &ParentLink,
) -> Result<Option<Vec<f64>>, StrategyError> {
    let folder = TempFolder::new()?;
    let db = folder.path().join("compare.db").to_string_lossy().into_owned();
    let store = store::open(&db, OpenMode::CreateIfMissing).await?;
    if !parent.wait_for_start().await {
        store.close().await;
        folder.close()?;
        return Ok(None);
    }
    let crawl = crawl::start(settings(job), store).await?;
    counters.start();
    let id = follow(crawl, counters, &parent.stop).await;
    counters.finish();
    read_back(&db, id, counters).await?;
    folder.close()?;
    Ok(None)
}

/// Only the URLs of the workload: no links are followed, and no host is limited.
fn settings(job: StrategyJob) -> Settings {
    Settings {
        seeds: job.urls,
        duplicate_seeds: true,
        follow: false,
        // The others follow redirects wherever they lead.
        scope: ScopeKind::Any,
        permits: job.permits,
        workers: job.permits + SPARE_WORKERS,
        backoff: Duration::from_millis(job.backoff_ms),
        ignore_robots: true,
        sitemaps: false,
        // The database is small, and deleted at the end.
        min_disk: 0,
        breaker: BreakerSettings { ratio: NEVER, ..BreakerSettings::default() },
        traps: TrapSettings {
            repeats: 0,
            segments: 0,
            length: 0,
            queries: 0,
            dates: 0,
            years_ahead: 0,
            sessions: 0,
            same_content: 0,
            growth: 0,
        },
        ..Settings::default()
    }
}

/// Updates the counters until the crawl has ended and everything is saved.
async fn follow(crawl: Crawl, counters: &Counters, stop: &CancellationToken) -> CrawlId {
    let mut snapshots = crawl.snapshots.clone();
    let mut stopping = false;
    loop {
        let now = Arc::clone(&snapshots.borrow_and_update());
        let totals = &now.totals;
        // Skipped URLs could not be fetched at all: too long, or a forbidden address.
        counters.set_counts(totals.ok, totals.failed + totals.skipped, now.gate.in_use.into());
        counters.set_saved(now.saver.pages);
        counters.stall.note(Duration::from_secs_f64(now.loop_delay.worst_run_ms.max(0.0) / 1000.0));
        if let Some(failure) = now.failures.first() {
            counters.note_failure(&failure.url, &failure.what);
        }
        if now.run.is_final() {
            break;
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { break },
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                let _ = crawl.commands.send((Command::StopNow, Origin::Api)).await;
            }
        }
    }
    let summary = crawl.wait().await;
    counters.set_counts(summary.ok, summary.failed + summary.skipped, 0);
    summary.crawl_id
}

/// Counts the rows of pages in the closed database, and reads the first skipped URL.
async fn read_back(db: &str, crawl: CrawlId, counters: &Counters) -> Result<(), StoreError> {
    let store = store::open(db, OpenMode::MustExist).await?;
    let rows = format!("SELECT count(*) FROM scraped_pages WHERE crawl_id = {crawl}");
    let mut count = |_: &store::Columns, values: &[Value]| {
        counters.set_saved(values.first().and_then(Value::as_int).unwrap_or(0).max(0) as u64);
        true
    };
    store.select(&rows, &mut count).await?;
    let skipped = format!(
        "SELECT url, error FROM scraped_pages WHERE crawl_id = {crawl} AND state = 'skipped' \
         ORDER BY id LIMIT 1"
    );
    let mut first = |_: &store::Columns, values: &[Value]| {
        let text = |i: usize| values.get(i).and_then(Value::as_text).unwrap_or_default();
        counters.note_failure(text(0), text(1));
        true
    };
    store.select(&skipped, &mut first).await?;
    store.close().await;
    Ok(())
}
