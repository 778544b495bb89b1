//! A map of bounded size that evicts entries not used for a long time.

use std::hash::BuildHasherDefault;

use hashbrown::HashMap;

/// A hasher that returns the key, because the keys are hashes already.
#[derive(Debug, Default)]
pub(in crate::web) struct PassThroughHasher(u64);

impl std::hash::Hasher for PassThroughHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64(bytes);
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A map whose keys are hashes.
pub(in crate::web) type HashedMap<V> = HashMap<u64, V, BuildHasherDefault<PassThroughHasher>>;

/// Holds at most `2 * room` values in two generations: when the younger one is full, it replaces the
/// older one, which is dropped. A used value moves to the younger one.
#[derive(Debug)]
pub(in crate::web) struct BoundedMap<V> {
    young: HashedMap<V>,
    old: HashedMap<V>,
    room: usize,
}

impl<V: Default> BoundedMap<V> {
    pub(in crate::web) fn new(room: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), room }
    }

    /// The value of `key`, inserted if there is none.
    pub(in crate::web) fn entry(&mut self, key: u64) -> &mut V {
        if self.young.len() >= self.room && !self.young.contains_key(&key) {
            self.age();
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default())
    }

    /// The value of `key`, if there is one.
    pub(in crate::web) fn get(&mut self, key: u64) -> Option<&mut V> {
        let known = self.young.contains_key(&key) || self.old.contains_key(&key);
        known.then(|| self.entry(key))
    }

    /// Drops the older generation and starts a new one.
    pub(in crate::web) fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }

    /// All values.
    pub(in crate::web) fn values(&self) -> impl Iterator<Item = &V> {
        self.young.values().chain(self.old.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_small_and_keeps_what_is_used() {
        let mut map: BoundedMap<u32> = BoundedMap::new(100);
        for n in 0..10_000 {
            *map.entry(u64::MAX) += 1;
            *map.entry(n) += 1;
            assert!(map.values().count() <= 200);
        }
        assert_eq!(*map.entry(u64::MAX), 10_000);
        assert_eq!(*map.entry(0), 0);
        assert_eq!(*map.entry(9_999), 1);
    }
}
