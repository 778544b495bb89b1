//! Reads a crawl out of its database.
//!
//! One pass over the short columns of its pages, and a handful of queries that each give few rows.

mod crawl_reader;
mod lists;
mod pages;

use crate::crawl::tuning::measured_table::rows_of_timeline;
use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::store::{CrawlInfo, StoreError, StoreReader, parse_utc};

use super::data::{MeasuredSettings, PageLine, Report};
use super::error::ReportError;
use super::settings;
use crawl_reader::CrawlReader;

/// Spans of the timeline that a report takes, of ten seconds each: two days.
const MEASURED_SPANS: u32 = 20_000;

/// Reads all that a report shows of a crawl; of the newest one when none is named.
///
/// # Errors
/// When there is no such crawl, or the database cannot be read.
pub async fn gather(
    store: &dyn StoreReader,
    crawl: Option<CrawlId>,
) -> Result<Report, ReportError> {
    let info = chosen(store, crawl).await?;
    let reader = CrawlReader { store, crawl: info.id };
    let stored =
        reader.rows(&format!("SELECT settings FROM crawls WHERE id = {}", info.id)).await?;
    let stored = stored.first().and_then(|row| row[0].as_text()).unwrap_or("{}");
    let settings = Settings::from_stored(stored).unwrap_or_default();
    let totals = info.totals.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let began_ms = parse_utc(&info.created_at).unwrap_or(0);

    let mut hosts = reader.hosts().await?;
    let mut pass = reader.pass(&hosts).await?;
    for (line, latencies) in hosts.iter_mut().zip(pass.host_latencies) {
        line.latencies = latencies;
    }
    let slowest: Vec<i64> = pass.slowest.into_best().map(|(_, id)| id).collect();
    let mut differing = Vec::new();
    for word in ["gone", "changed", "new"] {
        if let Some(ids) = pass.differing.remove(word) {
            let ids: Vec<i64> = ids.into_best().map(|(_, id)| id).collect();
            differing.push((word.to_owned(), without_ids(reader.page_lines(&ids).await?)));
        }
    }
    let chains: Vec<i64> = pass.chains.into_best().map(|(_, id)| id).collect();
    let (changes, all_changes) = reader.changes().await?;
    Ok(Report {
        db: store.describe(),
        totals: totals.unwrap_or_default(),
        settings: settings::lines(&settings),
        links_stored: settings.store_links,
        identity: settings.credential_names,
        recrawl_of: settings.recrawl_of,
        began_ms,
        timeline: pass.timeline.finish(began_ms),
        slowest: without_ids(reader.page_lines(&slowest).await?),
        all_hosts: reader.all_hosts().await?,
        incidents: reader.incidents().await?,
        broken: reader.broken().await?,
        unanswered: reader.reasons("state = 'failed' AND status IS NULL").await?,
        skipped: reader.reasons("state = 'skipped'").await?,
        chains: reader.chains(&chains).await?,
        copies: reader.copies().await?,
        differing,
        changes,
        all_changes,
        measured: measured(store, info.id).await?,
        pages: pass.sums,
        hosts,
        crawl: info,
    })
}

async fn chosen(store: &dyn StoreReader, crawl: Option<CrawlId>) -> Result<CrawlInfo, ReportError> {
    let mut crawls = store.crawls().await?;
    crawls.retain(|info| info.state != crate::store::CrawlState::Removing.name());
    let db = || store.describe();
    match crawl {
        None => crawls.pop().ok_or_else(|| ReportError::NoCrawl { db: db() }),
        Some(id) => crawls
            .into_iter()
            .find(|info| info.id == id)
            .ok_or_else(|| StoreError::NoSuchCrawl { db: db(), crawl: id }.into()),
    }
}

/// What each setting gave, by the rules of the dashboard's measured table.
async fn measured(
    store: &dyn StoreReader,
    crawl: CrawlId,
) -> Result<Option<MeasuredSettings>, StoreError> {
    let timeline = store.timeline(crawl, MEASURED_SPANS).await?;
    if timeline.is_empty() {
        return Ok(None);
    }
    let is_cut = timeline.len() >= MEASURED_SPANS as usize;
    Ok(Some(MeasuredSettings { rows: rows_of_timeline(&timeline), is_cut }))
}

/// Pages without their ids.
fn without_ids(lines: Vec<(i64, PageLine)>) -> Vec<PageLine> {
    lines.into_iter().map(|(_, line)| line).collect()
}
