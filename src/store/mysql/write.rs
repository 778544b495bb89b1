//! Writing: one transaction per batch, a few statements per table.
//!
//! A batch whose answer was lost may have been written: everything here can be done again with the same
//! result, so the saver just tries again.

use std::fmt::Write as _;

use hashbrown::{HashMap, HashSet};
use sqlx::MySql;
use sqlx::mysql::MySqlConnection;

use super::bulk::{self, CHANGES, FRONTIER, LINKS, PAGES, SITEMAPS, hash_of};
use super::hosts;
use super::writer::{ANSWER_TIMEOUT, Writer, WriterConnection};
use crate::store::ids::{CrawlId, PageId};
use crate::store::rows::{
    Batch, ChangeRow, Content, FrontierRow, LinkRow, PageRow, RowState, SitemapRow,
};
use crate::store::sql::{
    OpenDatabase, SqlArguments, SqlWriter, TotalsByHost, bind_change, bind_frontier, bind_link,
    bind_page_head, bind_page_texts, bind_sitemap, finished_ids, finished_json, links_by_key,
    open_rows, require_lease, within,
};
use crate::store::text::{json, patched};
use crate::store::tx_error::TxError;

/// Deletes finished URLs: `(ids as a JSON array)`. Joined in this order, each id is looked up.
pub const DELETE_FRONTIER: &str = "DELETE frontier FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS done \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = done.id";

/// Updates postponed URLs: `([[id, attempts, not before], …])`, each id once.
pub const POSTPONE: &str = "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', \
     attempts BIGINT PATH '$[1]', not_before BIGINT PATH '$[2]')) AS new \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = new.id \
     SET frontier.attempts = new.attempts, frontier.not_before = new.not_before";

/// Deletes the page rows of URLs that are open again: `(ids as a JSON array, crawl)`.
pub const DELETE_PAGES: &str = "DELETE scraped_pages FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS restored \
     STRAIGHT_JOIN scraped_pages FORCE INDEX (PRIMARY) \
     ON scraped_pages.id = restored.id AND scraped_pages.crawl_id = ?";

/// Writes a batch, all or nothing; nothing, if the store does not have the lease of the crawl.
pub(super) async fn commit(
    database: &OpenDatabase<MySql>,
    writer: &Writer,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut guard = writer.acquire().await?;
    let writing = transact(database, &mut guard.live, crawl, batch);
    within(Some(ANSWER_TIMEOUT), &database.name, writing).await?;
    guard.keep();
    Ok(())
}

async fn transact(
    database: &OpenDatabase<MySql>,
    db: &mut WriterConnection,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let name = &*database.name;
    sqlx::raw_sql("START TRANSACTION").execute(&mut db.connection).await?;
    // The row is locked from here on: other writes to this crawl wait, among them a batch of this store
    // whose connection was lost.
    update_crawl(database, &mut db.connection, crawl, batch).await?;

    let finished = finished_ids(batch);
    let mut totals = TotalsByHost::new();
    if !batch.restored.is_empty() {
        let ids: HashSet<PageId> = batch.restored.iter().map(|row| row.id).collect();
        let ids = json(&Vec::from_iter(ids), |out, id| write!(out, "{id}"));
        hosts::subtract(&mut db.connection, crawl, &ids, &mut totals).await?;
        sqlx::query(DELETE_PAGES).bind(ids).bind(crawl).execute(&mut db.connection).await?;
    }
    hosts::add(db, name, crawl, &batch.pages, totals).await?;
    frontier(db, name, crawl, batch, &finished).await?;
    bulk::write(db, name, &PAGES, &batch.pages, page_bytes, |to, page| {
        let reason = page.error.as_deref().filter(|_| page.state == RowState::Skipped);
        bind_page_head(to, crawl, page)?;
        to.bytes(reason.map(hash_of).as_ref().map(<[u8; 16]>::as_slice))?;
        bind_page_texts(to, page)
    })
    .await?;
    let bytes = |link: &&LinkRow| link.anchor.as_ref().map_or(0, |text| 3 * text.len());
    let links = links_by_key(&batch.links);
    bulk::write(db, name, &LINKS, &links, bytes, |to, link| bind_link(to, crawl, link)).await?;
    hosts::note(db, name, crawl, &batch.hosts).await?;
    let bytes = |row: &SitemapRow| row.url.len() + 40 + length(row.error.as_ref());
    bulk::write(db, name, &SITEMAPS, &batch.sitemaps, bytes, |to, row| {
        bind_sitemap(to, crawl, row)
    })
    .await?;
    let bytes = |change: &ChangeRow| 40 + 3 * change.what.len() + change.entry.len();
    bulk::write(db, name, &CHANGES, &batch.changes, bytes, |to, row| bind_change(to, crawl, row))
        .await?;

    sqlx::raw_sql("COMMIT").execute(&mut db.connection).await?;
    Ok(())
}

