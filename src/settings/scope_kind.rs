//! Which links a crawl follows, as the user says it.

use serde::{Deserialize, Serialize};

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
