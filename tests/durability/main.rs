//! Crawls of the whole program whose process or database fails: killed, taken over, locked, full,
//! dropped. Each module is a promise.
//!
//! `.ci/run` runs `disk_full` and `kill` in steps of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/closed_port.rs"]
mod closed_port;
#[path = "../support/gated_site.rs"]
mod gated_site;
#[path = "../support/server.rs"]
mod server;
#[macro_use]
#[path = "../support/stage.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

mod database_away;
mod database_gone;
mod disk_full;
mod earlier_version;
mod few_files;
mod kill;
mod server_dies;
mod server_failures;
mod server_silent;
mod two_processes;
