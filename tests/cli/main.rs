//! The program as its user meets it: command line, configuration, README, `compare`. Each module is
//! a promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/crawl_rows.rs"]
mod crawl_rows;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/verdict_scenes.rs"]
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
mod other_modes;
mod reach;
mod readme;
mod secrets;
mod show_config;
mod signals;
mod small_site;
mod verdict_page;
