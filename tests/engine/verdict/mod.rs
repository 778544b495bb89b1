//! Promise: the verdict names what limits the crawl, from the snapshots alone, and is steady.

mod live;
mod recorded;
mod recording;
mod score;
mod signs;
mod sites;
