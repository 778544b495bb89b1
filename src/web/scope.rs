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
#[derive(Debug, Clone)]
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

    /// The scope with one more seed.
    #[must_use]
    pub fn with_seed(&self, seed: &Url) -> Self {
        let mut scope = self.clone();
        match &mut scope.reach {
            Reach::Pages(pages) => {
                pages.insert(UrlHash::of(seed));
            }
            Reach::Prefixes(hosts) => {
                for (host, mut more) in prefixes(std::slice::from_ref(seed)) {
                    let dirs = hosts.entry(host).or_default();
                    dirs.append(&mut more);
                    tidy(dirs);
                }
            }
            Reach::Hosts(hosts) => {
                hosts.insert(host_key(seed).into());
            }
            Reach::Domains(domains) => {
                domains.insert(ScopedUrl::domain(seed).into());
            }
            Reach::Any => {}
        }
        scope
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

/// No directory is the prefix of another, so only the greatest one not above `path` can be
/// a prefix of it.
fn is_below(dirs: &[Box<str>], path: &str) -> bool {
    let above = dirs.partition_point(|dir| **dir <= *path);
    above > 0 && path.starts_with(&*dirs[above - 1])
}

fn prefixes(seeds: &[Url]) -> HashMap<Box<str>, Vec<Box<str>>> {
    let mut hosts: HashMap<Box<str>, Vec<Box<str>>> = HashMap::new();
    for seed in seeds {
        let path = seed.path();
        let directory = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        hosts.entry(host_key(seed).into()).or_default().push(directory.into());
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
