//! The whole of crawldeck: permits, workers, retries with back-off, parsing in threads, and every
//! fetch a row of a database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Leash, Left, Order, StrategyError, Tally};
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::{self, Crawl};
use crate::model::ids::CrawlId;
use crate::settings::scope_kind::ScopeKind;
use crate::settings::{BreakerSettings, Settings, TrapSettings};
use crate::store;
use crate::store::{OpenMode, StoreError, Value};

/// Workers beyond the permits, to have a URL ready when one comes back.
const SPARE_WORKERS: u32 = 4;
/// A share of failures that is never reached.
const NEVER: f64 = 2.0;

/// Fetches the list; stops at once when nobody wants the rest.
pub async fn run(order: Order, tally: &Arc<Tally>, leash: &Leash) -> Result<Left, StrategyError> {
    let folder = tempfile::Builder::new().prefix("crawldeck-compare-").tempdir()?;
    let db = folder.path().join("compare.db").to_string_lossy().into_owned();
    let store = store::open(&db, OpenMode::CreateIfMissing).await?;
    if !leash.ready().await {
        store.close().await;
        folder.close()?;
        return Ok(None);
    }
    let crawl = crawl::start(settings(order), store).await?;
    tally.begin();
    let id = follow(crawl, tally, &leash.unwanted).await;
    tally.over();
    read_back(&db, id, tally).await?;
    folder.close()?;
    Ok(None)
}

/// The list as it stands: nothing is followed, and no host is spared.
fn settings(order: Order) -> Settings {
    Settings {
        seeds: order.urls,
        duplicate_seeds: true,
        follow: false,
        // The others follow redirects wherever they lead.
        scope: ScopeKind::Any,
        permits: order.permits,
        workers: order.permits + SPARE_WORKERS,
        backoff: Duration::from_millis(order.backoff_ms),
        ignore_robots: true,
        sitemaps: false,
        // The database is small, and gone in a moment.
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

/// Counts for as long as the crawl runs, to its end with everything saved.
async fn follow(crawl: Crawl, tally: &Tally, unwanted: &CancellationToken) -> CrawlId {
    let mut snapshots = crawl.snapshots.clone();
    let mut stopping = false;
    loop {
        let now = Arc::clone(&snapshots.borrow_and_update());
        let totals = &now.totals;
        // Skipped is what could not be fetched for what it is: a URL too long, a forbidden address.
        tally.counted(totals.ok, totals.failed + totals.skipped, now.gate.in_use.into());
        tally.saved(now.saver.pages);
        tally.stall.note(Duration::from_secs_f64(now.loop_delay.worst_run_ms.max(0.0) / 1000.0));
        if let Some(trouble) = now.failures.first() {
            tally.note_failure(&trouble.url, &trouble.what);
        }
        if now.run.is_final() {
            break;
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { break },
            () = unwanted.cancelled(), if !stopping => {
                stopping = true;
                let _ = crawl.commands.send((Command::StopNow, Origin::Api)).await;
            }
        }
    }
    let summary = crawl.wait().await;
    tally.counted(summary.ok, summary.failed + summary.skipped, 0);
    summary.crawl_id
}

/// Counts the rows of the pages in the database as it was left, and what was skipped first.
async fn read_back(db: &str, crawl: CrawlId, tally: &Tally) -> Result<(), StoreError> {
    let store = store::open(db, OpenMode::MustExist).await?;
    let rows = format!("SELECT count(*) FROM scraped_pages WHERE crawl_id = {crawl}");
    let mut count = |_: &store::Columns, values: &[Value]| {
        tally.saved(values.first().and_then(Value::as_int).unwrap_or(0).max(0) as u64);
        true
    };
    store.select(&rows, &mut count).await?;
    let skipped = format!(
        "SELECT url, error FROM scraped_pages WHERE crawl_id = {crawl} AND state = 'skipped' \
         ORDER BY id LIMIT 1"
    );
    let mut first = |_: &store::Columns, values: &[Value]| {
        let text = |i: usize| values.get(i).and_then(Value::as_text).unwrap_or_default();
        tally.note_failure(text(0), text(1));
        true
    };
    store.select(&skipped, &mut first).await?;
    store.close().await;
    Ok(())
}
