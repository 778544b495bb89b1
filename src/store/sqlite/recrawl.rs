//! Statements that read what an earlier, complete crawl found, for a recrawl.
//!
//! Each is answered by an index or a range of ids, for one page at a time. They are public so that a
//! test can ask SQLite for their plans.

use crate::store::sql::{links_of, ok_pages};

pub use crate::store::sql::question_marks::{CRAWL_WITH_STATE, NEWEST_COMPLETE, PREVIOUS_PAGE};

/// Where a page's links led: `(crawl, page, limit)`.
pub const LINKS_OF: &str =
    links_of!("CROSS JOIN", "links.crawl_id = ? AND links.from_id = ?", "links.to_id", "?");

/// Pages that ended `ok` between two ids: `(above, up to, limit)`.
pub const OK_PAGES: &str = ok_pages!("0", "scraped_pages", "?", "?", "?");

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str = "SELECT coalesce(sum(ok), 0) FROM hosts WHERE crawl_id = ?";
