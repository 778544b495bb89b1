//! What a page is: fetching, parsing, URLs, robots.txt, sitemaps, traps. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/closed_port.rs"]
mod closed_port;
#[path = "../support/tls_server.rs"]
mod tls_server;
#[path = "../support/web_server.rs"]
mod web_server;

mod addresses;
mod fetch;
mod hostile;
mod identity;
mod links;
mod proxy;
mod robots;
mod safety;
mod seed_origins;
mod sitemap;
mod sitemap_forms;
mod tls;
mod traps;
mod unprocessed;
mod urls;
