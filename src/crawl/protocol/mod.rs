//! What crosses the line between the engine and all that shows or drives it: snapshots go out,
//! commands come in.
//!
//! Plain data; it imports `model` and `settings` only.

pub mod change;
pub mod command;
pub mod failure_hint;
pub mod flow;
pub mod history;
pub mod host_view;
pub mod overload;
pub mod page_view;
pub mod scene;
pub mod snapshot;
pub mod stages;
pub mod summary;
pub mod tuning;
pub mod verdict;
