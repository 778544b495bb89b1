//! Everything a crawl is started with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::autopilot_learnt::AutopilotLearnt;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::Dials;
use crate::settings::failing::{BreakerSettings, TrapSettings};
use crate::settings::faults::PanicPoints;
use crate::settings::fetch::FetchSettings;
use crate::settings::scope_kind::ScopeKind;
use crate::settings::seed_reach::UndoneSeed;

/// Which `nofollow` is obeyed, as a list of sources; robots.txt is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RespectNofollow {
    /// `meta name=robots` and `X-Robots-Tag`.
    pub pages: bool,
    /// `rel=nofollow` of a link.
    pub links: bool,
}

/// What was said about one host while the crawl ran; kept across a resume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostRule {
    /// Maximum requests in flight, in place of [`Settings::per_host`].
    pub per_host: Option<u32>,
    /// Whether nothing of it is fetched for now.
    pub held: bool,
    /// Whether its remaining URLs are skipped.
    pub skipped: bool,
}

impl HostRule {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything a crawl is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    /// Where it begins.
    pub seeds: Vec<Url>,
    /// Whether links are followed; otherwise `seeds` is a plain list.
    pub follow: bool,
    /// Whether a seed that is listed several times is fetched as often, each time a row of its
    /// own; redirects are then followed for each of them.
    #[serde(alias = "repeats")]
    pub duplicate_seeds: bool,
    /// The dials to begin with.
    pub permits: u32,
    /// Workers.
    pub workers: u32,
    /// Capacity of the bounded queue.
    pub queue: u32,
    /// Requests per second, `None` for no limit.
    pub rate: Option<f64>,
    /// Blocking threads for parsing large bodies.
    pub parse_threads: u32,
    /// What the autopilot aims at, if it turns the dials.
    pub autopilot: Option<AutopilotMode>,
    /// What the autopilot learnt in this run and those before.
    pub autopilot_learnt: Option<AutopilotLearnt>,
    /// Maximum permits that the autopilot and `tune` may set.
    pub max_permits: u32,
    /// Bodies of at least this many bytes are parsed on those threads.
    pub parse_offload: u64,
    /// Requests in flight per host, `None` for no bound but the permits.
    pub per_host: Option<u32>,
    /// Gap between the starts of two requests to one host.
    pub delay: Duration,
    /// Longest gap that a robots.txt may demand by `Crawl-delay`.
    pub max_robots_delay: Duration,
    /// First cooldown of a host that answers 429, or 503 to everything, without saying for how long;
    /// doubled per incident.
    pub host_backoff: Duration,
    /// Maximum cooldown of a host, whatever its `Retry-After` demands.
    pub max_host_backoff: Duration,
    /// Time a host may be down before its URLs are given up; one that never answered is given up
    /// after `attempts`.
    #[serde(alias = "give_up")]
    pub host_give_up_after: Duration,
    /// Maximum requests made for a URL.
    pub attempts: u32,
    /// Pause before the second attempt; doubled for each further one, jittered.
    pub backoff: Duration,
    /// Maximum links from a seed.
    pub depth: Option<u32>,
    /// Maximum URLs fetched.
    pub max_pages: Option<u64>,
    /// Maximum links taken from one page.
    pub max_links: u32,
    /// Whether the links of a page are stored, with their texts; without, they are followed and
    /// counted, no more. On a resume, it holds for the pages that are still to come.
    pub store_links: bool,
    /// Which links are followed.
    pub scope: ScopeKind,
    /// A URL must match one of these, if there are any.
    pub include: Vec<String>,
    /// A URL must match none of these.
    pub exclude: Vec<String>,
    /// URLs excluded while the crawl ran, by regular expression. Unlike those of `exclude` they
    /// are recorded as skipped, so that it can be undone.
    #[serde(alias = "pruned")]
    pub live_exclusions: Vec<String>,
    /// Skip reasons whose URLs are being restored; a resumed crawl continues to restore them.
    #[serde(alias = "reviving")]
    pub restoring: Vec<String>,
    /// Hosts that cool down, and until when: ms since 1970, UTC. They demanded it, or were
    /// down: a resumed crawl keeps to it.
    #[serde(alias = "resting")]
    pub cooling_down: BTreeMap<String, i64>,
    /// Seeds added while the crawl ran.
    pub added_seeds: Vec<Url>,
    /// Seeds added while the crawl ran, and undone.
    pub undone_seeds: Vec<UndoneSeed>,
    /// Rules that the user set for single hosts while the crawl ran, by host with port.
    pub hosts: BTreeMap<String, HostRule>,
    /// Whether robots.txt is ignored.
    pub ignore_robots: bool,
    /// Which `nofollow` is obeyed.
    #[serde(alias = "nofollow")]
    pub respect_nofollow: RespectNofollow,
    /// Whether sitemaps are read: those named by robots.txt or else `/sitemap.xml` of the seeds'
    /// hosts, where links are followed.
    pub sitemaps: bool,
    /// Sitemaps named by the user.
    pub sitemap_urls: Vec<Url>,
    /// Maximum sitemaps read.
    pub max_sitemaps: u32,
    /// When a host counts as down.
    pub breaker: BreakerSettings,
    /// What counts as a trap.
    pub traps: TrapSettings,
    /// Resident memory, in bytes, at which the crawl slows down; `None`: most of what the machine
    /// (or the container) has.
    pub max_memory: Option<u64>,
    /// Free space of the database's disk, in bytes, below which nothing new is fetched.
    pub min_disk: u64,
    /// The complete crawl that this one recrawls.
    #[serde(alias = "again")]
    pub recrawl_of: Option<i64>,
    /// Where tasks panic; for tests, and not stored.
    #[serde(skip)]
    pub panic_points: PanicPoints,
    /// What identity the crawl was started with, by name alone: see
    /// [`Credentials::names`](crate::settings::credentials::Credentials::names).
    #[serde(alias = "identity_names")]
    pub credential_names: Vec<String>,
    /// How URLs are fetched.
    pub fetch: FetchSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seeds: Vec::new(),
            follow: true,
            duplicate_seeds: false,
            permits: 10,
            workers: 16,
            queue: 100,
            rate: None,
            parse_threads: 2,
            autopilot: None,
            autopilot_learnt: None,
            max_permits: 512,
            parse_offload: 64 << 10,
            per_host: None,
            delay: Duration::ZERO,
            max_robots_delay: Duration::from_secs(30),
            host_backoff: Duration::from_mins(1),
            max_host_backoff: Duration::from_mins(10),
            host_give_up_after: Duration::from_mins(10),
            attempts: 3,
            backoff: Duration::from_secs(1),
            depth: None,
            max_pages: None,
            max_links: 10_000,
            store_links: true,
            scope: ScopeKind::Host,
            include: Vec::new(),
            exclude: Vec::new(),
            live_exclusions: Vec::new(),
            restoring: Vec::new(),
            cooling_down: BTreeMap::new(),
            added_seeds: Vec::new(),
            undone_seeds: Vec::new(),
            hosts: BTreeMap::new(),
            ignore_robots: false,
            respect_nofollow: RespectNofollow::default(),
            sitemaps: true,
            sitemap_urls: Vec::new(),
            max_sitemaps: 500,
            breaker: BreakerSettings::default(),
            traps: TrapSettings::default(),
            max_memory: None,
            min_disk: 256 << 20,
            recrawl_of: None,
            panic_points: PanicPoints::default(),
            credential_names: Vec::new(),
            fetch: FetchSettings::default(),
        }
    }
}

impl Settings {
    /// The dials to begin with.
    #[must_use]
    pub const fn dials(&self) -> Dials {
        Dials {
            permits: self.permits,
            workers: self.workers,
            queue: self.queue,
            rate: self.rate,
            parse_threads: self.parse_threads,
        }
    }

    /// Takes over the dials in force, so that a resumed crawl continues with them.
    pub const fn set_dials(&mut self, dials: &Dials) {
        self.permits = dials.permits;
        self.workers = dials.workers;
        self.queue = dials.queue;
        self.rate = dials.rate;
        self.parse_threads = dials.parse_threads;
    }

    /// All but the seeds, as a JSON object: what may change while a crawl runs is small, the
    /// list of seeds need not be.
    #[must_use]
    pub fn without_seeds(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.remove("seeds");
        }
        value.to_string()
    }
}
