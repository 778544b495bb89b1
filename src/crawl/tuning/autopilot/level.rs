//! A measured level: what so many permits gave.

use crate::crawl::tuning::autopilot::step::ComparedPermits;

/// Pages per second and latency at one setting.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct AutopilotLevel {
    pub permits: f64,
    /// Good answers per second.
    pub rate: f64,
    /// Mean latency, in seconds.
    pub latency: f64,
    /// 95th percentile of the latency, in seconds.
    pub p95: f64,
    /// Standard error of the logarithms of `rate` and of `latency`.
    pub error: f64,
    /// Good answers that were counted.
    pub answers: f64,
    /// Whether permits were what limited: nearly all were in use.
    pub filled: bool,
}

/// Relative gain of pages per second over relative gain of permits, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Elasticity {
    pub value: f64,
    pub error: f64,
}

/// Whether two settings are the same: permits are whole numbers.
pub(super) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}

/// Length of a vector of two errors.
pub(super) fn combined(a: f64, b: f64) -> f64 {
    a.hypot(b)
}

impl AutopilotLevel {
    /// Logarithm of the gain of pages per second over `other`.
    pub(super) fn gain(&self, other: &Self) -> f64 {
        (self.rate.max(1e-6) / other.rate.max(1e-6)).ln()
    }

    /// Elasticity from `base` to this level; the server's noise is `dispersion` times that of a
    /// renewal process (a ratio of variances).
    pub(super) fn elasticity(&self, base: &Self, dispersion: f64) -> Elasticity {
        let step = (self.permits / base.permits).ln();
        let error = dispersion.sqrt() * combined(self.error, base.error);
        if same(self.permits, base.permits) {
            return Elasticity { value: 0.0, error: f64::INFINITY };
        }
        Elasticity { value: self.gain(base) / step, error: error / step.abs() }
    }

    /// Both levels, measured at the same permits, as one: pages and seconds are added up.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let answers = self.answers + other.answers;
        let mean = |a: f64, b: f64| a.mul_add(self.answers, b * other.answers) / answers.max(1.0);
        Self {
            rate: 1.0 / mean(1.0 / self.rate.max(1e-6), 1.0 / other.rate.max(1e-6)),
            latency: mean(self.latency, other.latency),
            p95: mean(self.p95, other.p95),
            error: 1.0 / combined(1.0 / self.error, 1.0 / other.error),
            answers,
            ..*self
        }
    }

    /// Both levels, measured at the same permits at different times, as one.
    pub(super) fn between(&self, other: &Self) -> Self {
        Self {
            rate: (self.rate * other.rate).sqrt(),
            latency: f64::midpoint(self.latency, other.latency),
            p95: f64::midpoint(self.p95, other.p95),
            error: combined(self.error, other.error) / 2.0,
            answers: self.answers + other.answers,
            ..*self
        }
    }
}

/// Both levels as a comparison, and as a line: `48 → 58: +9 % ± 3, p95 +3 %, kept`.
pub(super) fn compare(
    base: &AutopilotLevel,
    new: &AutopilotLevel,
    dispersion: f64,
    verdict: &str,
) -> (ComparedPermits, String) {
    let percent = |ln: f64| 100.0 * (ln.exp() - 1.0);
    let error = 196.0 * dispersion.sqrt() * combined(base.error, new.error);
    let tail = percent((new.p95.max(1e-6) / base.p95.max(1e-6)).ln());
    let (from, to, gain) = (base.permits, new.permits, percent(new.gain(base)));
    let compared = ComparedPermits {
        permits: (from as u32, to as u32),
        rate: (base.rate, new.rate),
        p95: (base.p95, new.p95),
        seconds: (base.answers / base.rate.max(1e-6), new.answers / new.rate.max(1e-6)),
        ci_percent: error,
    };
    let text =
        format!("{from:.0} → {to:.0}: {gain:+.0} % ± {error:.0}, p95 {tail:+.0} %, {verdict}");
    (compared, text.replace('-', "−"))
}
