//! Statements that read what a crawl is resumed from.
//!
//! Every one is answered by a range of ids or an index, so none sees the rows of another crawl. They
//! are public so that a test can ask PostgreSQL for their plans.

use super::recrawl::{COUNT_OK, LINKS_OF, OK_PAGES};
use crate::store::sql::Param::{After, Crawl, First, Host, Last, Limit, Page, Reason};
use crate::store::sql::{OwnStatements, last_id, seen, statement};

pub use crate::store::sql::numbered::{CHANGES, CRAWL, FRONTIER_AFTER};

/// Frontier rows of one host: `(crawl, host, above, up to, limit)`. Written as a range of pairs, it is
/// exactly a range of the index on crawl, host and id, and in its order; otherwise the server might
/// walk along the ids of all hosts until it has met enough of this one.
pub const FRONTIER_OF_HOST: &str = "SELECT id, url, url_hash, depth, attempts, not_before, \
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
pub const SKIPPED_BECAUSE: &str = "SELECT id, url, url_hash, depth, attempts, 0::bigint, found_on, \
     lastmod, host FROM scraped_pages WHERE crawl_id = $1 AND state = 'skipped' \
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

/// All of them and those of a recrawl, with what each takes.
pub(super) const OWN: OwnStatements = OwnStatements {
    frontier_of_host: statement(FRONTIER_OF_HOST, &[Crawl, Host, After, Last, Limit]),
    open_hosts: statement(OPEN_HOSTS, &[Crawl]),
    skipped_because: statement(SKIPPED_BECAUSE, &[Crawl, Reason, After, Limit]),
    seen: statement(SEEN, &[Crawl, First, Last]),
    last_id: statement(LAST_ID, &[First, Last]),
    open_count: statement(OPEN_COUNT, &[First, Last]),
    links_of: statement(LINKS_OF, &[Page, Limit]),
    ok_pages: statement(OK_PAGES, &[After, Last, Limit]),
    count_ok: statement(COUNT_OK, &[Crawl]),
};
