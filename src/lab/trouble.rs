//! When an [`Origin`](super::origin::Origin) does not answer as it should: too busy, failing
//! now and then, down for a while.
//!
//! It must not know what it would answer otherwise. `robots.txt` is never busy and never fails,
//! but a host that is down is down altogether.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::time::Instant;

use super::dice::{Dice, Topic};
use super::door::Cut;

/// What may go wrong with each request; nothing by default. Requests for `robots.txt` do not
/// count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Too busy for every n-th request.
    pub busy: Option<Busy>,
    /// A part of the requests fails.
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
    /// When to come again.
    pub retry_after: RetryAfter,
}

/// What a busy host says about when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    Unsaid,
    /// `Retry-After: 120`.
    Seconds(u64),
    /// `Retry-After: Fri, 31 Dec 1999 23:59:59 GMT`: so far from now, rounded up to a whole second.
    Date(Duration),
}

/// Failing now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// How many of a hundred, by chance, but the same of the same count of requests.
    pub percent: u32,
    /// How.
    pub how: Failure,
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// This status.
    Status(u16),
    /// The connection is closed instead of an answer.
    Closed,
    /// There never is an answer.
    Silent,
}

/// Down for a while: every connection is closed at its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// It begins when so many requests were answered.
    pub after: u64,
    /// It ends so long after the first request that it hit.
    pub lasts: Duration,
}

/// What is wrong now.
#[derive(Debug)]
pub(super) struct Switch {
    trouble: Trouble,
    /// Requests so far but those that an outage hit.
    count: AtomicU64,
    /// When the outage began; set by the request that finds it due.
    since: Mutex<Option<Instant>>,
    /// Down until told otherwise.
    pub(super) down: AtomicBool,
}

/// What a request meets.
enum Fate {
    Answered,
    Closed,
    Silent,
    Busy(u16, RetryAfter),
}

impl Switch {
    pub(super) fn new(trouble: Trouble) -> Self {
        Self { trouble, count: AtomicU64::new(0), since: Mutex::default(), down: false.into() }
    }

    fn is_down(&self) -> bool {
        if self.down.load(Ordering::Acquire) {
            return true;
        }
        let Some(outage) = self.trouble.outage else { return false };
        if self.count.load(Ordering::Acquire) < outage.after {
            return false;
        }
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.get_or_insert_with(Instant::now).elapsed() < outage.lasts
    }

    /// Decides on one request.
    fn fate(&self, path: &str) -> Fate {
        if self.is_down() {
            return Fate::Closed;
        }
        if path == "/robots.txt" {
            return Fate::Answered;
        }
        let number = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(busy) = &self.trouble.busy
            && busy.every > 0
            && number.is_multiple_of(busy.every)
        {
            return Fate::Busy(busy.status, busy.retry_after);
        }
        match self.trouble.failing {
            Some(Failing { percent, how })
                if Dice::new(number, 0, Topic::Kind).chance(percent.saturating_mul(10)) =>
            {
                match how {
                    Failure::Status(status) => Fate::Busy(status, RetryAfter::Unsaid),
                    Failure::Closed => Fate::Closed,
                    Failure::Silent => Fate::Silent,
                }
            }
            _ => Fate::Answered,
        }
    }
}

/// The layer that makes the trouble.
pub(super) async fn meddle(
    State(switch): State<Arc<Switch>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    match switch.fate(request.uri().path()) {
        Fate::Answered => next.run(request).await,
        Fate::Closed => {
            cut.now();
            // Not reached: the connection is gone, and this with it.
            std::future::pending().await
        }
        Fate::Silent => std::future::pending().await,
        Fate::Busy(status, retry_after) => busy(status, retry_after),
    }
}

fn busy(status: u16, retry_after: RetryAfter) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
    let said = match retry_after {
        RetryAfter::Unsaid => return (status, "come again\n").into_response(),
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(wait) => {
            let at = SystemTime::now() + wait + Duration::from_nanos(999_999_999);
            httpdate::fmt_http_date(at)
        }
    };
    (status, [(RETRY_AFTER, said)], "come again\n").into_response()
}
