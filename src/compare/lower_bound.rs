//! The minimum time in which a workload can be fetched, from the time of each of its URLs.
//!
//! Pure arithmetic: it knows neither clock nor network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::strategy::Strategy;

/// Assumed time of a response without a delay, in seconds, where permits are passed on in the order
/// of the workload: such a response holds a permit as well.
pub const NO_DELAY_S: f64 = 0.005;

/// The minimum time that a strategy can take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LowerBound {
    /// By arithmetic: the sum of all, the longest, or the sum shared out among the permits.
    pub arithmetic_s: f64,
    /// By simulation of first come, first served in the order of the workload; for strategies
    /// without permits the same as by arithmetic.
    pub bound_s: f64,
}

/// The lower bound of `strategy` for URLs that take `each_s` seconds in the order of the workload,
/// with `no_delay_s` in place of 0 where permits are passed on. `None` for strategies without one.
#[must_use]
pub fn lower_bound(
    strategy: Strategy,
    each_s: &[f64],
    permits: u32,
    no_delay_s: f64,
) -> Option<LowerBound> {
    let sum: f64 = each_s.iter().sum();
    let longest = each_s.iter().copied().fold(0.0, f64::max);
    let same = |s: f64| Some(LowerBound { arithmetic_s: s, bound_s: s });
    match strategy {
        Strategy::Sequential => same(sum),
        Strategy::Unlimited => same(longest),
        Strategy::Limited | Strategy::Full => Some(LowerBound {
            arithmetic_s: (sum / f64::from(permits.max(1))).max(longest),
            bound_s: first_come(each_s, permits, no_delay_s),
        }),
        Strategy::Inline | Strategy::Pool => None,
    }
}

/// When the last URL is done if each takes the permit that is free first, in the workload's order.
fn first_come(each_s: &[f64], permits: u32, no_delay_s: f64) -> f64 {
    // More permits than URLs change nothing.
    let permits = (permits.max(1) as usize).min(each_s.len());
    let mut free: BinaryHeap<Reverse<Moment>> =
        (0..permits).map(|_| Reverse(Moment(0.0))).collect();
    let mut last = 0.0_f64;
    for &takes in each_s {
        let Some(Reverse(Moment(begins))) = free.pop() else { break };
        let ends = begins + if takes > 0.0 { takes } else { no_delay_s };
        last = last.max(ends);
        free.push(Reverse(Moment(ends)));
    }
    last
}

/// Seconds, ordered.
struct Moment(f64);

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article() -> Vec<f64> {
        [1.0, 2.0, 1.0, 0.0, 0.0].repeat(20)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_bounds_of_the_articles_list() {
        let of = |strategy| lower_bound(strategy, &article(), 10, NO_DELAY_S).unwrap();
        let [sequential, unlimited] = [Strategy::Sequential, Strategy::Unlimited].map(of);
        assert!(close(sequential.arithmetic_s, 80.0) && close(sequential.bound_s, 80.0));
        assert!(close(unlimited.arithmetic_s, 2.0) && close(unlimited.bound_s, 2.0));
        for strategy in [Strategy::Limited, Strategy::Full] {
            assert!(close(of(strategy).arithmetic_s, 8.0), "{:?}", of(strategy));
            assert!(close(of(strategy).bound_s, 9.02), "{:?}", of(strategy));
        }
        assert_eq!(lower_bound(Strategy::Inline, &article(), 10, NO_DELAY_S), None);
    }

    #[test]
    fn one_permit_is_one_after_the_other() {
        let one = lower_bound(Strategy::Limited, &article(), 1, NO_DELAY_S).unwrap();
        assert!(close(one.arithmetic_s, 80.0) && close(one.bound_s, 80.0 + 40.0 * NO_DELAY_S));
    }

    #[test]
    fn as_many_permits_as_urls_is_everything_at_once() {
        for permits in [100, 1000, u32::MAX] {
            let all = lower_bound(Strategy::Limited, &article(), permits, NO_DELAY_S).unwrap();
            assert!(close(all.arithmetic_s, 2.0) && close(all.bound_s, 2.0), "{permits}");
        }
    }

    #[test]
    fn no_list_takes_no_time() {
        let none = lower_bound(Strategy::Full, &[], 10, NO_DELAY_S).unwrap();
        assert!(close(none.bound_s, 0.0) && close(none.arithmetic_s, 0.0));
    }

    #[test]
    fn the_order_of_the_list_counts() {
        let short_first = lower_bound(Strategy::Limited, &[1.0, 1.0, 4.0], 2, 0.0).unwrap();
        let long_first = lower_bound(Strategy::Limited, &[4.0, 1.0, 1.0], 2, 0.0).unwrap();
        assert!(close(short_first.bound_s, 5.0) && close(long_first.bound_s, 4.0));
    }
}
