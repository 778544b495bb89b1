//! Reading: what an earlier, complete crawl found, to be looked at again.
//!
//! Each query is answered by an index or a range of ids, for one page at a time. The statements are
//! public so that a test can ask PostgreSQL how it will run them.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use super::read::{ids, open_row};
use crate::model::ids::{CrawlId, PageId, host_id};
use crate::model::page_state::PageState;
use crate::store::{Content, FrontierRow, PreviousLink, PreviousPage, UrlHash};

/// The newest complete crawl.
pub const NEWEST_COMPLETE: &str =
    "SELECT id, state, settings FROM crawls WHERE state = 'complete' ORDER BY id DESC LIMIT 1";

/// A crawl: `(crawl)`.
pub const CRAWL: &str = "SELECT id, state, settings FROM crawls WHERE id = $1";

/// A page: `(crawl, hash)`.
pub const PREVIOUS_PAGE: &str = "SELECT id, state, status, content_length, content_type, title, \
     final_url, etag, last_modified, body_hash, canonical \
     FROM scraped_pages WHERE crawl_id = $1 AND url_hash = $2";

/// Where a page's links led: `(page, limit)`.
pub const LINKS_OF: &str = "SELECT scraped_pages.url, links.anchor \
     FROM links JOIN scraped_pages ON scraped_pages.id = links.to_id \
     WHERE links.from_id = $1 ORDER BY links.from_id, links.to_id LIMIT $2";

/// Pages that ended `ok` between two ids: `(above, up to, limit)`.
pub const OK_PAGES: &str = "SELECT id, url, url_hash, depth, attempts, 0::bigint, found_on, \
     lastmod, host FROM scraped_pages WHERE id > $1 AND id <= $2 AND state = 'ok' \
     ORDER BY id LIMIT $3";

/// Pages that ended `ok`: `(crawl)`. It adds up one row per host.
pub const COUNT_OK: &str = "SELECT coalesce(sum(ok), 0)::bigint FROM hosts WHERE crawl_id = $1";

/// Number, state and settings of a crawl: that one, or the newest complete.
pub(super) async fn find_crawl(
    pool: &PgPool,
    crawl: Option<CrawlId>,
) -> Result<Option<(CrawlId, String, String)>, sqlx::Error> {
    let query = match crawl {
        Some(crawl) => sqlx::query_as(CRAWL).bind(crawl),
        None => sqlx::query_as(NEWEST_COMPLETE),
    };
    query.fetch_optional(pool).await
}

/// See [`crate::store::Store::previous_page`].
pub(super) async fn previous_page(
    pool: &PgPool,
    crawl: CrawlId,
    url: UrlHash,
) -> Result<Option<PreviousPage>, sqlx::Error> {
    sqlx::query(PREVIOUS_PAGE)
        .bind(crawl)
        .bind(url.0.as_slice())
        .try_map(|row: PgRow| {
            Ok(PreviousPage {
                id: row.try_get(0)?,
                state: state(&row, 1)?,
                status: row.try_get::<Option<i32>, _>(2)?.map(|status| status as u16),
                content_length: row.try_get::<i64, _>(3)? as u64,
                content_type: row.try_get(4)?,
                title: row.try_get(5)?,
                final_url: row.try_get(6)?,
                content: Content {
                    etag: row.try_get(7)?,
                    last_modified: row.try_get(8)?,
                    // A hash of another length is none of ours, and can equal none.
                    body_hash: row.try_get::<Option<&[u8]>, _>(9)?.and_then(|b| b.try_into().ok()),
                    canonical: row.try_get(10)?,
                },
            })
        })
        .fetch_optional(pool)
        .await
}

/// See [`crate::store::Store::links_of`].
pub(super) async fn links_of(
    pool: &PgPool,
    page: PageId,
    limit: u32,
) -> Result<Vec<PreviousLink>, sqlx::Error> {
    sqlx::query(LINKS_OF)
        .bind(page)
        .bind(i64::from(limit))
        .try_map(|row: PgRow| {
            let anchor: Option<&str> = row.try_get(1)?;
            Ok(PreviousLink {
                url: row.try_get::<&str, _>(0)?.into(),
                anchor: anchor.map(Arc::from),
            })
        })
        .fetch_all(pool)
        .await
}

/// See [`crate::store::Store::ok_pages`].
pub(super) async fn ok_pages(
    pool: &PgPool,
    crawl: CrawlId,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let (first, last) = ids(crawl);
    sqlx::query(OK_PAGES)
        .bind(after.max(first - 1))
        .bind(last)
        .bind(i64::from(limit))
        .try_map(|row: PgRow| open_row(&row, host_id(row.try_get(8)?)))
        .fetch_all(pool)
        .await
}

/// See [`crate::store::Store::count_ok`].
pub(super) async fn count_ok(pool: &PgPool, crawl: CrawlId) -> Result<u64, sqlx::Error> {
    let ok: i64 = sqlx::query_scalar(COUNT_OK).bind(crawl).fetch_one(pool).await?;
    Ok(ok as u64)
}

fn state(row: &PgRow, column: usize) -> Result<PageState, sqlx::Error> {
    let name: &str = row.try_get(column)?;
    PageState::of_name(name).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: "state".to_owned(),
        source: format!("`{name}` is no state of a page").into(),
    })
}
