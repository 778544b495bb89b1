//! The four hosts as one site: shared state, routes, counting.
//!
//! It must not know what an endpoint or a page answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::body::Leaving;
use super::door::Cut;
use super::hostile;
use super::load::Gauge;
use super::plan::{HOSTS, Plan};
use super::stage::{Fate, Stage};
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
    /// What is wrong with it on purpose.
    pub stage: Arc<Stage>,
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
            stage: Arc::new(Stage::new(config.seed, config.faults)),
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
        self.stage.think(self.plan.latency(n)).await;
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
    /// Whether this is a URL of the generated web, and not of the site's own business.
    fn is_page(&self, uri: &Uri) -> bool {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        self.site.plan.find(self.index, path).is_some()
    }

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

/// Notes when the request came, counts it and waits for a place, both until the body is out. What
/// happens to a request for a page is decided here: who is not answered at all takes no place.
async fn count(
    State(host): State<Host>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    mut request: Request,
    next: Next,
) -> Response {
    let times = &host.site.times[host.index];
    let number = times.came(request.uri());
    let visit = host.site.gauge.arrive();
    let stage = &host.site.stage;
    if stage.has_errors() && host.is_page(request.uri()) {
        match stage.fate() {
            Fate::Reset => {
                cut.now();
                // Not reached: the connection is gone, and this with it.
                return std::future::pending().await;
            }
            Fate::Hang => stage.hang().await,
            fate => {
                request.extensions_mut().insert(fate);
            }
        }
    }
    let place = stage.place().await;
    let response = next.run(request).await;
    times.answered(number, response.status());
    response.map(|body| Leaving::wrap(body, Arc::clone(stage), visit, place))
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
