//! The engine, started as a library: its parts alone on a simulated clock, and whole crawls of
//! sites of this process. Each module is a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/closed_port.rs"]
mod closed_port;
#[path = "../support/crawl_simulation/mod.rs"]
mod crawl_simulation;
#[path = "../support/fixtures/mod.rs"]
mod fixtures;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/test_db.rs"]
mod test_db;
#[path = "../support/tls_server.rs"]
mod tls_server;
#[path = "../support/verdict_scenes/mod.rs"]
mod verdict_scenes;

mod autopilot;
mod clock_put_back;
mod crawl_safety;
mod degradation;
mod duplicate_seeds;
mod frontier;
mod gate;
mod guards;
mod host_commands;
mod host_pacing;
mod host_queues;
mod hostile;
mod live;
mod measured;
mod numbers;
mod panics;
mod protocol;
mod recrawl;
mod resend;
mod scenes;
mod silent_database;
mod slow_motion;
mod timeline;
mod tune;
mod verdict;
