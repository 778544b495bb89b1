//! How often requests failed because this machine is short of something.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::web::http::Shortage;

/// Requests that failed for a shortage.
#[derive(Debug, Default)]
pub struct Shortages {
    counts: [AtomicU64; Shortage::ALL.len()],
    /// Fewest requests in flight besides one that failed so, since the last reading, plus 1; 0: none did.
    fewest: AtomicU64,
}

/// The shortages up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShortageReading {
    /// How often each was met since the start, in the order of [`Shortage::ALL`].
    pub counts: [u64; Shortage::ALL.len()],
    /// Fewest requests in flight besides one that failed so, since the reading before.
    pub in_flight: Option<u32>,
}

impl Shortages {
    /// Counts a request that failed so while so many others were in flight.
    pub fn note(&self, shortage: Shortage, in_flight: u32) {
        let fewer = |fewest| {
            (fewest == 0 || u64::from(in_flight) + 1 < fewest).then_some(u64::from(in_flight) + 1)
        };
        let _ = self.fewest.fetch_update(Relaxed, Relaxed, fewer);
        self.counts[shortage as usize].fetch_add(1, Relaxed);
    }

    /// Reads them; the fewest in flight count anew from here on.
    pub fn read(&self) -> ShortageReading {
        let counts = std::array::from_fn(|at| self.counts[at].load(Relaxed));
        let fewest = self.fewest.swap(0, Relaxed);
        ShortageReading { counts, in_flight: fewest.checked_sub(1).map(|n| n as u32) }
    }
}
