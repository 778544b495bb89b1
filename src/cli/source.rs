//! The sources of options, weakest first: default, configuration file, environment, flags.

use std::collections::BTreeMap;
use std::fmt;

/// What the environment's variables begin with.
pub(super) const PREFIX: &str = "CRAWLDECK_";

/// Most times that `--verbose` makes a difference.
pub(super) const MAX_VERBOSITY: u8 = 2;

/// Options that hold secrets, for the most part not stored with a crawl.
pub(super) const SECRETS: [&str; 5] = ["header", "auth", "bearer", "proxy", "db"];

/// Where the value of an option comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// No source gives one.
    Default,
    /// This file.
    File(String),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) => f.write_str(name),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// The sources of all options, by long name.
#[derive(Debug, Default)]
pub struct Sources(pub(super) BTreeMap<String, Source>);

impl Sources {
    /// Where `key` comes from.
    #[must_use]
    pub fn of(&self, key: &str) -> Source {
        self.0.get(key).cloned().unwrap_or(Source::Default)
    }
}
