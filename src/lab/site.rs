//! The state that the four hosts share.
//!
//! It must not know HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::config::LabConfig;
use super::fault_injector::FaultInjector;
use super::load::LoadCounters;
use super::plan::{HOSTS, SitePlan};
use super::request_log::RequestRecorder;
use super::truth::Truth;

/// What all hosts share.
#[derive(Debug)]
pub struct Site {
    /// The generated site.
    pub plan: SitePlan,
    /// The hosts' ports.
    pub ports: [u16; HOSTS],
    /// Counts every request.
    pub load: Arc<LoadCounters>,
    /// The requests of each host.
    pub request_logs: [Arc<RequestRecorder>; HOSTS],
    /// The faults in force.
    pub injector: Arc<FaultInjector>,
    /// Failed requests in the current cycle of each flaky page; each request for one writes it.
    flaky: Mutex<HashMap<u32, u8>>,
    /// Computed on first use.
    truth: OnceLock<Truth>,
}

/// One host of the site: the state of its handlers.
#[derive(Debug, Clone)]
pub struct LabHost {
    /// The whole site.
    pub site: Arc<Site>,
    /// Which of the hosts.
    pub index: usize,
}

impl Site {
    /// A site on these ports.
    pub fn new(config: &LabConfig, ports: [u16; HOSTS]) -> Self {
        Self {
            plan: SitePlan::new(config.seed, config.pages).with_forbidden(config.forbidden),
            ports,
            load: Arc::default(),
            request_logs: Default::default(),
            injector: Arc::new(FaultInjector::new(config.seed, config.faults)),
            flaky: Mutex::default(),
            truth: OnceLock::new(),
        }
    }

    /// What a crawl must find; the first call walks the whole site.
    pub fn truth(&self) -> Truth {
        let hosts = || self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
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
