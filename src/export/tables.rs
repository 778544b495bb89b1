//! What can be exported: tables and views, with the URLs of pages instead of their numbers.
//!
//! The one list of them: help, documentation and tests read it.

use std::fmt;
use std::str::FromStr;

use crate::model::ids::{CrawlId, page_id};

/// A table or view to be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportTable {
    /// Its name, for `--table` and in conditions: `links.to_status = 404`.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
    /// Its rows, of the crawl with the number `:crawl` and ids from `:first` to `:last`, so that they can be
    /// read in their order and need not be sorted: the same SQL for every database. A column whose name is
    /// a reserved word somewhere is named with its table.
    rows: &'static str,
    /// Its order, the same wherever it comes from.
    order: &'static str,
}

/// All there are; the first one is exported when none is named.
pub const TABLES: [ExportTable; 14] = [
    ExportTable {
        name: "pages",
        columns: &[
            "id",
            "url",
            "state",
            "status",
            "content_type",
            "not_parsed",
            "content_length",
            "title",
            "depth",
            "elapsed_ms",
            "attempts",
            "resent",
            "links_found",
            "found_on",
            "final_url",
            "redirects",
            "error",
            "host",
            "created_at",
            "lastmod",
            "change",
            "canonical",
            "etag",
            "last_modified",
            "url_hash",
            "body_hash",
        ],
        rows: "SELECT id, url, state, status, content_type, not_parsed, content_length, title, \
               depth, elapsed_ms, attempts, resent, links_found, found_on, final_url, redirects, \
               error, host, created_at, lastmod, scraped_pages.change, canonical, etag, \
               last_modified, url_hash, body_hash FROM scraped_pages WHERE id BETWEEN :first AND :last",
        order: "id",
    },
    ExportTable {
        name: "links",
        columns: &["from_id", "to_id", "from_url", "to_url", "anchor", "to_state", "to_status"],
        rows: "SELECT links.from_id, links.to_id, page.url AS from_url, \
               coalesce(target.url, waiting.url) AS to_url, links.anchor, \
               target.state AS to_state, target.status AS to_status FROM links \
               JOIN scraped_pages AS page ON page.id = links.from_id \
               LEFT JOIN scraped_pages AS target ON target.id = links.to_id \
               LEFT JOIN frontier AS waiting ON waiting.id = links.to_id \
               WHERE links.crawl_id = :crawl",
        order: "from_id, to_id",
    },
    ExportTable {
        name: "frontier",
        columns: &[
            "id",
            "url",
            "depth",
            "attempts",
            "resent",
            "not_before",
            "found_on",
            "lastmod",
            "url_hash",
        ],
        rows: "SELECT id, url, depth, attempts, resent, not_before, found_on, lastmod, url_hash \
               FROM frontier WHERE id BETWEEN :first AND :last",
        order: "id",
    },
    ExportTable {
        name: "hosts",
        columns: &[
            "host",
            "pages",
            "ok",
            "failed",
            "skipped",
            "bytes",
            "incidents",
            "first_at",
            "last_at",
            "robots",
        ],
        rows: "SELECT host, pages, ok, failed, skipped, bytes, incidents, first_at, last_at, robots \
               FROM hosts WHERE crawl_id = :crawl",
        order: "host",
    },
    ExportTable {
        name: "sitemaps",
        columns: &[
            "url",
            "state",
            "status",
            "urls",
            "sitemaps",
            "depth",
            "error",
            "created_at",
            "url_hash",
        ],
        rows: "SELECT url, state, status, urls, sitemaps, depth, error, created_at, url_hash \
               FROM sitemaps WHERE crawl_id = :crawl",
        order: "url, url_hash",
    },
    ExportTable {
        name: "changes",
        columns: &[
            "seq",
            "at",
            "by_whom",
            "what",
            "pages_per_s_before",
            "pages_per_s_after",
            "p95_ms_before",
            "p95_ms_after",
            "effect",
            "entry",
        ],
        rows: "SELECT seq, at, by_whom, what, pages_per_s_before, pages_per_s_after, p95_ms_before, \
               p95_ms_after, effect, entry FROM changes WHERE crawl_id = :crawl",
        order: "seq",
    },
    ExportTable {
        name: "timeline",
        columns: &[
            "seq",
            "run",
            "at",
            "span_ms",
            "conditions",
            "permits",
            "workers",
            "queue",
            "rate",
            "pages",
            "pages_sd",
            "bytes",
            "requests",
            "retries",
            "errors",
            "refused",
            "p50_ms",
            "p95_ms",
            "mean_ms",
            "in_flight",
            "queued",
            "saver_backlog",
            "loop_delay_ms",
            "cpu_percent",
            "memory",
        ],
        rows: "SELECT seq, run, at, span_ms, conditions, permits, workers, queue, rate, pages, pages_sd, \
               bytes, requests, retries, errors, refused, p50_ms, p95_ms, mean_ms, in_flight, queued, \
               saver_backlog, loop_delay_ms, cpu_percent, memory FROM timeline \
               WHERE crawl_id = :crawl",
        order: "seq",
    },
    ExportTable {
        name: "crawls",
        columns: &["id", "state", "created_at", "updated_at", "settings", "totals"],
        rows: "SELECT id, state, created_at, updated_at, settings, totals FROM crawls WHERE id = :crawl",
        order: "id",
    },
    ExportTable {
        name: "broken_links",
        columns: &["page", "link", "status", "error", "anchor"],
        rows: "SELECT page, link, status, error, anchor FROM broken_links WHERE crawl_id = :crawl",
        order: "link, page",
    },
    ExportTable {
        name: "redirects",
        columns: &["url", "final_url", "status", "hops", "redirects"],
        rows: "SELECT url, final_url, status, hops, redirects FROM redirects WHERE crawl_id = :crawl",
        order: "url",
    },
    ExportTable {
        name: "slow_pages",
        columns: &["url", "elapsed_ms", "content_length", "status"],
        rows: "SELECT url, elapsed_ms, content_length, status FROM slow_pages WHERE crawl_id = :crawl",
        order: "elapsed_ms DESC, url",
    },
    ExportTable {
        name: "duplicates",
        columns: &["body_hash", "copies", "url"],
        rows: "SELECT body_hash, copies, url FROM duplicates WHERE crawl_id = :crawl",
        order: "body_hash, url",
    },
    ExportTable {
        name: "by_status",
        columns: &["status", "pages", "bytes", "mean_ms"],
        rows: "SELECT status, pages, bytes, mean_ms FROM by_status WHERE crawl_id = :crawl",
        // Databases do not agree where nulls go.
        order: "coalesce(status, 0)",
    },
    ExportTable {
        name: "by_host",
        columns: &["host", "pages", "ok", "failed", "skipped", "bytes", "mean_ms"],
        rows: "SELECT host, pages, ok, failed, skipped, bytes, mean_ms FROM by_host \
               WHERE crawl_id = :crawl",
        order: "host",
    },
];

