//! What is known of the rate that a server allows.

/// The rate between one that was allowed and one that was refused, in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The highest rate that was allowed.
    pub allowed: f64,
    /// The lowest rate that was refused.
    pub refused: f64,
    /// Whether `allowed` was measured.
    pub is_known: bool,
    /// Permits with which it is searched.
    pub(super) permits: u32,
}

impl RateRange {
    /// The rate in the middle of both, as factors.
    pub(super) fn middle(&self) -> f64 {
        round((self.allowed * self.refused).sqrt())
    }
}

/// As a user would type it.
pub(super) fn round(rate: f64) -> f64 {
    if rate >= 20.0 { rate.round() } else { (rate * 10.0).round() / 10.0 }
}
