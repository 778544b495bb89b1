//! The load of the site: requests in flight from arrival until the body is sent.
//!
//! It must not know the responses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A reading of the whole site, all hosts; `/truth.json` and `/load.json` do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Requests that arrived and whose responses are not fully sent, queued ones included.
    pub in_flight: u64,
    /// The maximum in flight since the start or the last reset.
    pub peak: u64,
    /// Requests since the start or the last reset.
    pub requests: u64,
}

/// The counters behind [`Load`].
#[derive(Debug, Default)]
pub struct LoadCounters {
    in_flight: AtomicU64,
    peak: AtomicU64,
    requests: AtomicU64,
}

impl LoadCounters {
    /// Counts a request in flight until the returned value is dropped.
    pub fn begin_request(self: &Arc<Self>) -> InFlightRequest {
        let now = self.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        self.peak.fetch_max(now, Ordering::AcqRel);
        self.requests.fetch_add(1, Ordering::AcqRel);
        InFlightRequest(Arc::clone(self))
    }

    /// The counters now.
    pub fn read(&self) -> Load {
        Load {
            in_flight: self.in_flight.load(Ordering::Acquire),
            peak: self.peak.load(Ordering::Acquire),
            requests: self.requests.load(Ordering::Acquire),
        }
    }

    /// Sets the peak to the requests in flight now, and the requests to 0.
    pub fn reset(&self) {
        self.peak.store(self.in_flight.load(Ordering::Acquire), Ordering::Release);
        self.requests.store(0, Ordering::Release);
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlightRequest(Arc<LoadCounters>);

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
