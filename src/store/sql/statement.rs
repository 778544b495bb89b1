//! Statements with the values that they take, and the set of those that every database has.
//!
//! The databases spell a statement differently and may need other values for the same question, so
//! each statement says which values it takes. The shared code has all of them.

use sqlx::{SqlSafeStr, SqlStr};

use super::backend::SqlArguments;
use crate::model::ids::id_range;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
#[cfg(feature = "mysql")]
use crate::store::text::hash_of;

/// A value that a statement may take; see [`Values`].
#[derive(Debug, Clone, Copy)]
pub enum Param {
    /// Number of the crawl.
    Crawl,
    /// First id of the crawl.
    First,
    /// Last id of the crawl.
    Last,
    /// The id above which rows are wanted.
    After,
    /// Number of the host.
    Host,
    /// Hash of the URL.
    Hash,
    /// Id of the page.
    Page,
    /// Why a page was skipped.
    Reason,
    /// The hash of that text; see [`hash_of`].
    #[cfg(feature = "mysql")]
    ReasonHash,
    /// The id below which rows are wanted.
    Below,
    /// The status of pages.
    Status,
    /// First status of a class.
    FirstStatus,
    /// Last status of a class.
    LastStatus,
    /// A word of a filter of pages.
    Word,
    /// A pattern for `LIKE … ESCAPE '!'`.
    Pattern,
    /// Maximum number of rows.
    Limit,
}

/// A statement, and the values that it takes in the order of its placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    sql: &'static str,
    takes: &'static [Param],
}

/// A statement; `takes` as in [`Statement`].
pub const fn statement(sql: &'static str, takes: &'static [Param]) -> Statement {
    Statement { sql, takes }
}

/// The values of one call; what the statement does not take need not be set.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The crawl.
    pub crawl: CrawlId,
    /// See [`Param::After`].
    pub after: PageId,
    /// See [`crate::model::ids::host_id`].
    pub host_id: i64,
    /// See [`Param::Hash`].
    pub hash: UrlHash,
    /// See [`Param::Page`].
    pub page: PageId,
    /// See [`Param::Reason`].
    pub reason: &'a str,
    /// See [`Param::Below`].
    pub below: PageId,
    /// What pages are filtered by.
    pub filter: FilterValues<'a>,
    /// See [`Param::Limit`].
    pub limit: u32,
}

/// The values of a filter of pages.
#[derive(Debug, Clone, Copy, Default)]
pub struct FilterValues<'a> {
    /// See [`Param::Status`].
    pub status: u16,
    /// See [`Param::FirstStatus`] and [`Param::LastStatus`].
    pub statuses: (i64, i64),
    /// See [`Param::Word`].
    pub word: &'a str,
    /// See [`Param::Pattern`].
    pub pattern: &'a str,
}

impl Values<'_> {
    /// The number of a crawl, and nothing else.
    pub fn of(crawl: CrawlId) -> Self {
        let hash = UrlHash([0; 16]);
        let filter = FilterValues::default();
        Self { crawl, after: 0, host_id: 0, hash, page: 0, reason: "", below: 0, filter, limit: 0 }
    }
}

impl Statement {
    /// Its text, for the driver.
    pub fn text(&self) -> SqlStr {
        self.sql.into_sql_str()
    }

