//! Promise: what a site makes up is left after a bounded number of requests, an ordinary site is
//! read to its end, and what was not read has a row that says why. Through the whole engine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;
#[path = "guards/sitemaps.rs"]
mod sitemaps;
#[path = "guards/stage.rs"]
mod stage;
#[path = "guards/traps.rs"]
mod traps;
