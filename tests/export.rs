//! Promise: `crawldeck export` gives every row of what is asked for, the same from every database, in
//! forms that other programs read and that make none of them run anything.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;

#[path = "export/forms.rs"]
mod forms;
#[path = "report/rows.rs"]
mod rows;
#[path = "export/sitemaps.rs"]
mod sitemaps;
#[path = "export/stand.rs"]
mod stand;
#[path = "export/targets.rs"]
mod targets;
