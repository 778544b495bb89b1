//! Writing: one transaction per batch, one statement per table. See `bulk`.
//!
//! A batch is first written as if all of it were new; see [`Known`]. The first statement locks the row of
//! the crawl, so that a transaction which lost its connection on the way is over, one way or the other,
//! before its repetition reads anything.

use std::hash::Hash;

use hashbrown::HashMap;
use sqlx::postgres::{PgBindIterExt, PgConnection};
use sqlx::{Connection, Postgres};

use super::bulk;
use crate::model::ids::{CrawlId, PageId, crawl_of};
use crate::model::url_identity::UrlHash;
use crate::store::rows::{
    Batch, ChangeRow, FrontierRow, HostRow, LinkRow, PageRow, PostponedRow, SitemapRow,
};
use crate::store::sql::{
    BatchTables, Known, OpenDatabase, WriteResult, require_lease, write_tables,
};
use crate::store::text::patched;
use crate::store::timeline_row::TimelineRow;

/// URLs that are to be tried again: `(ids, attempts, resent, times)`.
pub const POSTPONE: &str = "UPDATE frontier SET attempts = new.attempts, \
     resent = new.resent, not_before = new.not_before \
     FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[]) \
     AS new (id, attempts, resent, not_before) \
     WHERE frontier.id = new.id";

/// URLs that are done: `(ids)`.
pub const DONE: &str = "DELETE FROM frontier WHERE id = ANY($1)";

/// Pages that are open again: `(ids)`.
pub const RESTORE: &str = "DELETE FROM scraped_pages WHERE id = ANY($1)";

/// Writes a batch, all or nothing; nothing, if the store does not have the lease of the crawl.
pub(super) async fn transact(
    database: &OpenDatabase<Postgres>,
    connection: &mut PgConnection,
    crawl: CrawlId,
    batch: &Batch,
    known: Known,
) -> WriteResult {
    let mut transaction = connection.begin().await?;
    write_tables(PostgresBatch { database, db: &mut transaction, crawl, known }, batch).await?;
    Ok(transaction.commit().await?)
}

/// The tables, in the transaction of a batch.
pub(super) struct PostgresBatch<'a> {
    database: &'a OpenDatabase<Postgres>,
    pub(super) db: &'a mut PgConnection,
    pub(super) crawl: CrawlId,
    known: Known,
}

impl BatchTables for PostgresBatch<'_> {
    async fn crawl(&mut self, batch: &Batch) -> WriteResult {
        let updated: Option<Option<String>> = sqlx::query_scalar(
            "UPDATE crawls SET totals = coalesce($1, totals), updated_at = now(), beat_at = now() \
             WHERE id = $2 AND holder_token = $3 RETURNING CASE WHEN $4 THEN settings END",
        )
        .bind(batch.totals.as_deref())
        .bind(self.crawl)
        .bind(self.database.owner.token)
        .bind(batch.settings.is_some())
        .fetch_optional(&mut *self.db)
        .await?;
        let Some(settings) = updated else {
            return require_lease(self.database, self.db, self.crawl, 0).await;
        };
        // What is no JSON object stays as it is.
        let patch = batch.settings.as_deref();
        if let Some(settings) = settings.zip(patch).and_then(|(old, patch)| patched(&old, patch)) {
            let update = sqlx::query("UPDATE crawls SET settings = $1 WHERE id = $2");
            update.bind(settings).bind(self.crawl).execute(&mut *self.db).await?;
        }
        Ok(())
    }

    async fn restored(&mut self, rows: &[FrontierRow]) -> WriteResult {
        let ids = rows.iter().map(|row| row.id).filter(|id| crawl_of(*id) == self.crawl);
        let ids: Vec<PageId> = ids.collect();
        self.subtract_restored(&ids).await?;
        sqlx::query(RESTORE).bind(ids).execute(&mut *self.db).await?;
        Ok(())
    }

    async fn open(&mut self, rows: &[&FrontierRow]) -> WriteResult {
        let rows = last_of(rows.iter().copied(), |row| row.id);
        Ok(bulk::frontier(self.db, self.crawl, &rows, self.known).await?)
    }

    async fn postponed(&mut self, rows: &[PostponedRow]) -> WriteResult {
        let rows = last_of(rows, |row| row.id);
        sqlx::query(POSTPONE)
            .bind(rows.iter().map(|row| row.id).bind_iter())
            .bind(rows.iter().map(|row| bulk::int(row.attempts)).bind_iter())
            .bind(rows.iter().map(|row| bulk::int(row.resent)).bind_iter())
            .bind(rows.iter().map(|row| row.not_before_ms).bind_iter())
            .execute(&mut *self.db)
            .await?;
        Ok(())
    }

    async fn finished(&mut self, pages: &[PageRow]) -> WriteResult {
        let ids = pages.iter().map(|page| page.id).bind_iter();
        sqlx::query(DONE).bind(ids).execute(&mut *self.db).await?;
        Ok(())
    }

    async fn host_totals(&mut self, pages: &[PageRow]) -> WriteResult {
        Ok(self.add_totals(pages).await?)
    }

    async fn pages(&mut self, pages: &[PageRow]) -> WriteResult {
        Ok(bulk::pages(self.db, self.crawl, &last_pages(pages), self.known).await?)
    }

    async fn links(&mut self, mut links: Vec<&LinkRow>) -> WriteResult {
        links.dedup_by_key(|link| (link.from, link.to));
        Ok(bulk::links(self.db, self.crawl, &links, self.known).await?)
    }

    async fn known_hosts(&mut self, hosts: &[HostRow]) -> WriteResult {
        Ok(self.put_known_hosts(hosts).await?)
    }

    async fn sitemaps(&mut self, rows: &[SitemapRow]) -> WriteResult {
        let rows = last_of(rows, |row| row.url_hash);
        Ok(bulk::sitemaps(self.db, self.crawl, &rows).await?)
    }

    async fn changes(&mut self, rows: &[ChangeRow]) -> WriteResult {
        Ok(bulk::changes(self.db, self.crawl, &last_of(rows, |row| row.seq)).await?)
    }

    async fn timeline(&mut self, rows: &[TimelineRow]) -> WriteResult {
        Ok(bulk::timeline(self.db, self.crawl, rows).await?)
    }
}

/// The last row of each key, in order of the keys' first rows.
fn last_of<'a, T, K: Hash + Eq>(
    rows: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
) -> Vec<&'a T> {
    let mut places = HashMap::new();
    let mut last: Vec<&T> = Vec::new();
    for row in rows {
        let place = *places.entry(key(row)).or_insert(last.len());
        match last.get_mut(place) {
            Some(before) => *before = row,
            None => last.push(row),
        }
    }
    last
}

/// The last row of each URL, with the id of its first: what is there keeps its number.
fn last_pages(pages: &[PageRow]) -> Vec<(PageId, &PageRow)> {
    let mut ids: HashMap<UrlHash, PageId> = HashMap::with_capacity(pages.len());
    for page in pages {
        ids.entry(page.url_hash).or_insert(page.id);
    }
    let last = last_of(pages, |page| page.url_hash);
    last.into_iter().map(|page| (ids[&page.url_hash], page)).collect()
}
