//! Promise: the verdict names what limits the crawl, from the snapshots alone, and is steady.
#![allow(clippy::print_stdout, reason = "prints the table of the scenes")]

mod live;
mod recorded;
mod recording;
mod score;
mod signs;
mod sites;
