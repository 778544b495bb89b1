//! Retries: which failures deserve one, and how long to wait.

use std::time::Duration;

use crate::crawl::hosts::MAX_PAUSE;
use crate::web::http::{FailureKind, FetchError, Response};

/// Back-off stops doubling here: four fifths of the longest pause, which the jitter may reach.
pub const MAX_BACKOFF: Duration = Duration::from_secs(MAX_PAUSE.as_secs() / 5 * 4);
/// Jitter: the pause is multiplied by a random factor of 1 ± this.
pub const JITTER: f64 = 0.25;

/// How often and how patiently a URL is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum requests made for a URL.
    pub attempts: u32,
    /// Pause before the second; doubled for each further one.
    pub backoff: Duration,
    /// A server's `Retry-After` is honoured up to this.
    pub longest_retry_after: Duration,
}

/// Whether another attempt at an answered request may end better: 429 and the 5xx that pass.
#[must_use]
pub const fn status_is_retryable(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504 | 507..=508 | 520..=599)
}

impl RetryPolicy {
    /// The pause before the next attempt, if there is to be one. `attempts` have been made;
    /// `random` is uniform in 0..1.
    #[must_use]
    pub fn pause(
        &self,
        attempts: u32,
        outcome: &Result<Response, FetchError>,
        random: f64,
    ) -> Option<Duration> {
        let outcome = match outcome {
            Ok(answer) => Ok((answer.status, answer.retry_after)),
            Err(error) => Err(error.kind),
        };
        self.pause_of(attempts, outcome, random)
    }

    /// Likewise, by status and `Retry-After`, or by the kind of failure.
    #[must_use]
    pub fn pause_of(
        &self,
        attempts: u32,
        outcome: Result<(u16, Option<Duration>), FailureKind>,
        random: f64,
    ) -> Option<Duration> {
        let asked = match outcome {
            Ok((status, retry_after)) if status_is_retryable(status) => retry_after,
            Err(kind) if kind.is_retryable() => None,
            _ => return None,
        };
        if attempts >= self.attempts {
            return None;
        }
        let doubled = self.backoff.saturating_mul(1 << (attempts.saturating_sub(1)).min(20));
        let jittered =
            doubled.min(MAX_BACKOFF).mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0));
        Some(asked.map_or(jittered, |asked| jittered.max(asked.min(self.longest_retry_after))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(attempts: u32) -> RetryPolicy {
        let longest_retry_after = Duration::from_mins(5);
        RetryPolicy { attempts, backoff: Duration::from_secs(1), longest_retry_after }
    }

    fn status(status: u16, retry_after: Option<u64>) -> Response {
        Response {
            status,
            retry_after: retry_after.map(Duration::from_secs),
            ..Response::default()
        }
    }

    fn failure(kind: FailureKind) -> FetchError {
        FetchError::new(kind, String::new())
    }

    #[test]
    fn pauses_double_with_jitter_and_end() {
        let retry = policy(4);
        let pause = |n, r| retry.pause(n, &Ok(status(503, None)), r).map(|d| d.as_secs_f64());
        assert_eq!(pause(1, 0.5), Some(1.0));
        assert_eq!(pause(2, 0.5), Some(2.0));
        assert_eq!(pause(3, 0.5), Some(4.0));
        assert_eq!(pause(4, 0.5), None);
        assert_eq!((pause(1, 0.0), pause(1, 1.0)), (Some(0.75), Some(1.25)));
        let patient = policy(99);
        assert_eq!(patient.pause(60, &Ok(status(500, None)), 0.5), Some(MAX_BACKOFF));
    }

    #[test]
    fn what_is_tried_again_and_what_is_final() {
        let retry = policy(3);
        let again = |outcome| retry.pause(1, &outcome, 0.5).is_some();
        for code in [429, 500, 502, 503, 504] {
            assert!(again(Ok(status(code, None))), "{code}");
        }
        for code in [200, 301, 400, 401, 403, 404, 410, 501, 505] {
            assert!(!again(Ok(status(code, None))), "{code}");
        }
        for kind in [FailureKind::Connect, FailureKind::Timeout, FailureKind::Reset] {
            assert!(again(Err(failure(kind))), "{kind:?}");
        }
        for kind in [FailureKind::Tls, FailureKind::TooLarge, FailureKind::Redirect] {
            assert!(!again(Err(failure(kind))), "{kind:?}");
        }
    }

    #[test]
    fn retry_after_is_a_floor_with_a_ceiling() {
        let retry = policy(3);
        let pause = |after| retry.pause(1, &Ok(status(429, Some(after))), 0.5);
        assert_eq!(pause(7), Some(Duration::from_secs(7)));
        assert_eq!(pause(0), Some(Duration::from_secs(1)));
        assert_eq!(pause(86_400), Some(Duration::from_mins(5)));
    }
}
