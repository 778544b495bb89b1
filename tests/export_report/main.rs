//! What is made of a database: `crawldeck export` and `crawldeck report`. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/mod.rs"]
mod common;
#[path = "../support/crawl_rows.rs"]
mod rows;

mod export;
mod report;
