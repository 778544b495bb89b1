//! Judges addresses: which may be connected to.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use url::{Host, Url};

use super::seeds::{SeedAllowance, stands_on};
use crate::model::url_identity::without_dot;
use crate::settings::{FetchSettings, SeedName};
use crate::web::address::{local_name, special};
use crate::web::failure::FailureKind;

/// The reason given with [`FailureKind::Refused`].
const REASON: &str = "private address";

/// So many names of seeds are resolved in order to judge one literal address; a longer list has
/// to name that address itself.
const MOST_LOOKED_UP: usize = 64;

/// A name without an address to connect to.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum Unresolved {
    /// All its addresses are refused.
    #[error("{REASON} refused: {name} leads to {address} ({class})")]
    Refused {
        /// The name.
        name: String,
        /// One of them.
        address: IpAddr,
        /// What it is.
        class: &'static str,
    },
    /// The name server does not know it, or does not answer.
    #[error("name not found: {name}")]
    Unknown {
        /// The name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Judges addresses.
#[derive(Debug)]
pub(in crate::web) struct AddressPolicy {
    /// Whether everything may be connected to.
    allow_private: bool,
    /// Names with their addresses, in place of the name server.
    pub(super) overrides: HashMap<String, Vec<IpAddr>>,
    /// The proxy's own name, which the user gave.
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
            overrides.entry(plain(name)).or_default().push(*address);
        }
        let policy = Self {
            allow_private: settings.allow_private,
            overrides,
            proxy: proxy.and_then(Url::host_str).map(plain),
            seeds: Mutex::default(),
        };
        for seed in seeds {
            policy.add_seed(seed);
        }
        if !settings.allow_private {
            let mut seeds = policy.seeds();
            for known in &settings.seed_names {
                if seeds.names.remove(&*known.name) {
                    seeds.resolved(known.clone());
                }
            }
        }
        policy
    }

    /// Allows what `seed` stands on.
    pub(in crate::web) fn add_seed(&self, seed: &Url) {
        if self.allow_private {
            return;
        }
        match literal(seed) {
            Some(address) => {
                if special(address).is_some() {
                    self.seeds().addresses.insert(address);
                }
            }
            None => {
                if let Some(name) = seed.host_str() {
                    let name = plain(name).into_boxed_str();
                    let mut seeds = self.seeds();
                    if local_name(&name).is_some() {
                        seeds.local.insert(name.clone());
                    }
                    if !seeds.resolved.iter().any(|known| *known.name == *name) {
                        seeds.names.insert(name);
                    }
                }
            }
        }
    }

    /// What the names of seeds led to; it only ever grows.
    pub(in crate::web) fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        let seeds = self.seeds();
        (seeds.resolved.len() != known).then(|| seeds.resolved.clone())
    }

    /// Why a URL with a literal address, or with a name that stands for one, is not to be asked;
    /// other names are judged when they are resolved.
    pub(in crate::web) async fn refuses(&self, url: &Url) -> Option<String> {
        let proxy = self.proxy.as_deref();
        if let Some(name) = url.domain().filter(|name| proxy.is_some_and(|p| p == plain(name))) {
            // The resolver cannot tell a page there from the proxy itself.
            let refused = self.lookup(name, false).await;
            if let Err(error @ Unresolved::Refused { .. }) = refused {
                return Some(error.to_string());
            }
        }
        self.class(url)?;
        // A name that cannot be resolved now allows nothing now.
        let names = self.unresolved_seeds();
        let _ = join_all(names.iter().map(|name| self.lookup(name, false))).await;
        self.class(url).map(|class| refusal(url, class))
    }

    /// The same, as far as it can be told without asking a name server.
    pub(in crate::web) fn surely_refuses(&self, url: &Url) -> Option<String> {
        let class = self.class(url)?;
        self.unresolved_seeds().is_empty().then(|| refusal(url, class))
    }

    /// What `url` itself says of where it leads, when that may not be connected to.
    fn class(&self, url: &Url) -> Option<&'static str> {
        if self.allow_private {
            return None;
        }
        if let Some(address) = literal(url) {
            return self.judge(address);
        }
        let name = url.domain()?;
        let name = without_dot(name).unwrap_or(name);
        let (class, addresses) = local_name(name)?;
        let seeds = self.seeds();
        let allowed = seeds.local.contains(name)
            || addresses.iter().any(|address| seeds.addresses.contains(address));
        (!allowed).then_some(class)
    }

    /// The names of seeds that may turn out to stand on a private address. Through a proxy they
    /// are the proxy's to resolve.
    fn unresolved_seeds(&self) -> Vec<Box<str>> {
        let seeds = self.seeds();
        let none = self.proxy.is_some() || seeds.names.len() > MOST_LOOKED_UP;
        if none { Vec::new() } else { seeds.names.iter().cloned().collect() }
    }

    /// Why `address`, which answered for `url`, should not have been connected to.
    pub(in crate::web) fn refuses_peer(&self, url: &Url, address: IpAddr) -> Option<String> {
        let class = self.judge(address.to_canonical())?;
        let Some(name) = url.domain() else { return Some(refusal(url, class)) };
        Some(Unresolved::Refused { name: name.into(), address, class }.to_string())
    }

    /// What `address` is, when it may not be connected to.
    fn judge(&self, address: IpAddr) -> Option<&'static str> {
        if self.allow_private {
            return None;
        }
        special(address).filter(|_| !self.seeds().addresses.contains(&address))
    }

    /// The addresses of `name` that may be connected to: all, when it is `for_proxy` and the name
    /// is the proxy's.
    pub(super) async fn lookup(
        &self,
        name: &str,
        for_proxy: bool,
    ) -> Result<Vec<IpAddr>, Unresolved> {
        let name = plain(name);
        let found: Vec<IpAddr> = match self.overrides.get(&name) {
            Some(addresses) => addresses.iter().map(IpAddr::to_canonical).collect(),
            None => tokio::net::lookup_host((&*name, 0))
                .await
                .map_err(|source| Unresolved::Unknown { name: name.clone(), source })?
                .map(|address| address.ip().to_canonical())
                .collect(),
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
                let addresses = stands_on(&found);
                seeds.resolved(SeedName { name: name.clone(), addresses });
            }
        }
        let allowed: Vec<_> =
            found.iter().copied().filter(|address| self.judge(*address).is_none()).collect();
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

/// The failure with `message`.
pub(in crate::web) const fn refused(message: String) -> (FailureKind, String) {
    (FailureKind::Refused(REASON), message)
}

fn refusal(url: &Url, class: &str) -> String {
    match literal(url) {
        Some(address) => format!("{REASON} refused: {address} ({class})"),
        None => format!("{REASON} refused: {} ({class})", url.host_str().unwrap_or_default()),
    }
}

/// The literal address in `url`; `http://2130706433/` has one.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(IpAddr::from(address).to_canonical()),
        Host::Domain(_) => None,
    }
}

/// A name as it is compared: in lower case, without the root's dot.
fn plain(name: &str) -> String {
    let name = without_dot(name).unwrap_or(name);
    match Host::parse(name) {
        Ok(host) => host.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}
