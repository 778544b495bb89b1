//! Why a command failed, and the exit code for it.

use std::process::ExitCode;

use crate::crawl::CrawlError;
use crate::export::ExportError;
use crate::lab::LabError;
use crate::report::ReportError;
use crate::store::StoreError;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub(super) enum ProgramError {
    #[error(transparent)]
    Crawl(#[from] CrawlError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    /// A signal, while the database was opened.
    #[error("stopped while the database was opened: nothing was requested")]
    Interrupted,
    /// A wrong command line, where only reading files or the database shows it.
    #[error("{0}")]
    Usage(String),
}

impl ProgramError {
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Crawl(CrawlError::NoSeeds)
            | Self::Store(StoreError::Usage { .. } | StoreError::NotBuilt { .. })
            | Self::Export(ExportError::Store(
                StoreError::Usage { .. } | StoreError::NotBuilt { .. } | StoreError::Query { .. },
            ))
            | Self::Report(ReportError::Store(
                StoreError::Usage { .. } | StoreError::NotBuilt { .. },
            )) => ExitCode::from(2),
            Self::Interrupted => ExitCode::from(3),
            _ => ExitCode::FAILURE,
        }
    }
}
