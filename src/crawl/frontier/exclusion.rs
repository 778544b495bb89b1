//! One exclusion: what it keeps out, and the reason that stands in the rows it skips.

use std::sync::Arc;

use regex::Regex;
use url::Url;

use crate::crawl::hosts::host_of;
use crate::settings::seed_reach::{SeedReach, UndoneSeed};
use crate::web::scope::{Scope, lies_within};

/// What is kept out while the crawl runs.
#[derive(Debug, Clone)]
pub enum Exclusion {
    /// What matches a pattern of the user.
    Pattern(Regex),
    /// What was in scope because of a seed that was undone, and is not in scope for another reason.
    UndoneSeed {
        /// The seed.
        seed: Arc<UndoneSeed>,
        /// The scope now.
        scope: Arc<Scope>,
    },
}

/// The reason of a URL excluded by `pattern`.
#[must_use]
pub fn excluded_reason(pattern: &str) -> String {
    format!("excluded: {pattern}")
}

/// The reason of a URL that was in scope because of a seed that was undone.
#[must_use]
pub fn undone_seed_reason(seed: &str) -> String {
    format!("seed undone: {seed}")
}

impl Exclusion {
    /// The reason of what it keeps out.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Pattern(pattern) => excluded_reason(pattern.as_str()),
            Self::UndoneSeed { seed, .. } => undone_seed_reason(seed.url.as_str()),
        }
    }

    /// Whether it keeps `url` out.
    #[must_use]
    pub fn holds(&self, url: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_match(url),
            Self::UndoneSeed { seed, scope } => is_left(seed, scope, url),
        }
    }
}

/// Whether `url` was in scope because of `seed`, and is not any more. Most URLs are told apart by their
/// text.
fn is_left(seed: &UndoneSeed, scope: &Scope, url: &str) -> bool {
    let may_be = match &seed.reach {
        SeedReach::Itself | SeedReach::Page => {
            return url == seed.url.as_str() && !again(seed, scope);
        }
        SeedReach::Directory { host, .. } | SeedReach::Host(host) => *host_of(url) == **host,
        SeedReach::Domain(domain) => host_of(url).contains(&**domain),
    };
    may_be
        && Url::parse(url)
            .is_ok_and(|url| lies_within(&url, &seed.url, &seed.reach) && !scope.reaches(&url))
}

/// Whether the page of a seed is in a scope of single pages again.
fn again(seed: &UndoneSeed, scope: &Scope) -> bool {
    scope.covers(&seed.url, &seed.reach)
}
