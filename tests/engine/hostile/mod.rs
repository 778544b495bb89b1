//! Promise: whatever a site does, the crawl ends, and each URL is a row that says what happened.
//!
//! Each case is a test; `cargo test --test engine the_table -- --ignored --nocapture` prints
//! all of them with their rows, for the README.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking"
)]

mod suite;

use std::fmt::Write as _;

use suite::{exchange, hosts, mazes};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs all the others again, to print them"]
async fn the_table() {
    let mut table = String::from("| case | what the site does | row |\n|---|---|---|\n");
    for (name, needs, case) in [exchange::CASES, mazes::CASES, hosts::CASES].concat() {
        let case = case();
        let what = case.what;
        let row = if needs.is_empty() { case.check().await } else { format!("({needs})") };
        let _ = writeln!(table, "| {} | {what} | {row} |", name.replace('_', " "));
    }
    println!("{table}");
}
