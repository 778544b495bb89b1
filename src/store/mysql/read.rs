//! Statements that read what a crawl is resumed from.
//!
//! Every one is answered by a range of ids or an index, so none sees the rows of another crawl. They
//! are public so that a test can ask the server for their plans.

use super::recrawl::{COUNT_OK, LINKS_OF, OK_PAGES};
use crate::store::sql::Param::{After, Crawl, First, Host, Last, Limit, Page, ReasonHash};
use crate::store::sql::{OwnStatements, last_id, seen, statement};

pub use crate::store::sql::question_marks::{CHANGES, CRAWL, FRONTIER_AFTER};

/// Frontier rows of one host: `(crawl, host, above, limit)`, in order of the index.
pub const FRONTIER_OF_HOST: &str = "SELECT id, url, url_hash, depth, attempts, not_before, \
     found_on, lastmod, host_id FROM frontier FORCE INDEX (frontier_by_host) \
     WHERE crawl_id = ? AND host_id = ? AND id > ? ORDER BY id LIMIT ?";

/// Hosts with their open URLs counted, and the first of these: `(crawl)`. The index alone counts; then
/// one row per host is read.
pub const OPEN_HOSTS: &str = "SELECT host.host_id, host.open, first.url FROM \
     (SELECT host_id, count(*) AS open, min(id) AS id \
      FROM frontier FORCE INDEX (frontier_by_host) WHERE crawl_id = ? GROUP BY host_id) AS host \
     STRAIGHT_JOIN frontier AS first ON first.id = host.id";

/// Skipped pages as frontier rows: `(crawl, hash of the reason, above, limit)`.
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, 0, found_on, \
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

/// All of them and those of a recrawl, with what each takes.
pub(super) const OWN: OwnStatements = OwnStatements {
    frontier_of_host: statement(FRONTIER_OF_HOST, &[Crawl, Host, After, Limit]),
    open_hosts: statement(OPEN_HOSTS, &[Crawl]),
    skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, ReasonHash, After, Limit]),
    seen: statement(SEEN, &[Crawl, First, Last]),
    last_id: statement(LAST_ID, &[First, Last, First, Last]),
    open_count: statement(OPEN_COUNT, &[Crawl]),
    links_of: statement(LINKS_OF, &[Crawl, Page, Limit]),
    ok_pages: statement(OK_PAGES, &[After, Last, Limit]),
    count_ok: statement(COUNT_OK, &[Crawl]),
};
