//! The scope of a crawl: which URLs are followed, relative to the seeds.
//!
//! The scope is checked for every link of every page, so the part that depends on the seeds is
//! computed once.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use hashbrown::{HashMap, HashSet};
use regex::RegexSet;
use url::{Position, Url};

use crate::model::url_identity::{UrlHash, host_key};
use crate::settings::scope_kind::ScopeKind;
use crate::settings::seed_reach::{SeedGain, SeedReach};
use crate::web::page_link::PageLink;

/// Why a scope could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// A pattern is no regular expression.
    #[error("{option} {pattern:?} is not a regular expression: {source}")]
    Pattern {
        /// `include` or `exclude`.
        option: &'static str,
        /// The pattern as given.
        pattern: String,
        /// The error of the parser.
        source: Box<regex::Error>,
    },
}

/// What a scope asks of a URL.
pub trait ScopedUrl {
    /// Its identity.
    fn identity(&self) -> UrlHash;
    /// Host and port as one key.
    fn host_and_port(&self) -> Cow<'_, str>;
    /// The registrable domain; the whole host where there is none.
    fn domain(&self) -> &str;
    /// The path.
    fn path_text(&self) -> &str;
    /// The whole, without fragment.
    fn text(&self) -> &str;
}

impl ScopedUrl for Url {
    fn identity(&self) -> UrlHash {
        UrlHash::of(self)
    }

    fn host_and_port(&self) -> Cow<'_, str> {
        host_key(self)
    }

    fn domain(&self) -> &str {
        domain(self.host_str().unwrap_or_default())
    }

    fn path_text(&self) -> &str {
        self.path()
    }

    fn text(&self) -> &str {
        &self[..Position::AfterQuery]
    }
}

impl ScopedUrl for PageLink {
    fn identity(&self) -> UrlHash {
        self.hash()
    }

    fn host_and_port(&self) -> Cow<'_, str> {
        self.host_key().into()
    }

    fn domain(&self) -> &str {
        domain(self.host())
    }

    fn path_text(&self) -> &str {
        self.path()
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

/// Decides which URLs belong to a crawl.
#[derive(Debug, Clone)]
pub struct Scope {
    reach: Reach,
    include: Option<RegexSet>,
    exclude: Option<RegexSet>,
}

/// The part of the scope that follows from the seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Pages(HashSet<UrlHash>),
    /// The directories per host, sorted; none is a prefix of another.
    Prefixes(HashMap<Box<str>, Vec<Box<str>>>),
    Hosts(HashSet<Box<str>>),
    Domains(HashSet<Box<str>>),
    Any,
}

impl Scope {
    /// The scope of `kind` around `seeds`; a URL must match one of `include`, if there are any,
    /// and none of `exclude`.
    ///
    /// # Errors
    /// When a pattern is not a regular expression.
    pub fn new(
        kind: ScopeKind,
        seeds: &[Url],
        include: &[String],
        exclude: &[String],
    ) -> Result<Self, ScopeError> {
        Ok(Self {
            reach: Reach::of(kind, seeds),
            include: patterns("include", include)?,
            exclude: patterns("exclude", exclude)?,
        })
    }

    /// The scope with one more seed, and what that seed brought into it.
    #[must_use]
    pub fn with_seed(&self, seed: &Url) -> (Self, SeedGain) {
        let mut scope = self.clone();
        let gain = scope.reach.add(seed);
        (scope, gain)
    }

    /// The scope as it was before `seed` was added, which had brought `gain` into it; seeds that were added
    /// after it are removed before it.
    #[must_use]
    pub fn without_seed(&self, seed: &Url, gain: &SeedGain) -> Self {
        let mut scope = self.clone();
        scope.reach.remove(seed, gain);
        scope
    }

    /// Whether a seed has `url` within its reach, whatever the patterns of the scope say.
    #[must_use]
    pub fn reaches(&self, url: &impl ScopedUrl) -> bool {
        self.reach.holds(url)
    }

    /// Whether all that `seed` had brought into a scope is within the reach of this one.
    #[must_use]
    pub fn covers(&self, seed: &Url, reach: &SeedReach) -> bool {
        match (&self.reach, reach) {
            (_, SeedReach::Itself) => false,
            (Reach::Any, _) => true,
            (Reach::Pages(pages), SeedReach::Page) => pages.contains(&UrlHash::of(seed)),
            (Reach::Prefixes(hosts), SeedReach::Directory { host, path }) => {
                hosts.get(&**host).is_some_and(|dirs| is_below(dirs, path))
            }
            (Reach::Hosts(hosts), SeedReach::Host(host)) => hosts.contains(&**host),
            (Reach::Domains(domains), SeedReach::Domain(domain)) => domains.contains(&**domain),
            _ => false,
        }
    }

