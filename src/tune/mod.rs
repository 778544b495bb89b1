//! `tune`: measures what each number of permits gives on a site, and says which to use.
//!
//! It drives a crawl through [`Snapshot`](crate::crawl::protocol::snapshot::Snapshot) and
//! [`Command`](crate::crawl::protocol::command::Command) alone, as a user does: the measured table and the
//! curve in the snapshot are what it reads.
//!
//! ```text
//! driver   the loop: snapshots in, commands out, lines of progress
//!   sweep  the plan, pure: which setting next, and when it was held long enough
//!     climb, refine, rate_search   the three parts of a sweep
//!     gather                       waits for enough URLs
//!     overload                     leaves a level at which requests fail
//!     hold, level                  what is being measured, what was measured
//!     limits, rate_range, end      what bounds it, why it ended
//! result   what came of it: table, knee, flags; as JSON
//!   render, plot                   as text, the curve in characters
//! ```

mod climb;
pub mod driver;
pub mod end;
mod gather;
mod hold;
pub mod level;
pub mod limits;
mod overload;
mod plot;
mod rate_range;
mod rate_search;
mod refine;
mod render;
pub mod result;
pub mod sweep;
