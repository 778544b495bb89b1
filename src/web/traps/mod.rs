//! Traps: endless sites, told by the look of their URLs and by pages that hold the same.
//!
//! Asked once for each new URL, under a lock: about a microsecond. It counts by hashes of patterns
//! in maps that forget the least used, so its memory stays below about 32 MiB whatever the crawl;
//! what it forgets is counted anew. It knows neither frontier nor store; what is caught is theirs
//! to record.

mod copies;
mod dates;
mod detector;
mod growth;
mod memory;
mod path;
mod pattern;
mod queries;
mod sessions;
mod shape;
mod trap_hit;

pub use copies::FetchedPage;
pub use detector::Traps;
pub use trap_hit::{TrapHit, TrapKind, TrapStatus};
