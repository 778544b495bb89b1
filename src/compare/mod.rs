//! The article's strategies on the same work, measured.
//!
//! ```text
//! list    what is fetched               board   the picture of a race
//! bound   how fast it can be at best    result  what came out; table, the same as text
//! race    runs them: in turn, or all at once
//!   child   the parent's end of a process      memory  of this process
//!   order   what goes in and out of it         tally   what a strategy has done so far
//!   strategy/  the other end: one way to fetch a list
//! ```
//!
//! Each strategy runs in a process of its own, so that memory is its own and nobody else's. It
//! knows no terminal: the [`board::Board`] goes out through a `watch` channel.

pub mod board;
pub mod bound;
mod child;
pub mod list;
pub mod order;
pub mod race;
pub mod result;
pub mod strategy;
pub mod table;
mod tally;

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A way to fetch a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One after the other, blocking.
    Sequential,
    /// Everything at once.
    Unlimited,
    /// At once, but for a semaphore of permits.
    Limited,
    /// The whole of crawldeck: permits, retries, parsing in threads, a database.
    Full,
    /// The lesson on threads: parsing in the event loop.
    Inline,
    /// The lesson on threads: parsing in the pool of blocking threads.
    Pool,
}

impl Strategy {
    /// The article's.
    pub const FOUR: [Self; 4] = [Self::Sequential, Self::Unlimited, Self::Limited, Self::Full];
    /// Those of the lesson on threads.
    pub const CPU: [Self; 2] = [Self::Inline, Self::Pool];

    /// Its word, on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Unlimited => "unlimited",
            Self::Limited => "limited",
            Self::Full => "full",
            Self::Inline => "inline",
            Self::Pool => "pool",
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Sequential => "one by one, blocking",
            Self::Unlimited => "everything at once",
            Self::Limited => "a semaphore of permits",
            Self::Full => "retries, threads, database",
            Self::Inline => "parsing in the event loop",
            Self::Pool => "parsing in the blocking pool",
        }
    }
}

impl Strategy {
    /// The same in at most 16 columns.
    #[must_use]
    pub const fn says_briefly(self) -> &'static str {
        match self {
            Self::Sequential => "one by one",
            Self::Unlimited => "all at once",
            Self::Limited => "by permits",
            Self::Full => "the whole engine",
            Self::Inline => "in the loop",
            Self::Pool => "in the pool",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
