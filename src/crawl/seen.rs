//! The set of URLs seen: 96 bits of the URL's hash and the URL's number, 16 bytes in one table.
//!
//! Two different URLs are taken for one with a probability of about n² / 2⁹⁷: 6·10⁻¹⁶ for ten
//! million URLs. The table is cut into shards of unequal shares: a table doubles when it is full,
//! and with shares spread evenly over one octave they double one after the other, never together.
//! So growing copies one shard, and the whole is always about 70 % of its worst size.

use hashbrown::HashTable;

use crate::web::url::UrlHash;

const SHARDS: usize = 64;
/// Buckets of the hash that are dealt out to the shards.
const DEAL: usize = 1 << 12;

/// Hash (96 bits) and number.
type Slot = [u32; 4];

/// URLs seen, with their numbers in the crawl.
#[derive(Debug)]
pub struct Seen {
    shards: Vec<HashTable<Slot>>,
    /// Shard by the last twelve bits of the hash.
    shard_of: Box<[u8; DEAL]>,
}

impl Default for Seen {
    fn default() -> Self {
        let shard_of = |at: usize| {
            let position = (at as f64 + 0.5) / DEAL as f64;
            // The share of shard k is proportional to 2^(k / SHARDS).
            (SHARDS as f64 * (1.0 + position).log2()) as u8
        };
        Self {
            shards: (0..SHARDS).map(|_| HashTable::new()).collect(),
            shard_of: Box::new(std::array::from_fn(shard_of)),
        }
    }
}

fn slot_of(hash: &UrlHash, seq: u32) -> Slot {
    let word = |at: usize| {
        u32::from_be_bytes([hash.0[at], hash.0[at + 1], hash.0[at + 2], hash.0[at + 3]])
    };
    [word(0), word(4), word(8), seq]
}

fn table_hash(slot: &Slot) -> u64 {
    (u64::from(slot[0]) << 32) | u64::from(slot[1])
}

impl Seen {
    fn shard(&self, hash: &UrlHash) -> usize {
        // The last four bytes take no part in the slot, so shards and tables are independent.
        let bits = usize::from(u16::from_be_bytes([hash.0[14], hash.0[15]])) % DEAL;
        usize::from(self.shard_of[bits])
    }

    /// The number of the URL with this hash, if it was seen.
    #[must_use]
    pub fn get(&self, hash: &UrlHash) -> Option<u32> {
        let wanted = slot_of(hash, 0);
        self.shards[self.shard(hash)]
            .find(table_hash(&wanted), |slot| slot[..3] == wanted[..3])
            .map(|slot| slot[3])
    }

    /// Marks a URL as seen under a number, unless it is there already.
    pub fn insert(&mut self, hash: &UrlHash, seq: u32) {
        let wanted = slot_of(hash, seq);
        let shard = self.shard(hash);
        let table = &mut self.shards[shard];
        table
            .entry(table_hash(&wanted), |slot| slot[..3] == wanted[..3], table_hash)
            .or_insert(wanted);
    }

    /// How many URLs were seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(HashTable::len).sum()
    }

    /// Whether nothing was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes allocated.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> UrlHash {
        UrlHash(xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes()).to_be_bytes())
    }

    #[test]
    fn keeps_the_first_number() {
        let mut seen = Seen::default();
        seen.insert(&hash(1), 7);
        seen.insert(&hash(1), 8);
        assert_eq!((seen.get(&hash(1)), seen.get(&hash(2)), seen.len()), (Some(7), None, 1));
    }

    #[test]
    fn stays_under_32_bytes_a_url() {
        let mut seen = Seen::default();
        for n in 0..1_000_000_u32 {
            seen.insert(&hash(u64::from(n)), n);
            if n > 50_000 && n % 10_007 == 0 {
                let per_url = seen.allocated() as f64 / f64::from(n);
                assert!(per_url < 32.0, "{per_url} bytes a URL at {n}");
            }
        }
        assert_eq!(seen.len(), 1_000_000);
    }
}
