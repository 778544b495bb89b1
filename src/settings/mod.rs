//! The settings of a crawl: validated once, stored with the crawl, read by the engine.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::dials::Dials;
use crate::settings::scope_kind::ScopeKind;

mod credentials;
pub mod dials;
pub mod faults;
pub mod mask;
pub mod scope_kind;
mod stored;

/// The name that robots.txt may address.
pub const PRODUCT: &str = "crawldeck";

/// `User-Agent` where none is given.
pub const USER_AGENT: &str = concat!("crawldeck/", env!("CARGO_PKG_VERSION"));

/// How URLs are fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct FetchSettings {
    /// Time for one request, body included.
    pub timeout: Duration,
    /// Time to open a connection.
    pub connect_timeout: Duration,
    /// Longest silence while reading.
    pub read_timeout: Duration,
    /// Largest body after decoding, in bytes.
    pub max_body: u64,
    /// Most redirects followed for one URL.
    pub max_redirects: u32,
    /// `User-Agent`, without the contact.
    pub user_agent: String,
    /// Where the people behind the crawl can be reached, a URL or a mail address: sent as
    /// `(+contact)` after the `User-Agent`.
    pub contact: Option<String>,
    /// Largest body after decoding, as a multiple of what was sent, above 1 MiB.
    #[serde(alias = "max_ratio")]
    pub max_decompression_ratio: u32,
    /// Whether cookies are kept, each for the origin that set it.
    pub cookies: bool,
    /// Whether HTTP/2 is offered (over TLS, as the server prefers).
    pub http2: bool,
    /// Certificates (PEM) trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// Whether certificates are not verified at all.
    pub insecure: bool,
    /// Whether private addresses may be asked whatever the seeds.
    pub allow_private: bool,
    /// Names with the address to connect to instead of asking the name server.
    pub resolve: Vec<(String, IpAddr)>,
    /// What the names of seeds led to when they were first resolved, so that a resumed crawl
    /// believes none of them a second time.
    pub seed_names: Vec<SeedName>,
    /// Who we are towards the seeds' origins, and the proxy. Secret, so not stored with the crawl.
    #[serde(skip)]
    pub credentials: Credentials,
}

/// The name of a seed that has been resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedName {
    /// The name, in lower case and without the root's dot.
    pub name: String,
    /// The private addresses it stands on; none when it is public.
    pub addresses: Vec<IpAddr>,
}

/// What is secret about a crawl. It is never stored, logged or shown; `Debug` says what is there
/// and not what it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Further request headers, name and value. Those that say nothing of the user (content
    /// negotiation) go everywhere, all others to the origins of the seeds alone.
    pub headers: Vec<(String, String)>,
    /// User and password, for the origins of the seeds.
    pub basic: Option<(String, String)>,
    /// Bearer token, for the origins of the seeds.
    pub bearer: Option<String>,
    /// User and password that stood in a seed's URL, for that origin (`http://a:81`) alone.
    pub by_origin: Vec<(String, (String, String))>,
    /// Proxy for all requests: `http://`, `https://`, `socks5://` or `socks5h://`, user and
    /// password included.
    pub proxy: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Credentials")
            .field("headers", &names)
            .field("basic", &self.basic.is_some())
            .field("bearer", &self.bearer.is_some())
            .field("by_origin", &self.by_origin.len())
            .field("proxy", &self.proxy.is_some())
            .finish()
    }
}

/// When a host counts as down, and how it is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreakerSettings {
    /// Requests looked back at, per host.
    pub window: u32,
    /// Fewest of them before anything is concluded.
    #[serde(alias = "least")]
    pub min_requests: u32,
    /// Share of failures that opens the breaker, in 0..=1; above 1 it never opens.
    pub ratio: f64,
    /// First time of rest; doubled per incident, jittered by a tenth.
    #[serde(alias = "rest")]
    pub cooldown: Duration,
    /// Longest time of rest.
    #[serde(alias = "longest_rest")]
    pub max_cooldown: Duration,
    /// Quiet after which incidents are forgiven.
    #[serde(alias = "forgive")]
    pub reset_after: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: 20,
            min_requests: 8,
            ratio: 0.5,
            cooldown: Duration::from_secs(5),
            max_cooldown: Duration::from_mins(5),
            reset_after: Duration::from_mins(5),
        }
    }
}

