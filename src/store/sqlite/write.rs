//! Writing: one transaction per batch, a few statements per table.
//!
//! Each statement is a round trip to SQLite's thread, so rows go many at a time. See `bulk`.

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Sqlite, SqlitePool};

use super::bulk::{
    self, CHANGES, FRONTIER, HOSTS, KNOWN_HOSTS, LINKS, NEW_PAGES, PAGES, SITEMAPS, TIMELINE,
};
use crate::model::ids::CrawlId;
use crate::store::rows::Batch;
use crate::store::sql::{
    BatchTable, BindResult, Known, OpenDatabase, RowTables, WriteResult, require_lease,
};
use crate::store::text::utc_now;

/// Moves the write-ahead log into the file and empties it.
pub(super) async fn checkpoint(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await.map(drop)
}

/// Members of the settings are removed first: a patch alone would mix the old and the new of one.
const UPDATE_CRAWL: &str = "UPDATE crawls SET totals = coalesce(?1, totals), \
     settings = coalesce(json_patch(json_patch(settings, \
       (SELECT json_group_object(key, NULL) FROM json_each(?2))), ?2), settings), \
     updated_at = ?3, beat_at = ?3 WHERE id = ?4 AND holder_token = ?5";

/// Subtracts page rows that are about to be deleted: `(ids as a JSON array, crawl)`. The times of the
/// first and last page stay: requests were made then.
const SUBTRACT: &str = "UPDATE hosts SET pages = hosts.pages - gone.pages, \
     ok = hosts.ok - gone.ok, failed = hosts.failed - gone.failed, \
     skipped = hosts.skipped - gone.skipped, bytes = hosts.bytes - gone.bytes \
     FROM (SELECT host, count(*) AS pages, sum(state = 'ok') AS ok, \
           sum(state = 'failed') AS failed, sum(state = 'skipped') AS skipped, \
           sum(content_length) AS bytes FROM scraped_pages \
           WHERE id IN (SELECT value FROM json_each(?1)) AND crawl_id = ?2 \
           GROUP BY host) AS gone \
     WHERE hosts.crawl_id = ?2 AND hosts.host = gone.host";

/// The tables, in the transaction of a batch.
pub(super) struct SqliteBatch<'a> {
    pub(super) database: &'a OpenDatabase<Sqlite>,
    pub(super) db: &'a mut SqliteConnection,
    pub(super) crawl: CrawlId,
    pub(super) known: Known,
}

impl RowTables for SqliteBatch<'_> {
    type Db = Sqlite;
    const POSTPONE: &'static str = "UPDATE frontier SET attempts = new.value ->> 1, \
         resent = new.value ->> 2, not_before = new.value ->> 3 \
         FROM json_each(?) AS new WHERE frontier.id = (new.value ->> 0)";
    const DELETE_FRONTIER: &'static str =
        "DELETE FROM frontier WHERE id IN (SELECT value FROM json_each(?))";
    const DELETE_PAGES: &'static str = "DELETE FROM scraped_pages \
         WHERE id IN (SELECT value FROM json_each(?)) AND crawl_id = ?";
    const REPLACED: &'static str = "SELECT host, state, content_length FROM scraped_pages \
         WHERE crawl_id = ?2 AND url_hash IN (SELECT unhex(value) FROM json_each(?1))";

    fn crawl(&self) -> CrawlId {
        self.crawl
    }

    fn known(&self) -> Known {
        self.known
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        self.db
    }

    async fn insert<T: Sync>(
        &mut self,
        table: BatchTable,
        rows: &[T],
        _bytes: impl Fn(&T) -> usize + Send + Sync,
        bind: impl Fn(&mut SqliteArguments, &T) -> BindResult + Send + Sync,
    ) -> WriteResult {
        let statements = match table {
            BatchTable::NewPages => &NEW_PAGES,
            BatchTable::Pages => &PAGES,
            BatchTable::Links => &LINKS,
            BatchTable::Frontier => &FRONTIER,
            BatchTable::Changes => &CHANGES,
            BatchTable::Hosts => &HOSTS,
            BatchTable::KnownHosts => &KNOWN_HOSTS,
            BatchTable::Sitemaps => &SITEMAPS,
            BatchTable::Timeline => &TIMELINE,
        };
        bulk::write(self.db, statements, rows, bind).await
    }

    async fn update_crawl(&mut self, batch: &Batch) -> WriteResult {
        let updated = sqlx::query(UPDATE_CRAWL)
            .bind(batch.totals.as_deref())
            .bind(batch.settings.as_deref())
            .bind(utc_now())
            .bind(self.crawl)
            .bind(self.database.owner.token)
            .execute(&mut *self.db)
            .await?;
        require_lease(self.database, self.db, self.crawl, updated.rows_affected()).await
    }

    async fn subtract_restored(&mut self, ids: &str) -> WriteResult {
        sqlx::query(SUBTRACT).bind(ids).bind(self.crawl).execute(&mut *self.db).await?;
        Ok(())
    }
}
