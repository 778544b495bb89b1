//! A request that may be sent again at once, in most cases because the server never processed it: its URL
//! goes back to its host's queue.
//!
//! That is no attempt, has no back-off, and says nothing about the host; the gap and the limit of the
//! host hold for the next request as for any other.

use crate::crawl::fetch::in_flight::InFlight;
use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::UrlTask;
use crate::web::http::{FetchError, RedirectChain};

/// Whether a request that failed with `error` is sent again at once; it is counted then.
pub fn may_resend(frontier: &Frontier, task: &mut UrlTask, error: &FetchError) -> bool {
    error.resend && {
        let answers = frontier.answers_of(task.target());
        task.resends.count(answers)
    }
}

/// Puts the URL at the head of its host's queue; `chain` are the redirects that led to it.
pub fn resend(
    frontier: &Frontier,
    mut task: Box<UrlTask>,
    chain: RedirectChain,
    error: &FetchError,
    in_flight: &mut InFlight<'_>,
) {
    tracing::debug!(url = %task.target(), error = %error.message, "the request is sent again");
    in_flight.end(None);
    task.resent += 1;
    if chain.hops().is_empty() {
        task.attempts -= 1;
    } else {
        task.chain = Some(Box::new(chain));
        task.continues_attempt = true;
    }
    frontier.requeue(task, None);
}
