//! How a request ended for its host, and what that means for others.

use std::time::Duration;

use crate::crawl::hosts::lowered_limit::LimitLowered;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// With this status.
        status: u16,
        /// The cooldown it demands.
        retry_after: Option<Duration>,
        /// Start of the request to the end of the body.
        took: Duration,
    },
    /// It was not.
    Unanswered {
        /// Time until it was given up.
        took: Duration,
    },
}

/// What an outcome means for others than the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeEffect {
    /// Whether a failure counts among the attempts of its URL: not while the whole host is down
    /// or demands a cooldown, or answers 503 because too many were in flight.
    pub counts: bool,
    /// For how long the breaker opened, if it did.
    pub opened: Option<Duration>,
    /// Whether the breaker closed.
    pub closed: bool,
    /// Whether the host demands a cooldown.
    pub refused: bool,
    /// Its limit was lowered.
    pub lowered: Option<LimitLowered>,
}
