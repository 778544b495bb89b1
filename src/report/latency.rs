//! Times in ms, as counts per value: exact below 128 ms, within 1 % above.
//!
//! Sparse, because there are thousands of them and most hold few distinct values.

/// Bits kept of a value.
const BITS: u32 = 7;

/// How often each time was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Class and count, in order of class.
    counts: Vec<(u16, u32)>,
}

impl Latencies {
    /// One more of `ms`.
    pub fn record(&mut self, ms: u64) {
        self.add(class(ms), 1);
    }

    fn add(&mut self, class: u16, count: u32) {
        match self.counts.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(count),
            Err(at) => self.counts.insert(at, (class, count)),
        }
    }

    /// All of another one as well.
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

    /// The least time, in ms, that `share` (0..=1) of them do not exceed; `None` when there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        for (class, count) in &self.counts {
            below += u64::from(*count);
            if below >= rank {
                return Some(middle(*class));
            }
        }
        None
    }
}

/// Values of one class agree in their highest bits.
const fn class(ms: u64) -> u16 {
    let shift = (u64::BITS - ms.leading_zeros()).saturating_sub(BITS);
    // Above the first 128, each power of two has 64 classes.
    ((shift << (BITS - 1)) as u64 + (ms >> shift)) as u16
}

/// The middle of a class.
const fn middle(class: u16) -> u64 {
    let half = 1 << (BITS - 1);
    if class < 2 * half {
        return class as u64;
    }
    let shift = (class / half - 1) as u32;
    let low = ((class - (shift << (BITS - 1)) as u16) as u64) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_rise_and_are_narrow() {
        for ms in (0..300_000).chain([u64::from(u32::MAX), 1 << 40, u64::MAX >> 1]) {
            let back = middle(class(ms));
            assert!(back.abs_diff(ms) as f64 <= ms as f64 * 0.01, "{ms} became {back}");
            assert!(class(ms) <= class(ms + 1), "{ms}");
            assert!(ms >= 128 || back == ms, "{ms} became {back}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), None);
        let mut values: Vec<u64> = (0..1000).map(|n| n * n % 997 * 7).collect();
        for value in &values {
            latencies.record(*value);
        }
        values.sort_unstable();
        for share in [0.0, 0.01, 0.5, 0.95, 0.99, 1.0] {
            let rank = ((share * 1000.0_f64).ceil() as usize).max(1);
            let (exact, is) = (values[rank - 1], latencies.quantile(share).unwrap());
            assert!(is.abs_diff(exact) as f64 <= exact as f64 * 0.01, "{share}: {exact} {is}");
        }
        let mut twice = latencies.clone();
        twice.merge(&latencies);
        assert_eq!((twice.count(), twice.quantile(0.95)), (2000, latencies.quantile(0.95)));
    }
}
