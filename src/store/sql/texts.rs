//! Texts of statements that the databases have in common, but for their placeholders and a word or
//! two.
//!
//! Macros, because the whole text of a statement is to be a constant.

/// Every known URL in one snapshot: hash, id. `$pages` selects the finished ones.
macro_rules! seen {
    ($pages:literal, $first:literal, $last:literal) => {
        concat!(
            "SELECT url_hash, id FROM scraped_pages ",
            $pages,
            " UNION ALL SELECT url_hash, id FROM frontier WHERE id BETWEEN ",
            $first,
            " AND ",
            $last
        )
    };
}

/// The highest id in use; `$greatest` is the function of two numbers.
macro_rules! last_id {
    ($greatest:literal, $first:literal, $last:literal) => {
        concat!(
            "SELECT ",
            $greatest,
            "(coalesce((SELECT max(id) FROM scraped_pages WHERE id BETWEEN ",
            $first,
            " AND ",
            $last,
            "), 0), coalesce((SELECT max(id) FROM frontier WHERE id BETWEEN ",
            $first,
            " AND ",
            $last,
            "), 0))"
        )
    };
}

/// Where the links of a page led: URL, text. `$join` joins in the order of the tables.
macro_rules! links_of {
    ($join:literal, $crawl:literal, $page:literal, $order:literal, $limit:literal) => {
        concat!(
            "SELECT scraped_pages.url, links.anchor FROM links ",
            $join,
            " scraped_pages ON scraped_pages.id = links.to_id WHERE ",
            $crawl,
            " links.from_id = ",
            $page,
            " ORDER BY links.",
            $order,
            " LIMIT ",
            $limit
        )
    };
}

/// Pages that ended `ok` between two ids, as frontier rows; `$zero` is a number of 64 bits.
macro_rules! ok_pages {
    ($zero:literal, $table:literal, $above:literal, $up_to:literal, $limit:literal) => {
        concat!(
            "SELECT id, url, url_hash, depth, attempts, resent, ",
            $zero,
            ", found_on, lastmod, host FROM ",
            $table,
            " WHERE id > ",
            $above,
            " AND id <= ",
            $up_to,
            " AND state = 'ok' ORDER BY id LIMIT ",
            $limit
        )
    };
}

/// What was measured last, newest first; `$at` is the end of the span as text, or as the driver reads it.
macro_rules! timeline {
    ($at:literal, $crawl:literal, $limit:literal) => {
        concat!(
            "SELECT seq, run, ",
            $at,
            ", span_ms, conditions, permits, workers, queue, rate, pages, pages_sd, bytes, requests, \
             retries, errors, refused, p50_ms, p95_ms, mean_ms, in_flight, queued, saver_backlog, \
             loop_delay_ms, cpu_percent, memory FROM timeline WHERE crawl_id = ",
            $crawl,
            " ORDER BY crawl_id DESC, seq DESC LIMIT ",
            $limit
        )
    };
}

/// Pages between two ids, newest found first. `$at` is the end as text, or as the driver reads it; `$filter` a
/// condition that begins with `AND`, or nothing.
macro_rules! stored_pages {
    ($at:literal, $table:literal, $above:literal, $below:literal, $filter:expr, $limit:literal) => {
        concat!(
            "SELECT id, url, state, status, content_length, content_type, title, depth, elapsed_ms, \
             attempts, final_url, redirects, error, not_parsed, found_on, links_found, ",
            $at,
            " FROM ",
            $table,
            " WHERE id > ",
            $above,
            " AND id < ",
            $below,
            $filter,
            " ORDER BY id DESC LIMIT ",
            $limit
        )
    };
}

