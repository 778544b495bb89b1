//! Why a strategy cannot run.

use thiserror::Error;

use crate::crawl::CrawlError;
use crate::store::StoreError;

/// Why a strategy cannot run.
#[derive(Debug, Error)]
pub enum StrategyError {
    /// Standard input has no job.
    #[error("no job on standard input: `crawldeck compare` starts this process")]
    NoJob,
    /// The event loop, or a temporary folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The HTTP client.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// The engine.
    #[error(transparent)]
    Crawl(#[from] CrawlError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
