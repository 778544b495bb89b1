//! Scope: which links are followed, seen from the seeds.
//!
//! Asked for every link of every page, so all that depends on the seeds is worked out once.

use crate::settings::scope_kind::ScopeKind;
use hashbrown::{HashMap, HashSet};
use regex::RegexSet;
use url::{Host, Position, Url};

use crate::model::url_identity::{UrlHash, host_key};

/// Why a scope could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// A pattern is no regular expression.
    #[error("{option} {pattern:?} is not a regular expression: {source}")]
    Pattern {
        /// `include` or `exclude`.
        option: &'static str,
        /// What was given.
        pattern: String,
        /// What the parser said.
        source: Box<regex::Error>,
    },
}

/// Decides which URLs belong to a crawl.
#[derive(Debug, Clone)]
pub struct Scope {
    reach: Reach,
    include: Option<RegexSet>,
    exclude: Option<RegexSet>,
}

/// What the seeds span.
#[derive(Debug, Clone)]
enum Reach {
    Pages(HashSet<UrlHash>),
    /// Per host the directories, sorted, none the prefix of another.
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
                domains.insert(domain(seed).into());
            }
            Reach::Any => {}
        }
        scope
    }

    /// Why `url` is not part of the crawl; `None` when it is.
    #[must_use]
    pub fn refuses(&self, url: &Url) -> Option<&'static str> {
        if !self.reach.holds(url) {
            return Some("out of scope");
        }
        let text = &url[..Position::AfterQuery];
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
                Self::Domains(seeds.iter().map(|url| domain(url).into()).collect())
            }
            ScopeKind::Any => Self::Any,
        }
    }

    fn holds(&self, url: &Url) -> bool {
        match self {
            Self::Pages(pages) => pages.contains(&UrlHash::of(url)),
            Self::Prefixes(hosts) => {
                hosts.get(&*host_key(url)).is_some_and(|dirs| is_below(dirs, url.path()))
            }
            Self::Hosts(hosts) => hosts.contains(&*host_key(url)),
            Self::Domains(domains) => domains.contains(domain(url)),
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
    // Sorted, a directory stands right behind the shorter ones that hold it.
    dirs.dedup_by(|later, kept| later.starts_with(&**kept));
}

/// The registrable domain; the whole host where there is none (addresses, `localhost`).
fn domain(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    if !matches!(url.host(), Some(Host::Domain(_))) {
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
        // The set's error does not say which pattern it is about.
        let guilty = patterns.iter().find(|pattern| regex::Regex::new(pattern).is_err());
        let pattern = guilty.cloned().unwrap_or_else(|| patterns.join(" "));
        ScopeError::Pattern { option, pattern, source: Box::new(source) }
    })
}
