//! The options of the lab site.

use clap::Args;

use super::values::level;
use crate::lab::LabConfig;
use crate::settings::faults::{Fault, FaultSetting};

/// The lab site, and what is wrong with it from the start.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lab site")]
pub struct LabOptions {
    /// First of four ports (default: free ones)
    #[arg(long, value_name = "P")]
    pub port: Option<u16>,
    /// Pages of the generated web (default: 10000; 60000 for a scene)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: Option<u32>,
    /// Seed it is generated from
    #[arg(long, value_name = "S", default_value_t = 7)]
    pub seed: u64,
    /// Time every page takes to answer, instead of its own
    #[arg(long, value_name = "DURATION", value_parser = level(Fault::Latency))]
    pub latency: Option<FaultSetting>,
    /// Up to so much longer, by chance
    #[arg(long, value_name = "DURATION", value_parser = level(Fault::Spread))]
    pub spread: Option<FaultSetting>,
    /// Share of answers that take ten times as long, and at least 1s
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::SlowTail))]
    pub slow_tail: Option<FaultSetting>,
    /// Share of requests answered with 500 or 502
    #[arg(long = "5xx", value_name = "SHARE", value_parser = level(Fault::ServerError))]
    pub server_error: Option<FaultSetting>,
    /// Share of connections closed instead of an answer
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::Reset))]
    pub reset: Option<FaultSetting>,
    /// Share of requests never answered
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::Hang))]
    pub hang: Option<FaultSetting>,
    /// Share of requests answered with 429
    #[arg(long = "429", value_name = "SHARE", value_parser = level(Fault::TooMany))]
    pub too_many: Option<FaultSetting>,
    /// Share of requests answered with 429, to come again in 1 to 2 s
    #[arg(long, value_name = "SHARE", value_parser = level(Fault::RetryAfter))]
    pub retry_after: Option<FaultSetting>,
    /// Requests answered at once; the rest queue
    #[arg(long, value_name = "K", value_parser = level(Fault::Capacity))]
    pub capacity: Option<FaultSetting>,
    /// Bytes a second, over the whole site
    #[arg(long, value_name = "SIZE", value_parser = level(Fault::Bandwidth))]
    pub bandwidth: Option<FaultSetting>,
}

impl LabOptions {
    /// What is wrong with the site, as far as it was said.
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
            self.capacity,
            self.bandwidth,
        ]
        .into_iter()
        .flatten()
    }

    /// The lab's own words for it.
    #[must_use]
    pub fn config(&self) -> LabConfig {
        let usual = LabConfig::default();
        LabConfig {
            port: self.port,
            pages: self.pages.unwrap_or(usual.pages),
            seed: self.seed,
            faults: self.faults().collect(),
            ..usual
        }
    }
}
