//! Reads a crawl out of its database.
//!
//! One pass over the short columns of its pages, and a handful of queries that each give few rows.

mod lists;
mod pages;

use crate::model::ids::{CrawlId, page_id};
use crate::settings::Settings;
use crate::store::{CrawlInfo, StoreError, StoreReader, Value};

use super::ReportError;
use super::data::{HostLine, PageLine, Report};
use super::settings;
use super::text::parse_utc;

/// Slowest pages shown.
const SLOWEST: usize = 50;

/// Reads what there is to say of a crawl, of the newest one when none is named.
///
/// # Errors
/// When there is no such crawl, or the database cannot be read.
pub async fn gather(
    store: &dyn StoreReader,
    crawl: Option<CrawlId>,
) -> Result<Report, ReportError> {
    let info = chosen(store, crawl).await?;
    let reader = Reader { store, crawl: info.id };
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
            differing.push((word.to_owned(), alone(reader.page_lines(&ids).await?)));
        }
    }
    let chains: Vec<i64> = pass.chains.into_best().map(|(_, id)| id).collect();
    let (changes, all_changes) = reader.changes().await?;
    Ok(Report {
        db: store.describe(),
        totals: totals.unwrap_or_default(),
        settings: settings::lines(&settings),
        identity: settings.credential_names,
        again: settings.recrawl_of,
        began_ms,
        timeline: pass.timeline.finish(began_ms),
        slowest: alone(reader.page_lines(&slowest).await?),
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

/// Asks for one crawl's rows.
struct Reader<'a> {
    store: &'a dyn StoreReader,
    crawl: CrawlId,
}

impl Reader<'_> {
    /// All rows of a query that gives few.
    async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut rows = Vec::new();
        let mut keep = |_: &_, row: &[Value]| {
            rows.push(row.to_vec());
            true
        };
        self.store.select(sql, &mut keep).await?;
        Ok(rows)
    }

    /// The condition that a page is one of the crawl's: a range of its key.
    fn own(&self, id: &str) -> String {
        format!("{id} >= {} AND {id} < {}", page_id(self.crawl, 0), page_id(self.crawl + 1, 0))
    }

    /// Pages by id, in the order asked for; one that is not there any more is left out.
    async fn page_lines(&self, ids: &[i64]) -> Result<Vec<(i64, PageLine)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, url, title, status, error, elapsed_ms, content_length, attempts \
             FROM scraped_pages WHERE id IN ({})",
            list(ids)
        );
        let mut lines: Vec<(i64, PageLine)> = self
            .rows(&sql)
            .await?
            .iter()
            .map(|row| {
                let line = PageLine {
                    url: text(&row[1]).unwrap_or_default(),
                    title: text(&row[2]),
                    status: row[3].as_int(),
                    error: text(&row[4]),
                    elapsed_ms: count(&row[5]),
                    bytes: count(&row[6]),
                    attempts: count(&row[7]),
                };
                (count(&row[0]) as i64, line)
            })
            .collect();
        lines.sort_by_key(|(id, _)| ids.iter().position(|asked| asked == id));
        Ok(lines)
    }
}

/// Pages without their ids.
fn alone(lines: Vec<(i64, PageLine)>) -> Vec<PageLine> {
    lines.into_iter().map(|(_, line)| line).collect()
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn count(value: &Value) -> u64 {
    value.as_int().unwrap_or(0).max(0) as u64
}

/// A text, not longer than anybody reads: its ends are what is shown.
fn text(value: &Value) -> Option<String> {
    value.as_text().map(|text| super::text::shortened(text, MOST_TEXT).into_owned())
}

/// Most characters kept of a text.
const MOST_TEXT: usize = 4096;

/// Hosts by name, so that a pass over pages finds them.
fn by_name(hosts: &[HostLine]) -> hashbrown::HashMap<&str, usize> {
    hosts.iter().enumerate().map(|(at, line)| (line.host.as_str(), at)).collect()
}
