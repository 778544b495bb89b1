//! When requests came to a host, as the host saw it: what a test of politeness computes gaps from.
//!
//! It must not know what is answered, beyond the status.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Requests remembered per host; older ones are dropped.
const REMEMBERED: usize = 10_000;

/// The newest requests of one host in the order they came; `/times.json` of a host. Requests
/// for `/times.json` itself, `/truth.json` and `/load.json` are not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// How many older requests are no longer remembered.
    pub dropped: u64,
    /// The requests, oldest first.
    pub requests: Vec<Came>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Came {
    /// Path and query.
    pub path: String,
    /// When its head had been read, in ms since the host started, to the µs. tokio's clock, so a
    /// paused one is obeyed.
    pub ms: f64,
    /// What was answered; `None` while there is no answer, and for ever if there never is one
    /// (a connection that was cut or taken over).
    pub status: Option<u16>,
}

impl Times {
    /// The ms between each two requests that follow one another, of those that `counts` is true
    /// of: one fewer than there are requests.
    #[must_use]
    pub fn gaps(&self, counts: impl Fn(&Came) -> bool) -> Vec<f64> {
        let at: Vec<f64> =
            self.requests.iter().filter(|came| counts(came)).map(|came| came.ms).collect();
        // The difference of two such numbers is not quite one.
        let whole = |gap: f64| (gap * 1000.0).round() / 1000.0;
        at.windows(2).map(|pair| whole(pair[1] - pair[0])).collect()
    }
}

/// What is behind [`Times`].
#[derive(Debug)]
pub struct Record {
    start: Instant,
    /// Written by every request, twice.
    came: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number of the oldest that is remembered; a reset does not set it back.
    first: u64,
    dropped: u64,
    requests: VecDeque<Came>,
}

impl Default for Record {
    fn default() -> Self {
        Self { start: Instant::now(), came: Mutex::default() }
    }
}

impl Kept {
    fn forget(&mut self) {
        self.first += self.requests.len() as u64;
        self.dropped = 0;
        self.requests.clear();
    }
}

impl Record {
    /// The requests so far.
    pub fn read(&self) -> Times {
        let kept = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        Times { dropped: kept.dropped, requests: kept.requests.iter().cloned().collect() }
    }

    /// Forgets them; times go on from the host's start.
    pub fn reset(&self) {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }

    /// Notes a request; returns its number.
    pub fn came(&self, uri: &Uri) -> u64 {
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut kept = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.requests.len() == REMEMBERED {
            kept.requests.pop_front();
            kept.dropped += 1;
            kept.first += 1;
        }
        let number = kept.first + kept.requests.len() as u64;
        // Inside the lock, so that the order is the order of the times.
        let ms = self.start.elapsed().as_micros() as f64 / 1000.0;
        kept.requests.push_back(Came { path, ms, status: None });
        number
    }

    /// Notes the answer to the request of this number.
    pub fn answered(&self, number: u64, status: StatusCode) {
        let mut kept = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let at = number.checked_sub(kept.first).map(|at| at as usize);
        if let Some(came) = at.and_then(|at| kept.requests.get_mut(at)) {
            came.status = Some(status.as_u16());
        }
    }
}

/// The layer that notes every request.
pub async fn record(State(record): State<Arc<Record>>, request: Request, next: Next) -> Response {
    let number = record.came(request.uri());
    let response = next.run(request).await;
    record.answered(number, response.status());
    response
}

#[derive(Deserialize)]
struct Wish {
    reset: Option<String>,
}

/// The route that tells; to be added below the layer. With `?reset=1` it forgets first.
pub fn route<S: Clone + Send + Sync + 'static>(record: Arc<Record>) -> Router<S> {
    let tell = move |Query(wish): Query<Wish>| {
        if wish.reset.is_some_and(|reset| reset != "0") {
            record.reset();
        }
        std::future::ready(Json(record.read()))
    };
    Router::new().route("/times.json", get(tell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_newest_are_kept_in_order_and_gaps_are_between_those_that_count() {
        let record = Record::default();
        for n in 0..REMEMBERED as u64 + 5 {
            assert_eq!(record.came(&format!("/{n}").parse().unwrap()), n);
            tokio::time::advance(std::time::Duration::from_millis(10)).await;
        }
        // The first is no longer there.
        record.answered(0, StatusCode::OK);
        record.answered(6, StatusCode::TOO_MANY_REQUESTS);
        let times = record.read();
        assert_eq!((times.dropped, times.requests.len()), (5, REMEMBERED));
        let busy = Came { path: "/6".into(), ms: 60.0, status: Some(429) };
        assert_eq!(times.requests[1], busy);
        assert!(times.requests[0].status.is_none());
        let gaps = times.gaps(|came| came.path.ends_with('3'));
        assert!(gaps.iter().all(|gap| (gap - 100.0).abs() < 0.01), "{gaps:?}");
        assert_eq!(gaps.len(), REMEMBERED / 10 - 1);
        record.reset();
        assert_eq!(record.read(), Times::default());
        // A number from before the reset does not hit a later one.
        record.came(&Uri::from_static("/later"));
        record.answered(0, StatusCode::GONE);
        record.answered(5, StatusCode::GONE);
        assert_eq!(record.read().requests[0].status, None);
    }
}
