//! The statements of MySQL and MariaDB that the shared code runs, but those that insert rows. All
//! times are by the server's clock, which all clients share.
//!
//! What reads is answered by a range of ids or an index, so no statement sees the rows of another
//! crawl. The texts are public so that a test can check their plans.

use sqlx::mysql::{MySqlQueryResult, MySqlRow};
use sqlx::{MySql, Row};

use super::value;
use crate::store::sql::Param::{
    After, Below, Crawl, First, FirstStatus, Host, Last, LastStatus, Limit, Page, Pattern,
    ReasonHash, Status, Word,
};
use crate::store::sql::{
    CommonStatements, Dialect, Done, OwnStatements, PageStatements, SameParams, SqlSyntax,
    Statement, has_text, last_id, links_of, ok_pages, question_marks, seen, statement,
    stored_pages, timeline,
};

#[cfg(feature = "internals")]
pub use crate::store::sql::question_marks::{
    CHANGES, CRAWL, CRAWL_WITH_STATE, FRONTIER_AFTER, NEWEST_COMPLETE, NEWEST_PAGE, PREVIOUS_PAGE,
};

/// Frontier rows of one host: `(crawl, host, above, limit)`, in order of the index.
pub const FRONTIER_OF_HOST: &str = "SELECT id, url, url_hash, depth, attempts, resent, not_before, \
     found_on, lastmod, host_id FROM frontier FORCE INDEX (frontier_by_host) \
     WHERE crawl_id = ? AND host_id = ? AND id > ? ORDER BY id LIMIT ?";

/// Hosts with their open URLs counted, and the first of these: `(crawl)`. The index alone counts; then
/// one row per host is read.
pub const OPEN_HOSTS: &str = "SELECT host.host_id, host.open, first.url \
     FROM (SELECT host_id, count(*) AS open, min(id) AS id \
      FROM frontier FORCE INDEX (frontier_by_host) WHERE crawl_id = ? GROUP BY host_id) AS host \
     STRAIGHT_JOIN frontier AS first ON first.id = host.id";

/// Skipped pages as frontier rows: `(crawl, hash of the reason, above, limit)`.
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, resent, 0, found_on, \
     lastmod, host FROM scraped_pages FORCE INDEX (scraped_pages_by_state) \
     WHERE state = 'skipped' AND crawl_id = ? AND skipped_hash = ? AND id > ? ORDER BY id LIMIT ?";

/// All known URLs in one snapshot: `(crawl, first id, last id)`. The index on hashes answers the
/// first half alone; the second reads the frontier, whose hashes come before its URLs.
pub const SEEN: &str = seen!("FORCE INDEX (scraped_pages_by_hash) WHERE crawl_id = ?", "?", "?");

/// The highest id in use: `(first id, last id)` twice.
pub const LAST_ID: &str = last_id!("greatest", "?", "?");

/// Open URLs: `(crawl)`. It counts, so it grows with the frontier, but not with what was crawled.
pub const OPEN_COUNT: &str =
    "SELECT count(*) FROM frontier FORCE INDEX (frontier_by_host) WHERE crawl_id = ?";

/// Where a page's links led: `(crawl, page, limit)`.
pub const LINKS_OF: &str = links_of!("STRAIGHT_JOIN", "links.crawl_id = ? AND", "?", "to_id", "?");

/// Pages that ended `ok`, as frontier rows: `(above, up to, limit)`.
pub const OK_PAGES: &str = ok_pages!("0", "scraped_pages FORCE INDEX (PRIMARY)", "?", "?", "?");

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str =
    "SELECT cast(coalesce(sum(ok), 0) AS SIGNED) FROM hosts WHERE crawl_id = ?";

/// What was measured last: `(crawl, limit)`.
pub const TIMELINE: &str = timeline!("at", "?", "?");

/// Pages, newest found first: `(above, below, limit)`.
pub const STORED_PAGES: &str =
    stored_pages!("created_at", "scraped_pages FORCE INDEX (PRIMARY)", "?", "?", "", "?");

/// Those with a status: `(above, below, status, limit)`.
pub const STORED_PAGES_BY_STATUS: &str = stored_pages!(
    "created_at",
    "scraped_pages FORCE INDEX (PRIMARY)",
    "?",
    "?",
    " AND status = ?",
    "?"
);

/// Those with a text: `(above, below, first status, last status, state, pattern four times, limit)`. Texts are
/// compared byte by byte, so they are lowered.
pub const STORED_PAGES_BY_TEXT: &str = stored_pages!(
    "created_at",
    "scraped_pages FORCE INDEX (PRIMARY)",
    "?",
    "?",
    has_text!("?", "?", "?", "LIKE", "lower", "?", "?", "?", "?"),
    "?"
);

/// Links to a page: `(above, below, page, above, below, limit)`, block after block of the index. Joined in
/// this order, the rows come in order of id.
pub const LINKS_TO: &str = "WITH RECURSIVE block (n) AS (SELECT (? + 1) DIV 1024 \
     UNION ALL SELECT n + 1 FROM block WHERE n < (? - 1) DIV 1024) \
     SELECT links.from_id, page.url, links.anchor FROM block \
     STRAIGHT_JOIN links FORCE INDEX (links_by_target) \
     ON links.from_block = block.n AND links.to_id = ? \
     STRAIGHT_JOIN scraped_pages AS page FORCE INDEX (PRIMARY) ON page.id = links.from_id \
     WHERE links.from_id > ? AND links.from_id < ? LIMIT ?";

