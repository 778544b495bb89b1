//! Reading: what an earlier, complete crawl found, for a recrawl.
//!
//! Each statement is answered by an index or a range of ids, for one page at a time.

use std::sync::Arc;

use sqlx::Pool;

use super::backend::SqlRow;
use super::dialect::Dialect;
use super::read::page_as_frontier_row;
use super::run::{fetch_all, fetch_one, fetch_optional};
use super::statement::Values;
use crate::model::ids::{CrawlId, PageId, crawl_of};
use crate::model::page_state::PageState;
use crate::model::url_identity::UrlHash;
use crate::store::rows::{Content, FrontierRow, PreviousLink, PreviousPage};

/// Number, state and settings of a crawl: that one, or the newest complete.
pub async fn find_crawl<D: Dialect>(
    pool: &Pool<D>,
    crawl: Option<CrawlId>,
) -> Result<Option<(CrawlId, String, String)>, sqlx::Error> {
    let statement = match crawl {
        Some(_) => D::COMMON.crawl_with_state,
        None => D::COMMON.newest_complete,
    };
    let values = Values::of(crawl.unwrap_or_default());
    let row = fetch_optional::<D>(&mut *pool.acquire().await?, statement, values).await?;
    row.map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned()))).transpose()
}

/// See [`crate::store::StoreReader::previous_page`].
pub async fn previous_page<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    url: UrlHash,
) -> Result<Option<PreviousPage>, sqlx::Error> {
    let values = Values { hash: url, ..Values::of(crawl) };
    let mut connection = pool.acquire().await?;
    let row = fetch_optional::<D>(&mut connection, D::COMMON.previous_page, values).await?;
    let Some(row) = row else { return Ok(None) };
    let text = |column| Ok::<_, sqlx::Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(Some(PreviousPage {
        id: row.int(0)?,
        state: page_state(row.text(1)?)?,
        status: D::small_int(&row, 2)?.map(|status| status as u16),
        content_length: row.int(3)? as u64,
        content_type: text(4)?,
        title: text(5)?,
        final_url: text(6)?,
        content: Content {
            etag: text(7)?,
            last_modified: text(8)?,
            // A hash of another length was not written by crawldeck, and can equal none.
            body_hash: row.optional_bytes(9)?.and_then(|bytes| bytes.try_into().ok()),
            canonical: text(10)?,
            not_parsed: text(11)?,
        },
        links_missing: row.int(12)? != 0,
    }))
}

/// See [`crate::store::StoreReader::links_of`].
pub async fn links_of<D: Dialect>(
    pool: &Pool<D>,
    page: PageId,
    limit: u32,
) -> Result<Vec<PreviousLink>, sqlx::Error> {
    let values = Values { page, limit, ..Values::of(crawl_of(page)) };
    fetch_all(pool.acquire().await?, D::OWN.links_of, values, link::<D>).await
}

/// A link of a page: URL, text.
pub fn link<D: Dialect>(row: &D::Row) -> Result<PreviousLink, sqlx::Error> {
    let (url, anchor) = (row.text(0)?.into(), row.optional_text(1)?.map(Arc::from));
    Ok(PreviousLink { url, anchor })
}

/// See [`crate::store::StoreReader::ok_pages`].
pub async fn ok_pages<D: Dialect>(
    pool: &Pool<D>,
    crawl: CrawlId,
    after: PageId,
    limit: u32,
) -> Result<Vec<FrontierRow>, sqlx::Error> {
    let values = Values { after, limit, ..Values::of(crawl) };
    fetch_all(pool.acquire().await?, D::OWN.same.ok_pages(), values, page_as_frontier_row::<D>)
        .await
}

/// See [`crate::store::StoreReader::count_ok`].
pub async fn count_ok<D: Dialect>(pool: &Pool<D>, crawl: CrawlId) -> Result<u64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let row = fetch_one::<D>(&mut connection, D::OWN.same.count_ok(), Values::of(crawl)).await?;
    Ok(row.int(0)? as u64)
}

/// The state that is stored as `name`.
pub fn page_state(name: &str) -> Result<PageState, sqlx::Error> {
    PageState::of_name(name).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: "state".to_owned(),
        source: format!("`{name}` is no state of a page").into(),
    })
}