/// The condition that a page has a text, or is of a state or of a class of statuses; `$like` compares without
/// regard to upper and lower case.
macro_rules! has_text {
    ($from:literal, $to:literal, $word:literal, $like:literal, $lower:literal, $p1:literal, $p2:literal, $p3:literal, $p4:literal) => {
        concat!(
            " AND (status BETWEEN ",
            $from,
            " AND ",
            $to,
            " OR state = ",
            $word,
            " OR ",
            $lower,
            "(url) ",
            $like,
            " ",
            $p1,
            " ESCAPE '!' OR ",
            $lower,
            "(title) ",
            $like,
            " ",
            $p2,
            " ESCAPE '!' OR ",
            $lower,
            "(error) ",
            $like,
            " ",
            $p3,
            " ESCAPE '!' OR ",
            $lower,
            "(content_type) ",
            $like,
            " ",
            $p4,
            " ESCAPE '!')"
        )
    };
}

/// The statements that differ in their placeholders only.
macro_rules! common_statements {
    ($first:literal, $second:literal, $third:literal) => {
        /// Frontier rows between two ids: `(above, up to, limit)`.
        pub const FRONTIER_AFTER: &str = concat!(
            "SELECT id, url, url_hash, depth, attempts, resent, not_before, found_on, lastmod, \
             host_id FROM frontier WHERE id > ",
            $first,
            " AND id <= ",
            $second,
            " ORDER BY id LIMIT ",
            $third
        );

        /// Journal entries, oldest first: `(crawl)`.
        pub const CHANGES: &str = concat!(
            "SELECT entry FROM changes WHERE crawl_id = ",
            $first,
            " ORDER BY crawl_id, seq"
        );

        /// Settings and counters: `(crawl)`.
        pub const CRAWL: &str = concat!("SELECT settings, totals FROM crawls WHERE id = ", $first);

        /// A crawl with its state and settings: `(crawl)`.
        pub const CRAWL_WITH_STATE: &str =
            concat!("SELECT id, state, settings FROM crawls WHERE id = ", $first);

        /// Likewise, the newest complete crawl.
        pub const NEWEST_COMPLETE: &str = "SELECT id, state, settings FROM crawls \
             WHERE state = 'complete' ORDER BY id DESC LIMIT 1";

        /// A page as its crawl left it: `(crawl, hash)`. The last column is not 0 where it had links
        /// and none is stored.
        pub const PREVIOUS_PAGE: &str = concat!(
            "SELECT id, state, status, content_length, content_type, title, final_url, etag, \
             last_modified, body_hash, canonical, not_parsed, \
             CASE WHEN links_found > 0 AND NOT EXISTS (SELECT 1 FROM links \
             WHERE links.crawl_id = scraped_pages.crawl_id AND links.from_id = scraped_pages.id) \
             THEN id ELSE 0 END FROM scraped_pages WHERE crawl_id = ",
            $first,
            " AND url_hash = ",
            $second
        );

        /// The highest id of a page: `(first id, last id)`.
        pub const NEWEST_PAGE: &str = concat!(
            "SELECT max(id) FROM scraped_pages WHERE id BETWEEN ",
            $first,
            " AND ",
            $second
        );

        /// All of them, with what each takes.
        pub const COMMON: CommonStatements = CommonStatements {
            frontier_after: statement(FRONTIER_AFTER, &[After, Last, Limit]),
            changes: statement(CHANGES, &[Crawl]),
            crawl: statement(CRAWL, &[Crawl]),
            crawl_with_state: statement(CRAWL_WITH_STATE, &[Crawl]),
            newest_complete: statement(NEWEST_COMPLETE, &[]),
            previous_page: statement(PREVIOUS_PAGE, &[Crawl, Hash]),
            newest_page: statement(NEWEST_PAGE, &[First, Last]),
        };
    };
}

/// The common statements with `?` for each placeholder.
pub mod question_marks {
    use super::super::statement::Param::{After, Crawl, First, Hash, Last, Limit};
    use super::super::statement::{CommonStatements, statement};

    common_statements!("?", "?", "?");
}

/// The common statements with `$1`, `$2`, … for their placeholders.
#[cfg(feature = "postgres")]
pub mod numbered {
    use super::super::statement::Param::{After, Crawl, First, Hash, Last, Limit};
    use super::super::statement::{CommonStatements, statement};

    common_statements!("$1", "$2", "$3");
}

pub(in crate::store) use {has_text, last_id, links_of, ok_pages, seen, stored_pages, timeline};