    /// The values that it takes, bound.
    pub fn arguments<A: SqlArguments>(&self, values: &Values<'_>) -> Result<A, sqlx::Error> {
        let (first, last) = id_range(values.crawl);
        let mut to = A::default();
        for param in self.takes {
            match param {
                Param::Crawl => to.int(values.crawl),
                Param::First => to.int(first),
                Param::Last => to.int(last),
                Param::After => to.int(values.after.max(first - 1)),
                Param::Host => to.int(values.host_id),
                Param::Hash => to.bytes(Some(&values.hash.0)),
                Param::Page => to.int(values.page),
                Param::Reason => to.text(values.reason),
                #[cfg(feature = "mysql")]
                Param::ReasonHash => to.bytes(Some(&hash_of(values.reason))),
                Param::Below => to.int(values.below.min(last + 1)),
                Param::Status => to.int(values.filter.status),
                Param::FirstStatus => to.int(values.filter.statuses.0),
                Param::LastStatus => to.int(values.filter.statuses.1),
                Param::Word => to.text(values.filter.word),
                Param::Pattern => to.text(values.filter.pattern),
                Param::Limit => to.int(values.limit),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(to)
    }
}

/// Statements that differ in their placeholders only.
#[derive(Debug, Clone, Copy)]
pub struct CommonStatements {
    /// Frontier rows in order of id: the columns of a frontier row.
    pub frontier_after: Statement,
    /// Journal entries, oldest first.
    pub changes: Statement,
    /// Settings, counters.
    pub crawl: Statement,
    /// A crawl: number, state, settings.
    pub crawl_with_state: Statement,
    /// The newest complete crawl: number, state, settings.
    pub newest_complete: Statement,
    /// A page, by the hash of its URL.
    pub previous_page: Statement,
    /// The highest id of a page, null while there is none.
    pub newest_page: Statement,
}

/// Statements that each database has of its own, but which take the same everywhere.
#[derive(Debug, Clone, Copy)]
pub struct SameParams {
    /// Every known URL: hash, id. `(crawl, first id, last id)`.
    pub seen: &'static str,
    /// Pages that ended `ok`: the columns of a frontier row, the host's name last. `(above, up to,
    /// limit)`.
    pub ok_pages: &'static str,
    /// How many pages ended `ok`. `(crawl)`.
    pub count_ok: &'static str,
    /// What was measured last, newest first: the columns of `timeline` but the crawl. `(crawl, limit)`.
    pub timeline: &'static str,
}

impl SameParams {
    /// See the field.
    pub const fn seen(&self) -> Statement {
        statement(self.seen, &[Param::Crawl, Param::First, Param::Last])
    }

    /// See the field.
    pub const fn ok_pages(&self) -> Statement {
        statement(self.ok_pages, &[Param::After, Param::Last, Param::Limit])
    }

    /// See the field.
    pub const fn count_ok(&self) -> Statement {
        statement(self.count_ok, &[Param::Crawl])
    }

    /// See the field.
    pub const fn timeline(&self) -> Statement {
        statement(self.timeline, &[Param::Crawl, Param::Limit])
    }
}

/// Statements that each database has of its own.
#[derive(Debug, Clone, Copy)]
pub struct OwnStatements {
    /// Those that take the same everywhere.
    pub same: SameParams,
    /// Frontier rows of one host in order of id: the columns of a frontier row.
    pub frontier_of_host: Statement,
    /// Hosts with open URLs: number, count, a URL.
    pub open_hosts: Statement,
    /// Pages that were skipped for a reason: the columns of a frontier row, the host's name last.
    pub skipped_because: Statement,
    /// The highest id in use, or 0.
    pub last_id: Statement,
    /// How many URLs are open.
    pub open_count: Statement,
    /// The links of a page: URL, text.
    pub links_of: Statement,
    /// Pages, newest found first: see [`StoredPage`](crate::store::StoredPage).
    pub stored_pages: PageStatements,
    /// Links to a page, in order of the pages that hold them: id, URL, text.
    pub links_to: Statement,
}

/// Pages between two ids, by what they are filtered by.
#[derive(Debug, Clone, Copy)]
pub struct PageStatements {
    /// All of them.
    pub all: Statement,
    /// Those with a status.
    pub by_status: Statement,
    /// Those with a status of a class, in a state, or with a text.
    pub by_text: Statement,
}

impl PageStatements {
    /// Statements whose placeholders are numbered: 1 and 2 are the ids, 3 the limit, from 4 on the filter.
    pub const fn numbered(
        all: &'static str,
        by_status: &'static str,
        by_text: &'static str,
    ) -> Self {
        use Param::{After, Below, FirstStatus, LastStatus, Limit, Pattern, Status, Word};
        Self {
            all: statement(all, &[After, Below, Limit]),
            by_status: statement(by_status, &[After, Below, Limit, Status]),
            by_text: statement(
                by_text,
                &[After, Below, Limit, FirstStatus, LastStatus, Word, Pattern],
            ),
        }
    }
}
