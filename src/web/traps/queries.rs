//! Counts the queries of one path, and detects combinations of the same few values.

/// Registers of an estimate; 64 give a standard error of 13 %.
const REGISTERS: usize = 64;
/// Maximum number of parameters counted separately; further ones count as the last.
const KEYS: usize = 12;
/// Queries per pair of values that are ordinary: two parameters select the content, others sort and
/// arrange it.
const PER_PAIR: f64 = 16.0;
/// Above this multiple of the limit, new values no longer matter.
const CEILING: u64 = 50;

/// The queries of one path.
#[derive(Debug, Default)]
pub(super) struct Queries {
    count: u64,
    keys: Vec<QueryKey>,
}

/// A parameter, with an estimate of its distinct values.
#[derive(Debug)]
struct QueryKey {
    name: u64,
    values: Box<[u8; REGISTERS]>,
}

impl Queries {
    /// Counts a query with the hashes of its keys and of its values.
    pub(super) fn add(&mut self, pairs: impl Iterator<Item = (u64, u64)>) {
        self.count += 1;
        for (name, hash) in pairs {
            let at = self.keys.iter().position(|key| key.name == name).unwrap_or_else(|| {
                if self.keys.len() < KEYS {
                    self.keys.push(QueryKey { name, values: Box::new([0; REGISTERS]) });
                }
                self.keys.len() - 1
            });
            let rank = ((hash >> 6) | 1 << 58).trailing_zeros() as u8 + 1;
            let register = &mut self.keys[at].values[(hash % REGISTERS as u64) as usize];
            *register = rank.max(*register);
        }
    }

    /// Whether there are more than `limit` queries, and far more than the values of two parameters
    /// explain: topics and their pages are content in any number, while filters multiply. Also when
    /// there are more than [`CEILING`] times `limit` queries, for any values.
    pub(super) fn is_explosion(&self, limit: u64) -> bool {
        self.count > limit
            && (self.count > limit.saturating_mul(CEILING)
                || self.count as f64 > PER_PAIR * self.pairs())
    }

    /// Approximate number of pairs of values of the two parameters with the most values.
    fn pairs(&self) -> f64 {
        let (mut first, mut second) = (1.0_f64, 1.0_f64);
        for key in &self.keys {
            let values = distinct(&key.values).max(1.0);
            second = second.max(values.min(first));
            first = first.max(values);
        }
        first * second
    }
}

/// Approximate number of distinct values (Flajolet et al., `HyperLogLog`, 2007).
fn distinct(values: &[u8; REGISTERS]) -> f64 {
    let m = REGISTERS as f64;
    let sum: f64 = values.iter().map(|&rank| 0.5_f64.powi(i32::from(rank))).sum();
    let estimate = 0.709 * m * m / sum;
    let empty = REGISTERS - values.iter().filter(|&&rank| rank > 0).count();
    if estimate <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { estimate }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn combinations_explode_and_new_values_do_not() {
        let hash = |n: u64| xxh3_64(&n.to_le_bytes());
        for many in [1_u64, 10, 100, 1_000, 100_000] {
            let mut queries = Queries::default();
            for n in 0..many {
                queries.add([(1, hash(n))].into_iter());
            }
            let error = distinct(&queries.keys[0].values) / many as f64;
            assert!((0.6..1.4).contains(&error), "{many}: {error}");
        }
        // Two parameters, four, and more parameters than are counted separately.
        let queries = |count: u64, parameters: u32, values: u64| {
            let mut queries = Queries::default();
            for n in 0..count {
                let pair = |k: u32| (u64::from(k), hash(n / values.pow(k) % values));
                queries.add((0..parameters).map(pair));
            }
            queries
        };
        assert!(!queries(900, 2, 30).is_explosion(500) && queries(900, 2, 30).is_explosion(17));
        assert!(
            queries(1_000, 4, 6).is_explosion(500) && !queries(1_000, 4, 6).is_explosion(1_000)
        );
        assert!(
            queries(4_096, 12, 2).is_explosion(2_000) && queries(9_000, 20, 2).is_explosion(2_000)
        );
        assert_eq!(queries(9_000, 20, 2).keys.len(), KEYS);
    }
}
