//! Why a crawl could not start.

use thiserror::Error;

use crate::model::ids::CrawlId;
use crate::store::StoreError;
use crate::web::http::FetchSetupError;
use crate::web::scope::ScopeError;

/// Why a crawl could not start.
#[derive(Debug, Error)]
pub enum CrawlError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A pattern.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The HTTP client.
    #[error(transparent)]
    Fetch(#[from] FetchSetupError),
    /// Settings in the database that this version cannot read.
    #[error("the stored settings of crawl {0} cannot be read: {1}")]
    Settings(CrawlId, serde_json::Error),
    /// Nothing to crawl.
    #[error("no URL to begin with: name one, or give a list with --list")]
    NoSeeds,
}
