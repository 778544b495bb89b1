//! A request that may be sent again at once, in most cases because the server never processed it: its URL
//! goes back to its host's queue.
//!
//! That is no attempt, has no back-off, and says nothing about the host; the gap and the limit of the
//! host hold for the next request as for any other.

use crate::crawl::fetch::in_flight::InFlight;
use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::UrlTask;
use crate::web::http::{FetchError, RedirectChain};

/// Maximum number of requests for a URL that are sent again in this way; a further one that fails so is a
/// failure of its host.
const MAX_UNPROCESSED: u32 = 10;

/// Whether a request that failed with `error` is sent again at once.
pub fn may_resend(task: &UrlTask, error: &FetchError) -> bool {
    error.resend && task.unprocessed < MAX_UNPROCESSED
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
    task.unprocessed += 1;
    task.resent += 1;
    if chain.hops().is_empty() {
        task.attempts -= 1;
    } else {
        task.chain = Some(Box::new(chain));
        task.continues_attempt = true;
    }
    frontier.requeue(task, None);
}