    /// Why `url` is not part of the crawl; `None` when it is.
    #[must_use]
    pub fn refuses(&self, url: &impl ScopedUrl) -> Option<&'static str> {
        if !self.reach.holds(url) {
            return Some("out of scope");
        }
        let text = url.text();
        if self.include.as_ref().is_some_and(|set| !set.is_match(text)) {
            return Some("not included");
        }
        if self.exclude.as_ref().is_some_and(|set| set.is_match(text)) {
            return Some("excluded");
        }
        None
    }
}

impl Reach {
    fn of(kind: ScopeKind, seeds: &[Url]) -> Self {
        match kind {
            ScopeKind::Page => Self::Pages(seeds.iter().map(UrlHash::of).collect()),
            ScopeKind::Prefix => Self::Prefixes(prefixes(seeds)),
            ScopeKind::Host => Self::Hosts(seeds.iter().map(|url| host_key(url).into()).collect()),
            ScopeKind::Domain => {
                Self::Domains(seeds.iter().map(|url| ScopedUrl::domain(url).into()).collect())
            }
            ScopeKind::Any => Self::Any,
        }
    }

    /// Adds a seed, and returns what it brought.
    fn add(&mut self, seed: &Url) -> SeedGain {
        let mut absorbed = Vec::new();
        let (scope, reach) = match self {
            Self::Pages(pages) => {
                (ScopeKind::Page, pages.insert(UrlHash::of(seed)).then_some(SeedReach::Page))
            }
            Self::Prefixes(hosts) => {
                let (host, path) = (host_key(seed), directory(seed));
                let dirs = hosts.entry(host.as_ref().into()).or_default();
                let new = !is_below(dirs, path);
                if new {
                    absorbed
                        .extend(dirs.extract_if(.., |dir| dir.starts_with(path)).map(String::from));
                    let at = dirs.partition_point(|dir| **dir < *path);
                    dirs.insert(at, path.into());
                }
                let reach = SeedReach::Directory { host: host.into(), path: path.into() };
                (ScopeKind::Prefix, new.then_some(reach))
            }
            Self::Hosts(hosts) => {
                let host = host_key(seed);
                let new = hosts.insert(host.as_ref().into());
                (ScopeKind::Host, new.then(|| SeedReach::Host(host.into())))
            }
            Self::Domains(domains) => {
                let domain = ScopedUrl::domain(seed);
                let new = domains.insert(domain.into());
                (ScopeKind::Domain, new.then(|| SeedReach::Domain(domain.into())))
            }
            Self::Any => (ScopeKind::Any, None),
        };
        SeedGain { scope, reach: reach.unwrap_or(SeedReach::Itself), absorbed }
    }

    /// Removes what a seed brought.
    fn remove(&mut self, seed: &Url, gain: &SeedGain) {
        match (self, &gain.reach) {
            (Self::Pages(pages), SeedReach::Page) => {
                pages.remove(&UrlHash::of(seed));
            }
            (Self::Prefixes(hosts), SeedReach::Directory { host, path }) => {
                let Some(dirs) = hosts.get_mut(&**host) else { return };
                dirs.retain(|dir| **dir != **path);
                dirs.extend(gain.absorbed.iter().map(|dir| dir.as_str().into()));
                tidy(dirs);
                if dirs.is_empty() {
                    hosts.remove(&**host);
                }
            }
            (Self::Hosts(hosts), SeedReach::Host(host)) => {
                hosts.remove(&**host);
            }
            (Self::Domains(domains), SeedReach::Domain(domain)) => {
                domains.remove(&**domain);
            }
            _ => {}
        }
    }

    fn holds(&self, url: &impl ScopedUrl) -> bool {
        match self {
            Self::Pages(pages) => pages.contains(&url.identity()),
            Self::Prefixes(hosts) => {
                hosts.get(&*url.host_and_port()).is_some_and(|dirs| is_below(dirs, url.path_text()))
            }
            Self::Hosts(hosts) => hosts.contains(&*url.host_and_port()),
            Self::Domains(domains) => domains.contains(url.domain()),
            Self::Any => true,
        }
    }
}

