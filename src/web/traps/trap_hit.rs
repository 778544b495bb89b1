//! What a trap looks like to people: its kind, its pattern, how often it was met.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest pattern, in bytes.
pub(super) const MAX_PATTERN: usize = 120;

/// What makes a URL look like part of a trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrapKind {
    /// A path segment, or a group of them, comes again and again.
    Repeats,
    /// Too many path segments.
    Depth,
    /// Too long.
    Length,
    /// Too many combinations of query parameters on one path.
    Queries,
    /// A date too far ahead, or too many dates.
    Calendar,
    /// A page that is known under another session id.
    Session,
    /// The pages of its pattern all hold the same.
    SameContent,
    /// Found on one copy too many of a page.
    Copy,
    /// Each URL leads to longer ones.
    Growth,
}

impl TrapKind {
    /// In words.
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

/// A URL that is not to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrapHit {
    /// Why.
    pub kind: TrapKind,
    /// Its pattern, for people: `127.0.0.1:80/cal/#/#?page=*`; at most 120 characters. Of copies,
    /// the first URL with their content.
    pub pattern: String,
    /// URLs of this pattern caught for this reason so far, this one included.
    pub count: u64,
}

impl TrapHit {
    /// Why it is skipped: `trap: calendar at 127.0.0.1:80/cal/#/#`.
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

/// A trap, for the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrapStatus {
    /// What it is.
    pub kind: TrapKind,
    /// Its pattern.
    pub pattern: String,
    /// URLs skipped for it.
    pub count: u64,
    /// The first of them, at most 200 characters.
    pub example: String,
}
