//! Parameters that several parts of the autopilot share.

/// Permits that a crawl starts with.
pub(super) const FIRST_PERMITS: f64 = 4.0;
/// Factors of the first climb and of later ones.
pub(super) const CLIMB: f64 = 2.0;
pub(super) const CLIMB_AGAIN: f64 = 1.5;
/// Time between two probes, and after a move, in seconds.
pub const PROBE_EVERY: f64 = 14.0;
pub(super) const PROBE_AFTER_MOVE: f64 = 3.0;
/// The knee is this many times what pages per second and the low latency say.
pub(super) const KNEE_MARGIN: f64 = 1.07;
/// Permits that a computed knee may lower at once, as a share.
pub(super) const LARGEST_DROP: f64 = 0.3;
/// How long a ceiling after overload answers lasts at first and at most, in seconds.
pub(super) const OVERLOAD_MEMORY: (f64, f64) = (60.0, 960.0);
