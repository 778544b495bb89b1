//! Promise: `crawldeck report` says what is in the database, in one file that asks for nothing, obeys
//! nothing that a site wrote, and is written over nothing but a report.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;

#[path = "report/content.rs"]
mod content;
#[path = "report/course.rs"]
mod course;
#[path = "report/file.rs"]
mod file;
#[path = "report/html.rs"]
mod html;
#[path = "report/picture.rs"]
mod picture;
#[path = "report/rows.rs"]
mod rows;
#[path = "report/servers.rs"]
mod servers;
