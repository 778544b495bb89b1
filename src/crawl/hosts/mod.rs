//! The hosts: for each a queue of the URLs in memory, its pace and its state; and the choice of the
//! next URL among them.
//!
//! Hosts take turns. "May this host be requested now?" and "reserve the slot" are one step
//! ([`HostQueues::take`]): a host with a limit or a gap has at most that many URLs between here and
//! the end of their requests, and its next slot opens one gap after the last actual start.
//! Each host has room of its own in memory, so that no host keeps the others out; a host that is
//! slower than the others gets no more than its fair share of the permits. Hosts with nothing to
//! do are forgotten, the longest idle first, once there are many.

mod abandoned;
mod breaker;
mod cooldown;
mod give_up;
mod host;
mod host_name;
mod idle;
mod limits;
mod lowered_limit;
mod note_refusal;
mod outcome;
mod pace;
mod queues;
mod refill;
mod refusals;
mod requests;
mod resends;
mod robots;
mod robots_slot;
mod schedule;
mod sharing;
mod slow_start;
mod stats;
mod status;
mod url_task;
mod views;

#[cfg(feature = "internals")]
pub use self::{
    breaker::{Breaker, BreakerChange, JITTER},
    host::HostQueue,
    limits::{MAX_CONNECTED_HOSTS, MAX_IDLE_HOSTS, MAX_IN_MEMORY_PER_HOST},
    robots_slot::ROBOTS_EXPIRE,
};
pub use give_up::{GiveUp, skipped_host_of, skipped_host_reason};
pub use host_name::host_of;
pub use limits::{MAX_IN_MEMORY, MAX_PAUSE};
pub use outcome::{Outcome, OutcomeEffect};
pub use pace::Pace;
pub use queues::HostQueues;
pub use schedule::Taken;
pub use url_task::{DelayedTask, FetchPurpose, RequestCounts, UrlTask};
