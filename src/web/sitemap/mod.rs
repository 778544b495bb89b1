//! Sitemaps (sitemaps.org), read as they arrive: XML, index files, RSS, Atom, one URL a line; gzip.
//!
//! Whatever comes, memory stays below about a megabyte and work is bounded by [`Limits`]. What
//! was read before something went wrong counts. It knows no HTTP: chunks come from elsewhere.

mod item;
mod lastmod;
mod output;
mod reader;
mod text;
mod unpack;
mod xml;

pub use item::{Counts, Item, Limits, SitemapError};
pub use reader::SitemapReader;
