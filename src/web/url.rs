//! URLs: canonical form, identity, scope.

use serde::{Deserialize, Serialize};

/// Identity of a URL: xxh3-128 of its canonical form, big endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UrlHash(pub [u8; 16]);

/// Which links are followed, seen from the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The seeds alone.
    Page,
    /// Same host and port, path below a seed's directory.
    Prefix,
    /// Same host and port.
    #[default]
    Host,
    /// Same registrable domain.
    Domain,
    /// Everything.
    Any,
}
