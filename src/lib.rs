//! crawldeck crawls a web site into a database while a dashboard shows the whole pipeline live.
//!
//! The names below are meant for programs that use the library: [`start`] (or [`resume`],
//! [`recrawl`]) runs a crawl with [`Settings`] into a [`Store`] that [`open_store`] opens; a running
//! [`Crawl`] gives out a [`Snapshot`] ten times a second and takes a [`Command`] at any time; its end
//! is a [`Summary`]; a [`StoreReader`] answers queries about the results. `examples/` holds three such
//! programs.
//!
//! The rooms of the crate, top to bottom; an import goes downwards only (`tests/architecture` proves
//! it, ARCHITECTURE.md explains it):
//!
//! ```text
//! program            the command-line program: runs a mode, maps the outcome to an exit code
//!   cli              flags, environment and file become settings
//!   ui               the dashboard (feature `tui`): draws snapshots, sends commands
//!   compare          the article's four strategies on the same work, measured
//!   tune             what each number of permits gives on a site, measured, and which to use
//!   headless         progress lines for pipes, cron and CI; signals
//!   lab              the built-in web site to crawl (feature `lab`)
//!   report, export   a crawl as one HTML file; tables as CSV and JSON, pages as sitemaps
//! crawl              the engine: frontier, producer, queue, workers behind the gate, saver
//!   web, store       what a page is; where results live: three traits, three databases
//!   settings         how a crawl runs: settings, dials, faults
//!   model            identities and states that every room speaks of
//! ```
//!
//! Two types join the engine to all that shows or drives it: [`Snapshot`] out, [`Command`] in. The
//! engine knows no terminal; the dashboard knows no HTTP and no SQL.
//!
//! The feature `internals` makes every room public for the tests and benchmarks of this package. It
//! promises nothing to anybody else.

mod atomic_file;
#[cfg(feature = "internals")]
pub mod cli;
#[cfg(not(feature = "internals"))]
mod cli;
#[cfg(feature = "internals")]
pub mod compare;
#[cfg(not(feature = "internals"))]
mod compare;
#[cfg(feature = "internals")]
pub mod crawl;
#[cfg(not(feature = "internals"))]
mod crawl;
#[cfg(feature = "internals")]
pub mod export;
#[cfg(not(feature = "internals"))]
mod export;
#[cfg(feature = "internals")]
pub mod headless;
#[cfg(not(feature = "internals"))]
mod headless;
mod histogram;
#[cfg(all(feature = "lab", feature = "internals"))]
pub mod lab;
#[cfg(all(feature = "lab", not(feature = "internals")))]
mod lab;
#[cfg(not(feature = "lab"))]
#[path = "lab/left_out.rs"]
mod lab;
mod lock;
pub mod model;
mod open_files;
mod panics;
mod process_memory;
#[doc(hidden)]
pub mod program;
#[cfg(feature = "internals")]
pub mod report;
#[cfg(not(feature = "internals"))]
mod report;
#[cfg(feature = "internals")]
pub mod semaphore;
#[cfg(not(feature = "internals"))]
mod semaphore;
pub mod settings;
mod small_file;
#[cfg(feature = "internals")]
pub mod store;
#[cfg(not(feature = "internals"))]
mod store;
#[cfg(feature = "internals")]
pub mod temp_folder;
#[cfg(not(feature = "internals"))]
mod temp_folder;
#[cfg(feature = "internals")]
pub mod terminal_text;
#[cfg(not(feature = "internals"))]
mod terminal_text;
#[cfg(feature = "internals")]
pub mod tune;
#[cfg(not(feature = "internals"))]
mod tune;
#[cfg(all(feature = "tui", feature = "internals"))]
pub mod ui;
#[cfg(all(feature = "tui", not(feature = "internals")))]
mod ui;
#[cfg(feature = "internals")]
pub mod units;
#[cfg(not(feature = "internals"))]
mod units;
#[cfg(feature = "internals")]
pub mod web;
#[cfg(not(feature = "internals"))]
mod web;

pub use crate::crawl::protocol;
pub use crate::crawl::protocol::command::{Command, HostCommand, Origin};
pub use crate::crawl::protocol::snapshot::{RunState, Snapshot};
pub use crate::crawl::protocol::summary::Summary;
pub use crate::crawl::protocol::verdict::{Advice, Limit, Verdict};
pub use crate::crawl::{Crawl, CrawlError, recrawl, resume, start};
pub use crate::settings::Settings;
pub use crate::settings::dials::{Dial, Dials, Setting};
pub use crate::settings::scope_kind::ScopeKind;
pub use crate::store::{
    Columns, CrawlInfo, OpenMode, RowSink, Store, StoreAdmin, StoreError, StoreReader, StoreWriter,
    Value, open as open_store,
};
