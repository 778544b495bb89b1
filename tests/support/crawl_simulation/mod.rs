//! Simulated crawls in virtual time: servers, a client, controllers, and measures of what they gave.
//!
//! Everything follows from a seed; nothing reads a clock. The formulas of the servers are those of
//! the suite that the autopilot is compared on.

#![allow(dead_code, reason = "no test file uses everything")]

mod client;
pub mod controllers;
mod host;
pub mod measures;
pub mod random_servers;
pub mod rng;
mod run;
pub mod server;
mod serving;
pub mod suite;
pub mod table;

#[allow(unused_imports, reason = "no test file uses everything")]
pub use run::{CrawlLog, DURATION, MAX_PERMITS, Second, simulate};
