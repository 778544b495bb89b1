//! The dashboard: its screens on a buffer, and the whole program on a terminal. Each module is a
//! promise.
#![cfg(feature = "tui")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../support/fixtures/mod.rs"]
mod fixtures;
#[path = "../support/tape/mod.rs"]
mod tape;

mod any_input;
mod app;
mod axes;
mod deck;
mod demo_tape;
mod faults;
mod glossary;
mod host_keys;
mod idle;
mod keyboard;
mod large;
mod lists;
mod mouse;
mod palette;
mod picture;
mod race;
mod rebound_keys;
mod scenes;
mod screen;
mod sizes;
mod slow_motion;
mod stored;
mod tabs;
mod terminal;
mod tour;
mod words;
