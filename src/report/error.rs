//! Why a report cannot be written.

use thiserror::Error;

use crate::store::StoreError;

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing was ever crawled into it.
    #[error("{db} has no crawls: start one with `crawldeck crawl URL --db {db}`")]
    NoCrawl {
        /// The database.
        db: String,
    },
    /// Something else is where the report should go.
    #[error(
        "{file} is no report of crawldeck, and was left as it is: name another file with --output"
    )]
    NotAReport {
        /// The file.
        file: String,
    },
    /// The file cannot be written.
    #[error("cannot write {file} ({why}): name another file with --output")]
    CannotWrite {
        /// The file.
        file: String,
        /// What the system said.
        why: String,
    },
}
