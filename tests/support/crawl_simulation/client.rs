//! The simulated client: permits, rate, host cap, cooldowns and breakers, and its one core.

use super::controllers::{Controller, Settings};

/// Failures in a row that make a breaker let its host cool down.
const BREAKER_AFTER: u32 = 5;
/// First and longest cooldown of a breaker, in seconds.
const COOLDOWN: (f64, f64) = (10.0, 60.0);

/// What the client knows of a host.
#[derive(Debug, Clone)]
pub(super) struct HostPace {
    pub in_flight: u32,
    /// No request before this time.
    pub rests_until: f64,
    pub failures_in_a_row: u32,
    cooldown: f64,
    /// Cooldowns after 429 answers so far.
    pub refusals: i32,
}

impl HostPace {
    fn new() -> Self {
        Self {
            in_flight: 0,
            rests_until: 0.0,
            failures_in_a_row: 0,
            cooldown: COOLDOWN.0,
            refusals: 0,
        }
    }

    /// Whether the breaker is open.
    pub(super) const fn broken(&self) -> bool {
        self.failures_in_a_row >= BREAKER_AFTER
    }

    pub(super) const fn succeeded(&mut self) {
        self.failures_in_a_row = 0;
        self.cooldown = COOLDOWN.0;
    }

    /// A failure; returns when the breaker lets the host be asked again, if it opened now.
    pub(super) fn failed(&mut self, t: f64) -> Option<f64> {
        self.failures_in_a_row += 1;
        if !self.broken() || self.rests_until > t {
            return None;
        }
        self.rests_until = t + self.cooldown;
        self.cooldown = (2.0 * self.cooldown).min(COOLDOWN.1);
        Some(self.rests_until)
    }
}

/// Why no request can start now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    /// Permits or workers are all taken.
    Full,
    /// No URL, or all hosts rest.
    Starved,
    /// The rate; until when.
    Rate(f64),
}

/// One crawl's client.
pub(super) struct Client {
    pub controller: Box<dyn Controller>,
    pub settings: Settings,
    pub hosts: Vec<HostPace>,
    pub active: bool,
    pub in_flight: u32,
    /// Workers that fetch or parse.
    pub busy: u32,
    pub starved: bool,
    pub rate_limited: bool,
    /// When the core is free again, and how long it worked since the last tick.
    pub core_free: f64,
    pub core_used: f64,
    /// When a wake-up by the rate is due.
    pub wakes_at: f64,
    pub in_flight_seconds: f64,
    counted_until: f64,
    urls: f64,
    fed_until: f64,
    tokens: f64,
    filled_at: f64,
}

impl Client {
    pub(super) fn new(controller: Box<dyn Controller>, hosts: usize, active: bool) -> Self {
        Self {
            settings: controller.settings(),
            controller,
            hosts: vec![HostPace::new(); hosts],
            active,
            in_flight: 0,
            busy: 0,
            starved: false,
            rate_limited: false,
            core_free: 0.0,
            core_used: 0.0,
            wakes_at: -1.0,
            in_flight_seconds: 0.0,
            counted_until: 0.0,
            urls: 0.0,
            fed_until: 0.0,
            tokens: 1.0,
            filled_at: 0.0,
        }
    }

    /// Workers that there are.
    pub(super) const fn workers(&self) -> u32 {
        2 * self.settings.permits + 8
    }

    /// Brings the integral of requests in flight up to now.
    pub(super) fn count_in_flight(&mut self, t: f64) {
        self.in_flight_seconds += f64::from(self.in_flight) * (t - self.counted_until);
        self.counted_until = t;
    }

    /// The frontier found URLs at `rate` since the last call.
    pub(super) fn feed(&mut self, t: f64, rate: f64) {
        self.urls = if rate.is_infinite() {
            f64::INFINITY
        } else if self.urls.is_infinite() {
            0.0
        } else {
            rate.mul_add(t - self.fed_until, self.urls).min(1000.0)
        };
        self.fed_until = t;
    }

    /// What holds the next request, if anything does; hosts that may be asked are put in `open`.
    pub(super) fn held(&mut self, t: f64, open: &mut Vec<usize>) -> Option<Held> {
        if self.in_flight >= self.settings.permits || self.busy >= self.workers() {
            return Some(Held::Full);
        }
        if self.urls < 1.0 {
            return Some(Held::Starved);
        }
        if let Some(rate) = self.settings.rate {
            let burst = (0.05 * rate).max(1.0);
            self.tokens = rate.mul_add(t - self.filled_at, self.tokens).min(burst);
            self.filled_at = t;
            if self.tokens < 1.0 {
                return Some(Held::Rate(t + (1.0 - self.tokens) / rate + 1e-6));
            }
        }
        open.clear();
        let cap = self.settings.host_cap.unwrap_or(u32::MAX);
        let hosts = self.hosts.iter().enumerate();
        open.extend(hosts.filter(|(_, h)| h.rests_until <= t && h.in_flight < cap).map(|(i, _)| i));
        open.is_empty().then_some(Held::Starved)
    }

    /// A request to `host` starts.
    pub(super) fn start(&mut self, t: f64, host: usize) {
        if self.settings.rate.is_some() {
            self.tokens -= 1.0;
        }
        self.urls -= 1.0;
        self.busy += 1;
        self.hosts[host].in_flight += 1;
        self.count_in_flight(t);
        self.in_flight += 1;
    }

    /// A request to `host` gives its permit back.
    pub(super) fn end(&mut self, t: f64, host: usize) {
        self.count_in_flight(t);
        self.in_flight -= 1;
        self.hosts[host].in_flight -= 1;
    }

    /// Work of `seconds` for the core, in its queue; returns when it is done.
    pub(super) fn compute(&mut self, t: f64, seconds: f64) -> f64 {
        self.core_free = self.core_free.max(t) + seconds;
        self.core_used += seconds;
        self.core_free
    }

    /// Takes over what the controller wants now; returns whether the permits changed.
    pub(super) fn apply(&mut self, t: f64) -> bool {
        let new = self.controller.settings();
        if new.rate.is_some() && self.settings.rate.is_none() {
            self.tokens = 0.0;
            self.filled_at = t;
        }
        let moved = new.permits != self.settings.permits;
        self.settings = new;
        moved
    }
}
