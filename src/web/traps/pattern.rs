//! The record of one URL pattern: its dates, and whether its pages have the same content.

use hashbrown::HashSet;
use xxhash_rust::xxh3::xxh3_64;

/// The record of one URL pattern.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    pub(super) dates: Dates,
    /// Whether some of its URLs contain numbers that are no dates.
    pub(super) other_numbers: bool,
    /// Hash of the most frequent body, and the number of pages with it minus the number of others.
    pub(super) body: u64,
    pub(super) lead: u32,
    /// Hash of the canonical URL that these pages declare; that URL is still fetched.
    pub(super) original: u64,
}

impl Pattern {
    /// Whether a URL of this pattern is one of more than `limit` pages with the same content.
    pub(super) fn is_same(&self, url: &str, limit: u32) -> bool {
        limit > 0 && self.lead > limit && self.original != xxh3_64(url.as_bytes())
    }
}

/// A page behind a random-looking part of its path.
#[derive(Debug, Default)]
pub(super) struct Masked {
    /// Number of its URLs.
    pub(super) ids: u32,
    /// Hash of its appearance when it was last fetched; 0 before.
    pub(super) appearance: u64,
}

/// A set of dates; most patterns have at most one, so one needs no allocation.
#[derive(Debug, Default)]
pub(super) enum Dates {
    #[default]
    None,
    One(u32),
    Many(HashSet<u32>),
}

impl Dates {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(dates) => dates.len(),
        }
    }

    /// Adds a date; returns whether it is new.
    pub(super) fn insert(&mut self, date: u32) -> bool {
        match self {
            Self::None => *self = Self::One(date),
            Self::One(known) if *known == date => return false,
            Self::One(known) => *self = Self::Many(HashSet::from_iter([*known, date])),
            Self::Many(dates) => return dates.insert(date),
        }
        true
    }
}
