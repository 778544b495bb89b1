//! The faults of a [`TestOrigin`](super::test_origin::TestOrigin): too busy, failing at random, or
//! down for a while.
//!
//! It must not know the normal responses. `robots.txt` is never busy and never fails at random, but
//! an outage includes it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::time::Instant;

use super::listener::ConnectionHandle;
use super::rng::{Rng, Topic};

/// The faults; none by default. Requests for `robots.txt` do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseFaults {
    /// Too busy for every n-th request.
    pub busy: Option<Busy>,
    /// A share of the requests fails.
    pub failing: Option<Failing>,
    /// Down for a while.
    pub outage: Option<Outage>,
}

/// Too busy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Which requests: every n-th, so 1 is all of them. 0 is none.
    pub every: u64,
    /// 429 or 503.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: RetryAfter,
}

/// The `Retry-After` header of a busy host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// No such header.
    Missing,
    /// `Retry-After: 120`.
    Seconds(u64),
    /// `Retry-After: Fri, 31 Dec 1999 23:59:59 GMT`: this long from now, rounded up to a whole second.
    Date(Duration),
}

/// Failing at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// Per cent of the requests; the n-th request fails in each run or in none.
    pub percent: u32,
    /// How a request fails.
    pub how: FailureMode,
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureMode {
    /// This status.
    Status(u16),
    /// The connection is closed without a response.
    Closed,
    /// There never is a response.
    Silent,
}

/// Down for a while: every connection is closed at its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// It begins after this many requests.
    pub after: u64,
    /// It ends this long after the first request that it affects.
    pub lasts: Duration,
}

/// The faults, and the state that decides which request meets one.
#[derive(Debug)]
pub(super) struct FaultState {
    faults: ResponseFaults,
    /// Requests so far, without those that an outage affected.
    count: AtomicU64,
    /// When the outage began; the first request that it affects sets it.
    outage_start: Mutex<Option<Instant>>,
    /// Down until this is false.
    pub(super) down: AtomicBool,
}

/// What happens to a request.
enum ChosenFault {
    None,
    Close,
    Silent,
    Status(u16, RetryAfter),
}

impl FaultState {
    pub(super) fn new(faults: ResponseFaults) -> Self {
        Self {
            faults,
            count: AtomicU64::new(0),
            outage_start: Mutex::default(),
            down: false.into(),
        }
    }

    fn is_down(&self) -> bool {
        if self.down.load(Ordering::Acquire) {
            return true;
        }
        let Some(outage) = self.faults.outage else { return false };
        if self.count.load(Ordering::Acquire) < outage.after {
            return false;
        }
        let mut start = self.outage_start.lock().unwrap_or_else(PoisonError::into_inner);
        start.get_or_insert_with(Instant::now).elapsed() < outage.lasts
    }

    /// Decides what happens to one request.
    fn decide(&self, path: &str) -> ChosenFault {
        if self.is_down() {
            return ChosenFault::Close;
        }
        if path == "/robots.txt" {
            return ChosenFault::None;
        }
        let number = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(busy) = &self.faults.busy
            && busy.every > 0
            && number.is_multiple_of(busy.every)
        {
            return ChosenFault::Status(busy.status, busy.retry_after);
        }
        match self.faults.failing {
            Some(Failing { percent, how })
                if Rng::new(number, 0, Topic::Kind).chance(percent.saturating_mul(10)) =>
            {
                match how {
                    FailureMode::Status(status) => ChosenFault::Status(status, RetryAfter::Missing),
                    FailureMode::Closed => ChosenFault::Close,
                    FailureMode::Silent => ChosenFault::Silent,
                }
            }
            _ => ChosenFault::None,
        }
    }
}

/// The layer that injects the faults.
pub(super) async fn inject(
    State(state): State<Arc<FaultState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
    next: Next,
) -> Response {
    match state.decide(request.uri().path()) {
        ChosenFault::None => next.run(request).await,
        ChosenFault::Close => {
            connection.close();
            // Not reached: this future is dropped with the connection.
            std::future::pending().await
        }
        ChosenFault::Silent => std::future::pending().await,
        ChosenFault::Status(status, retry_after) => status_response(status, retry_after),
    }
}

fn status_response(status: u16, retry_after: RetryAfter) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
    let header = match retry_after {
        RetryAfter::Missing => return (status, "come again\n").into_response(),
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(wait) => {
            let at = SystemTime::now() + wait + Duration::from_nanos(999_999_999);
            httpdate::fmt_http_date(at)
        }
    };
    (status, [(RETRY_AFTER, header)], "come again\n").into_response()
}
