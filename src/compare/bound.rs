//! How fast a list can be fetched at best, from what each of its URLs takes.
//!
//! Pure arithmetic: it knows neither clock nor network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::Strategy;

/// What an answer without a delay is taken to cost, in seconds, where the order of a list is
/// followed: it holds a permit as well, and lets the next one wait for it.
pub const AT_ONCE_S: f64 = 0.005;

/// The least time that a strategy can take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bound {
    /// By arithmetic: the sum of all, the longest, or the sum shared out among the permits.
    pub arithmetic_s: f64,
    /// What first come, first served can do with the list in its order; with one at a time, or all
    /// at once, the same as by arithmetic.
    pub bound_s: f64,
}

/// The bound of `strategy` for URLs that take `each_s` seconds in the order of the list, with
/// `at_once_s` in place of 0 where permits are handed on. `None` where there is none.
#[must_use]
pub fn bound(strategy: Strategy, each_s: &[f64], permits: u32, at_once_s: f64) -> Option<Bound> {
    let sum: f64 = each_s.iter().sum();
    let longest = each_s.iter().copied().fold(0.0, f64::max);
    let same = |s: f64| Some(Bound { arithmetic_s: s, bound_s: s });
    match strategy {
        Strategy::Sequential => same(sum),
        Strategy::Unlimited => same(longest),
        Strategy::Limited | Strategy::Full => Some(Bound {
            arithmetic_s: (sum / f64::from(permits.max(1))).max(longest),
            bound_s: first_come(each_s, permits, at_once_s),
        }),
        Strategy::Inline | Strategy::Pool => None,
    }
}

/// When the last one is done if each takes the permit that is free first, in the list's order.
fn first_come(each_s: &[f64], permits: u32, at_once_s: f64) -> f64 {
    // More permits than URLs change nothing.
    let permits = (permits.max(1) as usize).min(each_s.len());
    let mut free: BinaryHeap<Reverse<Moment>> =
        (0..permits).map(|_| Reverse(Moment(0.0))).collect();
    let mut last = 0.0_f64;
    for &takes in each_s {
        let Some(Reverse(Moment(begins))) = free.pop() else { break };
        let ends = begins + if takes > 0.0 { takes } else { at_once_s };
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
        let of = |strategy| bound(strategy, &article(), 10, AT_ONCE_S).unwrap();
        let [sequential, unlimited] = [Strategy::Sequential, Strategy::Unlimited].map(of);
        assert!(close(sequential.arithmetic_s, 80.0) && close(sequential.bound_s, 80.0));
        assert!(close(unlimited.arithmetic_s, 2.0) && close(unlimited.bound_s, 2.0));
        for strategy in [Strategy::Limited, Strategy::Full] {
            assert!(close(of(strategy).arithmetic_s, 8.0), "{:?}", of(strategy));
            assert!(close(of(strategy).bound_s, 9.02), "{:?}", of(strategy));
        }
        assert_eq!(bound(Strategy::Inline, &article(), 10, AT_ONCE_S), None);
    }

    #[test]
    fn one_permit_is_one_after_the_other() {
        let one = bound(Strategy::Limited, &article(), 1, AT_ONCE_S).unwrap();
        assert!(close(one.arithmetic_s, 80.0) && close(one.bound_s, 80.0 + 40.0 * AT_ONCE_S));
    }

    #[test]
    fn as_many_permits_as_urls_is_everything_at_once() {
        for permits in [100, 1000, u32::MAX] {
            let all = bound(Strategy::Limited, &article(), permits, AT_ONCE_S).unwrap();
            assert!(close(all.arithmetic_s, 2.0) && close(all.bound_s, 2.0), "{permits}");
        }
    }

    #[test]
    fn no_list_takes_no_time() {
        let none = bound(Strategy::Full, &[], 10, AT_ONCE_S).unwrap();
        assert!(close(none.bound_s, 0.0) && close(none.arithmetic_s, 0.0));
    }

    #[test]
    fn the_order_of_the_list_counts() {
        let short_first = bound(Strategy::Limited, &[1.0, 1.0, 4.0], 2, 0.0).unwrap();
        let long_first = bound(Strategy::Limited, &[4.0, 1.0, 1.0], 2, 0.0).unwrap();
        assert!(close(short_first.bound_s, 5.0) && close(long_first.bound_s, 4.0));
    }
}
