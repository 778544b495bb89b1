//! The four hosts as one site: shared state, routes, counting and capacity.
//!
//! It must not know what an endpoint or a page answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::hostile;
use super::load::{CountedBody, Gauge};
use super::plan::{HOSTS, Plan};
use super::times::{self, Record};
use super::truth::Truth;
use super::{LabConfig, answer, endpoints};

/// What all hosts share.
#[derive(Debug)]
pub struct Site {
    /// The generated web.
    pub plan: Plan,
    /// The hosts' ports.
    pub ports: [u16; HOSTS],
    /// Every request is counted here.
    pub gauge: Arc<Gauge>,
    /// When requests came, per host.
    pub times: [Arc<Record>; HOSTS],
    /// Replaces the generated latencies.
    latency: Option<Duration>,
    /// Answered at once over the whole site; `None` without a bound.
    capacity: Option<Arc<Semaphore>>,
    /// Requests so far of each flaky page's current cycle; written by each request of one.
    flaky: Mutex<HashMap<u32, u8>>,
    /// Computed when first asked for.
    truth: OnceLock<Truth>,
}

/// One host of the site: the state of its routes.
#[derive(Debug, Clone)]
pub struct Host {
    /// The whole site.
    pub site: Arc<Site>,
    /// Which of the hosts.
    pub index: usize,
}

impl Site {
    /// A site on these ports.
    pub fn new(config: &LabConfig, ports: [u16; HOSTS]) -> Self {
        Self {
            plan: Plan::new(config.seed, config.pages).with_forbidden(config.forbidden),
            ports,
            gauge: Arc::default(),
            times: Default::default(),
            latency: config.latency,
            capacity: config.capacity.map(|most| {
                Arc::new(Semaphore::new((most as usize).clamp(1, Semaphore::MAX_PERMITS)))
            }),
            flaky: Mutex::default(),
            truth: OnceLock::new(),
        }
    }

    /// What a crawl must find; walks the whole web when first called.
    pub fn truth(&self) -> Truth {
        let hosts = || self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        self.truth.get_or_init(|| Truth::of(&self.plan, hosts())).clone()
    }

    /// Waits as long as page `n` takes to answer.
    pub async fn think(&self, n: u32) {
        let latency = self.latency.unwrap_or_else(|| self.plan.latency(n));
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
    }

    /// Counts a request of flaky page `n`: true if it fails. `failures` requests fail, the next
    /// succeeds, and so on, so that every crawl ends alike.
    pub fn fails_now(&self, n: u32, failures: u8) -> bool {
        let mut flaky = self.flaky.lock().unwrap_or_else(PoisonError::into_inner);
        let count = flaky.entry(n).or_default();
        let fails = *count < failures;
        *count = if fails { *count + 1 } else { 0 };
        fails
    }
}

impl Host {
    /// The routes of this host.
    pub fn router(self) -> Router {
        let times = Arc::clone(&self.site.times[self.index]);
        endpoints::routes()
            .merge(hostile::routes())
            .fallback(answer::answer)
            .layer(middleware::from_fn_with_state(self.clone(), count))
            // Added below the layer, so not counted.
            .route("/truth.json", get(truth))
            .route("/load.json", get(load))
            .merge(times::route(times))
            .with_state(self)
    }
}

/// Notes when the request came, counts it and waits for room, both until the body is out.
async fn count(State(host): State<Host>, request: Request, next: Next) -> Response {
    let times = &host.site.times[host.index];
    let number = times.came(request.uri());
    let visit = host.site.gauge.arrive();
    let permit = match &host.site.capacity {
        // The semaphore is never closed.
        Some(capacity) => Arc::clone(capacity).acquire_owned().await.ok(),
        None => None,
    };
    let response = next.run(request).await;
    times.answered(number, response.status());
    response.map(|body| CountedBody::wrap(body, visit, permit))
}

async fn truth(State(host): State<Host>) -> Response {
    match tokio::task::spawn_blocking(move || host.site.truth()).await {
        Ok(truth) => Json(truth).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct LoadQuery {
    reset: Option<String>,
}

async fn load(State(host): State<Host>, Query(query): Query<LoadQuery>) -> Response {
    if query.reset.is_some_and(|reset| reset != "0") {
        host.site.gauge.reset();
    }
    Json(host.site.gauge.read()).into_response()
}
