//! Statements that read what a crawl is resumed from.
//!
//! Every one is answered by a range of ids or an index, so none sees the rows of another crawl. They
//! are public so that a test can ask SQLite for their plans.

use super::recrawl::{COUNT_OK, LINKS_OF, OK_PAGES};
use crate::store::sql::Param::{After, Crawl, First, Host, Last, Limit, Page, Reason};
use crate::store::sql::{OwnStatements, last_id, seen, statement};

pub use crate::store::sql::question_marks::{CHANGES, CRAWL, FRONTIER_AFTER};

/// Frontier rows of one host: `(above, up to, host, limit)`, block after block of the index. The
/// order is that of the loops, which is that of the ids: `ORDER BY` would collect all rows first.
pub const FRONTIER_OF_HOST: &str = "WITH RECURSIVE block(n) AS (\
       SELECT (SELECT min(id) FROM frontier WHERE id > ?1 AND id <= ?2) >> 16 \
       UNION ALL \
       SELECT (SELECT min(id) FROM frontier WHERE id >= (n + 1) << 16 AND id <= ?2) >> 16 \
       FROM block WHERE n IS NOT NULL) \
     SELECT id, url, url_hash, depth, attempts, not_before, found_on, lastmod, host_id \
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
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, 0, found_on, \
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

/// All of them and those of a recrawl, with what each takes.
pub(super) const OWN: OwnStatements = OwnStatements {
    frontier_of_host: statement(FRONTIER_OF_HOST, &[After, Last, Host, Limit]),
    open_hosts: statement(OPEN_HOSTS, &[First, Last]),
    skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, Reason, After, Limit]),
    seen: statement(SEEN, &[Crawl, First, Last]),
    last_id: statement(LAST_ID, &[First, Last]),
    open_count: statement(OPEN_COUNT, &[First, Last]),
    links_of: statement(LINKS_OF, &[Crawl, Page, Limit]),
    ok_pages: statement(OK_PAGES, &[After, Last, Limit]),
    count_ok: statement(COUNT_OK, &[Crawl]),
};
