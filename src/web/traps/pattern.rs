//! What is remembered of one pattern of URLs: its dates, and whether its pages hold the same.

use hashbrown::HashSet;
use xxhash_rust::xxh3::xxh3_64;

/// What is known of one pattern of URLs.
#[derive(Debug, Default)]
pub(super) struct Pattern {
    pub(super) dates: Dates,
    /// Whether some of its URLs hold numbers that are no dates.
    pub(super) other_numbers: bool,
    /// The body that most of its pages hold, and by how many they are more.
    pub(super) body: u64,
    pub(super) lead: u32,
    /// The page that these name as canonical: it is to be fetched all the same.
    pub(super) original: u64,
}

impl Pattern {
    /// Whether a URL of it is one of more than `limit` pages that hold the same.
    pub(super) fn is_same(&self, url: &str, limit: u32) -> bool {
        limit > 0 && self.lead > limit && self.original != xxh3_64(url.as_bytes())
    }
}

/// A page behind a part of its path that looks random.
#[derive(Debug, Default)]
pub(super) struct Masked {
    /// URLs of it.
    pub(super) ids: u32,
    /// How it looked when it was last fetched.
    pub(super) look: u64,
}

/// Most patterns have one date.
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

    /// Whether it is new.
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
