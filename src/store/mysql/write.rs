//! Writing: one transaction per batch, a few statements per table.
//!
//! A batch whose answer was lost may have been written: everything here can be done again with the same
//! result, so the saver just tries again.

use std::fmt::Write as _;

use hashbrown::{HashMap, HashSet};
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySqlArguments, MySqlConnection};

use super::bulk::{self, CHANGES, FRONTIER, LINKS, PAGES, SITEMAPS, hash_of};
use super::writer::{Live, Writer, in_time};
use super::{crawls, hosts};
use crate::model::ids::{CrawlId, PageId};
use crate::model::page_state::PageState;
use crate::store::text::{clean, json, patched, shared, utc};
use crate::store::tx_error::TxError;
use crate::store::{
    Batch, Content, FrontierRow, LeaseOwner, LinkRow, PageChange, PageRow, SitemapRow,
};

/// Deletes what is done: `(ids as a JSON array)`. Joined in this order, each id is looked up.
pub const DELETE_FRONTIER: &str = "DELETE frontier FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS done \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = done.id";

/// Notes what was postponed: `([[id, attempts, not before], …])`, each id once.
pub const POSTPONE: &str = "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', \
     attempts BIGINT PATH '$[1]', not_before BIGINT PATH '$[2]')) AS new \
     STRAIGHT_JOIN frontier FORCE INDEX (PRIMARY) ON frontier.id = new.id \
     SET frontier.attempts = new.attempts, frontier.not_before = new.not_before";

/// Deletes the page rows of what is open again: `(ids as a JSON array, crawl)`.
pub const DELETE_PAGES: &str = "DELETE scraped_pages FROM \
     JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS restored \
     STRAIGHT_JOIN scraped_pages FORCE INDEX (PRIMARY) \
     ON scraped_pages.id = restored.id AND scraped_pages.crawl_id = ?";

/// Writes a batch, all or nothing; nothing, if the crawl is not held by `owner`.
pub(super) async fn commit(
    writer: &Writer,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut lease = writer.lease().await?;
    in_time(db, transact(&mut lease.live, db, owner, crawl, batch)).await?;
    lease.keep();
    Ok(())
}

async fn transact(
    db: &mut Live,
    name: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    sqlx::raw_sql("START TRANSACTION").execute(&mut db.connection).await?;
    // Its row is locked from here on: whatever else writes for this crawl waits, a batch of ours whose
    // connection was lost as well.
    hold(&mut db.connection, name, owner, crawl, batch).await?;

    let finished: HashSet<PageId> = batch.pages.iter().map(|page| page.id).collect();
    let mut sums = HashMap::new();
    if !batch.restored.is_empty() {
        let ids: HashSet<PageId> = batch.restored.iter().map(|row| row.id).collect();
        let ids = json(&Vec::from_iter(ids), |out, id| write!(out, "{id}"));
        hosts::take_out(&mut db.connection, crawl, &ids, &mut sums).await?;
        sqlx::query(DELETE_PAGES).bind(ids).bind(crawl).execute(&mut db.connection).await?;
    }
    hosts::add(db, name, crawl, &batch.pages, sums).await?;
    frontier(db, name, crawl, batch, &finished).await?;
    bulk::write(db, name, &PAGES, &batch.pages, page_bytes, |to, page| bind_page(to, crawl, page))
        .await?;
    links(db, name, crawl, &batch.links).await?;
    hosts::note(db, name, crawl, &batch.hosts).await?;
    let bytes = |row: &SitemapRow| row.url.len() + 40 + length(row.error.as_ref());
    bulk::write(db, name, &SITEMAPS, &batch.sitemaps, bytes, |to, row| {
        bind_sitemap(to, crawl, row)
    })
    .await?;
    bulk::write(
        db,
        name,
        &CHANGES,
        &batch.changes,
        |change| 40 + 3 * change.what.len() + change.entry.len(),
        |to, change| {
            to.add(crawl)?;
            to.add(change.seq as i64)?;
            to.add(utc(change.at_ms))?;
            to.add(change.by)?;
            to.add(clean(&change.what))?;
            to.add(change.entry.as_str())
        },
    )
    .await?;

    sqlx::raw_sql("COMMIT").execute(&mut db.connection).await?;
    Ok(())
}

/// Writes the crawl's own row, if it is held.
async fn hold(
    db: &mut MySqlConnection,
    name: &str,
    owner: &LeaseOwner,
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
    let held = sqlx::query(
        "UPDATE crawls SET totals = coalesce(?, totals), settings = coalesce(?, settings), \
         updated_at = utc_timestamp(3), beat_at = utc_timestamp(3) \
         WHERE id = ? AND holder_token = ?",
    )
    .bind(batch.totals.as_deref())
    .bind(settings)
    .bind(crawl)
    .bind(owner.token)
    .execute(&mut *db)
    .await?;
    if held.rows_affected() == 0 {
        return Err(TxError::Refused(crawls::why_lost(db, name, crawl).await?));
    }
    Ok(())
}

