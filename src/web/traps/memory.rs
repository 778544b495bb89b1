//! A map that forgets what was not asked for in a long time.

use std::hash::BuildHasherDefault;

use hashbrown::HashMap;

/// The keys are hashes already.
#[derive(Debug, Default)]
pub(super) struct PassThroughHasher(u64);

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

/// Keys that are hashes.
pub(super) type HashedMap<V> = HashMap<u64, V, BuildHasherDefault<PassThroughHasher>>;

/// Holds at most `2 * room` values, by two generations: when the younger one is full, the
/// older one goes. Whatever is used stays.
#[derive(Debug)]
pub(super) struct BoundedMap<V> {
    young: HashedMap<V>,
    old: HashedMap<V>,
    room: usize,
}

impl<V: Default> BoundedMap<V> {
    pub(super) fn new(room: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), room }
    }

    /// The value of `key`, made if there is none.
    pub(super) fn entry(&mut self, key: u64) -> &mut V {
        if self.young.len() >= self.room && !self.young.contains_key(&key) {
            self.age();
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default())
    }

    /// The value of `key`, if there is one.
    pub(super) fn get(&mut self, key: u64) -> Option<&mut V> {
        let known = self.young.contains_key(&key) || self.old.contains_key(&key);
        known.then(|| self.entry(key))
    }

    /// Forgets the older half.
    pub(super) fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }

    /// All values.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
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
