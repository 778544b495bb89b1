//! Writing: one transaction per batch, a few statements per table.
//!
//! Each statement is a round trip to SQLite's thread, so rows go many at a time. See `bulk`.

use std::fmt::Write as _;

use hashbrown::HashSet;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Sqlite, SqlitePool};

use super::bulk::{self, CHANGES, FRONTIER, LINKS, PAGES, SITEMAPS};
use super::hosts;
use crate::store::ids::{CrawlId, PageId};
use crate::store::rows::{Batch, FrontierRow};
use crate::store::sql::{
    Dialect, OpenDatabase, SqlStore, SqlWriter, bind_change, bind_frontier, bind_link,
    bind_page_head, bind_page_texts, bind_sitemap, finished_ids, finished_json, links_by_key,
    open_rows, require_lease,
};
use crate::store::text::{json, utc_now};
use crate::store::tx_error::TxError;

/// Moves the write-ahead log into the file and empties it.
pub(super) async fn checkpoint(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await.map(drop)
}

/// Writes a batch, all or nothing; nothing, if the store does not have the lease of the crawl.
pub(super) async fn commit<S: SqlStore<Db = Sqlite>>(
    store: &S,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut writer = store.writer().await?;
    let written = transact(store.database(), &mut writer, crawl, batch).await;
    if written.is_err() {
        writer.discard().await;
    }
    written
}

async fn transact(
    database: &OpenDatabase<Sqlite>,
    connection: &mut SqliteConnection,
    crawl: CrawlId,
    batch: &Batch,
) -> Result<(), TxError> {
    let mut transaction = connection.begin_with(Sqlite::BEGIN).await?;
    let db = &mut *transaction;

    // Members are removed first: a patch alone would mix the old and the new of one.
    let updated = sqlx::query(
        "UPDATE crawls SET totals = coalesce(?1, totals), \
         settings = coalesce(json_patch(json_patch(settings, \
           (SELECT json_group_object(key, NULL) FROM json_each(?2))), ?2), settings), \
         updated_at = ?3, beat_at = ?3 WHERE id = ?4 AND holder_token = ?5",
    )
    .bind(batch.totals.as_deref())
    .bind(batch.settings.as_deref())
    .bind(utc_now())
    .bind(crawl)
    .bind(database.owner.token)
    .execute(&mut *db)
    .await?;
    require_lease(database, db, crawl, updated.rows_affected()).await?;

    let finished = finished_ids(batch);
    restore(db, crawl, &batch.restored).await?;
    frontier(db, crawl, batch, &finished).await?;
    if !batch.pages.is_empty() {
        hosts::add(db, crawl, &batch.pages).await?;
        bulk::write(db, &PAGES, &batch.pages, |to, page| {
            bind_page_head(to, crawl, page)?;
            bind_page_texts(to, page)
        })
        .await?;
    }
    let links = links_by_key(&batch.links);
    bulk::write(db, &LINKS, &links, |to, link| bind_link(to, crawl, link)).await?;
    hosts::note(db, crawl, &batch.hosts).await?;
    bulk::write(db, &SITEMAPS, &batch.sitemaps, |to, row| bind_sitemap(to, crawl, row)).await?;
    bulk::write(db, &CHANGES, &batch.changes, |to, change| bind_change(to, crawl, change)).await?;

    transaction.commit().await?;
    Ok(())
}

/// Deletes the page rows of URLs that are open again, after subtracting them from the totals of
/// their hosts.
async fn restore(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    rows: &[FrontierRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids = json(rows, |out, row| write!(out, "{}", row.id));
    hosts::subtract(db, crawl, &ids).await?;
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

/// Adds URLs that were found or are open again, updates postponed ones, and deletes finished ones.
async fn frontier(
    db: &mut SqliteConnection,
    crawl: CrawlId,
    batch: &Batch,
    finished: &HashSet<PageId>,
) -> Result<(), sqlx::Error> {
    let open: Vec<&FrontierRow> = open_rows(batch, finished).collect();
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
        sqlx::query("DELETE FROM frontier WHERE id IN (SELECT value FROM json_each(?))")
            .bind(finished_json(batch))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
