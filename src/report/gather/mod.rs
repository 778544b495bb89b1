//! Reads a crawl out of its database.
//!
//! One pass over the short columns of its pages, and a handful of queries that each give few rows.

mod crawl_reader;
mod lists;
mod pages;

use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::store::{CrawlInfo, StoreError, StoreReader, parse_utc};

use super::data::{PageLine, Report};
use super::error::ReportError;
use super::settings;
use crawl_reader::CrawlReader;

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

/// Pages without their ids.
fn without_ids(lines: Vec<(i64, PageLine)>) -> Vec<PageLine> {
    lines.into_iter().map(|(_, line)| line).collect()
}
