//! The frontier: every URL known and not yet done, and the counts of all of them.
//!
//! It is a store, not a channel: putting a URL in never waits. A bounded part of it is in memory,
//! in one queue for each host ([`HostQueues`](crate::crawl::hosts::HostQueues)); what does not fit stays in
//! the database and is read back in order of discovery.
//! One short lock guards the seen-set, the host queues, the retries, the pending batch and the
//! counters together, so "mark as seen" is one step with "insert", and whether the crawl is
//! complete (`open == 0`) is decided under that lock.
//!
//! [`Frontier`] is the only way in: nobody else sees what the lock guards. Each of its methods
//! stands in the file of its subject.

mod completion;
mod dispatch;
mod edit;
mod exclude;
mod exclusion;
mod exclusions;
mod front;
mod host_control;
mod intake;
mod link;
mod page_view;
mod readings;
mod refill;
mod request_counts;
mod saving;
mod seen;
mod site_files;
mod sitemaps;
mod start;
mod state;
mod timeline_rows;
mod write_batch;

pub use completion::Finished;
pub use dispatch::Next;
pub use edit::FrontierEdit;
pub use exclusion::{excluded_reason, undone_seed_reason};
pub use exclusions::{Exclusions, Restoration};
pub use front::Frontier;
pub use link::{FoundLink, FoundUrl};
pub use page_view::page_view;
pub use readings::{ReadingsCursor, ReadingsRequest};
pub use sitemaps::{Sitemaps, are_read, sitemap_row};
pub use start::{Admission, FrontierStart};
pub use write_batch::BatchCost;
#[cfg(feature = "internals")]
pub use write_batch::MAX_BATCH_WAIT;