/// Whether `url` lies within what `seed` had brought into a scope.
#[must_use]
pub fn lies_within(url: &impl ScopedUrl, seed: &Url, reach: &SeedReach) -> bool {
    match reach {
        SeedReach::Itself | SeedReach::Page => url.text() == ScopedUrl::text(seed),
        SeedReach::Directory { host, path } => {
            url.host_and_port() == **host && url.path_text().starts_with(&**path)
        }
        SeedReach::Host(host) => url.host_and_port() == **host,
        SeedReach::Domain(domain) => url.domain() == domain,
    }
}

/// No directory is the prefix of another, so only the greatest one not above `path` can be
/// a prefix of it.
fn is_below(dirs: &[Box<str>], path: &str) -> bool {
    let above = dirs.partition_point(|dir| **dir <= *path);
    above > 0 && path.starts_with(&*dirs[above - 1])
}

/// The path of `seed` up to its last `/`.
fn directory(seed: &Url) -> &str {
    let path = seed.path();
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}

fn prefixes(seeds: &[Url]) -> HashMap<Box<str>, Vec<Box<str>>> {
    let mut hosts: HashMap<Box<str>, Vec<Box<str>>> = HashMap::new();
    for seed in seeds {
        hosts.entry(host_key(seed).into()).or_default().push(directory(seed).into());
    }
    hosts.values_mut().for_each(tidy);
    hosts
}

/// Sorts directories and leaves out those below another.
fn tidy(dirs: &mut Vec<Box<str>>) {
    dirs.sort_unstable();
    // In sorted order, a directory directly follows the shorter one that contains it.
    dirs.dedup_by(|later, kept| later.starts_with(&**kept));
}

/// The registrable domain of `host`; the whole host where there is none (addresses, `localhost`).
fn domain(host: &str) -> &str {
    if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        return host;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    psl::domain_str(host).unwrap_or(host)
}

fn patterns(option: &'static str, patterns: &[String]) -> Result<Option<RegexSet>, ScopeError> {
    if patterns.is_empty() {
        return Ok(None);
    }
    RegexSet::new(patterns).map(Some).map_err(|source| {
        // The error of the set does not name the pattern.
        let guilty = patterns.iter().find(|pattern| regex::Regex::new(pattern).is_err());
        let pattern = guilty.cloned().unwrap_or_else(|| patterns.join(" "));
        ScopeError::Pattern { option, pattern, source: Box::new(source) }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [ScopeKind; 5] =
        [ScopeKind::Page, ScopeKind::Prefix, ScopeKind::Host, ScopeKind::Domain, ScopeKind::Any];

    fn url() -> impl Strategy<Value = Url> {
        let host =
            prop::sample::select(vec!["a.example.com", "b.example.com:81", "c.org", "127.0.0.1"]);
        let path =
            prop::collection::vec(prop::sample::select(vec!["x", "y", "x/", "y/", ""]), 0..4);
        (host, path).prop_map(|(host, path)| {
            format!("http://{host}/{}", path.concat()).parse().expect("a URL")
        })
    }

    proptest! {
        /// Added one by one a scope is as if built of all at once; removed in the other order it is, at each
        /// step, what it was.
        #[test]
        fn a_scope_without_a_seed_is_what_it_was_before(
            first in prop::collection::vec(url(), 1..4),
            added in prop::collection::vec(url(), 1..8),
            looked_at in prop::collection::vec(url(), 8),
        ) {
            for kind in KINDS {
                let mut scope = Scope::new(kind, &first, &[], &[]).expect("no patterns");
                let mut steps = Vec::new();
                let mut seeds = first.clone();
                for seed in &added {
                    let (wider, gain) = scope.with_seed(seed);
                    seeds.push(seed.clone());
                    let whole = Scope::new(kind, &seeds, &[], &[]).expect("no patterns");
                    prop_assert_eq!(&wider.reach, &whole.reach);
                    // What came in is what the seed is said to have brought.
                    for url in looked_at.iter().chain(&seeds) {
                        let came = wider.reaches(url) && !scope.reaches(url);
                        let said = gain.reach != SeedReach::Itself
                            && lies_within(url, seed, &gain.reach)
                            && !scope.reaches(url);
                        prop_assert_eq!(came, said, "{:?} {} {:?}", kind, url, gain);
                    }
                    let covered = gain.reach == SeedReach::Itself || wider.covers(seed, &gain.reach);
                    prop_assert!(covered && !scope.covers(seed, &gain.reach));
                    steps.push((std::mem::replace(&mut scope, wider), gain));
                }
                for (seed, (before, gain)) in added.iter().zip(&steps).rev() {
                    scope = scope.without_seed(seed, gain);
                    prop_assert_eq!(&scope.reach, &before.reach);
                }
            }
        }
    }
}
