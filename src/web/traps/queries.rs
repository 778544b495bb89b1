//! How many queries one path has, and whether they are combinations of the same few values.

/// Registers of an estimate: a standard error of 13 %.
const REGISTERS: usize = 64;
/// Parameters told apart; further ones count as the last.
const KEYS: usize = 12;
/// So many queries per pair of values are ordinary: two parameters name the content, others sort
/// it and turn it about.
const PER_PAIR: f64 = 16.0;
/// Above so many times the limit, new values are no excuse any more.
const CEILING: u64 = 50;

/// The queries of one path.
#[derive(Debug, Default)]
pub(super) struct Queries {
    count: u64,
    keys: Vec<QueryKey>,
}

/// A parameter, and what is known of its values.
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

    /// Whether there are more than `limit` of them, and far more than two of their parameters
    /// explain: a topic and its pages are content, however many; what multiplies are filters. Or
    /// fifty times as many, whatever they hold.
    pub(super) fn explode(&self, limit: u64) -> bool {
        self.count > limit
            && (self.count > limit.saturating_mul(CEILING)
                || self.count as f64 > PER_PAIR * self.pairs())
    }

    /// Pairs of values of the two parameters that have the most, about.
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

/// Distinct values, about (Flajolet et al., `HyperLogLog`, 2007).
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
        // Two parameters, four, and more names than are told apart.
        let queries = |count: u64, parameters: u32, values: u64| {
            let mut queries = Queries::default();
            for n in 0..count {
                let pair = |k: u32| (u64::from(k), hash(n / values.pow(k) % values));
                queries.add((0..parameters).map(pair));
            }
            queries
        };
        assert!(!queries(900, 2, 30).explode(500) && queries(900, 2, 30).explode(17));
        assert!(queries(1_000, 4, 6).explode(500) && !queries(1_000, 4, 6).explode(1_000));
        assert!(queries(4_096, 12, 2).explode(2_000) && queries(9_000, 20, 2).explode(2_000));
        assert_eq!(queries(9_000, 20, 2).keys.len(), KEYS);
    }
}
