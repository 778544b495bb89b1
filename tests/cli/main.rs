//! The program as its user meets it: command line, configuration, README, `compare`. Each module is
//! a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/crawl_rows.rs"]
mod crawl_rows;
#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod command_line;
mod compare;
mod configuration;
mod docs;
mod readme;