/// Columns that hold JSON.
const JSON: [&str; 4] = ["redirects", "settings", "totals", "entry"];

/// Whether the text of a column is JSON.
#[must_use]
pub fn is_json(column: &str) -> bool {
    JSON.contains(&column)
}

impl ExportTable {
    /// The query for its rows of one crawl that meet a condition, in order.
    #[must_use]
    pub fn query(&self, crawl: CrawlId, condition: Option<&str>) -> String {
        let (name, order) = (self.name, self.order);
        format!("{} ORDER BY {order}", self.selection("*", name, crawl, condition))
    }

    /// Whether its rows come from `links`.
    pub(super) fn reads_links(&self) -> bool {
        matches!(self.name, "links" | "broken_links")
    }

    /// The query for how many these are.
    pub(super) fn count(&self, crawl: CrawlId, condition: Option<&str>) -> String {
        self.selection("count(*)", self.name, crawl, condition)
    }

    fn selection(&self, what: &str, name: &str, crawl: CrawlId, condition: Option<&str>) -> String {
        let (first, last) = (page_id(crawl, 0), page_id(crawl, u32::MAX));
        let mut rows = self.rows.to_owned();
        for (name, number) in [(":crawl", crawl), (":first", first), (":last", last)] {
            rows = rows.replace(name, &number.to_string());
        }
        // On a line of its own, so that it ends where the line ends whatever it holds.
        let condition = condition.map(|text| format!(" WHERE (\n{text}\n)")).unwrap_or_default();
        format!("SELECT {what} FROM ({rows}) AS {name}{condition}")
    }
}

impl fmt::Display for ExportTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for ExportTable {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || TABLES.map(|table| table.name).join(", ");
        let found = TABLES.into_iter().find(|table| table.name == name);
        found.ok_or_else(|| format!("no table of that name: {}", names()))
    }
}
