//! A histogram of whole numbers, such as latencies, with a relative error that its type says.
//!
//! Sparse, because there are thousands of them and most hold few distinct values. Its size is bounded:
//! values are counted by class, and there are at most `(65 - BITS) << (BITS - 1)` classes.

/// How often each value was recorded; `BITS` (from 1 to 10) highest bits of a value are kept. The
/// default is exact below 128 and within 1 % above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram<const BITS: u32 = 7> {
    /// Class and count, in order of class.
    counts: Vec<(u16, u32)>,
}

impl<const BITS: u32> Histogram<BITS> {
    /// Counts `value`; returns how many of its class were recorded.
    pub fn record(&mut self, value: u64) -> u32 {
        self.add(class(value, BITS), 1)
    }

    fn add(&mut self, class: u16, count: u32) -> u32 {
        match self.counts.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(at) => {
                self.counts[at].1 = self.counts[at].1.saturating_add(count);
                self.counts[at].1
            }
            Err(at) => {
                self.counts.insert(at, (class, count));
                count
            }
        }
    }

    /// Halves all counts, so that old values fade.
    pub fn halve(&mut self) {
        self.counts.retain_mut(|(_, count)| {
            *count /= 2;
            *count > 0
        });
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.counts {
            self.add(*class, *count);
        }
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Each value, as exact as its class, and how often it was recorded, the smallest first.
    pub fn values(&self) -> impl Iterator<Item = (u64, u32)> {
        self.counts.iter().map(|(class, count)| (middle(*class, BITS), *count))
    }

    /// Mean and standard deviation of what was recorded, as exact as the classes; `None` when there is nothing.
    #[must_use]
    pub fn moments(&self) -> Option<(f64, f64)> {
        let n = self.count() as f64;
        if n == 0.0 {
            return None;
        }
        let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
            let each = self.counts.iter();
            each.map(|(class, count)| f64::from(*count) * of(middle(*class, BITS) as f64)).sum()
        };
        let mean = sum(&|value| value) / n;
        let variance = sum(&|value| (value - mean) * (value - mean)) / n;
        Some((mean, variance.sqrt()))
    }

    /// The smallest value that `share` (0..=1) of them do not exceed; `None` when there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        for (class, count) in &self.counts {
            below += u64::from(*count);
            if below >= rank {
                return Some(middle(*class, BITS));
            }
        }
        None
    }
}

/// Values of one class agree in their highest bits.
const fn class(value: u64, bits: u32) -> u16 {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(bits);
    // Above the first `2^bits` values, each power of two has `2^(bits - 1)` classes.
    ((shift << (bits - 1)) as u64 + (value >> shift)) as u16
}

/// The middle of a class.
const fn middle(class: u16, bits: u32) -> u64 {
    let half = 1 << (bits - 1);
    if class < 2 * half {
        return class as u64;
    }
    let shift = (class / half - 1) as u32;
    let low = ((class - (shift << (bits - 1)) as u16) as u64) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn classes_rise_and_are_narrow() {
        for ms in (0..300_000).chain([u64::from(u32::MAX), 1 << 40, u64::MAX >> 1]) {
            let back = middle(class(ms, 7), 7);
            assert!(back.abs_diff(ms) as f64 <= ms as f64 * 0.01, "{ms} became {back}");
            assert!(class(ms, 7) <= class(ms + 1, 7), "{ms}");
            assert!(ms >= 128 || back == ms, "{ms} became {back}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut histogram = <Histogram>::default();
        assert_eq!(histogram.quantile(0.5), None);
        let mut values: Vec<u64> = (0..1000).map(|n| n * n % 997 * 7).collect();
        for value in &values {
            histogram.record(*value);
        }
        values.sort_unstable();
        for share in [0.0, 0.01, 0.5, 0.95, 0.99, 1.0] {
            let rank = ((share * 1000.0_f64).ceil() as usize).max(1);
            let (exact, is) = (values[rank - 1], histogram.quantile(share).unwrap());
            assert!(is.abs_diff(exact) as f64 <= exact as f64 * 0.01, "{share}: {exact} {is}");
        }
        let (mean, deviation) = histogram.moments().unwrap();
        let exact = values.iter().sum::<u64>() as f64 / 1000.0;
        let squares: f64 = values.iter().map(|v| (*v as f64 - exact).powi(2)).sum();
        assert!((mean - exact).abs() < exact * 0.005, "{mean} is not {exact}");
        let exact = (squares / 1000.0).sqrt();
        assert!((deviation - exact).abs() < exact * 0.005, "{deviation} is not {exact}");
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        assert_eq!((twice.count(), twice.quantile(0.95)), (2000, histogram.quantile(0.95)));
    }

    #[test]
    fn coarse_classes_halve_and_stay_few() {
        let mut histogram = Histogram::<2>::default();
        for value in 0..100_000 {
            histogram.record(value);
        }
        assert!(histogram.counts.len() < 40, "{}", histogram.counts.len());
        let before = histogram.count();
        histogram.halve();
        assert!(histogram.count() <= before / 2 && histogram.count() > before / 3);
        let median = histogram.quantile(0.5).unwrap();
        assert!((40_000..65_000).contains(&median), "{median}");
        (0..40).for_each(|_| histogram.halve());
        assert_eq!((histogram.count(), histogram.quantile(0.5)), (0, None));
    }
}
