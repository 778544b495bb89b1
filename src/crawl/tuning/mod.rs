//! Tuning: what each setting gave, and what the dials should be.
//!
//! It knows no task and no clock: what was measured comes in, comparisons and commands go out.

pub mod autopilot;
pub mod finished_requests;
pub mod latency_buckets;
pub mod reading;
