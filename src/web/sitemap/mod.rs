//! Reads sitemaps (sitemaps.org) as a stream: XML, index files, RSS, Atom, one URL per line; gzip.
//!
//! For any input, memory stays below about a megabyte and work is bounded by [`Limits`]. The entries
//! read before an error are kept. This room knows no HTTP: the caller passes the chunks.

mod item;
mod lastmod;
mod output;
mod reader;
mod text;
mod unpack;
mod xml;

#[cfg(feature = "internals")]
pub use item::{Counts, SitemapError};
pub use item::{Item, Limits};
pub use reader::SitemapReader;
