//! Promise: `crawldeck export` gives every row of a table, the same from every database, in
//! forms that other programs read and that make none of them run anything.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod forms;
mod sitemaps;
mod targets;
mod terminal;
mod test_db;