/// Adds what was found or is open again, notes what was postponed, and deletes what is done.
async fn frontier(
    db: &mut Live,
    name: &str,
    crawl: CrawlId,
    batch: &Batch,
    finished: &HashSet<PageId>,
) -> Result<(), TxError> {
    let open: Vec<&FrontierRow> = batch
        .restored
        .iter()
        .chain(&batch.discovered)
        .filter(|row| !finished.contains(&row.id))
        .collect();
    // 16 of the hash.
    let bytes = |row: &&FrontierRow| row.url.len() + 16;
    bulk::write(db, name, &FRONTIER, &open, bytes, |to, row| bind_frontier(to, crawl, row)).await?;

    // The last word on each URL.
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
        let ids = json(&batch.pages, |out, page| write!(out, "{}", page.id));
        sqlx::query(DELETE_FRONTIER).bind(ids).execute(&mut db.connection).await?;
    }
    Ok(())
}

async fn links(
    db: &mut Live,
    name: &str,
    crawl: CrawlId,
    links: &[LinkRow],
) -> Result<(), TxError> {
    // In order of the key, neighbours land on the same leaf.
    let mut links: Vec<&LinkRow> = links.iter().collect();
    // Stable: the first of two between the same pages counts.
    links.sort_by_key(|link| (link.from, link.to));
    let bytes = |link: &&LinkRow| link.anchor.as_ref().map_or(0, |text| 3 * text.len());
    bulk::write(db, name, &LINKS, &links, bytes, |to, link| {
        to.add(crawl)?;
        to.add(link.from)?;
        to.add(link.to)?;
        to.add(link.anchor.as_ref().map(shared))
    })
    .await
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

fn bind_page(to: &mut MySqlArguments, crawl: CrawlId, page: &PageRow) -> Result<(), BoxDynError> {
    let skipped = page.error.as_deref().filter(|_| page.state == PageState::Skipped).map(hash_of);
    to.add(page.id)?;
    to.add(crawl)?;
    to.add(page.url_hash.0.as_slice())?;
    to.add(page.state.name())?;
    to.add(page.status)?;
    to.add(page.depth)?;
    to.add(page.attempts)?;
    to.add(page.elapsed_ms as i64)?;
    to.add(page.content_length as i64)?;
    to.add(page.links_found)?;
    to.add(page.found_on)?;
    to.add(utc(page.created_at_ms))?;
    to.add(page.lastmod_ms)?;
    to.add(page.change.map(PageChange::name))?;
    let content = page.content.as_deref();
    to.add(content.and_then(|content| content.body_hash.as_ref()).map(<[u8; 16]>::as_slice))?;
    to.add(skipped.as_ref().map(<[u8; 16]>::as_slice))?;
    to.add(shared(&page.host))?;
    to.add(page.content_type.as_deref().map(clean))?;
    to.add(shared(&page.url))?;
    to.add(page.final_url.as_deref().map(clean))?;
    to.add(page.title.as_deref().map(clean))?;
    to.add(page.error.as_deref().map(clean))?;
    to.add(page.redirects.as_deref().map(clean))?;
    let text = |of: fn(&Content) -> Option<&String>| content.and_then(of).map(|text| clean(text));
    to.add(text(|content| content.etag.as_ref()))?;
    to.add(text(|content| content.last_modified.as_ref()))?;
    to.add(text(|content| content.canonical.as_ref()))
}

fn bind_frontier(
    to: &mut MySqlArguments,
    crawl: CrawlId,
    row: &FrontierRow,
) -> Result<(), BoxDynError> {
    to.add(row.id)?;
    to.add(crawl)?;
    to.add(row.url_hash.0.as_slice())?;
    to.add(row.depth)?;
    to.add(row.attempts)?;
    to.add(row.not_before_ms)?;
    to.add(row.found_on)?;
    to.add(row.host_id)?;
    to.add(row.lastmod_ms)?;
    to.add(shared(&row.url))
}

fn bind_sitemap(
    to: &mut MySqlArguments,
    crawl: CrawlId,
    row: &SitemapRow,
) -> Result<(), BoxDynError> {
    to.add(crawl)?;
    to.add(row.url_hash.0.as_slice())?;
    to.add(shared(&row.url))?;
    to.add(row.state.name())?;
    to.add(row.status)?;
    to.add(row.urls)?;
    to.add(row.sitemaps)?;
    to.add(row.depth)?;
    to.add(row.error.as_deref().map(clean))?;
    to.add(utc(row.created_at_ms))
}
