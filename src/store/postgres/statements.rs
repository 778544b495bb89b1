//! The statements of PostgreSQL that the shared code runs, but those that write batches. All times are
//! the server's.
//!
//! What reads is answered by a range of ids or an index, so no statement sees the rows of another
//! crawl. The texts are public so that a test can check their plans.

use sqlx::postgres::{PgQueryResult, PgRow};
use sqlx::{Postgres, Row};

use crate::store::sql::Param::{After, Below, Crawl, First, Host, Last, Limit, Page, Reason};
use crate::store::sql::{
    CommonStatements, Dialect, Done, OwnStatements, PageStatements, SameParams, SqlSyntax,
    Statement, has_text, last_id, links_of, numbered, ok_pages, seen, statement, stored_pages,
    timeline,
};

#[cfg(feature = "internals")]
pub use crate::store::sql::numbered::{
    CHANGES, CRAWL, CRAWL_WITH_STATE, FRONTIER_AFTER, NEWEST_COMPLETE, NEWEST_PAGE, PREVIOUS_PAGE,
};

/// Frontier rows of one host: `(crawl, host, above, up to, limit)`. WriteResult as a range of pairs, it is
/// exactly a range of the index on crawl, host and id, and in its order; otherwise the server might
/// walk along the ids of all hosts until it has met enough of this one.
pub const FRONTIER_OF_HOST: &str = "SELECT id, url, url_hash, depth, attempts, resent, not_before, \
     found_on, lastmod, host_id FROM frontier WHERE crawl_id = $1 \
     AND (host_id, id) > ($2, $3) AND (host_id, id) <= ($2, $4) \
     ORDER BY host_id, id LIMIT $5";

/// Hosts with their open URLs counted, and the first of these: `(crawl)`. The index counts in its
/// order; then one row per host is read.
pub const OPEN_HOSTS: &str = "SELECT host.host_id, host.open, \
     (SELECT url FROM frontier AS first WHERE first.id = host.id) FROM \
     (SELECT host_id, count(*) AS open, min(id) AS id FROM frontier WHERE crawl_id = $1 \
      GROUP BY host_id) AS host";

/// Skipped pages as frontier rows: `(crawl, reason, above, limit)`.
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, resent, 0::bigint, \
     found_on, lastmod, host FROM scraped_pages WHERE crawl_id = $1 AND state = 'skipped' \
     AND left(error, 200) = left($2, 200) AND error = $2 AND id > $3 \
     ORDER BY crawl_id, left(error, 200), id LIMIT $4";

/// All known URLs in one snapshot: `(crawl, first id, last id)`. The index on hashes answers the
/// first half alone, where the server knows that the rows are there to be seen.
pub const SEEN: &str = seen!("WHERE crawl_id = $1 AND id BETWEEN $2 AND $3", "$2", "$3");

/// The highest id in use: `(first id, last id)`.
pub const LAST_ID: &str = last_id!("greatest", "$1", "$2");

/// Open URLs: `(first id, last id)`. It counts, so it grows with the frontier, but not with what was
/// crawled.
pub const OPEN_COUNT: &str = "SELECT count(*) FROM frontier WHERE id BETWEEN $1 AND $2";

/// Where a page's links led: `(page, limit)`.
pub const LINKS_OF: &str = links_of!("JOIN", "", "$1", "from_id, links.to_id", "$2");

/// Pages that ended `ok` between two ids: `(above, up to, limit)`.
pub const OK_PAGES: &str = ok_pages!("0::bigint", "scraped_pages", "$1", "$2", "$3");

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str = "SELECT coalesce(sum(ok), 0)::bigint FROM hosts WHERE crawl_id = $1";

/// What was measured last: `(crawl, limit)`.
pub const TIMELINE: &str = timeline!("to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS')", "$1", "$2");

/// Pages, newest found first: `(above, below, limit)`.
pub const STORED_PAGES: &str = stored_pages!(
    "to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.MS')",
    "scraped_pages",
    "$1",
    "$2",
    "",
    "$3"
);

