//! Who may be connected to: the public internet, and the private addresses that seeds stand on.
//!
//! A page must not be able to send the crawler into the network it runs in, neither by a literal
//! address nor by a name that leads to one, whatever the name server says the second time. So
//! names are resolved here and only what may be connected to is handed to the HTTP client;
//! a literal address never passes a resolver and is judged before the request.
//!
//! Through a proxy (but `socks5`) names are resolved by the proxy: what they lead to cannot be
//! seen from here, only literal addresses can, and names that mean the same everywhere.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::model::url_identity::without_dot;
use crate::settings::{FetchSettings, SeedName};
use crate::web::address::{is_metadata, local_name, special};
use crate::web::failure::FailureKind;

/// The reason given with [`FailureKind::Refused`].
const REASON: &str = "private address";

/// So many names of seeds are resolved in order to judge one literal address; a longer list has
/// to name that address itself.
const MOST_LOOKED_UP: usize = 64;

/// Names of seeds on public addresses that are remembered for a resumed crawl, which believes the
/// further ones of a long list once more.
const MOST_PUBLIC: usize = 1024;

/// A name without an address to connect to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
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
pub(super) struct AddressPolicy {
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
    /// What those resolved led to, in their order: see [`FetchSettings::seed_names`].
    resolved: Vec<SeedName>,
    /// How many of these lead to public addresses.
    public: usize,
    /// Names of seeds that are refused to others for the name alone.
    local: HashSet<Box<str>>,
}

impl AddressPolicy {
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
        if !settings.allow_private {
            let mut seeds = guard.seeds();
            for known in &settings.seed_names {
                if seeds.names.remove(&*known.name) {
                    seeds.resolved(known.clone());
                }
            }
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
    pub(super) fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        let seeds = self.seeds();
        (seeds.resolved.len() != known).then(|| seeds.resolved.clone())
    }

