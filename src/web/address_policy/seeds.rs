//! The private addresses that the seeds allow.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

#[cfg(doc)]
use crate::settings::FetchSettings;
use crate::settings::SeedName;
use crate::web::address::{is_metadata, special};

/// Maximum number of seed names with public addresses that are stored for a resumed crawl. Of a
/// longer list, the resumed crawl resolves the remaining names as if for the first time.
const MAX_PUBLIC_NAMES: usize = 1024;

/// The addresses and names that the seeds allow.
#[derive(Debug, Default)]
pub(super) struct SeedAllowance {
    /// Private addresses that are the host of a seed.
    pub(super) literal: HashSet<IpAddr>,
    /// Private addresses that names of seeds led to, and how many names each.
    named: HashMap<IpAddr, u32>,
    /// Names of seeds not yet resolved. The addresses of the first lookup are allowed; those of a
    /// later lookup are checked like any other.
    pub(super) names: HashSet<Box<str>>,
    /// The resolved names with their addresses, in order of resolution: see [`FetchSettings::seed_names`].
    pub(super) resolved: Vec<SeedName>,
    /// The number of names that resolved to public addresses.
    public: usize,
    /// Names of seeds that would be refused by name, such as `localhost`.
    pub(super) local: HashSet<Box<str>>,
}

impl SeedAllowance {
    /// Records the addresses of a seed's name and allows them.
    pub(super) fn record_resolved(&mut self, seed: SeedName) {
        for address in &seed.addresses {
            *self.named.entry(*address).or_default() += 1;
        }
        if seed.addresses.is_empty() {
            self.public += 1;
            if self.public > MAX_PUBLIC_NAMES {
                return;
            }
        }
        self.resolved.push(seed);
    }

    /// Whether a seed allows `address`.
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        self.literal.contains(&address) || self.named.contains_key(&address)
    }

    /// Forgets the name of a seed, and the addresses that no other name led to.
    pub(super) fn remove_name(&mut self, name: &str) {
        self.names.remove(name);
        self.local.remove(name);
        let Some(at) = self.resolved.iter().position(|known| *known.name == *name) else { return };
        let SeedName { addresses, .. } = self.resolved.remove(at);
        if addresses.is_empty() {
            self.public -= 1;
        }
        for address in addresses {
            if let Some(names) = self.named.get_mut(&address) {
                *names -= 1;
                if *names == 0 {
                    self.named.remove(&address);
                }
            }
        }
    }
}

/// The private addresses that a seed allows whose name resolved to `found`. With one public address
/// among them it allows none, because the owner of a public name could add any address to it. The
/// address of a metadata service is allowed only as a literal address.
pub(super) fn allowed_by_seed(found: &[IpAddr]) -> Vec<IpAddr> {
    if found.iter().any(|address| special(*address).is_none()) {
        return Vec::new();
    }
    found.iter().copied().filter(|address| !is_metadata(*address)).collect()
}
