//! Writing: one transaction per batch, a few statements per table.
//!
//! A batch whose answer was lost may have been written: everything here can be done again with the same
//! result, so the saver just tries again.

use sqlx::mysql::{MySqlArguments, MySqlConnection};
use sqlx::{MySql, Row};

use super::bulk::{self, Bulk, hash_of};
use super::statements::{DELETE_FRONTIER, DELETE_PAGES, POSTPONE, REPLACED, RESTORED};
use super::writer::WriterConnection;
use crate::model::ids::CrawlId;
use crate::model::page_state::PageState;
use crate::store::rows::{Batch, PageRow};
use crate::store::sql::{
    BatchTable, BindResult, Known, OpenDatabase, RowTables, SqlArguments, TotalsByHost,
    WriteResult, require_lease, write_tables,
};
use crate::store::text::patched;

/// Writes a batch, all or nothing; nothing, if the store does not have the lease of the crawl. After an
/// error the connection is of no use.
pub(super) async fn transact(
    database: &OpenDatabase<MySql>,
    db: &mut WriterConnection,
    crawl: CrawlId,
    batch: &Batch,
) -> WriteResult {
    match attempt(database, db, crawl, batch, Known::Nothing).await {
        // Some of it is there: a page is saved again, or the whole batch, whose answer was lost.
        Err(error) if error.is_there() => {
            sqlx::raw_sql("ROLLBACK").execute(&mut db.connection).await?;
            attempt(database, db, crawl, batch, Known::Some).await
        }
        written => written,
    }
}

async fn attempt(
    database: &OpenDatabase<MySql>,
    db: &mut WriterConnection,
    crawl: CrawlId,
    batch: &Batch,
    known: Known,
) -> WriteResult {
    sqlx::raw_sql("START TRANSACTION").execute(&mut db.connection).await?;
    let subtracted = TotalsByHost::new();
    let tables = MySqlBatch { database, db: &mut *db, crawl, known, subtracted };
    write_tables(tables, batch).await?;
    sqlx::raw_sql("COMMIT").execute(&mut db.connection).await?;
    Ok(())
}

/// The tables, in the transaction of a batch.
struct MySqlBatch<'a> {
    database: &'a OpenDatabase<MySql>,
    db: &'a mut WriterConnection,
    crawl: CrawlId,
    known: Known,
    /// Totals of what was restored, until they are written with those of the pages.
    subtracted: TotalsByHost<'static>,
}

impl RowTables for MySqlBatch<'_> {
    type Db = MySql;
    const POSTPONE: &'static str = POSTPONE;
    const DELETE_FRONTIER: &'static str = DELETE_FRONTIER;
    const DELETE_PAGES: &'static str = DELETE_PAGES;
    const REPLACED: &'static str = REPLACED;

    fn crawl(&self) -> CrawlId {
        self.crawl
    }

    fn known(&self) -> Known {
        self.known
    }

    fn connection(&mut self) -> &mut MySqlConnection {
        &mut self.db.connection
    }

    async fn insert<T: Sync>(
        &mut self,
        table: BatchTable,
        rows: &[T],
        bytes: impl Fn(&T) -> usize + Send + Sync,
        bind: impl Fn(&mut MySqlArguments, &T) -> BindResult + Send + Sync,
    ) -> WriteResult {
        let statements = statements_of(table);
        bulk::write(self.db, &self.database.name, statements, rows, bytes, bind).await
    }

    /// From here on other writes to this crawl wait, among them a batch of this store whose connection
    /// was lost.
    async fn update_crawl(&mut self, batch: &Batch) -> WriteResult {
        let settings = match &batch.settings {
            None => None,
            Some(patch) => {
                let stored: Option<String> =
                    sqlx::query_scalar("SELECT settings FROM crawls WHERE id = ? FOR UPDATE")
                        .bind(self.crawl)
                        .fetch_optional(&mut self.db.connection)
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
        .bind(self.crawl)
        .bind(self.database.owner.token)
        .execute(&mut self.db.connection)
        .await?;
        let rows = updated.rows_affected();
        require_lease(self.database, &mut self.db.connection, self.crawl, rows).await
    }

    async fn subtract_restored(&mut self, ids: &str) -> WriteResult {
        let rows = sqlx::query(RESTORED).bind(ids).bind(self.crawl);
        for row in rows.fetch_all(&mut self.db.connection).await? {
            let host: String = row.try_get(0)?;
            let total = self.subtracted.entry(host.into()).or_default();
            total.subtract(row.try_get(1)?, row.try_get(2)?);
        }
        Ok(())
    }

    fn take_subtracted(&mut self) -> TotalsByHost<'static> {
        std::mem::take(&mut self.subtracted)
    }

    fn bind_host_key(to: &mut MySqlArguments, host: &str) -> BindResult {
        to.bytes(Some(&hash_of(host)))
    }

    fn bind_reason_key(to: &mut MySqlArguments, page: &PageRow) -> BindResult {
        let reason = page.error.as_deref().filter(|_| page.state == PageState::Skipped);
        to.bytes(reason.map(hash_of).as_ref().map(<[u8; 16]>::as_slice))
    }
}

fn statements_of(table: BatchTable) -> &'static Bulk {
    match table {
        BatchTable::NewPages => &bulk::NEW_PAGES,
        BatchTable::Pages => &bulk::PAGES,
        BatchTable::Links => &bulk::LINKS,
        BatchTable::Frontier => &bulk::FRONTIER,
        BatchTable::Changes => &bulk::CHANGES,
        BatchTable::Hosts => &bulk::HOSTS,
        BatchTable::KnownHosts => &bulk::KNOWN_HOSTS,
        BatchTable::Sitemaps => &bulk::SITEMAPS,
        BatchTable::Timeline => &bulk::TIMELINE,
    }
}
