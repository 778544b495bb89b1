//! How many queries one path has, and whether they are combinations of the same few values.

/// Registers of the estimate: a standard error of 13 %.
const REGISTERS: usize = 64;
/// So many queries per distinct value are ordinary: the pages of a thread.
const PER_VALUE: f64 = 8.0;
/// Above so many times the limit, new values are no excuse any more.
const CEILING: u64 = 10;

/// The queries of one path.
#[derive(Debug, Default)]
pub(super) struct Queries {
    count: u64,
    values: Option<Box<[u8; REGISTERS]>>,
}

impl Queries {
    /// Counts a query with the hashes of its `key=value` pairs.
    pub(super) fn add(&mut self, pairs: impl Iterator<Item = u64>) {
        self.count += 1;
        let values = self.values.get_or_insert_with(|| Box::new([0; REGISTERS]));
        for hash in pairs {
            let rank = ((hash >> 6) | 1 << 58).trailing_zeros() as u8 + 1;
            let register = &mut values[(hash % REGISTERS as u64) as usize];
            *register = rank.max(*register);
        }
    }

    /// Whether there are more than `limit` of them, and they combine the same values over and
    /// over; or ten times as many, whatever they hold.
    pub(super) fn explode(&self, limit: u64) -> bool {
        self.count > limit
            && (self.count > limit.saturating_mul(CEILING)
                || self.count as f64 > PER_VALUE * self.distinct())
    }

    /// Distinct values, about (Flajolet et al., `HyperLogLog`, 2007).
    fn distinct(&self) -> f64 {
        let Some(values) = &self.values else { return 0.0 };
        let m = REGISTERS as f64;
        let sum: f64 = values.iter().map(|&rank| 0.5_f64.powi(i32::from(rank))).sum();
        let estimate = 0.709 * m * m / sum;
        let empty = REGISTERS - values.iter().filter(|&&rank| rank > 0).count();
        if estimate <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { estimate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn combinations_explode_and_new_values_do_not() {
        for distinct in [1_u64, 10, 100, 1_000, 100_000] {
            let mut queries = Queries::default();
            for n in 0..distinct {
                queries.add([xxh3_64(&n.to_le_bytes())].into_iter());
            }
            let error = queries.distinct() / distinct as f64;
            assert!((0.6..1.4).contains(&error), "{distinct}: {error}");
        }
        let mut facets = Queries::default();
        let mut threads = Queries::default();
        for n in 0..30_u64 * 30 {
            facets.add([n % 30, 100 + n / 30].into_iter().map(|v| xxh3_64(&v.to_le_bytes())));
            threads.add([n % 3, 100 + n / 3].into_iter().map(|v| xxh3_64(&v.to_le_bytes())));
        }
        assert!(facets.explode(500) && !facets.explode(900) && !threads.explode(500));
        assert!(threads.explode(80));
    }
}
