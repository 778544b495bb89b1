//! The set of URLs seen: 96 bits of the URL's hash and the URL's number, 16 bytes in one table.
//!
//! Two different URLs are taken for one with a probability of about n² / 2⁹⁷: 6·10⁻¹⁶ for ten
//! million URLs.
//!
//! Extendible hashing: a directory points at tables of one fixed size; a full table is split in
//! two. So growing moves one small table, never the whole, and what is freed is just what the
//! next split needs. Positions in the directory are skewed so that tables fill at rates spread
//! evenly over one octave: they are split one after the other, and the whole is always about
//! 70 % full instead of swinging between half and full.

use crate::model::url_identity::UrlHash;

/// Slots of a table: 32 KiB, which allocators hand out without waste.
const SLOTS: usize = 2048;

/// Maximum number of bits of the directory: enough for a thousand million URLs, and a bound on what a site
/// can do to us whose URLs are made to collide. Tables then grow instead.
const MAX_BITS: u32 = 20;

/// Hash (96 bits) and number.
type SeenSlot = [u32; 4];

/// A slot that holds nothing. The hash of a URL is all zero with a probability of 2⁻⁹⁶.
const EMPTY: SeenSlot = [0; 4];

/// A table in which an entry stands in its own slot or, where others stand there, in the next empty one.
#[derive(Debug)]
struct SeenTable {
    slots: Box<[SeenSlot]>,
    len: usize,
    /// How many leading bits of the position its entries share.
    bits: u32,
}

impl SeenTable {
    fn new(bits: u32) -> Self {
        Self { slots: vec![EMPTY; SLOTS].into(), len: 0, bits }
    }

    /// More entries would make each look into many slots.
    const fn is_full(&self) -> bool {
        self.len >= self.slots.len() / 8 * 7
    }

    /// Where the entry with the hash of `wanted` stands, or else the empty slot for it.
    fn place(&self, wanted: &SeenSlot) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = wanted[0] as usize & mask;
        while self.slots[at] != EMPTY && self.slots[at][..3] != wanted[..3] {
            at = (at + 1) & mask;
        }
        at
    }

    fn get(&self, wanted: &SeenSlot) -> Option<u32> {
        let found = self.slots[self.place(wanted)];
        (found != EMPTY).then_some(found[3])
    }

    /// Inserts an entry that is not there, into a table that is not full.
    fn insert(&mut self, slot: SeenSlot) {
        let at = self.place(&slot);
        self.slots[at] = slot;
        self.len += 1;
    }

    fn entries(&self) -> impl Iterator<Item = SeenSlot> {
        self.slots.iter().copied().filter(|slot| *slot != EMPTY)
    }

    /// Twice as many slots.
    fn grow(&mut self) {
        let slots = vec![EMPTY; 2 * self.slots.len()].into();
        let old = std::mem::replace(self, Self { slots, len: 0, bits: self.bits });
        old.entries().for_each(|slot| self.insert(slot));
    }
}

/// URLs seen, with their numbers in the crawl.
#[derive(Debug)]
pub(super) struct Seen {
    tables: Vec<SeenTable>,
    /// Table by the leading `bits` bits of the position.
    directory: Vec<u32>,
    bits: u32,
}

impl Default for Seen {
    fn default() -> Self {
        Self { tables: vec![SeenTable::new(0)], directory: vec![0], bits: 0 }
    }
}

fn slot_of(hash: &UrlHash, seq: u32) -> SeenSlot {
    let word = |at: usize| {
        u32::from_be_bytes([hash.0[at], hash.0[at + 1], hash.0[at + 2], hash.0[at + 3]])
    };
    [word(0), word(4), word(8), seq]
}

/// Where a URL belongs in the directory, as a fraction of 2³²: twice as densely settled at the
/// end as at the beginning.
fn position(slot: &SeenSlot) -> u32 {
    let uniform = f64::from(slot[2]) / f64::from(u32::MAX);
    ((1.0 + uniform).log2() * f64::from(u32::MAX)) as u32
}

impl Seen {
    fn table_at(&self, position: u32) -> usize {
        self.directory[(u64::from(position) << self.bits >> 32) as usize] as usize
    }

    /// Splits a full table by the first bit in which its entries differ.
    fn split(&mut self, full: usize) {
        let shared = self.tables[full].bits;
        if shared == self.bits {
            self.directory = self.directory.iter().flat_map(|&table| [table, table]).collect();
            self.bits += 1;
        }
        let old = std::mem::replace(&mut self.tables[full], SeenTable::new(shared + 1));
        let mut upper = SeenTable::new(shared + 1);
        for slot in old.entries() {
            let goes_up = position(&slot) << shared >> 31 == 1;
            let table = if goes_up { &mut upper } else { &mut self.tables[full] };
            table.insert(slot);
        }
        let number = self.tables.len() as u32;
        self.tables.push(upper);
        for (at, table) in self.directory.iter_mut().enumerate() {
            if *table as usize == full && (at >> (self.bits - shared - 1)) & 1 == 1 {
                *table = number;
            }
        }
    }

    /// The number of the URL with this hash, if it was seen.
    #[must_use]
    pub fn get(&self, hash: &UrlHash) -> Option<u32> {
        let wanted = slot_of(hash, 0);
        self.tables[self.table_at(position(&wanted))].get(&wanted)
    }

    /// Marks a URL as seen under a number, unless it is there already.
    pub fn insert(&mut self, hash: &UrlHash, seq: u32) {
        let slot = slot_of(hash, seq);
        let position = position(&slot);
        loop {
            let at = self.table_at(position);
            let table = &mut self.tables[at];
            if table.get(&slot).is_some() {
                return;
            }
            if !table.is_full() {
                return table.insert(slot);
            }
            if table.bits == MAX_BITS {
                table.grow();
            } else {
                self.split(at);
            }
        }
    }
}

#[cfg(test)]
impl Seen {
    /// How many URLs were seen.
    fn len(&self) -> usize {
        self.tables.iter().map(|table| table.len).sum()
    }

    /// Bytes allocated.
    fn allocated(&self) -> usize {
        let slots: usize = self.tables.iter().map(|table| table.slots.len()).sum();
        slots * size_of::<SeenSlot>()
            + self.tables.capacity() * size_of::<SeenTable>()
            + self.directory.capacity() * 4
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
    fn urls_whose_hashes_agree_in_all_that_chooses_a_table_are_kept() {
        let alike = |n: u32| {
            let mut hash = UrlHash([7; 16]);
            hash.0[4..8].copy_from_slice(&n.to_be_bytes());
            hash
        };
        let mut seen = Seen::default();
        for n in 0..5_000 {
            seen.insert(&alike(n), n);
        }
        assert_eq!(seen.len(), 5_000);
        assert!((0..5_000).all(|n| seen.get(&alike(n)) == Some(n)));
        assert_eq!(seen.get(&alike(5_000)), None);
        assert!(seen.tables.iter().all(|table| table.bits <= MAX_BITS));
    }

    #[test]
    fn stays_under_28_bytes_a_url() {
        let mut seen = Seen::default();
        for n in 0..1_000_000_u32 {
            seen.insert(&hash(u64::from(n)), n);
            if n > 50_000 && n % 10_007 == 0 {
                let per_url = seen.allocated() as f64 / f64::from(n);
                assert!(per_url < 28.0, "{per_url} bytes a URL at {n}");
            }
        }
        assert_eq!(seen.len(), 1_000_000);
        for n in (0..1_000_000).step_by(997) {
            assert_eq!(seen.get(&hash(n)), Some(n as u32));
            assert_eq!(seen.get(&hash(n + 1_000_000)), None);
        }
    }
}
