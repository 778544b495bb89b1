//! Statements that remove a crawl: each the next piece of a table, so that others can write in
//! between and the log stays short.

use crate::store::sql::Param::{Crawl, First, Last, Limit};
use crate::store::sql::{Statement, statement};

/// Links and pages first, the crawl itself last: what would be missed most when it is half gone is
/// gone last.
pub(super) const PIECES: [Statement; 7] = [
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
    statement("DELETE FROM crawls WHERE id = ?1", &[Crawl]),
];
