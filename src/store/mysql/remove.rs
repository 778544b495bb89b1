//! Statements that remove a crawl: each the next piece of a table, so that others can write in
//! between and no transaction grows long.

use crate::store::sql::Param::{Crawl, First, Last, Limit};
use crate::store::sql::{Param, Statement, statement};

const BY_PAGE: &[Param] = &[First, Last, Limit];
const BY_CRAWL: &[Param] = &[Crawl, Limit];

/// In order of the key, so that a replica deletes the same. Links and pages first: what would be
/// missed most when it is half gone is gone last.
pub(super) const PIECES: [Statement; 7] = [
    statement(
        "DELETE FROM links WHERE crawl_id = ? ORDER BY crawl_id, from_id, to_id LIMIT ?",
        BY_CRAWL,
    ),
    statement("DELETE FROM scraped_pages WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", BY_PAGE),
    statement("DELETE FROM frontier WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", BY_PAGE),
    statement(
        "DELETE FROM sitemaps WHERE crawl_id = ? ORDER BY crawl_id, url_hash LIMIT ?",
        BY_CRAWL,
    ),
    statement(
        "DELETE FROM hosts WHERE crawl_id = ? ORDER BY crawl_id, host_hash LIMIT ?",
        BY_CRAWL,
    ),
    statement("DELETE FROM changes WHERE crawl_id = ? ORDER BY crawl_id, seq LIMIT ?", BY_CRAWL),
    statement("DELETE FROM crawls WHERE id = ? ORDER BY id LIMIT ?", BY_CRAWL),
];