/// Those with a status: `(above, below, limit, status)`.
pub const STORED_PAGES_BY_STATUS: &str = stored_pages!(
    "to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.MS')",
    "scraped_pages",
    "$1",
    "$2",
    " AND status = $4",
    "$3"
);

/// Those with a text: `(above, below, limit, first status, last status, state, pattern)`.
pub const STORED_PAGES_BY_TEXT: &str = stored_pages!(
    "to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.MS')",
    "scraped_pages",
    "$1",
    "$2",
    has_text!("$4", "$5", "$6", "ILIKE", "", "$7", "$7", "$7", "$7"),
    "$3"
);

/// Links to a page: `(above, page, below, limit)`, block after block of the index; then one row per link is
/// read. The ids are compared by their sums with 0, for which there is no index: the server might walk along
/// the links of all pages.
pub const LINKS_TO: &str = "SELECT found.from_id, \
     coalesce((SELECT url FROM scraped_pages AS page WHERE page.id = found.from_id), ''), found.anchor \
     FROM (SELECT part.from_id, part.anchor \
     FROM generate_series(($1 + 1) >> 10, ($3 - 1) >> 10) AS block(n) \
     CROSS JOIN LATERAL (SELECT from_id, anchor FROM links WHERE from_id >> 10 = block.n \
     AND to_id = $2 AND from_id + 0 > $1 AND from_id + 0 < $3 ORDER BY from_id + 0 LIMIT $4) AS part \
     ORDER BY part.from_id LIMIT $4) AS found ORDER BY found.from_id";

impl Dialect for Postgres {
    const COMMON: CommonStatements = numbered::COMMON;
    const OWN: OwnStatements = OwnStatements {
        same: SameParams { seen: SEEN, ok_pages: OK_PAGES, count_ok: COUNT_OK, timeline: TIMELINE },
        frontier_of_host: statement(FRONTIER_OF_HOST, &[Crawl, Host, After, Last, Limit]),
        open_hosts: statement(OPEN_HOSTS, &[Crawl]),
        skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, Reason, After, Limit]),
        last_id: statement(LAST_ID, &[First, Last]),
        open_count: statement(OPEN_COUNT, &[First, Last]),
        links_of: statement(LINKS_OF, &[Page, Limit]),
        stored_pages: PageStatements::numbered(
            STORED_PAGES,
            STORED_PAGES_BY_STATUS,
            STORED_PAGES_BY_TEXT,
        ),
        links_to: statement(LINKS_TO, &[After, Page, Below, Limit]),
    };
    /// Statements that remove what is left of a crawl, once its large tables are empty; see `remove`.
    const PIECES: &'static [Statement] = &[
        statement("DELETE FROM sitemaps WHERE crawl_id = $1", &[Crawl]),
        statement("DELETE FROM hosts WHERE crawl_id = $1", &[Crawl]),
        statement("DELETE FROM changes WHERE crawl_id = $1", &[Crawl]),
        statement("DELETE FROM timeline WHERE crawl_id = $1", &[Crawl]),
        statement("DELETE FROM crawls WHERE id = $1", &[Crawl]),
    ];
    const SYNTAX: SqlSyntax = SqlSyntax {
        now: "now()",
        silent_ms: "(extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint",
        time: |column| format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.MS')"),
        open: "SELECT count(*) FROM frontier \
               WHERE frontier.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295",
        for_update: " FOR UPDATE",
        returning: true,
        numbered: true,
    };
    const BEGIN: &'static str = "BEGIN";
    const SNAPSHOT: &'static str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

    fn small_int(row: &PgRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        Ok(row.try_get::<Option<i32>, _>(column)?.map(i64::from))
    }

    fn time(row: &PgRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        row.try_get(column)
    }

    fn done(result: &PgQueryResult) -> Done {
        Done { rows: result.rows_affected(), inserted_id: None }
    }
}
