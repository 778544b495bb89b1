//! Results for other programs: tables as CSV or as lines of JSON, pages as a sitemap.
//!
//! ```text
//! run                     one export from beginning to end
//! tables ── condition     the query
//!   ▼
//! StoreReader::select     rows, one after the other
//!   ▼
//! rows, sitemap           how they are written
//!   ▼
//! target                  where: standard output, or a file that is there only when it is whole
//! ```
//!
//! It works while a crawl runs, and knows no terminal but standard output.

mod condition;
mod error;
mod rows;
mod run;
mod sitemap;
mod tables;
mod target;

pub use condition::condition;
pub use error::ExportError;
pub use run::{Export, Format, export};
pub use tables::{ExportTable, TABLES};
pub use target::Target;
