//! The stores as a library: what each database promises the crawl. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/closed_port.rs"]
mod closed_port;
#[path = "../support/cutting_proxy.rs"]
mod cutting_proxy;
#[path = "../support/server.rs"]
mod server;

mod bad_files;
mod contract;
