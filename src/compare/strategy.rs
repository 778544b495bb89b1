//! The strategies that are compared.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A way to fetch a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One after the other, blocking.
    Sequential,
    /// Everything at once.
    Unlimited,
    /// A semaphore of permits limits the requests in flight.
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

    /// Its name on the command line and in JSON.
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
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sequential => "one by one, blocking",
            Self::Unlimited => "everything at once",
            Self::Limited => "a semaphore of permits",
            Self::Full => "retries, threads, database",
            Self::Inline => "parsing in the event loop",
            Self::Pool => "parsing in the blocking pool",
        }
    }

    /// The same in a maximum of 16 columns.
    #[cfg(feature = "tui")]
    #[must_use]
    pub const fn short_description(self) -> &'static str {
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