    /// Why a URL with a literal address, or with a name that stands for one, is not to be asked;
    /// other names are judged when they are resolved.
    pub(super) async fn refuses(&self, url: &Url) -> Option<String> {
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
    pub(super) fn surely_refuses(&self, url: &Url) -> Option<String> {
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
    pub(super) fn refuses_peer(&self, url: &Url, address: IpAddr) -> Option<String> {
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
    async fn lookup(&self, name: &str, for_proxy: bool) -> Result<Vec<IpAddr>, Unresolved> {
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

    fn seeds(&self) -> MutexGuard<'_, Seeds> {
        self.seeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seeds {
    /// Notes what the name of a seed leads to, and allows that.
    fn resolved(&mut self, seed: SeedName) {
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
fn stands_on(found: &[IpAddr]) -> Vec<IpAddr> {
    if found.iter().any(|address| special(*address).is_none()) {
        return Vec::new();
    }
    found.iter().copied().filter(|address| !is_metadata(*address)).collect()
}

/// The guard as the HTTP client's resolver.
pub(super) struct Resolver(pub(super) Arc<AddressPolicy>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = guard.lookup(name.as_str(), true).await?;
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The failure with `message`.
pub(super) const fn refused(message: String) -> (FailureKind, String) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn guard(seeds: &[&str], resolve: &[(&str, &str)], allow_private: bool) -> AddressPolicy {
        let seeds: Vec<_> = seeds.iter().map(|seed| Url::parse(seed).unwrap()).collect();
        let resolve = resolve.iter().map(|(n, a)| ((*n).into(), a.parse().unwrap())).collect();
        let settings = FetchSettings { allow_private, resolve, ..FetchSettings::default() };
        AddressPolicy::new(&settings, None, &seeds)
    }

    async fn refuses(guard: &AddressPolicy, url: &str) -> Option<String> {
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
        let error = guard.lookup("other.test", true).await.unwrap_err();
        let told = "private address refused: other.test leads to 10.1.1.2 (private)";
        assert_eq!(error.to_string(), told);
        assert_eq!(guard.lookup("INTRA.test", true).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_name_that_turns_private_later_is_refused() {
        let mut guard = guard(&["http://a.test/"], &[("a.test", "8.8.8.8")], false);
        assert_eq!(guard.lookup("a.test", true).await.unwrap().len(), 1);
        guard.overrides.insert("a.test".into(), vec!["127.0.0.1".parse().unwrap()]);
        assert!(matches!(guard.lookup("a.test", true).await, Err(Unresolved::Refused { .. })));
        // Of several, those that are public are left.
        let both = ["127.0.0.1", "9.9.9.9"].map(|address| address.parse().unwrap());
        guard.overrides.insert("a.test".into(), both.to_vec());
        assert_eq!(guard.lookup("a.test", true).await.unwrap(), [both[1]]);
    }

    #[tokio::test]
    async fn one_public_answer_makes_a_public_seed() {
        let resolve = [("a.test", "127.0.0.1"), ("a.test", "8.8.8.8"), ("a.test", "10.0.0.1")];
        let guard = guard(&["http://a.test/"], &resolve, false);
        let public: IpAddr = "8.8.8.8".parse().unwrap();
        for _ in 0..2 {
            assert_eq!(guard.lookup("a.test", true).await.unwrap(), [public]);
            assert!(refuses(&guard, "http://127.0.0.1/").await.is_some());
        }
    }

    #[tokio::test]
    async fn metadata_are_opened_by_no_name() {
        let resolve = [("a.test", "169.254.169.254"), ("a.test", "10.0.0.1")];
        let names = guard(&["http://a.test/"], &resolve, false);
        let private: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(names.lookup("a.test", true).await.unwrap(), [private]);
        assert!(refuses(&names, "http://169.254.169.254/").await.is_some());
        assert!(refuses(&names, "http://metadata.google.internal/").await.is_some());
        let literal = guard(&["http://169.254.169.254/"], &[], false);
        assert_eq!(refuses(&literal, "http://169.254.169.254/").await, None);
        assert!(refuses(&literal, "http://100.100.100.200/").await.is_some());
    }

    #[tokio::test]
    async fn a_resumed_crawl_believes_no_name_twice() {
        let seeds = ["http://a.test/", "http://b.test/", "http://new.test/"];
        let first = guard(&seeds, &[("a.test", "8.8.8.8"), ("b.test", "10.0.0.1")], false);
        for name in ["a.test", "b.test"] {
            first.lookup(name, true).await.unwrap();
        }
        let seed_names = first.seed_names(0).unwrap();
        assert_eq!(first.seed_names(2), None);
        let resolve = [("a.test", "127.0.0.1"), ("b.test", "10.0.0.2"), ("new.test", "10.0.0.3")]
            .map(|(name, to)| (name.to_owned(), to.parse().unwrap()));
        let settings = FetchSettings { seed_names, resolve: resolve.into(), ..Default::default() };
        let second =
            AddressPolicy::new(&settings, None, &seeds.map(|seed| Url::parse(seed).unwrap()));
        assert!(refuses(&second, "http://127.0.0.1/").await.is_some());
        assert!(matches!(second.lookup("a.test", true).await, Err(Unresolved::Refused { .. })));
        // What it stood on stays allowed, and a name never resolved is believed.
        assert_eq!(refuses(&second, "http://10.0.0.1/").await, None);
        assert!(second.lookup("b.test", true).await.is_err());
        assert!(second.lookup("new.test", true).await.is_ok());
    }

    #[tokio::test]
    async fn names_that_mean_the_same_everywhere_are_refused_by_name() {
        let names = [
            "localhost",
            "LOCALHOST.",
            "foo.localhost",
            "ip6-localhost",
            "metadata.google.internal",
            "instance-data",
        ];
        let settings = FetchSettings::default();
        let proxy = Url::parse("http://proxy.test:3128").unwrap();
        let seed = [Url::parse("http://8.8.8.8/").unwrap()];
        for proxy in [None, Some(&proxy)] {
            let guard = AddressPolicy::new(&settings, proxy, &seed);
            for name in names {
                let url = format!("http://{name}:9309/");
                assert!(refuses(&guard, &url).await.is_some(), "{url}");
                assert!(guard.surely_refuses(&Url::parse(&url).unwrap()).is_some(), "{url}");
                let guard = AddressPolicy::new(&settings, proxy, &[Url::parse(&url).unwrap()]);
                assert_eq!(refuses(&guard, &url).await, None, "{url}");
            }
            assert_eq!(refuses(&guard, "http://localhost.test/").await, None);
        }
        // Where a seed stands on the same address, it is that address.
        let guard = guard(&["http://127.0.0.1:8000/"], &[], false);
        assert_eq!(refuses(&guard, "http://localhost:9/").await, None);
        assert!(refuses(&guard, "http://instance-data/").await.is_some());
    }

    #[tokio::test]
    async fn the_proxys_name_is_for_the_proxy_alone() {
        let resolve = vec![("proxy.test".to_owned(), "127.0.0.1".parse().unwrap())];
        let settings = FetchSettings { resolve, ..FetchSettings::default() };
        let proxy = Url::parse("socks5://proxy.test:1080").unwrap();
        let guard =
            AddressPolicy::new(&settings, Some(&proxy), &[Url::parse("http://8.8.8.8/").unwrap()]);
        assert!(guard.lookup("proxy.test", true).await.is_ok());
        assert!(refuses(&guard, "http://Proxy.test.:9/").await.is_some());
        assert!(refuses(&guard, "http://127.0.0.1/").await.is_some());
    }

    #[tokio::test]
    async fn all_may_be_allowed() {
        let guard = guard(&[], &[("a.test", "10.0.0.1")], true);
        assert_eq!(refuses(&guard, "http://127.0.0.1/").await, None);
        assert_eq!(refuses(&guard, "http://localhost/").await, None);
        assert_eq!(guard.lookup("a.test", true).await.unwrap().len(), 1);
    }
}