/// Writes the crawl's own row, if the store has its lease.
async fn update_crawl(
    database: &OpenDatabase<MySql>,
    db: &mut MySqlConnection,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let settings = match &batch.settings {
        None => None,
        Some(patch) => {
            let stored: Option<String> =
                sqlx::query_scalar("SELECT settings FROM crawls WHERE id = ? FOR UPDATE")
                    .bind(crawl)
                    .fetch_optional(&mut *db)
                    .await?;
            stored.and_then(|stored| patched(&stored, patch))
        }
    };
    let updated = sqlx::query(
        "UPDATE crawls SET totals = coalesce(?, totals), settings = coalesce(?, settings), \
         updated_at = utc_timestamp(3), beat_at = utc_timestamp(3) \
         WHERE id = ? AND holder_token = ?",
    )
    .bind(batch.totals.as_deref())
    .bind(settings)
    .bind(crawl)
    .bind(database.owner.token)
    .execute(&mut *db)
    .await?;
    require_lease(database, db, crawl, updated.rows_affected()).await
}

/// Adds URLs that were found or are open again, updates postponed ones, and deletes finished ones.
async fn frontier(
    db: &mut WriterConnection,
    name: &str,
    crawl: CrawlId,
    batch: &Batch,
    finished: &HashSet<PageId>,
) -> Result<(), TxError> {
    let open: Vec<&FrontierRow> = open_rows(batch, finished).collect();
    // 16 of the hash.
    let bytes = |row: &&FrontierRow| row.url.len() + 16;
    bulk::write(db, name, &FRONTIER, &open, bytes, |to, row| bind_frontier(to, crawl, row)).await?;

    // Of several for one URL, the last.
    let postponed: HashMap<PageId, (u32, i64)> = batch
        .postponed
        .iter()
        .map(|(id, attempts, not_before)| (*id, (*attempts, *not_before)))
        .collect();
    if !postponed.is_empty() {
        let rows = json(&Vec::from_iter(postponed), |out, (id, (attempts, not_before))| {
            write!(out, "[{id},{attempts},{not_before}]")
        });
        sqlx::query(POSTPONE).bind(rows).execute(&mut db.connection).await?;
    }

    if !finished.is_empty() {
        sqlx::query(DELETE_FRONTIER).bind(finished_json(batch)).execute(&mut db.connection).await?;
    }
    Ok(())
}

fn length(text: Option<&String>) -> usize {
    // A NUL becomes a character of three bytes.
    text.map_or(0, |text| 3 * text.len())
}

/// Bytes of a page's texts and hashes, at most.
fn page_bytes(page: &PageRow) -> usize {
    let content = page.content.as_deref();
    let of = |text: fn(&Content) -> Option<&String>| length(content.and_then(text));
    // Three hashes, the words for state and change, the time.
    150 + page.url.len()
        + 3 * page.host.len()
        + length(page.content_type.as_ref())
        + length(page.final_url.as_ref())
        + length(page.title.as_ref())
        + length(page.error.as_ref())
        + length(page.redirects.as_ref())
        + of(|content| content.etag.as_ref())
        + of(|content| content.last_modified.as_ref())
        + of(|content| content.canonical.as_ref())
}
