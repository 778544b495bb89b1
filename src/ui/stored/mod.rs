//! Pages from the database: what the view wants of it, what came back, and the task that reads.
//!
//! ```text
//! App ── what it wants now ──▶ reading ──▶ the database
//!  ▲                             │
//!  └────── answers in parts ─────┘
//! ```
//!
//! `wanted` is the plain data of both ways, `reading` the task with its steps, `list`, `links` and `parents` what
//! the view keeps of the answers, `view` all three together. The view never waits: only the answer to the newest
//! question counts.

mod links;
mod list;
mod parents;
pub mod reading;
mod view;
pub mod wanted;

pub use self::links::{DetailParent, MAX_LINKS};
pub use self::list::{MAX_ROWS, StoredList};
pub use self::parents::{Parent, ParentUrls};
pub use self::reading::StoredSource;
pub use self::view::StoredView;
pub use self::wanted::ReadState;