/// What counts as a trap. 0 turns a rule off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrapSettings {
    /// Most times that one path segment, or group of segments, stands in a path.
    pub repeats: u32,
    /// Most segments of a path.
    pub segments: u32,
    /// Longest URL, in bytes.
    pub length: u32,
    /// Most queries of one path.
    pub queries: u32,
    /// Most dates of one pattern of URLs.
    pub dates: u32,
    /// Most years that a date in a URL may lie ahead.
    pub years_ahead: u32,
    /// Most session ids under which one page is fetched.
    pub sessions: u32,
    /// Most pages of one host, or of one pattern of URLs, that hold the same content.
    pub same_content: u32,
    /// Most times in a row that a URL leads to a longer one, where hardly one does not.
    pub growth: u32,
}

impl Default for TrapSettings {
    fn default() -> Self {
        Self {
            repeats: 3,
            segments: 32,
            length: 4096,
            queries: 2000,
            dates: 3000,
            years_ahead: 2,
            sessions: 1,
            same_content: 25,
            growth: 8,
        }
    }
}

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
    /// Requests in flight at most, in place of [`Settings::per_host`].
    pub per_host: Option<u32>,
    /// Whether nothing of it is fetched for now.
    pub held: bool,
    /// Whether the rest of it is skipped.
    pub skipped: bool,
}

impl HostRule {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            max_body: 10 << 20,
            max_redirects: 10,
            user_agent: USER_AGENT.into(),
            contact: None,
            max_decompression_ratio: 200,
            cookies: false,
            http2: true,
            ca: None,
            insecure: false,
            allow_private: false,
            resolve: Vec::new(),
            seed_names: Vec::new(),
            credentials: Credentials::default(),
        }
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
    /// Bodies of at least this many bytes are parsed on those threads.
    pub parse_offload: u64,
    /// Requests in flight per host, `None` for no bound but the permits.
    pub per_host: Option<u32>,
    /// Gap between the starts of two requests to one host.
    pub delay: Duration,
    /// Longest gap that a robots.txt may ask for by `Crawl-delay`.
    pub max_robots_delay: Duration,
    /// First rest of a host that answers 429, or 503 to everything, without saying for how long;
    /// doubled per incident.
    pub host_backoff: Duration,
    /// Longest rest of a host, whatever its `Retry-After` asks for.
    pub max_host_backoff: Duration,
    /// Time a host may be down before its URLs are given up; one that never answered is given up
    /// after `attempts`.
    #[serde(alias = "give_up")]
    pub host_give_up_after: Duration,
    /// Requests made for a URL at most.
    pub attempts: u32,
    /// Pause before the second attempt; doubled for each further one, jittered.
    pub backoff: Duration,
    /// Links from a seed at most.
    pub depth: Option<u32>,
    /// URLs fetched at most.
    pub max_pages: Option<u64>,
    /// Links taken from one page at most.
    pub max_links: u32,
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
    /// Reasons whose skipped URLs are being brought back: a crawl that died in the middle of that
    /// goes on with it.
    #[serde(alias = "reviving")]
    pub restoring: Vec<String>,
    /// Hosts that are to be left alone for a while, and until when: ms since 1970, UTC. They asked
    /// for it, or were down: a resumed crawl keeps to it.
    #[serde(alias = "resting")]
    pub cooling_down: BTreeMap<String, i64>,
    /// Seeds added while the crawl ran.
    pub added_seeds: Vec<Url>,
    /// What was said about single hosts while the crawl ran, by host with port.
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
    /// Sitemaps read at most.
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
    /// The complete crawl that this one looks at again.
    #[serde(alias = "again")]
    pub recrawl_of: Option<i64>,
    /// What identity the crawl was started with, by name alone: see [`Credentials::names`].
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
            scope: ScopeKind::Host,
            include: Vec::new(),
            exclude: Vec::new(),
            live_exclusions: Vec::new(),
            restoring: Vec::new(),
            cooling_down: BTreeMap::new(),
            added_seeds: Vec::new(),
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

    /// Takes over the dials in force, so that a resumed crawl goes on with them.
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
