//! What can go wrong with a database, each with what to do.

use thiserror::Error;

/// A database error.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Anything the driver said.
    #[error("database error: {0}")]
    Driver(#[from] sqlx::Error),
}
