//! Latencies in ms, as the report counts them: exact below 128 ms, within 1 % above.

use crate::histogram::Histogram;

/// How often each latency, in ms, was seen.
pub type MillisHistogram = Histogram;
