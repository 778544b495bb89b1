//! How busy the site is: requests in flight from arrival until the body is out.
//!
//! It must not know what is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A reading of the whole site, all four hosts; `/truth.json` and `/load.json` do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Requests that came and are not fully answered, queued ones included.
    pub in_flight: u64,
    /// The most at once since the start or the last reset.
    pub peak: u64,
    /// Requests since the start or the last reset.
    pub requests: u64,
}

/// The counters behind [`Load`].
#[derive(Debug, Default)]
pub struct Gauge {
    in_flight: AtomicU64,
    peak: AtomicU64,
    requests: AtomicU64,
}

impl Gauge {
    /// Counts a request in flight until the visit is dropped.
    pub fn arrive(self: &Arc<Self>) -> Visit {
        let now = self.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        self.peak.fetch_max(now, Ordering::AcqRel);
        self.requests.fetch_add(1, Ordering::AcqRel);
        Visit(Arc::clone(self))
    }

    /// The counters now.
    pub fn read(&self) -> Load {
        Load {
            in_flight: self.in_flight.load(Ordering::Acquire),
            peak: self.peak.load(Ordering::Acquire),
            requests: self.requests.load(Ordering::Acquire),
        }
    }

    /// Sets the peak back to what is in flight and the requests to 0.
    pub fn reset(&self) {
        self.peak.store(self.in_flight.load(Ordering::Acquire), Ordering::Release);
        self.requests.store(0, Ordering::Release);
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct Visit(Arc<Gauge>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
