//! Where results live: three traits, and the databases behind them.
//!
//! ```text
//! traits      StoreReader, StoreWriter, StoreAdmin; Store is all three
//! sql/        what the databases share: statements, transactions on `crawls`, the traits' methods
//! sqlite/ postgres/ mysql/    how each opens its database, writes batches, spells its statements
//! ```
//!
//! An open store writes only to crawls whose lease it has (see [`crawl_lease`]). The saver is the
//! only writer during a crawl. A [`Batch`] is one transaction: page rows, link rows, newly found
//! URLs, done marks, journal entries and the crawl's counters, all or nothing. After `kill -9` at any
//! moment the frontier table holds exactly the URLs that are not done.
//!
//! It must not know the crawl's tasks, HTTP or a terminal.

#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::sync::Arc;

pub mod crawl_info;
pub mod crawl_lease;
mod driver_error;
pub mod error;
mod host_totals;
mod migrations;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod name;
pub mod page_filter;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod rows;
pub mod select;
mod slow_log;
mod sql;
pub mod sqlite;
pub mod stored_crawl;
pub mod stored_pages;
mod text;
pub mod timeline_row;
pub mod traits;
mod tx_error;

#[cfg(feature = "internals")]
pub use self::{rows::PreviousLink, stored_pages::PagesRead, traits::SeenSink};
pub use crawl_info::CrawlInfo;
pub use error::StoreError;
#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
pub use name::OpenMode;
#[cfg(any(feature = "tui", feature = "internals"))]
pub use page_filter::{FilteredPage, PageFilter};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use rows::{
    Batch, ChangeRow, Content, EffectColumns, FrontierRow, HostRow, LinkRow, OpenHost, PageChange,
    PageRow, PostponedRow, PreviousPage, SitemapRow,
};
pub use select::{Columns, RowSink, Value};
pub use sqlite::SqliteStore;
pub use stored_crawl::{CrawlState, StoredCrawl};
pub use stored_pages::StoredPages;
#[cfg(any(feature = "tui", feature = "internals"))]
pub use stored_pages::{Between, InboundLink, LINK_BLOCK, MAX_LINK_BLOCKS, StoredPage};
pub use text::parse_utc;
pub use timeline_row::TimelineRow;
pub use traits::{Store, StoreAdmin, StoreReader, StoreWriter};

use name::DbName;

/// Opens a database by name: `postgres://…`, `mysql://…`, `sqlite://FILE`, `sqlite:FILE` or just
/// `FILE`.
///
/// A database that is refused is left byte for byte as it was.
///
/// # Errors
/// See [`StoreError`]: a name of no database, a file that is missing, locked, read-only,
/// damaged, of another program or of a newer crawldeck.
pub async fn open(url: &str, mode: OpenMode) -> Result<Arc<dyn Store>, StoreError> {
    match DbName::parse(url)? {
        DbName::Sqlite { shown, path } => {
            Ok(Arc::new(SqliteStore::open(&shown, &path, mode).await?))
        }
        #[cfg(feature = "postgres")]
        DbName::Postgres { shown, url } => {
            Ok(Arc::new(PostgresStore::open(&shown, &url, mode).await?))
        }
        #[cfg(not(feature = "postgres"))]
        DbName::Postgres { shown, .. } => {
            Err(StoreError::NotBuilt { db: shown, database: "PostgreSQL", feature: "postgres" })
        }
        #[cfg(feature = "mysql")]
        DbName::MySql { shown, url } => Ok(Arc::new(MySqlStore::open(&shown, &url, mode).await?)),
        #[cfg(not(feature = "mysql"))]
        DbName::MySql { shown, .. } => {
            Err(StoreError::NotBuilt { db: shown, database: "MySQL", feature: "mysql" })
        }
    }
}
