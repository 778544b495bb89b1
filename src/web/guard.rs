//! Who may be connected to: the public internet, and the private addresses that seeds stand on.
//!
//! A page must not be able to send the crawler into the network it runs in, neither by a literal
//! address nor by a name that leads to one, whatever the name server says the second time. So
//! names are resolved here and only what may be connected to is handed to the HTTP client;
//! a literal address never passes a resolver and is judged before the request.
//!
//! Through a proxy (but `socks5`) names are resolved by the proxy: what they lead to cannot be
//! seen from here, only literal addresses can.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::special;
use super::failure::FailureKind;
use crate::config::FetchSettings;

/// The reason given with [`FailureKind::Refused`].
const REASON: &str = "private address";

/// So many names of seeds are resolved in order to judge one literal address; a longer list has
/// to name that address itself.
const MOST_LOOKED_UP: usize = 64;

/// A name without an address to connect to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
    /// All its addresses are refused.
    #[error("{}", refusal(Some(name), *address, class))]
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
pub(super) struct Guard {
    /// Whether everything may be connected to.
    allow_private: bool,
    /// Names with their addresses, in place of the name server.
    overrides: HashMap<String, Vec<IpAddr>>,
    /// The proxy's own name, which the user gave.
    proxy: Option<String>,
    seeds: Mutex<Seeds>,
}

/// What the seeds allow.
#[derive(Debug, Default)]
struct Seeds {
    /// Private addresses that seeds stand on.
    addresses: HashSet<IpAddr>,
    /// Names of seeds not yet resolved. What one leads to first is what its seed meant; a later
    /// answer is judged like any other.
    names: HashSet<Box<str>>,
}

impl Guard {
    pub(super) fn new(settings: &FetchSettings, proxy: Option<&Url>, seeds: &[Url]) -> Self {
        let mut overrides: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for (name, address) in &settings.resolve {
            overrides.entry(plain(name)).or_default().push(*address);
        }
        let guard = Self {
            allow_private: settings.allow_private,
            overrides,
            proxy: proxy.and_then(Url::host_str).map(plain),
            seeds: Mutex::default(),
        };
        for seed in seeds {
            guard.add_seed(seed);
        }
        guard
    }

