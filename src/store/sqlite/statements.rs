//! The statements of SQLite that the shared code runs, but those that write batches. All times are by
//! SQLite's clock, which is the system's.
//!
//! What reads is answered by a range of ids or an index, so no statement sees the rows of another
//! crawl. The texts are public so that a test can check their plans.

use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Row, Sqlite};

use crate::store::sql::Param::{After, Below, Crawl, First, Host, Last, Limit, Page, Reason};
use crate::store::sql::{
    CommonStatements, Dialect, Done, OwnStatements, PageStatements, SameParams, SqlSyntax,
    Statement, has_text, last_id, links_of, ok_pages, question_marks, seen, statement,
    stored_pages, timeline,
};

#[cfg(feature = "internals")]
pub use crate::store::sql::question_marks::{
    CHANGES, CRAWL, CRAWL_WITH_STATE, FRONTIER_AFTER, NEWEST_COMPLETE, NEWEST_PAGE, PREVIOUS_PAGE,
};

/// Frontier rows of one host: `(above, up to, host, limit)`, block after block of the index. The
/// order is that of the loops, which is that of the ids: `ORDER BY` would collect all rows first.
pub const FRONTIER_OF_HOST: &str = "WITH RECURSIVE block(n) AS (\
       SELECT (SELECT min(id) FROM frontier WHERE id > ?1 AND id <= ?2) >> 16 \
       UNION ALL \
       SELECT (SELECT min(id) FROM frontier WHERE id >= (n + 1) << 16 AND id <= ?2) >> 16 \
       FROM block WHERE n IS NOT NULL) \
     SELECT id, url, url_hash, depth, attempts, resent, not_before, found_on, lastmod, host_id \
     FROM block CROSS JOIN frontier INDEXED BY frontier_by_host \
     WHERE id >> 16 = n AND host_id = ?3 AND id > ?1 LIMIT ?4";

/// Hosts with their open URLs counted, and the first of these: `(first id, last id)`. The index
/// alone counts, block by block; then one row per host is read.
pub const OPEN_HOSTS: &str = "SELECT host.host_id, host.open, first.url FROM \
     (SELECT host_id, sum(open) AS open, min(id) AS id FROM \
       (SELECT host_id, count(*) AS open, min(id) AS id FROM frontier \
        WHERE id >> 16 BETWEEN ? >> 16 AND ? >> 16 GROUP BY id >> 16, host_id) \
      GROUP BY host_id) AS host CROSS JOIN frontier AS first ON first.id = host.id";

/// Skipped pages as frontier rows: `(crawl, reason, above, limit)`.
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, resent, 0, found_on, \
     lastmod, host FROM scraped_pages WHERE crawl_id = ? AND state = 'skipped' AND error = ? \
     AND id > ? ORDER BY id LIMIT ?";

/// All known URLs in one snapshot: `(crawl, first id, last id)`. The index on hashes answers the
/// first half alone; the second reads the frontier, whose hashes come before its URLs.
pub const SEEN: &str = seen!("WHERE crawl_id = ?", "?", "?");

/// The highest id in use: `(first id, last id)`.
pub const LAST_ID: &str = last_id!("max", "?1", "?2");

/// Open URLs: `(first id, last id)`. It counts, so it grows with the frontier (about 5 ms per
/// 100,000 rows), but not with what was crawled.
pub const OPEN_COUNT: &str =
    "SELECT count(*) FROM frontier WHERE id >> 16 BETWEEN ? >> 16 AND ? >> 16";

/// Where a page's links led: `(crawl, page, limit)`.
pub const LINKS_OF: &str = links_of!("CROSS JOIN", "links.crawl_id = ? AND", "?", "to_id", "?");

/// Pages that ended `ok` between two ids: `(above, up to, limit)`.
pub const OK_PAGES: &str = ok_pages!("0", "scraped_pages", "?", "?", "?");

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str = "SELECT coalesce(sum(ok), 0) FROM hosts WHERE crawl_id = ?";

/// What was measured last: `(crawl, limit)`.
pub const TIMELINE: &str = timeline!("at", "?", "?");

/// Pages, newest found first: `(above, below, limit)`.
pub const STORED_PAGES: &str = stored_pages!("created_at", "scraped_pages", "?1", "?2", "", "?3");

/// Those with a status: `(above, below, limit, status)`.
pub const STORED_PAGES_BY_STATUS: &str =
    stored_pages!("created_at", "scraped_pages", "?1", "?2", " AND status = ?4", "?3");

/// Those with a text: `(above, below, limit, first status, last status, state, pattern)`. `LIKE` knows no upper
/// and lower case of ASCII.
pub const STORED_PAGES_BY_TEXT: &str = stored_pages!(
    "created_at",
    "scraped_pages",
    "?1",
    "?2",
    has_text!("?4", "?5", "?6", "LIKE", "", "?7", "?7", "?7", "?7"),
    "?3"
);

