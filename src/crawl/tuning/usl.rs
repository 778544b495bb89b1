//! The universal scalability law, fitted to levels whose pages per second fall again with more permits.
//!
//! Pages/s = gamma·n / (1 + alpha·(n − 1) + beta·n·(n − 1)), alpha and beta not below 0. Where pages per second
//! only stop rising, two of its three parameters are not determined, so no fit is made.

use crate::crawl::protocol::tuning::UslFit;
use crate::crawl::tuning::curve_level::CurveLevel;

/// Least levels: one more than there are parameters.
const LEAST_LEVELS: usize = 4;
/// Least share of the variance that a good fit explains.
const GOOD_FIT: f64 = 0.9;
/// Steps of the search; it stops earlier where nothing improves.
const STEPS: usize = 200;

/// The fit, where the highest level is below the best one beyond both intervals and the fit is good.
#[must_use]
pub fn fit_retrograde(levels: &[CurveLevel]) -> Option<UslFit> {
    let last = levels.last()?.pages.interval();
    let best = levels.iter().map(|level| level.pages.interval());
    let best = best.max_by(|a, b| a.value.total_cmp(&b.value))?;
    let retrograde = best.value - last.value > best.ci + last.ci;
    if levels.len() < LEAST_LEVELS || !retrograde {
        return None;
    }
    let fit = fit(levels)?;
    (fit.r_squared >= GOOD_FIT && fit.beta > 0.0).then_some(fit)
}

/// Pages per second of one request in flight that fits best with this contention and coherency, and the sum of
/// the squared residuals, each in standard errors.
fn with(levels: &[CurveLevel], alpha: f64, beta: f64) -> (f64, f64) {
    let shape = |level: &CurveLevel| {
        let n = f64::from(level.permits);
        n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0))
    };
    let (mut products, mut squares) = (0.0, 0.0);
    for level in levels {
        let weight = weight(level);
        products += weight * shape(level) * level.pages.mean;
        squares += weight * shape(level) * shape(level);
    }
    let gamma = products / squares;
    let residual =
        |level: &CurveLevel| weight(level) * (level.pages.mean - gamma * shape(level)).powi(2);
    (gamma, levels.iter().map(residual).sum())
}

/// The weight of a level: levels that are known within less than 2 % count alike.
fn weight(level: &CurveLevel) -> f64 {
    let error = level.pages.error.max(0.02 * level.pages.mean);
    if error.is_finite() && error > 0.0 { (error * error).recip() } else { 0.0 }
}

/// Bounded least squares: gamma follows from the other two in closed form; these are found by a pattern search
/// (R. Hooke, T. Jeeves, 1961) over their logarithms and 0, which needs no derivative and keeps to the bounds.
fn fit(levels: &[CurveLevel]) -> Option<UslFit> {
    let mut best = (f64::INFINITY, 0.0, 0.0);
    let starts = [0.0, 1e-4, 1e-3, 1e-2, 1e-1];
    for alpha in starts {
        for beta in starts.map(|beta| beta / 10.0) {
            let sum = with(levels, alpha, beta).1;
            if sum < best.0 {
                best = (sum, alpha, beta);
            }
        }
    }
    let mut factor = 2.0_f64;
    for _ in 0..STEPS {
        let (_, alpha, beta) = best;
        let around =
            |value: f64, floor: f64| [0.0, value / factor, value, value.max(floor) * factor];
        let before = best.0;
        for alpha in around(alpha, 1e-6) {
            for beta in around(beta, 1e-8) {
                let sum = with(levels, alpha, beta).1;
                if sum < best.0 {
                    best = (sum, alpha, beta);
                }
            }
        }
        if best.0 >= before {
            factor = factor.sqrt();
            if factor < 1.000_01 {
                break;
            }
        }
    }
    let (residuals, alpha, beta) = best;
    let gamma = with(levels, alpha, beta).0;
    let weights: f64 = levels.iter().map(weight).sum();
    let mean = levels.iter().map(|level| weight(level) * level.pages.mean).sum::<f64>() / weights;
    let total: f64 =
        levels.iter().map(|level| weight(level) * (level.pages.mean - mean).powi(2)).sum();
    let peak = ((1.0 - alpha).max(0.0) / beta).sqrt();
    let known = gamma.is_finite() && total > 0.0 && peak.is_finite();
    known.then_some(UslFit { gamma, alpha, beta, r_squared: 1.0 - residuals / total, peak })
}
