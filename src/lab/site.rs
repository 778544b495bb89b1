//! The state that all hosts share.
//!
//! It must not know HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::config::LabConfig;
use super::fault_injector::FaultInjector;
use super::hosts::HostAddresses;
use super::load::LoadCounters;
use super::plan::SitePlan;
use super::request_log::RequestRecorder;
use super::truth::Truth;

/// What all hosts share.
#[derive(Debug)]
pub struct Site {
    /// The generated site.
    pub plan: SitePlan,
    /// Where the hosts are.
    pub hosts: HostAddresses,
    /// Counts every request.
    pub load: Arc<LoadCounters>,
    /// The requests of each host.
    pub request_logs: Vec<RequestRecorder>,
    /// The faults in force.
    pub injector: Arc<FaultInjector>,
    /// Failed requests in the current cycle of each flaky page; each request for one writes it.
    flaky: Mutex<HashMap<u32, u8>>,
    /// Computed on first use.
    truth: OnceLock<Truth>,
}

/// One host of the site, as its handlers see it.
#[derive(Debug, Clone)]
pub struct LabHost {
    /// The whole site.
    pub site: Arc<Site>,
    /// Which of the hosts.
    pub index: usize,
}

impl LabHost {
    /// Its address and port, as they stand in a URL.
    pub fn name(&self) -> String {
        self.site.hosts.authority(self.index)
    }

    /// Its requests.
    pub fn request_log(&self) -> &RequestRecorder {
        &self.site.request_logs[self.index]
    }
}

impl Site {
    /// A site on these hosts.
    pub fn new(config: &LabConfig, hosts: HostAddresses) -> Self {
        let plan = SitePlan::new(config.seed, config.pages).with_hosts(config.hosts);
        Self {
            plan: plan.with_forbidden(config.forbidden).with_flaky(config.flaky),
            load: Arc::default(),
            request_logs: (0..hosts.count()).map(|_| RequestRecorder::default()).collect(),
            hosts,
            injector: Arc::new(FaultInjector::new(config.seed, config.faults)),
            flaky: Mutex::default(),
            truth: OnceLock::new(),
        }
    }

    /// What a crawl must find; the first call walks the whole site.
    pub fn truth(&self) -> Truth {
        let hosts = || self.hosts.authorities().collect();
        self.truth.get_or_init(|| Truth::of(&self.plan, hosts())).clone()
    }

    /// Waits for the latency of page `n`.
    pub async fn wait_latency(&self, n: u32) {
        self.injector.wait_latency(self.plan.latency(n)).await;
    }

    /// Counts a request of flaky page `n`: true if it fails. `failures` requests fail, the next
    /// succeeds, and so on, so that every crawl has the same result.
    pub fn fails_now(&self, n: u32, failures: u8) -> bool {
        let mut flaky = self.flaky.lock().unwrap_or_else(PoisonError::into_inner);
        let count = flaky.entry(n).or_default();
        let fails = *count < failures;
        *count = if fails { *count + 1 } else { 0 };
        fails
    }
}
