//! Traps as shown to the user: kind, pattern, number of hits.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Maximum length of a pattern, in bytes.
pub(super) const MAX_PATTERN: usize = 120;

/// The kind of a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrapKind {
    /// A path segment, or a group of them, repeats.
    Repeats,
    /// Too many path segments.
    Depth,
    /// The URL is too long.
    Length,
    /// Too many combinations of query parameters on one path.
    Queries,
    /// A date too far ahead, or too many dates.
    Calendar,
    /// A page that was fetched under another session id.
    Session,
    /// The pages of its pattern have the same content.
    SameContent,
    /// The URL was found on one copy too many of a page.
    Copy,
    /// Each URL links to longer ones.
    Growth,
}

impl TrapKind {
    /// A short description for the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repeats => "repeated path",
            Self::Depth => "deep path",
            Self::Length => "long URL",
            Self::Queries => "query combinations",
            Self::Calendar => "calendar",
            Self::Session => "session id",
            Self::SameContent => "same content",
            Self::Copy => "link of a copy",
            Self::Growth => "growing URLs",
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A URL that is skipped because it is part of a trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrapHit {
    /// The kind of the trap.
    pub kind: TrapKind,
    /// Its pattern, for the user: `127.0.0.1:80/cal/#/#?page=*`; at most 120 bytes. For copies, the
    /// first URL with their content.
    pub pattern: String,
    /// Number of hits of this kind and pattern so far, this one included.
    pub count: u64,
}

impl TrapHit {
    /// The reason stored with the skipped page: `trap: calendar at 127.0.0.1:80/cal/#/#`.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.kind {
            TrapKind::Copy => {
                format!("trap: found on a page with the same content as {}", self.pattern)
            }
            _ => format!("trap: {} at {}", self.kind, self.pattern),
        }
    }
}

/// A trap with its number of hits, as shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrapStatus {
    /// Its kind.
    pub kind: TrapKind,
    /// Its pattern.
    pub pattern: String,
    /// URLs skipped for it.
    pub count: u64,
    /// The first of them, at most 200 bytes.
    pub example: String,
}
