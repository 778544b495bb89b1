//! Detects crawler traps: endless sites, recognised by their URLs and by pages with the same content.
//!
//! The detector is called once for each new URL, under a lock, and takes about 1 µs. It counts by
//! hashes of patterns in maps that evict the least recently used, so its memory stays below about
//! 32 MiB for any crawl; an evicted pattern is counted from zero. This room knows neither frontier nor
//! store; they record the hits.

mod copies;
mod dates;
mod detector;
mod growth;
mod path;
mod pattern;
mod queries;
mod sessions;
mod shape;
mod trap_hit;

pub use copies::FetchedPage;
pub use detector::Traps;
#[cfg(feature = "internals")]
pub use trap_hit::TrapKind;
pub use trap_hit::{TrapHit, TrapStatus};
