//! A histogram of latencies that costs one increment per request.

/// Buckets per doubling of the latency: three bits of the mantissa.
const PER_DOUBLING: u64 = 8;
/// Binary exponent of the lowest bucket: 2⁻¹⁰ s, about 1 ms.
const LOWEST: i64 = -10;
/// Doublings: up to 2⁶ s, about a minute.
const DOUBLINGS: u64 = 16;
const BUCKETS: usize = (PER_DOUBLING * DOUBLINGS) as usize;

/// Counts of latencies from 1 ms to 64 s in buckets that are at most 12.5 % wide; shorter and longer
/// ones are counted in the first and the last bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyBuckets {
    counts: [u32; BUCKETS],
    total: u32,
}

impl Default for LatencyBuckets {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }
}

/// The bucket of a latency: its exponent and the first bits of its mantissa.
const fn bucket(seconds: f64) -> usize {
    let key = (seconds.to_bits() >> 49) as i64 - ((LOWEST + 1023) << 3);
    if key < 0 {
        0
    } else if key >= BUCKETS as i64 {
        BUCKETS - 1
    } else {
        key as usize
    }
}

/// Lower bound of a bucket, in seconds.
fn bound(bucket: usize) -> f64 {
    f64::from_bits(((bucket as i64 + ((LOWEST + 1023) << 3)) as u64) << 49)
}

impl LatencyBuckets {
    /// Counts a latency in seconds.
    pub const fn record(&mut self, seconds: f64) {
        self.counts[bucket(seconds)] += 1;
        self.total += 1;
    }

    /// How many were counted.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        if other.total > 0 {
            for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
                *sum += count;
            }
            self.total += other.total;
        }
    }

    /// Halves every count, so that what was counted long ago fades.
    pub fn fade(&mut self) {
        self.total = 0;
        for count in &mut self.counts {
            *count /= 2;
            self.total += *count;
        }
    }

    /// The latency in seconds that `share` (0 to 1) of them do not exceed, interpolated within its bucket;
    /// `None` when nothing was counted.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = share * f64::from(self.total);
        let mut below = 0.0;
        for (i, count) in self.counts.iter().enumerate().filter(|(_, c)| **c > 0) {
            let count = f64::from(*count);
            if below + count >= rank {
                let (low, high) = (bound(i), bound(i + 1));
                return Some((high - low).mul_add((rank - below) / count, low));
            }
            below += count;
        }
        None
    }

    /// The 95th percentile in seconds.
    #[must_use]
    pub fn p95(&self) -> Option<f64> {
        self.quantile(0.95)
    }
}