const fn by_page(sql: &'static str) -> Statement {
    statement(sql, &[First, Last, Limit])
}

const fn by_crawl(sql: &'static str) -> Statement {
    statement(sql, &[Crawl, Limit])
}

/// Rows that are about to be replaced: `(hashes as a JSON array of hex, crawl)`. Joined in this order,
/// each is looked up.
pub const REPLACED: &str = "SELECT page.host, page.state, page.content_length FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (hex VARCHAR(32) PATH '$')) AS new \
     STRAIGHT_JOIN scraped_pages AS page FORCE INDEX (scraped_pages_by_hash) \
     ON page.crawl_id = ? AND page.url_hash = unhex(new.hex)";

/// Rows that are about to be deleted: `(ids as a JSON array, crawl)`.
pub const RESTORED: &str = "SELECT page.host, page.state, page.content_length FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS restored \
     STRAIGHT_JOIN scraped_pages AS page FORCE INDEX (PRIMARY) \
     ON page.id = restored.id AND page.crawl_id = ?";

/// Deletes finished URLs: `(ids as a JSON array)`. Joined in this order, each id is looked up.
pub const DELETE_FRONTIER: &str = "DELETE frontier FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS done \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = done.id";

/// Updates postponed URLs: `([[id, attempts, resent, not before], …])`, each id once.
pub const POSTPONE: &str = "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', \
     attempts BIGINT PATH '$[1]', resent BIGINT PATH '$[2]', not_before BIGINT PATH '$[3]')) AS new \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = new.id \
     SET frontier.attempts = new.attempts, frontier.resent = new.resent, \
     frontier.not_before = new.not_before";

/// Deletes the page rows of URLs that are open again: `(ids as a JSON array, crawl)`.
pub const DELETE_PAGES: &str = "DELETE scraped_pages FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS restored \
     STRAIGHT_JOIN scraped_pages FORCE INDEX (PRIMARY) \
     ON scraped_pages.id = restored.id AND scraped_pages.crawl_id = ?";

impl Dialect for MySql {
    const COMMON: CommonStatements = question_marks::COMMON;
    const OWN: OwnStatements = OwnStatements {
        same: SameParams { seen: SEEN, ok_pages: OK_PAGES, count_ok: COUNT_OK, timeline: TIMELINE },
        frontier_of_host: statement(FRONTIER_OF_HOST, &[Crawl, Host, After, Limit]),
        open_hosts: statement(OPEN_HOSTS, &[Crawl]),
        skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, ReasonHash, After, Limit]),
        last_id: statement(LAST_ID, &[First, Last, First, Last]),
        open_count: statement(OPEN_COUNT, &[Crawl]),
        links_of: statement(LINKS_OF, &[Crawl, Page, Limit]),
        stored_pages: PageStatements {
            all: statement(STORED_PAGES, &[After, Below, Limit]),
            by_status: statement(STORED_PAGES_BY_STATUS, &[After, Below, Status, Limit]),
            by_text: statement(
                STORED_PAGES_BY_TEXT,
                &[
                    After,
                    Below,
                    FirstStatus,
                    LastStatus,
                    Word,
                    Pattern,
                    Pattern,
                    Pattern,
                    Pattern,
                    Limit,
                ],
            ),
        },
        links_to: statement(LINKS_TO, &[After, Below, Page, After, Below, Limit]),
    };
    /// In order of the key, so that a replica deletes the same. Links and pages first: what would be
    /// missed most when it is half gone is gone last.
    const PIECES: &'static [Statement] = &[
        by_crawl("DELETE FROM links WHERE crawl_id = ? ORDER BY crawl_id, from_id, to_id LIMIT ?"),
        by_page("DELETE FROM scraped_pages WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"),
        by_page("DELETE FROM frontier WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"),
        by_crawl("DELETE FROM sitemaps WHERE crawl_id = ? ORDER BY crawl_id, url_hash LIMIT ?"),
        by_crawl("DELETE FROM hosts WHERE crawl_id = ? ORDER BY crawl_id, host_hash LIMIT ?"),
        by_crawl("DELETE FROM changes WHERE crawl_id = ? ORDER BY crawl_id, seq LIMIT ?"),
        by_crawl("DELETE FROM timeline WHERE crawl_id = ? ORDER BY crawl_id, seq LIMIT ?"),
        by_crawl("DELETE FROM crawls WHERE id = ? ORDER BY id LIMIT ?"),
    ];
    const SYNTAX: SqlSyntax = SqlSyntax {
        now: "utc_timestamp(3)",
        silent_ms: "timestampdiff(MICROSECOND, beat_at, utc_timestamp(3)) DIV 1000",
        open: "SELECT count(*) FROM frontier WHERE frontier.crawl_id = crawls.id",
        for_update: " FOR UPDATE",
        ..SqlSyntax::PLAIN
    };
    const BEGIN: &'static str = "START TRANSACTION";
    const SNAPSHOT: &'static str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

    fn small_int(row: &MySqlRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn time(row: &MySqlRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        value::time(row, column)
    }

    fn done(result: &MySqlQueryResult) -> Done {
        let id = result.last_insert_id() as i64;
        Done { rows: result.rows_affected(), inserted_id: Some(id) }
    }
}
