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
mod histogram;
pub mod lab;
mod lock;
pub mod model;
mod process_memory;
pub mod report;
pub mod semaphore;
pub mod settings;
pub mod store;
#[cfg(feature = "tui")]
pub mod ui;
pub mod web;
