//! The log of slow transactions and queries.

use std::time::{Duration, Instant};

/// A transaction or query that takes longer is logged.
const SLOW: Duration = Duration::from_secs(1);

/// Logs what took longer than a second.
pub(super) fn log_slow(what: &str, rows: usize, since: Instant) {
    let took = since.elapsed();
    if took > SLOW {
        tracing::warn!(rows, ms = took.as_millis() as u64, "slow database: {what}");
    }
}
