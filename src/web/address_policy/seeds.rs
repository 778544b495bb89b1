//! What the seeds allow: the private addresses that they stand on.

use std::collections::HashSet;
use std::net::IpAddr;

#[cfg(doc)]
use crate::settings::FetchSettings;
use crate::settings::SeedName;
use crate::web::address::{is_metadata, special};

/// Names of seeds on public addresses that are remembered for a resumed crawl, which believes the
/// further ones of a long list once more.
const MOST_PUBLIC: usize = 1024;

/// What the seeds allow.
#[derive(Debug, Default)]
pub(super) struct SeedAllowance {
    /// Private addresses that seeds stand on.
    pub(super) addresses: HashSet<IpAddr>,
    /// Names of seeds not yet resolved. What one leads to first is what its seed meant; a later
    /// answer is judged like any other.
    pub(super) names: HashSet<Box<str>>,
    /// What those resolved led to, in their order: see [`FetchSettings::seed_names`].
    pub(super) resolved: Vec<SeedName>,
    /// How many of these lead to public addresses.
    public: usize,
    /// Names of seeds that are refused to others for the name alone.
    pub(super) local: HashSet<Box<str>>,
}

impl SeedAllowance {
    /// Notes what the name of a seed leads to, and allows that.
    pub(super) fn resolved(&mut self, seed: SeedName) {
        self.addresses.extend(&seed.addresses);
        if seed.addresses.is_empty() {
            self.public += 1;
            if self.public > MOST_PUBLIC {
                return;
            }
        }
        self.resolved.push(seed);
    }
}

/// The private addresses that a seed whose name leads to `found` stands on. One public answer makes
/// it a public seed: whoever serves a public name could add whatever address to it. What a cloud's
/// metadata stand on is for literal addresses alone.
pub(super) fn stands_on(found: &[IpAddr]) -> Vec<IpAddr> {
    if found.iter().any(|address| special(*address).is_none()) {
        return Vec::new();
    }
    found.iter().copied().filter(|address| !is_metadata(*address)).collect()
}
