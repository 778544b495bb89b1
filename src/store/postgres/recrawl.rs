//! Statements that read what an earlier, complete crawl found, for a recrawl.
//!
//! Each is answered by an index or a range of ids, for one page at a time. They are public so that a
//! test can ask PostgreSQL for their plans.

use crate::store::sql::{links_of, ok_pages};

pub use crate::store::sql::numbered::{CRAWL_WITH_STATE, NEWEST_COMPLETE, PREVIOUS_PAGE};

/// Where a page's links led: `(page, limit)`.
pub const LINKS_OF: &str =
    links_of!("JOIN", "links.from_id = $1", "links.from_id, links.to_id", "$2");

/// Pages that ended `ok` between two ids: `(above, up to, limit)`.
pub const OK_PAGES: &str = ok_pages!("0::bigint", "scraped_pages", "$1", "$2", "$3");

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str = "SELECT coalesce(sum(ok), 0)::bigint FROM hosts WHERE crawl_id = $1";
