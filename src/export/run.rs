//! One export from beginning to end: rows of the database, written to their target.

use std::fmt::Write as _;

use super::error::ExportError;
use super::rows::{Csv, JsonLines, RowWriter};
use super::sitemap::{self, Sitemap, SitemapUrl};
use super::tables::ExportTable;
use super::target::Target;
use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::store::{StoreError, StoreReader, Value};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// RFC 4180, with a line of names; a leading ' before formulas, control characters replaced
    Csv,
    /// One JSON object per line
    Jsonl,
    /// Pages with status 200 and HTML of their own, as sitemaps.org defines it
    Sitemap,
}

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct Export {
    /// How.
    pub format: Format,
    /// Which rows; of a sitemap, `pages`.
    pub table: ExportTable,
    /// Of which crawl; of the newest when `None`.
    pub crawl: Option<CrawlId>,
    /// Only those that meet this condition, see [`crate::export::condition`].
    pub condition: Option<String>,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The crawl.
    pub crawl: CrawlId,
    /// Rows written.
    pub rows: u64,
    /// Files written; 1 for standard output.
    pub files: u64,
    /// Of a sitemap: URLs of other hosts than the first one's, for which it does not hold.
    pub foreign: u64,
    /// Whether links were exported of a crawl that does not store them, or not of all its pages; see
    /// [`Settings::store_links`].
    pub links_missing: bool,
}

impl Exported {
    /// A line about it: `exported 1,200 rows of links of crawl 3 to links.csv`.
    #[must_use]
    pub fn summary(&self, table: ExportTable, target: &Target) -> String {
        let Self { crawl, rows, files, foreign, links_missing } = self;
        let mut text = format!("exported {rows} rows of {table} of crawl {crawl} to {target}");
        if *files > 1 {
            let _ = write!(text, ", an index of {} sitemaps beside it", files - 1);
        }
        if *foreign > 0 {
            let _ = write!(
                text,
                "; {foreign} are not of the first one's host, and a sitemap holds for one: say \
                 --where \"host = 'HOST'\""
            );
        }
        if *links_missing {
            text.push_str("; the crawl ran with --store-links no");
        }
        text
    }
}

/// Writes an export to `target`, and reports now and then how many rows are done.
///
/// # Errors
/// See [`ExportError`]. A file is left as it was then.
pub async fn export(
    store: &dyn StoreReader,
    export: &Export,
    target: &Target,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Exported, ExportError> {
    let crawl = chosen(store, export.crawl).await?;
    let written = match export.format {
        Format::Sitemap => as_sitemap(store, export, crawl, target, progress).await,
        Format::Csv | Format::Jsonl => as_rows(store, export, crawl, target, progress).await,
    };
    written.map_err(|error| match error {
        ExportError::Write(source) => {
            ExportError::CannotWrite { place: target.to_string(), source }
        }
        other => other,
    })
}

/// The crawl of this number, or the newest.
async fn chosen(store: &dyn StoreReader, crawl: Option<CrawlId>) -> Result<CrawlId, ExportError> {
    let crawls = store.crawls().await?;
    let db = || store.describe();
    let Some(newest) = crawls.last() else { return Err(ExportError::NoCrawls { db: db() }) };
    match crawl {
        None => Ok(newest.id),
        Some(id) if crawls.iter().any(|crawl| crawl.id == id) => Ok(id),
        Some(crawl) => Err(StoreError::NoSuchCrawl { db: db(), crawl }.into()),
    }
}

async fn as_rows(
    store: &dyn StoreReader,
    export: &Export,
    crawl: CrawlId,
    target: &Target,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Exported, ExportError> {
    let table = export.table;
    let mut file = target.open(None)?;
    let mut rows = 0;
    {
        let mut writer: Box<dyn RowWriter + Send> = match export.format {
            Format::Jsonl => Box::new(JsonLines::new(&mut file)),
            _ => Box::new(Csv::new(&mut file, table)?),
        };
        let mut failed = None;
        let sql = table.query(crawl, export.condition.as_deref());
        store
            .select(&sql, &mut |columns, values| {
                if let Err(error) = writer.row(columns, values) {
                    failed = Some(error);
                    return false;
                }
                rows += 1;
                progress(rows);
                true
            })
            .await?;
        failed.map_or_else(|| writer.end(), Err)?;
    }
    file.keep()?;
    let links_missing = table.reads_links() && !stores_links(store, crawl).await?;
    Ok(Exported { crawl, rows, files: 1, foreign: 0, links_missing })
}

/// Whether a crawl stores the links of its pages, by its settings.
async fn stores_links(store: &dyn StoreReader, crawl: CrawlId) -> Result<bool, ExportError> {
    let mut stores = true;
    let sql = format!("SELECT settings FROM crawls WHERE id = {crawl}");
    store
        .select(&sql, &mut |_, values| {
            let stored = values.first().and_then(Value::as_text).unwrap_or("{}");
            stores = Settings::from_stored(stored).is_ok_and(|settings| settings.store_links);
            false
        })
        .await?;
    Ok(stores)
}

async fn as_sitemap(
    store: &dyn StoreReader,
    export: &Export,
    crawl: CrawlId,
    target: &Target,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Exported, ExportError> {
    let condition = sitemap::condition(export.condition.as_deref());
    let urls = count(store, &export.table.count(crawl, Some(&condition))).await?;
    if urls > sitemap::MAX_URLS && target.is_stdout() {
        return Err(ExportError::TooMany { urls });
    }
    let mut written = Exported { crawl, rows: 0, files: 0, foreign: 0, links_missing: false };
    let mut host = None;
    let mut parts = Vec::new();
    let mut current = Sitemap::new()?;
    let mut failed = None;
    let mut take = |values: &[Value]| -> Result<(), ExportError> {
        let Some(listed) = SitemapUrl::of(values) else { return Ok(()) };
        let origin = sitemap::origin(&listed.url);
        written.foreign += u64::from(*host.get_or_insert_with(|| origin.clone()) != origin);
        if !current.add(&listed)? {
            let full = std::mem::replace(&mut current, Sitemap::new()?);
            parts.push(target.write(Some(parts.len() + 1), &full.ended()?)?);
            current.add(&listed)?;
        }
        written.rows += 1;
        progress(written.rows);
        Ok(())
    };
    let sql = sitemap::query(export.table, crawl, &condition);
    store
        .select(&sql, &mut |_, values| match take(values) {
            Ok(()) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        })
        .await?;
    if let Some(error) = failed {
        return Err(error);
    }
    let last = current.ended()?;
    if parts.is_empty() {
        target.write(None, &last)?.keep()?;
        return Ok(Exported { files: 1, ..written });
    }
    parts.push(target.write(Some(parts.len() + 1), &last)?);
    let site = host.unwrap_or_default();
    let addresses: Vec<String> =
        (1..=parts.len()).map(|part| format!("{site}/{}", target.part_name(part))).collect();
    let index = target.write(None, &sitemap::index(&addresses)?)?;
    let files = parts.len() as u64 + 1;
    // The index last: what it names is there.
    for part in parts.into_iter().chain([index]) {
        part.keep()?;
    }
    Ok(Exported { files, ..written })
}

async fn count(store: &dyn StoreReader, sql: &str) -> Result<u64, ExportError> {
    let mut number = 0;
    store
        .select(sql, &mut |_, values| {
            number = values.first().and_then(Value::as_int).unwrap_or(0);
            false
        })
        .await?;
    Ok(number as u64)
}
