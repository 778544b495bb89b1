//! The curve: pages per second and latency against permits, and the knee where the points can carry one.
//!
//! The knee is Little's law at the most pages per second: so many requests are in flight when none waits,
//! `X_max × R_low`. It holds only if `R_low` was measured where nothing waits and `X_max` where more permits
//! brought nothing; otherwise the curve says what is missing.

use std::sync::Arc;

use crate::crawl::protocol::tuning::{Curve, Knee};
use crate::crawl::tuning::curve_level::CurveLevel;
use crate::crawl::tuning::statistics::MeanError;
use crate::crawl::tuning::usl;

/// Latencies this close, as a quotient less one, are the same,
const SAME_LATENCY: f64 = 0.08;
/// and so are those within so many standard errors of their difference.
const SAME_LATENCY_ERRORS: f64 = 1.5;
/// Pages per second that grow by less than this power of the permits have stopped following.
const FOLLOWS: f64 = 0.5;
/// A knee this far beyond the most permits that were measured contradicts the points.
const BEYOND: f64 = 1.15;

/// The curve through these levels, fewest permits first.
#[must_use]
pub fn curve(levels: &[CurveLevel]) -> Curve {
    let points: Vec<_> = levels.iter().map(CurveLevel::point).collect();
    let full: Vec<_> = levels.iter().filter(|level| level.full).copied().collect();
    let usl = usl::fit_retrograde(&full);
    match knee(levels, &full) {
        Ok(knee) => Curve { points, knee: Some(knee), usl, missing: None },
        Err(missing) => Curve { points, knee: None, usl, missing: Some(missing) },
    }
}

/// The knee, or why there is none.
fn knee(levels: &[CurveLevel], full: &[CurveLevel]) -> Result<Knee, Arc<str>> {
    if levels.len() < 2 {
        return Err("turn permits: one setting makes no curve".into());
    }
    let [lowest, next, ..] = full else {
        return Err("permits were not the limit: more of them were free than in use".into());
    };
    let low = low_latency(full).ok_or_else(|| {
        let (few, more) = (lowest.permits, next.permits);
        Arc::from(format!("latency rises already from {few} to {more} permits: measure fewer"))
    })?;
    let most = full.iter().max_by(|a, b| a.pages.mean.total_cmp(&b.pages.mean));
    let Some(most) = most else { return Err("nothing was measured".into()) };
    if still_follows(full) {
        return Err("pages/s still rise with permits: measure more".into());
    }
    let permits = most.requests_per_s() * low.mean;
    let relative = MeanError {
        mean: permits,
        error: permits * (most.pages.error / most.pages.mean).hypot(low.error / low.mean),
        dof: most.pages.dof.min(low.dof),
    };
    let last = full.last().map_or(0, |level| level.permits);
    if permits > BEYOND * f64::from(last) {
        return Err(
            format!("{permits:.0} permits would be the knee: measure more than {last}").into()
        );
    }
    if permits < f64::from(lowest.permits) {
        let few = lowest.permits;
        return Err(format!("the knee lies below {few} permits: measure fewer").into());
    }
    Ok(Knee {
        permits: relative.interval(),
        most_pages_per_s: most.pages.interval(),
        low_latency_s: low.mean,
    })
}

/// The mean latency without a queue: that of the lowest level and of all higher ones that agree with it. `None`
/// where no other does: then it may have risen from there on already. What rises and falls again with more permits
/// is no queue.
fn low_latency(full: &[CurveLevel]) -> Option<MeanError> {
    let (first, others) = full.split_first()?;
    let mut pool = first.latency;
    let mut any = others.is_empty();
    for level in others {
        let latency = level.latency;
        let difference = (latency.mean / pool.mean).ln();
        let error = (latency.error / latency.mean).hypot(pool.error / pool.mean);
        if difference.abs() > SAME_LATENCY.max(SAME_LATENCY_ERRORS * error) {
            continue;
        }
        any = true;
        let weight = |of: MeanError| (of.error * of.error).max(f64::MIN_POSITIVE).recip();
        let (old, new) = (weight(pool), weight(latency));
        pool = MeanError {
            mean: (pool.mean * old + latency.mean * new) / (old + new),
            error: (old + new).recip().sqrt(),
            dof: pool.dof + latency.dof,
        };
    }
    any.then_some(pool)
}

