//! Promise: `--recrawl` asks only for what has changed, keeps what is as it was, and tells new,
//! changed, gone and same apart.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod binary;
mod engine;
