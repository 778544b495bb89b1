//! Decides which addresses may be connected to.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::join_all;
use url::{Host, Url};

use super::seeds::{SeedAllowance, allowed_by_seed};
use crate::model::url_identity::without_dot;
use crate::settings::{FetchSettings, SeedName};
use crate::web::address::{local_name, special};
use crate::web::failure::FailureKind;

/// The reason given with [`FailureKind::Refused`].
const REASON: &str = "private address";

/// Maximum number of seed names that are resolved to decide about one literal address; in a longer
/// list, that address must be a seed itself.
const MAX_SEED_LOOKUPS: usize = 64;

/// A name without an allowed address.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum Unresolved {
    /// All its addresses are refused.
    #[error("{REASON} refused: {name} leads to {address} ({class})")]
    Refused {
        /// The name.
        name: String,
        /// One of them.
        address: IpAddr,
        /// Its class, such as `loopback`.
        class: &'static str,
    },
    /// The name server does not know the name, or does not respond.
    #[error("name not found: {name}")]
    Unknown {
        /// The name.
        name: String,
        /// The error of the system's resolver.
        source: io::Error,
    },
}

/// Decides which addresses may be connected to.
#[derive(Debug)]
pub(in crate::web) struct AddressPolicy {
    /// Whether every address is allowed.
    allow_private: bool,
    /// Addresses of names from the settings, used instead of a DNS lookup.
    pub(super) overrides: HashMap<String, Vec<IpAddr>>,
    /// The host name of the proxy, as configured.
    proxy: Option<String>,
    seeds: Mutex<SeedAllowance>,
}

impl AddressPolicy {
    pub(in crate::web) fn new(
        settings: &FetchSettings,
        proxy: Option<&Url>,
        seeds: &[Url],
    ) -> Self {
        let mut overrides: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for (name, address) in &settings.resolve {
            overrides.entry(comparable(name)).or_default().push(*address);
        }
        let policy = Self {
            allow_private: settings.allow_private,
            overrides,
            proxy: proxy.and_then(Url::host_str).map(comparable),
            seeds: Mutex::default(),
        };
        for seed in seeds {
            policy.add_seed(seed);
        }
        if !settings.allow_private {
            let mut seeds = policy.seeds();
            for known in &settings.seed_names {
                if seeds.names.remove(&*known.name) {
                    seeds.record_resolved(known.clone());
                }
            }
        }
        policy
    }

    /// Allows the private address of `seed`, or the name of `seed` until it is resolved; true when no seed
    /// had allowed it before.
    pub(in crate::web) fn add_seed(&self, seed: &Url) -> bool {
        if self.allow_private {
            return false;
        }
        if let Some(address) = literal(seed) {
            return special(address).is_some() && self.seeds().literal.insert(address);
        }
        let Some(name) = seed.host_str() else { return false };
        let name = comparable(name).into_boxed_str();
        let mut seeds = self.seeds();
        if local_name(&name).is_some() {
            seeds.local.insert(name.clone());
        }
        let is_resolved = seeds.resolved.iter().any(|known| *known.name == *name);
        !is_resolved && seeds.names.insert(name)
    }

    /// Removes the last seed with the host of `seed`: its private address is refused again.
    pub(in crate::web) fn remove_seed(&self, seed: &Url) {
        let mut seeds = self.seeds();
        match (literal(seed), seed.host_str()) {
            (Some(address), _) => {
                seeds.literal.remove(&address);
            }
            (None, Some(name)) => seeds.remove_name(&comparable(name)),
            (None, None) => {}
        }
    }

