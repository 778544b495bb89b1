//! What a seed that was added while the crawl ran brought into the scope, so that it can be undone.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::scope_kind::ScopeKind;

/// What is in scope because of a seed alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedReach {
    /// Nothing: everything around it was in scope before. Only its own URL is there because of it.
    Itself,
    /// Its own page, of a scope of single pages.
    Page,
    /// A directory of a host.
    Directory {
        /// Host with port.
        host: String,
        /// From `/` to `/`.
        path: String,
    },
    /// A host with port.
    Host(String),
    /// A registrable domain.
    Domain(String),
}

/// How a seed widened a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedGain {
    /// The scope's kind.
    pub scope: ScopeKind,
    /// What came into it.
    pub reach: SeedReach,
    /// Directories in scope before that lie within the new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<String>,
}

/// A seed that was added while the crawl ran, and was undone: what is in scope because of it alone is
/// skipped until it is added again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneSeed {
    /// The seed.
    pub url: Url,
    /// What it had brought into the scope.
    pub reach: SeedReach,
}
