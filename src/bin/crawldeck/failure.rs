//! Why the program could not do what it was asked to, and the exit code for it.

use std::process::ExitCode;

use crawldeck::crawl::CrawlError;
use crawldeck::export::ExportError;
use crawldeck::lab::LabError;
use crawldeck::report::ReportError;
use crawldeck::store::StoreError;
use thiserror::Error;

/// Why the program could not do what it was asked to.
#[derive(Debug, Error)]
pub enum Failure {
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
    /// A wrong command line that only shows once files are read.
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub fn exit_code(&self) -> ExitCode {
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
            _ => ExitCode::FAILURE,
        }
    }
}
