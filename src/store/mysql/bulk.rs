//! Many rows in one statement: `INSERT … VALUES (?, …), (?, …), … ON DUPLICATE KEY UPDATE …`.
//!
//! Rows are cut into chunks of a few fixed sizes, so there are few statement texts, each is prepared
//! once and stays prepared; and into chunks that fit into a packet. Measured, MariaDB 10.11, batches of
//! 12,500 links: 385,000 to 445,000 rows/s prepared, with 8192 to 512 rows a statement; 348,000 as
//! text, 330,000 with `JSON_TABLE`. The server takes about 2.5 µs of CPU a link, whatever the words
//! (`ON DUPLICATE KEY`, `IGNORE` or neither), the type of the text, or the key.
//!
//! `VALUES(column)` is what both servers know for the new value: MySQL calls it deprecated since 8.0.20
//! but knows it still, MariaDB does not know the alias that MySQL wants in its place. No `INSERT
//! IGNORE`: it would let pass more than a key that is there.
//!
//! The statements are public so that a test can see what the server does for them.

use std::sync::{Arc, LazyLock};

use sqlx::error::BoxDynError;
use sqlx::mysql::MySqlArguments;
use sqlx::{Arguments, AssertSqlSafe};

use super::writer::WriterConnection;
use crate::store::error::StoreError;
use crate::store::tx_error::TxError;

pub use crate::store::text::hash_of;

/// Maximum rows of a statement. Each is half of the one before, so that a batch takes few statements, and
/// waits for few answers.
const SIZES: [usize; 13] = [4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1];
/// Maximum parameters of a statement: the server would take 65,535, but keeps memory for each.
const PARAMETERS: usize = 22_528;
/// Maximum bytes of a statement, if one row is not longer.
const BYTES: usize = 8 << 20;
/// Bytes of a packet besides the rows.
const OVERHEAD: usize = 1024;
/// What a value takes besides a text: a number, or the length of the text, and its type.
const VALUE: usize = 12;

/// A statement in all its sizes.
pub type Bulk = LazyLock<Statements>;

/// A statement's texts, longest first.
#[derive(Debug)]
pub struct Statements {
    columns: usize,
    texts: Vec<(usize, Arc<str>)>,
}

impl Statements {
    /// Upserts; `update` is what is done with a row that is there.
    fn new(table: &str, columns: &[&str], update: &str) -> Self {
        Self::ending(table, columns, &format!(" ON DUPLICATE KEY UPDATE {update}"))
    }

    fn ending(table: &str, columns: &[&str], end: &str) -> Self {
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let head = format!("INSERT INTO {table} ({})", columns.join(","));
        let texts = SIZES
            .into_iter()
            .filter(|size| size * columns.len() <= PARAMETERS)
            .map(|size| {
                let rows = vec![row.as_str(); size].join(",");
                (size, format!("{head} VALUES {rows}{end}").into())
            })
            .collect();
        Self { columns: columns.len(), texts }
    }

    /// The statement that writes one row.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn of_one_row(&self) -> &str {
        self.texts.last().map_or("", |(_, text)| text)
    }

    /// How many of these rows go into one statement; an error when not even one does.
    fn fitting<T>(
        &self,
        rows: &[T],
        packet: usize,
        bytes: impl Fn(&T) -> usize,
    ) -> Result<usize, usize> {
        let most = self.texts.first().map_or(1, |(size, _)| *size);
        let room = packet.saturating_sub(OVERHEAD);
        let mut sum = 0;
        for (n, row) in rows.iter().take(most).enumerate() {
            sum += self.columns * VALUE + bytes(row);
            if n == 0 && sum > room {
                return Err(sum);
            }
            if n > 0 && sum > room.min(BYTES) {
                return Ok(n);
            }
        }
        Ok(rows.len().min(most))
    }
}

/// Writes all rows. `bytes` says how long the texts of a row are together.
pub(super) async fn write<T: Sync>(
    db: &mut WriterConnection,
    name: &str,
    statements: &Statements,
    mut rows: &[T],
    bytes: impl Fn(&T) -> usize + Send + Sync,
    bind: impl Fn(&mut MySqlArguments, &T) -> Result<(), BoxDynError> + Send + Sync,
) -> Result<(), TxError> {
    while !rows.is_empty() {
        let fitting = statements.fitting(rows, db.packet, &bytes).map_err(|needed| {
            let why = format!("a row of {needed} bytes, it takes {}", db.packet);
            TxError::Refused(StoreError::TooBig { db: name.to_owned(), why })
        })?;
        let Some((size, text)) = statements.texts.iter().find(|(size, _)| *size <= fitting) else {
            break;
        };
        let (chunk, rest) = rows.split_at(*size);
        let mut arguments = MySqlArguments::default();
        arguments.reserve(size * statements.columns, 0);
        for row in chunk {
            bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
        }
        sqlx::query_with(AssertSqlSafe(Arc::clone(text)), arguments)
            .execute(&mut db.connection)
            .await?;
        rows = rest;
    }
    Ok(())
}

/// `column = VALUES(column)` for each.
fn replace(columns: &[&str]) -> String {
    let updates: Vec<_> = columns.iter().map(|name| format!("{name} = VALUES({name})")).collect();
    updates.join(", ")
}

