//! The options of the lab site.

use clap::Args;

use super::values::level;
use crate::lab::LabConfig;
use crate::settings::faults::{Fault, FaultSetting};

/// The lab site, and its faults at the start.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lab site")]
pub struct LabOptions {
    /// First of four ports, or the port of all --hosts (default: free ones)
    #[arg(long, value_name = "P")]
    pub port: Option<u16>,
    /// This many hosts with equally many pages, at addresses from 127.0.0.1 on and one port (Linux; default: four of unequal size on four ports)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub hosts: Option<u32>,
    /// Pages of the generated web (default: 10000, or one per host; 300000 for a scene)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,
    /// Seed it is generated from
    #[arg(long, value_name = "S", default_value_t = 7)]
    pub seed: u64,
    /// Response time of every page, instead of its own
    #[arg(long, value_name = "DURATION", value_parser = level(Fault::Latency))]
    pub latency: Option<FaultSetting>,
    /// Maximum random time added to the latency
    #[arg(long, value_name = "DURATION", value_parser = level(Fault::Spread))]
    pub spread: Option<FaultSetting>,
    /// Share of responses that take ten times as long, and at least 1s
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::SlowTail))]
    pub slow_tail: Option<FaultSetting>,
    /// Share of requests answered with 500 or 502
    #[arg(long = "5xx", value_name = "SHARE", value_parser = level(Fault::ServerError))]
    pub server_error: Option<FaultSetting>,
    /// Share of connections closed without a response
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::Reset))]
    pub reset: Option<FaultSetting>,
    /// Share of requests that get no response
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::Hang))]
    pub hang: Option<FaultSetting>,
    /// Share of requests answered with 429
    #[arg(long = "429", value_name = "SHARE", value_parser = level(Fault::TooMany))]
    pub too_many: Option<FaultSetting>,
    /// Share of requests answered with 429 and a Retry-After of 1 to 2 s
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::RetryAfter))]
    pub retry_after: Option<FaultSetting>,
    /// Maximum requests answered per second; others get 429
    #[arg(long, value_name = "R", value_parser = level(Fault::RateLimit))]
    pub rate_limit: Option<FaultSetting>,
    /// Maximum requests served at the same time; others wait
    #[arg(long, value_name = "K", value_parser = level(Fault::Capacity))]
    pub capacity: Option<FaultSetting>,
    /// Maximum bytes per second of the whole site
    #[arg(long, value_name = "SIZE", value_parser = level(Fault::Bandwidth))]
    pub bandwidth: Option<FaultSetting>,
}

impl LabOptions {
    /// The faults that were given.
    pub fn faults(&self) -> impl Iterator<Item = FaultSetting> {
        [
            self.latency,
            self.spread,
            self.slow_tail,
            self.server_error,
            self.reset,
            self.hang,
            self.too_many,
            self.retry_after,
            self.rate_limit,
            self.capacity,
            self.bandwidth,
        ]
        .into_iter()
        .flatten()
    }

    /// The lab's configuration.
    #[must_use]
    pub fn config(&self) -> LabConfig {
        let defaults = LabConfig::default();
        LabConfig {
            port: self.port,
            hosts: self.hosts,
            pages: self.pages.unwrap_or(defaults.pages.max(self.hosts.unwrap_or(0))),
            seed: self.seed,
            faults: self.faults().collect(),
            ..defaults
        }
    }
}
