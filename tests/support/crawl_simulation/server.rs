//! What a simulated server is: how fast it answers how many requests at once.
//!
//! All times are in seconds and all rates are per second.

use std::f64::consts::TAU;

/// How a server works on requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// So many servers as [`Server::capacity`] says, first come first served.
    Queue {
        /// Mean service time.
        service: f64,
        /// Coefficient of variation of the service time (log-normal).
        cv: f64,
        /// Requests that may wait; further ones are answered 503 after 5 ms.
        waiting: usize,
    },
    /// All requests are worked on at once, each at the speed that `law` says.
    Shared {
        /// Mean work of a request: its time at speed 1.
        work: f64,
        /// Coefficient of variation of the work (log-normal).
        cv: f64,
        /// The speed of each request.
        law: Law,
    },
    /// A token bucket; what exceeds it is answered 429 after 20 ms.
    Bucket {
        /// Requests per second.
        rate: f64,
        /// Size of the bucket.
        burst: f64,
        /// `Retry-After` of its 429 answers.
        retry_after: Option<f64>,
    },
    /// 500 servers with heavy-tailed service times: log-normal, 3 % of them Pareto.
    HeavyTail,
}

/// Speed of each of `n` requests that share a server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// `1 / sqrt(1 + (n / knee)²)`.
    Soft {
        /// Requests at which the speed has fallen to 0.71.
        knee: f64,
    },
    /// The universal scalability law: `1 / (1 + s (n - 1) + k n (n - 1))`.
    Retrograde {
        /// Contention.
        contention: f64,
        /// Coherency.
        coherency: f64,
    },
    /// A link that `streams` requests fill: `min(1, streams / n)`.
    Link {
        /// Requests that fill it.
        streams: f64,
    },
}

impl Law {
    /// Speed of each of `n` requests, at most 1.
    #[must_use]
    pub fn speed(self, n: f64) -> f64 {
        match self {
            Self::Soft { knee } => 1.0 / (n / knee).mul_add(n / knee, 1.0).sqrt(),
            Self::Retrograde { contention, coherency } => {
                1.0 / (coherency * n).mul_add(n - 1.0, contention.mul_add(n - 1.0, 1.0))
            }
            Self::Link { streams } => (streams / n).min(1.0),
        }
    }
}

/// Capacity over time, in servers (or what stands for it in the knee).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Capacity {
    /// Always the same.
    Constant(f64),
    /// Half of it between two times.
    Halved {
        /// Capacity at other times.
        normal: f64,
        /// When it halves.
        from: f64,
        /// When it returns.
        to: f64,
    },
    /// Linear from `low` to `high` in 150 s, and back in 150 s.
    Drifting {
        /// At the beginning and the end.
        low: f64,
        /// At 150 s.
        high: f64,
    },
}

impl Capacity {
    /// The capacity at a time.
    #[must_use]
    pub fn at(self, t: f64) -> f64 {
        match self {
            Self::Constant(capacity) => capacity,
            Self::Halved { normal, from, to } if (from..to).contains(&t) => normal / 2.0,
            Self::Halved { normal, .. } => normal,
            Self::Drifting { low, high } if t < 150.0 => low + (high - low) * t / 150.0,
            Self::Drifting { low, high } => high - (high - low) * (t - 150.0) / 150.0,
        }
    }
}

/// What changes the service times of a [`Model::Queue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing does.
    Fair,
    /// Four sines of 8 % each.
    Noisy,
    /// The server stops for one second every twenty seconds.
    Stalls,
    /// From 150 s on every page takes twice as long.
    Doubles,
}

impl Weather {
    /// A service that begins at `t` and would take `service` takes this long.
    #[must_use]
    pub fn service(self, t: f64, service: f64) -> f64 {
        match self {
            Self::Noisy => {
                let waves = [(3.1, 0.3), (7.3, 1.1), (17.0, 2.3), (41.0, 0.7)];
                let sum: f64 = waves.iter().map(|(p, f)| (TAU * (t / p + f)).sin()).sum();
                service * (0.08 * sum).exp()
            }
            Self::Stalls if t % 20.0 < 1.0 => service + 1.0 - t % 20.0,
            Self::Doubles if t >= 150.0 => 2.0 * service,
            Self::Fair | Self::Stalls | Self::Doubles => service,
        }
    }
}

/// What host 3 does between 100 s and 200 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostTrouble {
    /// Nothing.
    None,
    /// It answers 503 after 20 ms.
    Refuses,
    /// Its service takes fifty times as long.
    Slow,
}

impl HostTrouble {
    /// Whether `host` has it at a time.
    #[must_use]
    pub fn strikes(self, host: usize, t: f64) -> bool {
        self != Self::None && host == 3 && (100.0..200.0).contains(&t)
    }
}

/// How fast the frontier has URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// More than can be requested.
    Endless,
    /// 20 URLs per second in [0, 90) and [180, 240), endless otherwise.
    Gaps,
}

impl Feed {
    /// URLs per second at a time.
    #[must_use]
    pub fn rate(self, t: f64) -> f64 {
        match self {
            Self::Gaps if t < 90.0 || (180.0..240.0).contains(&t) => 20.0,
            Self::Gaps | Self::Endless => f64::INFINITY,
        }
    }
}

/// A simulated server, and what is particular about the crawl of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its name in tables.
    pub name: String,
    /// How it works on requests.
    pub model: Model,
    /// Its capacity, all hosts together.
    pub capacity: Capacity,
    /// Smallest fixed permits with 95 % of the best fixed throughput, as a multiple of the capacity.
    pub knee: f64,
    /// The best fixed permits (found by a sweep).
    pub best: u32,
    /// Hosts; the URL's host is uniform.
    pub hosts: usize,
    /// Round trip, added to the answer: times a uniform number in (0.7, 1.3).
    pub round_trip: f64,
    /// Time before the work begins: times a uniform number in (0.8, 1.2).
    pub first_byte: f64,
    /// CPU of ours before a permit is given back, and as much after; one core.
    pub client_cpu: f64,
    /// What changes its service times.
    pub weather: Weather,
    /// What one of its hosts does.
    pub trouble: HostTrouble,
    /// How fast there are URLs.
    pub feed: Feed,
    /// Cooldown of a host after a 429 without `Retry-After`, doubling, where the controller does not
    /// replace it; 0 for none.
    pub cooldown: f64,
    /// When a second crawl of the same kind begins.
    pub second_crawl: Option<f64>,
}

impl Server {
    /// A queue of 32 servers of 100 ms.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            model: Model::Queue { service: 0.1, cv: 0.25, waiting: 200 },
            capacity: Capacity::Constant(32.0),
            knee: 1.06,
            best: 200,
            hosts: 1,
            round_trip: 0.01,
            first_byte: 0.0,
            client_cpu: 0.0,
            weather: Weather::Fair,
            trouble: HostTrouble::None,
            feed: Feed::Endless,
            cooldown: 0.0,
            second_crawl: None,
        }
    }

    /// Smallest fixed permits with 95 % of the best fixed throughput, at a time.
    #[must_use]
    pub fn knee_at(&self, t: f64) -> f64 {
        self.knee * self.capacity.at(t)
    }
}
