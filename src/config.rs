//! The settings of a crawl: validated once, stored with the crawl, read by the engine.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::crawl::snapshot::Dials;
use crate::web::url::ScopeKind;

/// How URLs are fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchSettings {
    /// Time for one attempt, redirects and body included.
    pub timeout: Duration,
    /// Time to open a connection.
    pub connect_timeout: Duration,
    /// Longest silence while reading.
    pub read_timeout: Duration,
    /// Largest body after decoding, in bytes.
    pub max_body: u64,
    /// Most redirects followed for one URL.
    pub max_redirects: u32,
    /// `User-Agent`.
    pub user_agent: String,
    /// Further request headers. They may hold secrets, so they are not stored with the crawl.
    #[serde(skip)]
    pub headers: Vec<(String, String)>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            max_body: 10 << 20,
            max_redirects: 10,
            user_agent: concat!("crawldeck/", env!("CARGO_PKG_VERSION")).into(),
            headers: Vec::new(),
        }
    }
}

/// Everything a crawl is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where it begins.
    pub seeds: Vec<Url>,
    /// Whether links are followed; otherwise `seeds` is a plain list.
    pub follow: bool,
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
    /// Whether robots.txt is ignored.
    pub ignore_robots: bool,
    /// How URLs are fetched.
    pub fetch: FetchSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seeds: Vec::new(),
            follow: true,
            permits: 10,
            workers: 16,
            queue: 100,
            rate: None,
            parse_threads: 2,
            parse_offload: 64 << 10,
            per_host: None,
            delay: Duration::ZERO,
            attempts: 3,
            backoff: Duration::from_secs(1),
            depth: None,
            max_pages: None,
            max_links: 10_000,
            scope: ScopeKind::Host,
            include: Vec::new(),
            exclude: Vec::new(),
            ignore_robots: false,
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
