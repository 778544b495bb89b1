//! Promise: what a site makes up is left after a bounded number of requests, an ordinary site is
//! read to its end, and what was not read has a row that says why. Through the whole engine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod documents;
mod sitemaps;
mod stage;
mod traps;
