//! A crawl as one HTML file: its results, its course over time, the changes made while it ran.
//!
//! ```text
//! gather ── pages      one pass over the pages: totals, statuses, timeline, the slowest
//!   │  └─── lists      broken links, reasons, redirects, duplicates, hosts, the journal
//!   ▼
//! data                 all that a report shows, bounded whatever the crawl's size
//!   ▼
//! render ── chart      throughput and latency, drawn as SVG
//!      └─── overview, course, lists
//! save                 writes the file, and replaces nothing but a report
//! ```
//!
//! A report depends on the rows of the database alone: the same rows give the same bytes. It knows
//! no terminal, and the database only through [`crate::store::StoreReader`].

pub mod data;
mod error;
pub mod gather;
mod latency;
mod render;
pub mod save;
mod settings;
mod text;
pub mod timeline;

pub use error::ReportError;
pub use gather::gather;
pub use render::render;
pub use save::DEFAULT_FILE;
