//! A crawl as one HTML file: what was found, how it went, what was turned.
//!
//! ```text
//! gather ── pages      one pass over the pages: totals, statuses, timeline, the slowest
//!   │  └─── lists      broken links, reasons, redirects, copies, hosts, the journal
//!   ▼
//! data                 all that a report says, bounded whatever the crawl's size
//!   ▼
//! render ── chart      throughput and latency, drawn as SVG
//!      └─── tables     everything else
//! save                 puts the file where it was asked for, over nothing but a report
//! ```
//!
//! A report is made of what the database says and of nothing else: the same rows give the same bytes.
//! It knows no terminal and no database but through [`crate::store::StoreReader`].

pub mod data;
pub mod gather;
mod latency;
mod render;
pub mod save;
mod settings;
mod text;
pub mod timeline;

pub use gather::gather;
pub use render::render;

use thiserror::Error;

use crate::store::StoreError;

/// Name of the file where none is given.
pub const DEFAULT_FILE: &str = "crawldeck-report.html";

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
