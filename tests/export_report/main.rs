//! What is made of a database: `crawldeck export` and `crawldeck report`. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/crawl_rows.rs"]
mod crawl_rows;
#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code, reason = "not all of it is used here")]
#[path = "../support/tape/terminal.rs"]
mod terminal;

mod export;
mod report;
