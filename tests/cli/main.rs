//! The program as its user meets it: command line, configuration, README, `compare`. Each module is
//! a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/closed_port.rs"]
mod closed_port;
#[path = "../support/crawl_rows.rs"]
mod crawl_rows;
#[path = "../support/gated_site.rs"]
mod gated_site;
#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code, reason = "not all of it is used here")]
#[path = "../support/tape/terminal.rs"]
mod terminal;
#[path = "../support/verdict_scenes/mod.rs"]
mod verdict_scenes;

mod bad_input;
mod bad_site;
mod command_line;
mod compare;
mod configuration;
mod configured;
mod crawl_list;
mod docs;
mod examples;
mod exit_reasons;
mod file_here;
mod key_bindings;
mod leftovers;
mod limits;
mod no_answer;
mod other_modes;
mod outputs;
mod reach;
mod readme;
mod secrets;
mod show_config;
mod signals;
mod small_site;
mod terminal_closed;
mod tune;
mod verdict_page;
