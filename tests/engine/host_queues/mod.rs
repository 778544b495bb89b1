//! Promise: each host is requested as gently as the strictest rule for it demands, none keeps the
//! others waiting, and what is remembered of it is bounded.
//!
//! The queues are called directly and the time is passed in, so that nothing sleeps; the crawl as a whole
//! runs where its order of events matters.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail by panicking; figures are for people"
)]

mod breaker;
mod forgetting;
mod host_model;
mod robots;
mod rotation;
mod strictest;
mod thousand;
mod user_rules;
