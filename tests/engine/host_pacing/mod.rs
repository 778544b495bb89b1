//! Promise: a host is asked no sooner than the strictest of all that holds, whoever said it, and
//! one host's trouble is not another's.
#![allow(clippy::vec_box, reason = "entries come boxed, and go back as they came")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod breaker;
mod host_model;
mod robots;
mod sharing;
mod strictest;
mod thousand;
