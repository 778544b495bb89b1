//! Reads rows of one crawl, and values of rows.

use crate::model::ids::{CrawlId, page_id};
use crate::report::data::{HostLine, PageLine};
use crate::store::{StoreError, StoreReader, Value};

/// Queries the rows of one crawl.
pub(super) struct CrawlReader<'a> {
    pub(super) store: &'a dyn StoreReader,
    pub(super) crawl: CrawlId,
}

impl CrawlReader<'_> {
    /// All rows of a query that gives few.
    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut rows = Vec::new();
        let mut keep = |_: &_, row: &[Value]| {
            rows.push(row.to_vec());
            true
        };
        self.store.select(sql, &mut keep).await?;
        Ok(rows)
    }

    /// The condition that a page is one of the crawl's: a range of its key.
    pub(super) fn own(&self, id: &str) -> String {
        format!("{id} >= {} AND {id} < {}", page_id(self.crawl, 0), page_id(self.crawl + 1, 0))
    }

    /// Pages by id, in the order of `ids`; a page that no longer exists is left out.
    pub(super) async fn page_lines(&self, ids: &[i64]) -> Result<Vec<(i64, PageLine)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, url, title, status, error, elapsed_ms, content_length, \
             attempts + resent FROM scraped_pages WHERE id IN ({})",
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
                    requests: count(&row[7]),
                };
                (count(&row[0]) as i64, line)
            })
            .collect();
        lines.sort_by_key(|(id, _)| ids.iter().position(|asked| asked == id));
        Ok(lines)
    }
}

pub(super) fn list(ids: &[i64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn count(value: &Value) -> u64 {
    value.as_int().unwrap_or(0).max(0) as u64
}

/// A text, not longer than anybody reads: its ends are what is shown.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_text().map(|text| crate::report::text::shortened(text, MAX_TEXT).into_owned())
}

/// Maximum characters kept of a text.
const MAX_TEXT: usize = 4096;

/// Hosts by name, so that a pass over pages finds them.
pub(super) fn by_name(hosts: &[HostLine]) -> hashbrown::HashMap<&str, usize> {
    hosts.iter().enumerate().map(|(at, line)| (line.host.as_str(), at)).collect()
}