/// Links to a page: `(above, page, below, limit)`, block after block of the index. The order is that of the
/// loops, which is that of the ids: `ORDER BY` would collect all rows first.
pub const LINKS_TO: &str = "WITH RECURSIVE block(n) AS (SELECT (?1 + 1) >> 10 \
     UNION ALL SELECT n + 1 FROM block WHERE n < (?3 - 1) >> 10) \
     SELECT links.from_id, page.url, links.anchor \
     FROM block CROSS JOIN links INDEXED BY links_by_target \
     CROSS JOIN scraped_pages AS page ON page.id = links.from_id \
     WHERE links.from_id >> 10 = n AND links.to_id = ?2 AND links.from_id > ?1 \
     AND links.from_id < ?3 LIMIT ?4";

impl Dialect for Sqlite {
    const COMMON: CommonStatements = question_marks::COMMON;
    const OWN: OwnStatements = OwnStatements {
        same: SameParams { seen: SEEN, ok_pages: OK_PAGES, count_ok: COUNT_OK, timeline: TIMELINE },
        frontier_of_host: statement(FRONTIER_OF_HOST, &[After, Last, Host, Limit]),
        open_hosts: statement(OPEN_HOSTS, &[First, Last]),
        skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, Reason, After, Limit]),
        last_id: statement(LAST_ID, &[First, Last]),
        open_count: statement(OPEN_COUNT, &[First, Last]),
        links_of: statement(LINKS_OF, &[Crawl, Page, Limit]),
        stored_pages: PageStatements::numbered(
            STORED_PAGES,
            STORED_PAGES_BY_STATUS,
            STORED_PAGES_BY_TEXT,
        ),
        links_to: statement(LINKS_TO, &[After, Page, Below, Limit]),
    };
    /// Links and pages first, the crawl itself last: what would be missed most when it is half gone is
    /// gone last.
    const PIECES: &'static [Statement] = &[
        // Whole pages with all their links, the key being what the pieces are cut by.
        statement(
            "DELETE FROM links WHERE crawl_id = ?1 AND from_id <= coalesce((SELECT from_id \
             FROM links WHERE crawl_id = ?1 ORDER BY from_id LIMIT 1 OFFSET ?2), ?3)",
            &[Crawl, Limit, Last],
        ),
        statement(
            "DELETE FROM scraped_pages WHERE id BETWEEN ?1 AND coalesce((SELECT id \
             FROM scraped_pages WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1 OFFSET ?3), ?2)",
            &[First, Last, Limit],
        ),
        statement(
            "DELETE FROM frontier WHERE id BETWEEN ?1 AND coalesce((SELECT id \
             FROM frontier WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1 OFFSET ?3), ?2)",
            &[First, Last, Limit],
        ),
        statement(
            "DELETE FROM sitemaps WHERE crawl_id = ?1 AND url_hash IN \
             (SELECT url_hash FROM sitemaps WHERE crawl_id = ?1 LIMIT ?2)",
            &[Crawl, Limit],
        ),
        statement(
            "DELETE FROM hosts WHERE crawl_id = ?1 AND host IN \
             (SELECT host FROM hosts WHERE crawl_id = ?1 LIMIT ?2)",
            &[Crawl, Limit],
        ),
        statement(
            "DELETE FROM changes WHERE crawl_id = ?1 AND seq IN \
             (SELECT seq FROM changes WHERE crawl_id = ?1 LIMIT ?2)",
            &[Crawl, Limit],
        ),
        statement(
            "DELETE FROM timeline WHERE crawl_id = ?1 AND seq IN \
             (SELECT seq FROM timeline WHERE crawl_id = ?1 LIMIT ?2)",
            &[Crawl, Limit],
        ),
        statement("DELETE FROM crawls WHERE id = ?1", &[Crawl]),
    ];
    const SYNTAX: SqlSyntax = SqlSyntax {
        now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        silent_ms: "CAST((julianday('now') - julianday(beat_at)) * 86400000 AS INTEGER)",
        open: "SELECT count(*) FROM frontier \
               WHERE frontier.id >> 16 BETWEEN crawls.id << 16 AND (crawls.id << 16) + 65535",
        // The transaction has the write lock.
        for_update: "",
        ..SqlSyntax::PLAIN
    };
    /// Takes the write lock at once: a transaction that first reads and then writes could fail
    /// half-way.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const SNAPSHOT: &'static str = "BEGIN";

    fn small_int(row: &SqliteRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn time(row: &SqliteRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        row.try_get(column)
    }

    fn done(result: &SqliteQueryResult) -> Done {
        Done { rows: result.rows_affected(), inserted_id: Some(result.last_insert_rowid()) }
    }
}