    /// The resolved names of seeds; `None` when there are still only `known` of them.
    pub(in crate::web) fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        let seeds = self.seeds();
        (seeds.resolved.len() != known).then(|| seeds.resolved.clone())
    }

    /// Why a URL with a literal address, or with a name that always means a local one, is refused;
    /// other names are checked when they are resolved.
    pub(in crate::web) async fn refuses(&self, url: &Url) -> Option<String> {
        let proxy = self.proxy.as_deref();
        if let Some(name) = url.domain().filter(|name| proxy.is_some_and(|p| p == comparable(name)))
        {
            // The resolver cannot distinguish a page on that host from the proxy itself.
            let refused = self.lookup(name, false).await;
            if let Err(error @ Unresolved::Refused { .. }) = refused {
                return Some(error.to_string());
            }
        }
        self.url_class(url)?;
        // A seed name that cannot be resolved allows no address.
        let names = self.unresolved_seeds();
        let _ = join_all(names.iter().map(|name| self.lookup(name, false))).await;
        self.url_class(url).map(|class| refusal(url, class))
    }

    /// Like [`Self::refuses`], as far as this can be decided without a DNS lookup.
    #[cfg(feature = "internals")]
    pub(in crate::web) fn refuses_without_lookup(&self, url: &Url) -> Option<String> {
        let class = self.url_class(url)?;
        self.unresolved_seeds().is_empty().then(|| refusal(url, class))
    }

    /// The class of the address that `url` itself names, when it is not allowed.
    fn url_class(&self, url: &Url) -> Option<&'static str> {
        if self.allow_private {
            return None;
        }
        if let Some(address) = literal(url) {
            return self.address_class(address);
        }
        let name = url.domain()?;
        let name = without_dot(name).unwrap_or(name);
        let (class, addresses) = local_name(name)?;
        let seeds = self.seeds();
        let allowed =
            seeds.local.contains(name) || addresses.iter().any(|address| seeds.allow(*address));
        (!allowed).then_some(class)
    }

    /// The names of seeds that may still resolve to a private address; none with a proxy, which
    /// resolves names itself.
    fn unresolved_seeds(&self) -> Vec<Box<str>> {
        let seeds = self.seeds();
        let none = self.proxy.is_some() || seeds.names.len() > MAX_SEED_LOOKUPS;
        if none { Vec::new() } else { seeds.names.iter().cloned().collect() }
    }

    /// Why `address`, to which the connection for `url` was made, is not allowed.
    pub(in crate::web) fn refuses_peer(&self, url: &Url, address: IpAddr) -> Option<String> {
        let class = self.address_class(address.to_canonical())?;
        let Some(name) = url.domain() else { return Some(refusal(url, class)) };
        Some(Unresolved::Refused { name: name.into(), address, class }.to_string())
    }

    /// The class of `address`, when it is not allowed.
    fn address_class(&self, address: IpAddr) -> Option<&'static str> {
        if self.allow_private {
            return None;
        }
        special(address).filter(|_| !self.seeds().allow(address))
    }

    /// Resolves `name` to its allowed addresses; with `for_proxy`, all addresses of the proxy's name
    /// are allowed.
    pub(super) async fn lookup(
        &self,
        name: &str,
        for_proxy: bool,
    ) -> Result<Vec<IpAddr>, Unresolved> {
        let name = comparable(name);
        let found: Vec<IpAddr> = match self.overrides.get(&name) {
            Some(addresses) => addresses.iter().map(IpAddr::to_canonical).collect(),
            None => by_the_system(&name)
                .await
                .map_err(|source| Unresolved::Unknown { name: name.clone(), source })?,
        };
        if found.is_empty() {
            return Err(Unresolved::Unknown { name, source: io::ErrorKind::NotFound.into() });
        }
        if self.allow_private || for_proxy && self.proxy.as_deref() == Some(&*name) {
            return Ok(found);
        }
        {
            let mut seeds = self.seeds();
            if seeds.names.remove(&*name) {
                let addresses = allowed_by_seed(&found);
                seeds.record_resolved(SeedName { name: name.clone(), addresses });
            }
        }
        let allowed: Vec<_> = found
            .iter()
            .copied()
            .filter(|address| self.address_class(*address).is_none())
            .collect();
        match found.first() {
            Some(&address) if allowed.is_empty() => {
                let class = special(address).unwrap_or_default();
                Err(Unresolved::Refused { name, address, class })
            }
            _ => Ok(allowed),
        }
    }

    fn seeds(&self) -> MutexGuard<'_, SeedAllowance> {
        self.seeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No thread could be started for a name look-up.
#[derive(Debug, thiserror::Error)]
#[error("no thread could be started")]
pub(in crate::web) struct NoThread;

/// The addresses of `name` by the system's resolver, which blocks a thread meanwhile. The runtime panics
/// when it cannot start one.
async fn by_the_system(name: &str) -> io::Result<Vec<IpAddr>> {
    let lookup = AssertUnwindSafe(tokio::net::lookup_host((name, 0))).catch_unwind();
    let found = lookup.await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>();
        if !text.is_some_and(|text| text.contains("can't spawn")) {
            resume_unwind(panic);
        }
        Err(io::Error::other(NoThread))
    })?;
    Ok(found.map(|address| address.ip().to_canonical()).collect())
}

/// The failure of a refused address, with `message`.
pub(in crate::web) const fn refused(message: String) -> (FailureKind, String) {
    (FailureKind::Refused(REASON), message)
}

fn refusal(url: &Url, class: &str) -> String {
    match literal(url) {
        Some(address) => format!("{REASON} refused: {address} ({class})"),
        None => format!("{REASON} refused: {} ({class})", url.host_str().unwrap_or_default()),
    }
}

/// The literal address in `url`, in any notation: `http://2130706433/` has one.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(IpAddr::from(address).to_canonical()),
        Host::Domain(_) => None,
    }
}

/// A name in the form in which names are compared: lower case, without the trailing dot.
fn comparable(name: &str) -> String {
    let name = without_dot(name).unwrap_or(name);
    match Host::parse(name) {
        Ok(host) => host.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