    /// Allows what `seed` stands on.
    pub(super) fn add_seed(&self, seed: &Url) {
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
                    self.seeds().names.insert(name);
                }
            }
        }
    }

    /// Why a URL with a literal address is not to be asked; a name is judged when it is resolved.
    pub(super) async fn refuses(&self, url: &Url) -> Option<String> {
        let address = literal(url)?;
        let class = self.judge(address)?;
        // A name that cannot be resolved now allows nothing now.
        let names = self.unresolved_seeds();
        let _ = join_all(names.iter().map(|name| self.lookup(name))).await;
        self.judge(address).map(|_| refusal(None, address, class))
    }

    /// The same, as far as it can be told without asking a name server.
    pub(super) fn surely_refuses(&self, url: &Url) -> Option<String> {
        let address = literal(url)?;
        let class = self.judge(address)?;
        self.unresolved_seeds().is_empty().then(|| refusal(None, address, class))
    }

    /// The names of seeds that may turn out to stand on a private address. Through a proxy they
    /// are the proxy's to resolve.
    fn unresolved_seeds(&self) -> Vec<Box<str>> {
        let seeds = self.seeds();
        let none = self.proxy.is_some() || seeds.names.len() > MOST_LOOKED_UP;
        if none { Vec::new() } else { seeds.names.iter().cloned().collect() }
    }

    /// Why `address`, which answered for `url`, should not have been connected to.
    pub(super) fn refuses_peer(&self, url: &Url, address: IpAddr) -> Option<String> {
        let class = self.judge(address.to_canonical())?;
        Some(refusal(url.domain(), address, class))
    }

    /// What `address` is, when it may not be connected to.
    fn judge(&self, address: IpAddr) -> Option<&'static str> {
        if self.allow_private {
            return None;
        }
        special(address).filter(|_| !self.seeds().addresses.contains(&address))
    }

    /// The addresses of `name` that may be connected to.
    async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
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
        if self.allow_private || self.proxy.as_deref() == Some(&*name) {
            return Ok(found);
        }
        {
            let mut seeds = self.seeds();
            if seeds.names.remove(&*name) {
                let private = found.iter().filter(|address| special(**address).is_some());
                seeds.addresses.extend(private);
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

    fn seeds(&self) -> MutexGuard<'_, Seeds> {
        self.seeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The guard as the HTTP client's resolver.
pub(super) struct Resolver(pub(super) Arc<Guard>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = guard.lookup(name.as_str()).await?;
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The failure with `message`.
pub(super) const fn refused(message: String) -> (FailureKind, String) {
    (FailureKind::Refused(REASON), message)
}

fn refusal(name: Option<&str>, address: IpAddr, class: &str) -> String {
    match name {
        Some(name) => format!("{REASON} refused: {name} leads to {address} ({class})"),
        None => format!("{REASON} refused: {address} ({class})"),
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
    let name = name.strip_suffix('.').unwrap_or(name);
    match Host::parse(name) {
        Ok(host) => host.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn guard(seeds: &[&str], resolve: &[(&str, &str)], allow_private: bool) -> Guard {
        let seeds: Vec<_> = seeds.iter().map(|seed| Url::parse(seed).unwrap()).collect();
        let resolve = resolve.iter().map(|(n, a)| ((*n).into(), a.parse().unwrap())).collect();
        let settings = FetchSettings { allow_private, resolve, ..FetchSettings::default() };
        Guard::new(&settings, None, &seeds)
    }

    async fn refuses(guard: &Guard, url: &str) -> Option<String> {
        guard.refuses(&Url::parse(url).unwrap()).await
    }

    #[tokio::test]
    async fn a_private_seed_allows_its_own_address_alone() {
        let guard = guard(&["http://127.0.0.1:8000/"], &[], false);
        for url in ["http://127.0.0.1/", "https://127.0.0.1:9/", "http://[::ffff:127.0.0.1]/"] {
            assert_eq!(refuses(&guard, url).await, None, "{url}");
        }
        let told = refuses(&guard, "http://127.0.0.2/").await.unwrap();
        assert_eq!(told, "private address refused: 127.0.0.2 (loopback)");
        for url in ["http://[::1]/", "http://10.0.0.1/", "http://[64:ff9b::7f00:1]/", "http://0/"] {
            assert!(refuses(&guard, url).await.is_some(), "{url}");
        }
    }

    #[tokio::test]
    async fn every_spelling_of_an_address_is_that_address() {
        let guard = guard(&["http://8.8.8.8/"], &[], false);
        for host in [
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "%31%32%37.0.0.1",
            "127.0.0.1.",
            "１２７.0.0.1",
            "[::ffff:7f00:1]",
        ] {
            let url = format!("http://{host}/");
            assert!(refuses(&guard, &url).await.is_some(), "{url}");
            let url = Url::parse(&url).unwrap();
            assert!(guard.surely_refuses(&url).is_some(), "{url}");
        }
        assert_eq!(refuses(&guard, "http://8.8.4.4/").await, None);
    }

    #[tokio::test]
    async fn a_seeds_name_means_what_it_leads_to_first() {
        let resolve = [("intra.test", "10.1.1.1"), ("other.test", "10.1.1.2")];
        let guard = guard(&["http://Intra.test./"], &resolve, false);
        assert_eq!(guard.surely_refuses(&Url::parse("http://10.1.1.1/").unwrap()), None);
        assert_eq!(refuses(&guard, "http://10.1.1.1:81/").await, None);
        assert!(refuses(&guard, "http://10.1.1.2/").await.is_some());
        assert!(guard.surely_refuses(&Url::parse("http://10.1.1.2/").unwrap()).is_some());
        let error = guard.lookup("other.test").await.unwrap_err();
        let told = "private address refused: other.test leads to 10.1.1.2 (private)";
        assert_eq!(error.to_string(), told);
        assert_eq!(guard.lookup("INTRA.test").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_name_that_turns_private_later_is_refused() {
        let mut guard = guard(&["http://a.test/"], &[("a.test", "8.8.8.8")], false);
        assert_eq!(guard.lookup("a.test").await.unwrap().len(), 1);
        guard.overrides.insert("a.test".into(), vec!["127.0.0.1".parse().unwrap()]);
        assert!(matches!(guard.lookup("a.test").await, Err(Unresolved::Refused { .. })));
        // Of several, those that are public are left.
        let both = ["127.0.0.1", "9.9.9.9"].map(|address| address.parse().unwrap());
        guard.overrides.insert("a.test".into(), both.to_vec());
        assert_eq!(guard.lookup("a.test").await.unwrap(), [both[1]]);
    }

    #[tokio::test]
    async fn all_may_be_allowed() {
        let guard = guard(&[], &[("a.test", "10.0.0.1")], true);
        assert_eq!(refuses(&guard, "http://127.0.0.1/").await, None);
        assert_eq!(guard.lookup("a.test").await.unwrap().len(), 1);
    }
}
