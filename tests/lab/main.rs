//! The lab: the site, its truth and its faults. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod crawler;
mod faults;
mod origin;
mod site;
mod truth;
