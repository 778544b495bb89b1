//! Tuning: what each setting gave, and what the dials should be.
//!
//! It knows no task and no clock: what was measured comes in, comparisons and commands go out.

pub mod autopilot;
pub mod block_series;
pub mod curve;
pub mod curve_level;
pub mod effect;
pub mod finished_requests;
pub mod latency_buckets;
pub mod littles_law;
pub mod measured_block;
pub mod measured_table;
pub mod open_change;
pub mod pin;
pub mod reading;
pub mod request_meter;
mod row_marks;
pub mod row_sums;
pub mod statistics;
pub mod timeline_recorder;
pub mod usl;
pub mod window;
