//! Writing: one transaction per batch, a few statements per table.
//!
//! Each statement is a round trip to SQLite's thread, so rows go many at a time. See `bulk`.

use std::fmt::Write as _;

use hashbrown::HashSet;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Connection, SqlitePool};

use super::bulk::{self, CHANGES, FRONTIER, LINKS, PAGES, SITEMAPS};
use super::crawls::{self, BEGIN};
use super::hosts;
use crate::model::ids::{CrawlId, PageId};
use crate::store::text::{clean, json, shared, utc, utc_now};
use crate::store::tx_error::TxError;
use crate::store::{
    Batch, Content, FrontierRow, LeaseOwner, LinkRow, PageChange, PageRow, SitemapRow,
};

/// Moves the write-ahead log into the file and empties it.
pub(super) async fn checkpoint(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await.map(drop)
}

/// Writes a batch, all or nothing; nothing, if the crawl is not held by `owner`.
pub(super) async fn commit(
    pool: &SqlitePool,
    db: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut connection = pool.acquire().await?;
    let written = transact(&mut connection, db, owner, crawl, batch).await;
    if written.is_err() {
        // SQLite may have ended the transaction by itself (disk full), which leaves the driver
        // counting one too many: only a new connection is sure to be as it seems.
        let _ = connection.close().await;
    }
    written
}

async fn transact(
    connection: &mut SqliteConnection,
    name: &str,
    owner: &LeaseOwner,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let db = &mut *transaction;

    // Members are taken away first: a patch alone would mix the old and the new of one.
    let held = sqlx::query(
        "UPDATE crawls SET totals = coalesce(?1, totals), \
         settings = coalesce(json_patch(json_patch(settings, \
           (SELECT json_group_object(key, NULL) FROM json_each(?2))), ?2), settings), \
         updated_at = ?3, beat_at = ?3 WHERE id = ?4 AND holder_token = ?5",
    )
    .bind(batch.totals.as_deref())
    .bind(batch.settings.as_deref())
    .bind(utc_now())
    .bind(crawl)
    .bind(owner.token)
    .execute(&mut *db)
    .await?;
    if held.rows_affected() == 0 {
        return Err(TxError::Refused(crawls::why_lost(db, name, crawl).await?));
    }

    let finished: HashSet<PageId> = batch.pages.iter().map(|page| page.id).collect();
    restore(db, crawl, &batch.restored).await?;
    frontier(db, crawl, batch, &finished).await?;
    if !batch.pages.is_empty() {
        hosts::add(db, crawl, &batch.pages).await?;
        bulk::write(db, &PAGES, &batch.pages, |to, page| bind_page(to, crawl, page)).await?;
    }
    if !batch.links.is_empty() {
        // In order of the key, neighbours land on the same leaf.
        let mut links: Vec<&LinkRow> = batch.links.iter().collect();
        // Stable: the first of two between the same pages counts.
        links.sort_by_key(|link| (link.from, link.to));
        bulk::write(db, &LINKS, &links, |to, link| {
            to.add(crawl)?;
            to.add(link.from)?;
            to.add(link.to)?;
            to.add(link.anchor.as_ref().map(shared))
        })
        .await?;
    }
    hosts::note(db, crawl, &batch.hosts).await?;
    bulk::write(db, &SITEMAPS, &batch.sitemaps, |to, row| bind_sitemap(to, crawl, row)).await?;
    bulk::write(db, &CHANGES, &batch.changes, |to, change| {
        to.add(crawl)?;
        to.add(change.seq as i64)?;
        to.add(utc(change.at_ms))?;
        to.add(change.by)?;
        to.add(clean(&change.what))?;
        to.add(change.entry.as_str())
    })
    .await?;

    transaction.commit().await?;
    Ok(())
}

/// Deletes the page rows of what is open again, after taking them out of the sums of their hosts.
async fn restore(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    rows: &[FrontierRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids = json(rows, |out, row| write!(out, "{}", row.id));
    hosts::take_out(db, crawl, &ids).await?;
    sqlx::query(
        "DELETE FROM scraped_pages \
         WHERE id IN (SELECT value FROM json_each(?)) AND crawl_id = ?",
    )
    .bind(ids)
    .bind(crawl)
    .execute(db)
    .await
    .map(drop)
}

/// Adds what was found or is open again, notes what was postponed, and deletes what is done.
async fn frontier(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    batch: &Batch,
    finished: &HashSet<PageId>,
) -> Result<(), sqlx::Error> {
    let open: Vec<&FrontierRow> = batch
        .restored
        .iter()
        .chain(&batch.discovered)
        .filter(|row| !finished.contains(&row.id))
        .collect();
    bulk::write(db, &FRONTIER, &open, |to, row| bind_frontier(to, crawl, row)).await?;

    if !batch.postponed.is_empty() {
        let rows = json(&batch.postponed, |out, (id, attempts, not_before)| {
            write!(out, "[{id},{attempts},{not_before}]")
        });
        sqlx::query(
            "UPDATE frontier SET attempts = new.value ->> 1, not_before = new.value ->> 2 \
             FROM json_each(?) AS new WHERE frontier.id = (new.value ->> 0)",
        )
        .bind(rows)
        .execute(&mut *db)
        .await?;
    }

    if !finished.is_empty() {
        let ids = json(&batch.pages, |out, page| write!(out, "{}", page.id));
        sqlx::query("DELETE FROM frontier WHERE id IN (SELECT value FROM json_each(?))")
            .bind(ids)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

fn bind_page(to: &mut SqliteArguments, crawl: CrawlId, page: &PageRow) -> Result<(), BoxDynError> {
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
    to: &mut SqliteArguments,
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
    to: &mut SqliteArguments,
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
