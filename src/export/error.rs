//! Why an export failed.

use std::io::{self, ErrorKind};

use thiserror::Error;

use crate::store::StoreError;

/// Why an export failed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The database, or its error about the condition.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing was ever crawled into it.
    #[error("{db} has no crawls: start one with `crawldeck crawl URL --db {db}`")]
    NoCrawls {
        /// The database.
        db: String,
    },
    /// More URLs than one sitemap may hold, with one place to put it.
    #[error(
        "{urls} URLs are more than one sitemap may hold: name a file with --output, and it becomes an index of several"
    )]
    TooMany {
        /// How many.
        urls: u64,
    },
    /// It cannot be written.
    #[error("cannot write {place} ({source})")]
    CannotWrite {
        /// Where.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// Writing failed; [`ExportError::CannotWrite`] says where.
    #[error("cannot write ({0})")]
    Write(#[from] io::Error),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::Write(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl ExportError {
    /// Whether the reader of the output has closed it.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        let (Self::Write(source) | Self::CannotWrite { source, .. }) = self else { return false };
        source.kind() == ErrorKind::BrokenPipe
    }
}
