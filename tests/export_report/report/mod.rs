//! Promise: `crawldeck report` says what is in the database, in one file that asks for nothing, obeys
//! nothing that a site wrote, and is written over nothing but a report.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod content;
mod course;
mod file;
mod html;
mod picture;
mod servers;