/// Whether pages per second still follow the permits at the highest level: from the level before it by more
/// than [`FOLLOWS`], or by so little less that chance explains it while the latency says so too.
fn still_follows(full: &[CurveLevel]) -> bool {
    let [.., before, last] = full else { return true };
    let steps = (f64::from(last.permits) / f64::from(before.permits)).ln();
    let gain = (last.pages.mean / before.pages.mean.max(f64::MIN_POSITIVE)).ln();
    let error = (last.pages.error / last.pages.mean).hypot(before.pages.error / before.pages.mean);
    // Little's law: what the latency does not rise by with the permits, pages per second do.
    let gain_by_latency = steps - (last.latency.mean / before.latency.mean).ln();
    let follows = |gain: f64| gain / steps > FOLLOWS;
    follows(gain) || (follows(gain + error) && follows(gain_by_latency))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of a server with this many pages per second and this latency at each number of permits.
    fn levels(permits: &[u32], server: impl Fn(f64) -> (f64, f64)) -> Vec<CurveLevel> {
        let level = |permits: &u32| {
            let (pages, latency) = server(f64::from(*permits));
            CurveLevel {
                permits: *permits,
                pages: MeanError { mean: pages, error: 0.01 * pages, dof: 9.0 },
                latency: MeanError { mean: latency, error: 0.01 * latency, dof: 99.0 },
                p95_ms: 1300.0 * latency,
                requests_per_page: 1.0,
                full: true,
            }
        };
        permits.iter().map(level).collect()
    }

    /// `capacity` servers of `service` seconds behind one queue.
    fn queue(capacity: f64, service: f64) -> impl Fn(f64) -> (f64, f64) {
        move |n| {
            let pages = n.min(capacity) / service;
            (pages, n / pages)
        }
    }

    /// Pages share a server that slows down with so many at once: seconds for one alone.
    fn sharing(alone: f64, speed: impl Fn(f64) -> f64) -> impl Fn(f64) -> (f64, f64) {
        move |n| {
            let latency = alone / speed(n);
            (n / latency, latency)
        }
    }

    fn knee_of(curve: &Curve) -> f64 {
        curve.knee.map_or_else(|| panic!("{:?}", curve.missing), |knee| knee.permits.value)
    }

    #[test]
    fn the_knee_of_a_queue_is_its_capacity() {
        for capacity in [12.0, 32.0, 100.0] {
            let permits = [4, 8, 16, 32, 64, 128, 256];
            let curve = curve(&levels(&permits, queue(capacity, 0.1)));
            let knee = knee_of(&curve);
            assert!((knee / capacity - 1.0).abs() < 0.03, "{knee} is not {capacity}");
            assert_eq!((curve.points.len(), curve.usl, curve.missing), (7, None, None));
        }
    }

    #[test]
    fn a_latency_that_rises_and_falls_again_is_no_queue() {
        let mut levels = levels(&[2, 4, 8, 16, 32, 64], queue(32.0, 0.1));
        for level in &mut levels[1..3] {
            level.latency.mean *= 1.15;
        }
        let knee = knee_of(&curve(&levels));
        assert!((knee / 32.0 - 1.0).abs() < 0.05, "{knee} is not 32");
    }

    #[test]
    fn a_page_of_two_requests_needs_two() {
        let mut levels = levels(&[4, 8, 16, 32, 64], queue(20.0, 0.1));
        for level in &mut levels {
            level.pages.mean /= 2.0;
            level.pages.error /= 2.0;
            level.requests_per_page = 2.0;
        }
        let knee = knee_of(&curve(&levels));
        assert!((knee - 20.0).abs() < 0.6, "{knee}");
    }

    #[test]
    fn a_soft_knee_is_where_its_formula_bends() {
        // Server 2 of the simulator: speed 1/sqrt(1 + (n/40)²), so 500 pages/s at most.
        let soft = sharing(0.08, |n| (1.0 + (n / 40.0).powi(2)).sqrt().recip());
        let knee = knee_of(&curve(&levels(&[4, 8, 16, 32, 64, 128, 256], soft)));
        assert!((knee - 40.0).abs() < 3.0, "{knee}");
    }

    #[test]
    fn what_the_points_cannot_carry_is_said() {
        let missing = |permits: &[u32], capacity| {
            curve(&levels(permits, queue(capacity, 0.1))).missing.expect("no knee").to_string()
        };
        assert!(missing(&[8], 32.0).contains("one setting"));
        assert!(missing(&[4, 8, 16], 32.0).contains("still rise"));
        assert!(missing(&[64, 128, 256], 32.0).contains("from 64 to 128 permits: measure fewer"));
        let mut starved = levels(&[4, 8, 16], queue(32.0, 0.1));
        for level in &mut starved {
            level.full = false;
        }
        assert!(curve(&starved).missing.expect("no knee").contains("not the limit"));
        assert!(curve(&[]).missing.is_some());
    }

    #[test]
    fn a_retrograde_server_gets_a_fit_and_others_do_not() {
        // Server 3 of the simulator: contention 0.02, coherency 0.0005.
        let usl = |n: f64| (1.0 + 0.02 * (n - 1.0) + 0.0005 * n * (n - 1.0)).recip();
        let permits = [4, 8, 16, 32, 64, 128];
        let fit = curve(&levels(&permits, sharing(0.1, usl))).usl.expect("retrograde");
        assert!((fit.alpha - 0.02).abs() < 0.002, "{fit:?}");
        assert!((fit.beta - 0.0005).abs() < 0.00005, "{fit:?}");
        assert!((fit.gamma - 10.0).abs() < 0.2 && fit.r_squared > 0.99, "{fit:?}");
        assert!((fit.peak - (0.98_f64 / 0.0005).sqrt()).abs() < 2.0, "{fit:?}");
        assert_eq!(curve(&levels(&permits, queue(32.0, 0.1))).usl, None);
        assert_eq!(curve(&levels(&permits[..3], sharing(0.1, usl))).usl, None);
    }
}