const PAGE: [&str; 28] = [
    "id",
    "crawl_id",
    "url_hash",
    "state",
    "status",
    "depth",
    "attempts",
    "resent",
    "elapsed_ms",
    "content_length",
    "links_found",
    "found_on",
    "created_at",
    "lastmod",
    "`change`",
    "body_hash",
    "skipped_hash",
    "host",
    "content_type",
    "not_parsed",
    "url",
    "final_url",
    "title",
    "error",
    "redirects",
    "etag",
    "last_modified",
    "canonical",
];

/// Page rows of which none is there.
pub static NEW_PAGES: Bulk = LazyLock::new(|| Statements::ending("scraped_pages", &PAGE, ""));

/// Page rows: upserts on `(crawl_id, url_hash)`.
pub static PAGES: Bulk = LazyLock::new(|| {
    // Any key that is there leads to the update, an id of another URL as well: that one is refused, by
    // a null where none may be.
    let same = "url_hash = IF(url_hash = VALUES(url_hash), url_hash, NULL)";
    Statements::new("scraped_pages", &PAGE, &format!("{same}, {}", replace(&PAGE[3..])))
});

/// Links: what is there stays.
pub static LINKS: Bulk = LazyLock::new(|| {
    // A link that is there stays as it is.
    Statements::new("links", &["crawl_id", "from_id", "to_id", "anchor"], "to_id = to_id")
});

/// URLs found.
pub static FRONTIER: Bulk = LazyLock::new(|| {
    Statements::new(
        "frontier",
        &[
            "id",
            "crawl_id",
            "url_hash",
            "depth",
            "attempts",
            "resent",
            "not_before",
            "found_on",
            "host_id",
            "lastmod",
            "url",
        ],
        &replace(&["attempts", "resent", "not_before"]),
    )
});

const CHANGE: [&str; 11] = [
    "crawl_id",
    "seq",
    "at",
    "by_whom",
    "what",
    "entry",
    "pages_per_s_before",
    "pages_per_s_after",
    "p95_ms_before",
    "p95_ms_after",
    "effect",
];

/// Journal entries.
pub static CHANGES: Bulk =
    LazyLock::new(|| Statements::new("changes", &CHANGE, &replace(&CHANGE[2..])));

/// What a batch adds to the totals of hosts.
pub static HOSTS: Bulk = LazyLock::new(|| {
    Statements::new(
        "hosts",
        &[
            "crawl_id",
            "host_hash",
            "host",
            "pages",
            "ok",
            "failed",
            "skipped",
            "bytes",
            "first_at",
            "last_at",
        ],
        // A host known before its first page has no times yet, and subtracted pages have none.
        "pages = pages + VALUES(pages), ok = ok + VALUES(ok), failed = failed + VALUES(failed), \
         skipped = skipped + VALUES(skipped), bytes = bytes + VALUES(bytes), \
         first_at = coalesce(least(first_at, VALUES(first_at)), first_at, VALUES(first_at)), \
         last_at = coalesce(greatest(last_at, VALUES(last_at)), last_at, VALUES(last_at))",
    )
});

/// What is known of hosts besides their totals.
pub static KNOWN_HOSTS: Bulk = LazyLock::new(|| {
    Statements::new(
        "hosts",
        &[
            "crawl_id",
            "host_hash",
            "host",
            "pages",
            "ok",
            "failed",
            "skipped",
            "bytes",
            "incidents",
            "robots",
        ],
        "incidents = VALUES(incidents), robots = coalesce(VALUES(robots), robots)",
    )
});

const SITEMAP: [&str; 10] = [
    "crawl_id",
    "url_hash",
    "url",
    "state",
    "status",
    "urls",
    "sitemaps",
    "depth",
    "error",
    "created_at",
];

/// Sitemaps.
pub static SITEMAPS: Bulk =
    LazyLock::new(|| Statements::new("sitemaps", &SITEMAP, &replace(&SITEMAP[2..])));

/// What was measured: what is there stays.
pub static TIMELINE: Bulk = LazyLock::new(|| {
    let columns = [
        "crawl_id",
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
    ];
    Statements::new("timeline", &columns, "seq = seq")
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn chunks_fit_into_statements_and_packets() {
        let links = |rows: &[usize], packet| LINKS.fitting(rows, packet, |bytes| *bytes);
        assert_eq!(links(&[10; 5], 1 << 20), Ok(5));
        assert_eq!(links(&vec![10; 5000], 1 << 20), Ok(4096));
        // 58 bytes a row, 1024 of overhead.
        assert_eq!(links(&vec![10; 5000], 1024 + 580), Ok(10));
        assert_eq!(links(&[10, 1 << 20, 10], 1 << 20), Ok(1));
        assert_eq!(links(&[1 << 20, 10], 1 << 20), Err((1 << 20) + 48));
        // A row longer than a statement should be goes alone.
        assert_eq!(links(&[BYTES, BYTES], BYTES * 4), Ok(1));
        assert_eq!(links(&[BYTES / 2, BYTES / 2], BYTES * 4), Ok(1));
    }

    #[test]
    fn statements_have_as_many_parameters_as_a_server_takes() {
        for bulk in
            [&PAGES, &LINKS, &FRONTIER, &CHANGES, &HOSTS, &KNOWN_HOSTS, &SITEMAPS, &TIMELINE]
        {
            let (most, text) = bulk.texts.first().unwrap();
            assert_eq!(text.matches('?').count(), most * bulk.columns);
            assert!(most * bulk.columns <= 65_535 && *most >= 512, "{most}");
            assert_eq!(bulk.texts.last().unwrap().0, 1);
        }
    }
}
