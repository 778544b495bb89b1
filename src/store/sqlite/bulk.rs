//! Many rows in one statement: `INSERT … VALUES (?, …), (?, …), …`.
//!
//! Rows are cut into chunks of a few fixed sizes, so there are few statement texts, each is
//! prepared once and stays prepared.

use std::sync::{Arc, LazyLock};

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe};

use crate::store::sql::WriteResult;

/// Chunk sizes.
const SIZES: [usize; 5] = [512, 128, 32, 8, 1];
/// Maximum number of values of one statement. SQLite allows 32,766; a prepared statement keeps some 200 bytes
/// for each.
const MAX_VALUES: usize = 2048;

/// A statement in all its sizes.
pub(super) type Bulk = LazyLock<Statements>;

/// A statement's texts, with the number of rows of each.
pub(super) struct Statements {
    columns: usize,
    texts: Vec<(usize, Arc<str>)>,
}

impl Statements {
    fn new(columns: usize, head: &str, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let text =
            |size| format!("INSERT {head} VALUES {} {tail}", vec![row.as_str(); size].join(","));
        let sizes = SIZES.into_iter().filter(|size| size * columns <= MAX_VALUES);
        Self { columns, texts: sizes.map(|size| (size, text(size).into())).collect() }
    }
}

/// Writes all rows.
pub(super) async fn write<T: Sync>(
    db: &mut SqliteConnection,
    statements: &Statements,
    mut rows: &[T],
    bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError> + Send + Sync,
) -> WriteResult {
    for &(size, ref text) in &statements.texts {
        while let Some((chunk, rest)) = rows.split_at_checked(size) {
            let mut arguments = SqliteArguments::default();
            arguments.reserve(size * statements.columns, 0);
            for row in chunk {
                bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
            }
            sqlx::query_with(AssertSqlSafe(Arc::clone(text)), arguments).execute(&mut *db).await?;
            rows = rest;
        }
    }
    Ok(())
}

const INTO_PAGES: &str = "INTO scraped_pages (id, crawl_id, url_hash, state, status, depth, attempts, resent, \
     elapsed_ms, content_length, links_found, found_on, created_at, lastmod, change, body_hash, \
     host, content_type, not_parsed, url, final_url, title, error, redirects, etag, last_modified, \
     canonical)";

pub(super) static NEW_PAGES: Bulk = LazyLock::new(|| Statements::new(27, INTO_PAGES, ""));

pub(super) static PAGES: Bulk = LazyLock::new(|| {
    Statements::new(
        27,
        INTO_PAGES,
        "ON CONFLICT (crawl_id, url_hash) DO UPDATE SET url = excluded.url, host = excluded.host, \
         state = excluded.state, status = excluded.status, depth = excluded.depth, \
         attempts = excluded.attempts, resent = excluded.resent, \
         elapsed_ms = excluded.elapsed_ms, \
         content_length = excluded.content_length, links_found = excluded.links_found, \
         found_on = excluded.found_on, created_at = excluded.created_at, \
         lastmod = excluded.lastmod, change = excluded.change, body_hash = excluded.body_hash, \
         content_type = excluded.content_type, not_parsed = excluded.not_parsed, \
         final_url = excluded.final_url, \
         title = excluded.title, error = excluded.error, redirects = excluded.redirects, \
         etag = excluded.etag, last_modified = excluded.last_modified, \
         canonical = excluded.canonical",
    )
});

pub(super) static LINKS: Bulk = LazyLock::new(|| {
    Statements::new(4, "OR IGNORE INTO links (crawl_id, from_id, to_id, anchor)", "")
});

pub(super) static FRONTIER: Bulk = LazyLock::new(|| {
    Statements::new(
        11,
        "INTO frontier (id, crawl_id, url_hash, depth, attempts, resent, not_before, found_on, \
         host_id, lastmod, url)",
        "ON CONFLICT (id) DO UPDATE SET attempts = excluded.attempts, resent = excluded.resent, \
         not_before = excluded.not_before",
    )
});

pub(super) static CHANGES: Bulk = LazyLock::new(|| {
    Statements::new(
        11,
        "INTO changes (crawl_id, seq, at, by_whom, what, entry, pages_per_s_before, \
         pages_per_s_after, p95_ms_before, p95_ms_after, effect)",
        "ON CONFLICT (crawl_id, seq) DO UPDATE SET at = excluded.at, by_whom = excluded.by_whom, \
         what = excluded.what, entry = excluded.entry, \
         pages_per_s_before = excluded.pages_per_s_before, \
         pages_per_s_after = excluded.pages_per_s_after, \
         p95_ms_before = excluded.p95_ms_before, p95_ms_after = excluded.p95_ms_after, \
         effect = excluded.effect",
    )
});

pub(super) static HOSTS: Bulk = LazyLock::new(|| {
    Statements::new(
        9,
        "INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes, first_at, last_at)",
        // A host known before its first page has no times yet.
        "ON CONFLICT (crawl_id, host) DO UPDATE SET pages = pages + excluded.pages, \
         ok = ok + excluded.ok, failed = failed + excluded.failed, \
         skipped = skipped + excluded.skipped, bytes = bytes + excluded.bytes, \
         first_at = min(coalesce(first_at, excluded.first_at), excluded.first_at), \
         last_at = max(coalesce(last_at, excluded.last_at), excluded.last_at)",
    )
});

pub(super) static KNOWN_HOSTS: Bulk = LazyLock::new(|| {
    Statements::new(
        9,
        "INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes, incidents, robots)",
        "ON CONFLICT (crawl_id, host) DO UPDATE SET incidents = excluded.incidents, \
         robots = coalesce(excluded.robots, robots)",
    )
});

pub(super) static SITEMAPS: Bulk = LazyLock::new(|| {
    Statements::new(
        10,
        "INTO sitemaps (crawl_id, url_hash, url, state, status, urls, sitemaps, depth, error, \
         created_at)",
        "ON CONFLICT (crawl_id, url_hash) DO UPDATE SET url = excluded.url, \
         state = excluded.state, status = excluded.status, urls = excluded.urls, \
         sitemaps = excluded.sitemaps, depth = excluded.depth, error = excluded.error, \
         created_at = excluded.created_at",
    )
});

pub(super) static TIMELINE: Bulk = LazyLock::new(|| {
    Statements::new(
        26,
        "INTO timeline (crawl_id, seq, run, at, span_ms, conditions, permits, workers, queue, rate, \
         pages, pages_sd, bytes, requests, retries, errors, refused, p50_ms, p95_ms, mean_ms, \
         in_flight, queued, saver_backlog, loop_delay_ms, cpu_percent, memory)",
        // A row is written twice only when the answer to the first time was lost.
        "ON CONFLICT (crawl_id, seq) DO NOTHING",
    )
});
