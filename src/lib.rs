//! crawldeck: a web crawler that you fly by hand.
//!
//! The map of the house; dependencies point downwards only:
//!
//! ```text
//! main ─ cli ─ config  flags, environment and file become settings
//!   │
//!   ├── ui         the dashboard (feature `tui`): draws snapshots, sends commands
//!   ├── headless   progress lines and JSON for pipes, cron and CI
//!   ├── compare    the article's strategies on the same work, measured
//!   ├── lab        the built-in web site to crawl
//!   ├── report     a crawl as one HTML file
//!   ├── export     tables as CSV and JSON, pages as sitemaps
//!   ▼
//! crawl            the engine: frontier → producer → queue → workers (gate) → saver
//!   │
//!   ├── fault      what can be made slow or broken on purpose, here and in the lab
//!   ├── web        what a page is: URLs, fetching, links
//!   └── store      where results live: one trait, three databases behind it
//! ```
//!
//! One URL's way: `frontier` (known) → `producer` (its host may be asked) → `queue` → `workers`
//! → `gate` (a permit) → `web::fetch` → `web::harvest` (title, links) → `outbox` → `saver` (one
//! transaction) → done, and the URLs found on it are in the frontier.
//!
//! Two types join the engine to all that shows or drives it: [`crawl::snapshot::Snapshot`]
//! out, [`crawl::command::Command`] in. The engine knows no terminal; the dashboard knows
//! no HTTP and no SQL.

pub mod cli;
pub mod compare;
pub mod crawl;
pub mod crawls;
pub mod export;
pub mod headless;
#[cfg(feature = "lab")]
pub mod lab;
#[cfg(not(feature = "lab"))]
#[path = "lab/left_out.rs"]
pub mod lab;
mod lock;
pub mod model;
pub mod report;
pub mod settings;
pub mod store;
#[cfg(feature = "tui")]
pub mod ui;
pub mod units;
pub mod web;

pub use crate::crawl::protocol::command::{Command, HostCommand, Origin};
pub use crate::crawl::protocol::snapshot::{RunState, Snapshot};
pub use crate::crawl::protocol::summary::Summary;
pub use crate::crawl::protocol::verdict::{Advice, Limit, Verdict};
pub use crate::crawl::{Crawl, CrawlError, recrawl, resume, start};
pub use crate::settings::dials::{Dial, Dials, Setting};
pub use crate::settings::scope_kind::ScopeKind;
pub use crate::settings::{Credentials, FetchSettings, Settings};
pub use crate::store::{
    Columns, CrawlInfo, OpenMode, RowSink, Store, StoreAdmin, StoreError, StoreReader, StoreWriter,
    Value, open as open_store,
};
