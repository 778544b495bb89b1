//! A URL that is in flight: the frontier learns that it no longer is, whatever happens to the
//! request.

use std::sync::Arc;
use std::time::Duration;

use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::{Outcome, OutcomeEffect, host_of};
use crate::crawl::pipeline::request_start::RequestStart;
use crate::web::http::{FailureKind, FetchError};

/// Tells the frontier that a URL is no longer in flight, also when it is dropped.
pub struct InFlight<'a> {
    frontier: &'a Frontier,
    url: Arc<str>,
    start: Option<Arc<RequestStart>>,
    ended: bool,
}

impl<'a> InFlight<'a> {
    /// `url` was handed out.
    pub const fn new(frontier: &'a Frontier, url: Arc<str>) -> Self {
        Self { frontier, url, start: None, ended: false }
    }

    /// Its request has begun.
    pub fn begin(&mut self, start: Arc<RequestStart>) {
        self.start = Some(start);
    }

    /// It goes back to the frontier, which knows.
    pub const fn put_back(&mut self) {
        self.ended = true;
    }

    /// The request ended with this outcome of the host; `None` when the host had no part in it.
    pub fn end(&mut self, outcome: Option<Outcome>) -> OutcomeEffect {
        self.ended = true;
        let began = self.start.as_ref().and_then(|start| start.finish());
        let effect = self.frontier.ended(&self.url, began, outcome);
        if let Some(lowered) = effect.lowered {
            let host = &*host_of(&self.url);
            tracing::warn!(
                host,
                in_flight = lowered.from,
                limit = lowered.to,
                "host answers 503 with so many requests in flight: its limit is lowered"
            );
        }
        effect
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(None);
        }
    }
}

/// What a response, or the lack of one, says about its host.
pub fn host_outcome(
    result: &Result<(u16, Option<Duration>), &FetchError>,
    took: Duration,
) -> Option<Outcome> {
    match result {
        Ok((status, retry_after)) => {
            Some(Outcome::Answered { status: *status, retry_after: *retry_after, took })
        }
        Err(error) => match error.kind {
            // Neither was caused by the host.
            FailureKind::Refused(_) | FailureKind::Shortage(_) => None,
            FailureKind::Timeout
            | FailureKind::Reset
            | FailureKind::Truncated
            | FailureKind::Unprocessed => Some(Outcome::Unanswered { took }),
            _ => Some(error.status.map_or(Outcome::Unanswered { took }, |status| {
                Outcome::Answered { status, retry_after: error.retry_after, took }
            })),
        },
    }
}
