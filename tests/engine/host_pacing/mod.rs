//! Promise: a host is requested no sooner than the strictest of all rules allows, and one host's
//! failures do not affect another.
#![allow(clippy::vec_box, reason = "tasks come boxed, and go back as they came")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod breaker;
mod host_model;
mod lowered;
mod robots;
mod sharing;
mod strictest;
mod thousand;
