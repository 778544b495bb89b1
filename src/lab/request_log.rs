//! The newest requests to a host with their times, from which tests of politeness compute gaps.
//!
//! It must not know the responses, except for the status.

use std::collections::VecDeque;
#[cfg(feature = "internals")]
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "internals")]
use axum::{Json, Router, extract::Query, routing::get};
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Requests kept per host; older ones are dropped.
const CAPACITY: usize = 10_000;

/// The newest requests of one host in order of arrival; `/times.json` of a host. Requests
/// for `/times.json` itself, `/truth.json` and `/load.json` are not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestLog {
    /// How many older requests were dropped.
    pub dropped: u64,
    /// The requests, oldest first.
    pub requests: Vec<LoggedRequest>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// Path and query.
    pub path: String,
    /// When its head had been read, in ms since the host started, to the µs. It is tokio's clock,
    /// which a test can pause.
    pub ms: f64,
    /// The status of the response; `None` while there is none, and for ever on a connection that
    /// was closed or taken over.
    pub status: Option<u16>,
}

/// Records the requests of one host for [`RequestLog`].
#[derive(Debug)]
pub struct RequestRecorder {
    start: Instant,
    /// Every request writes it twice: at its arrival and with its response.
    recent: Mutex<RecentRequests>,
}

#[derive(Debug, Default)]
struct RecentRequests {
    /// The number of the oldest request kept; a reset does not set it back.
    first: u64,
    dropped: u64,
    requests: VecDeque<LoggedRequest>,
}

impl Default for RequestRecorder {
    fn default() -> Self {
        Self { start: Instant::now(), recent: Mutex::default() }
    }
}

impl RecentRequests {
    fn clear(&mut self) {
        self.first += self.requests.len() as u64;
        self.dropped = 0;
        self.requests.clear();
    }
}

impl RequestRecorder {
    /// The requests so far.
    pub fn read(&self) -> RequestLog {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        RequestLog { dropped: recent.dropped, requests: recent.requests.iter().cloned().collect() }
    }

    /// Drops them; times still count from the start of the host.
    pub fn reset(&self) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Records a request; returns its number.
    pub fn request(&self, uri: &Uri) -> u64 {
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.requests.len() == CAPACITY {
            recent.requests.pop_front();
            recent.dropped += 1;
            recent.first += 1;
        }
        let number = recent.first + recent.requests.len() as u64;
        // Inside the lock, so that the order is the order of the times.
        let ms = self.start.elapsed().as_micros() as f64 / 1000.0;
        recent.requests.push_back(LoggedRequest { path, ms, status: None });
        number
    }

    /// Records the status of the response to the request of this number.
    pub fn response(&self, number: u64, status: StatusCode) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = number.checked_sub(recent.first).map(|at| at as usize);
        if let Some(request) = at.and_then(|at| recent.requests.get_mut(at)) {
            request.status = Some(status.as_u16());
        }
    }
}

/// The query of `/times.json`.
#[derive(Debug, Deserialize)]
pub struct TimesQuery {
    reset: Option<String>,
}

impl RequestRecorder {
    /// The response to `/times.json`. With `?reset=1` it drops the requests first.
    pub fn answer(&self, query: &TimesQuery) -> RequestLog {
        if query.reset.as_ref().is_some_and(|reset| reset != "0") {
            self.reset();
        }
        self.read()
    }
}

/// The route `/times.json` of one host, to be added below the layer.
#[cfg(feature = "internals")]
pub fn route<S: Clone + Send + Sync + 'static>(recorder: Arc<RequestRecorder>) -> Router<S> {
    let respond =
        move |Query(query): Query<TimesQuery>| std::future::ready(Json(recorder.answer(&query)));
    Router::new().route("/times.json", get(respond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_newest_are_kept_in_order_and_gaps_are_between_those_that_count() {
        let recorder = RequestRecorder::default();
        for n in 0..CAPACITY as u64 + 5 {
            assert_eq!(recorder.request(&format!("/{n}").parse().unwrap()), n);
            tokio::time::advance(std::time::Duration::from_millis(10)).await;
        }
        // The first request was dropped.
        recorder.response(0, StatusCode::OK);
        recorder.response(6, StatusCode::TOO_MANY_REQUESTS);
        let times = recorder.read();
        assert_eq!((times.dropped, times.requests.len()), (5, CAPACITY));
        let busy = LoggedRequest { path: "/6".into(), ms: 60.0, status: Some(429) };
        assert_eq!(times.requests[1], busy);
        assert!(times.requests[0].status.is_none());
        let gaps = times.gaps(|request| request.path.ends_with('3'));
        assert!(gaps.iter().all(|gap| (gap - 100.0).abs() < 0.01), "{gaps:?}");
        assert_eq!(gaps.len(), CAPACITY / 10 - 1);
        recorder.reset();
        assert_eq!(recorder.read(), RequestLog::default());
        // A number from before the reset does not hit a later one.
        recorder.request(&Uri::from_static("/later"));
        recorder.response(0, StatusCode::GONE);
        recorder.response(5, StatusCode::GONE);
        assert_eq!(recorder.read().requests[0].status, None);
    }
}
