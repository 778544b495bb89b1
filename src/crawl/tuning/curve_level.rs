//! One level of permits that was measured: a point of the curve.

use crate::crawl::protocol::tuning::CurvePoint;
use crate::crawl::tuning::row_sums::RowSums;
use crate::crawl::tuning::statistics::MeanError;

/// Share of the permits that must be in use, and how many may be free besides.
const IN_USE: (f64, f64) = (0.9, 0.5);

/// One level of permits that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveLevel {
    /// Maximum requests in flight.
    pub permits: u32,
    /// Pages per second.
    pub pages: MeanError,
    /// Mean latency in seconds.
    pub latency: MeanError,
    /// 95th percentile of the latency in ms.
    pub p95_ms: f64,
    /// Answered requests for each page.
    pub requests_per_page: f64,
    /// Whether the permits were in use: otherwise something else was the limit.
    pub full: bool,
}

impl CurveLevel {
    /// The level that a row was measured at; `None` when nothing was answered.
    #[must_use]
    pub fn of(sums: &RowSums) -> Option<Self> {
        let permits = sums.setting.permits;
        Some(Self {
            permits,
            pages: sums.rate(),
            latency: sums.mean_latency()?,
            p95_ms: sums.row().p95_ms,
            requests_per_page: sums.requests_per_page(),
            full: sums.mean_in_flight() >= IN_USE.0 * f64::from(permits) - IN_USE.1,
        })
    }

    pub(super) fn point(&self) -> CurvePoint {
        CurvePoint {
            permits: self.permits,
            pages_per_s: self.pages.interval(),
            p95_ms: self.p95_ms,
        }
    }

    /// Answered requests per second.
    pub(super) fn requests_per_s(&self) -> f64 {
        self.pages.mean * self.requests_per_page
    }
}
