//! The article's strategies on the same workload, measured.
//!
//! ```text
//! strategy     their names                    progress  the state of a comparison
//! workload     the URLs to fetch              result    its outcome; table: the same as text
//! lower_bound  the minimum time that they take
//! race         runs the strategies: in turn, or all at once
//!   child        the parent's end of a process
//!   ipc          the messages between both          counters  of what a strategy has done
//!   strategies/  the child's end: one way to fetch a workload per file
//! ```
//!
//! Each strategy runs in a process of its own, so that its memory can be measured alone. The module
//! knows no terminal: it publishes [`progress::ComparisonProgress`] through a `watch` channel.

mod child;
mod counters;
pub mod ipc;
pub mod lower_bound;
pub mod progress;
pub mod race;
pub mod result;
pub mod strategies;
mod strategy;
pub mod table;
pub mod workload;

pub use strategy::Strategy;
