//! The routes of the lab's hosts, and the layer that counts its requests and injects faults.
//!
//! It must not know what an endpoint or a page returns.

use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Query, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::request::Parts;
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::fault_injector::RequestFault;
use super::listener::ConnectionHandle;
use super::request_log::{RequestLog, TimesQuery};
use super::site::{LabHost, Site};
use super::throttled_body::ThrottledBody;
use super::{endpoints, hostile, respond};

/// The host to which the connection was made, whatever the header says.
impl FromRequestParts<Arc<Site>> for LabHost {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, StatusCode> {
        let connection = parts.extensions.get::<ConnectInfo<ConnectionHandle>>();
        let index = connection.and_then(|connection| site.hosts.index_of(connection.0.local()));
        let index = index.ok_or(StatusCode::MISDIRECTED_REQUEST)?;
        Ok(Self { site: Arc::clone(site), index })
    }
}

/// The routes of all hosts.
pub fn router(site: Arc<Site>) -> Router {
    endpoints::routes()
        .merge(hostile::routes())
        .fallback(respond::respond)
        .layer(middleware::from_fn_with_state(Arc::clone(&site), count_and_inject))
        // Added below the layer, so not counted.
        .route("/truth.json", get(truth))
        .route("/load.json", get(load))
        .route("/times.json", get(times))
        .with_state(site)
}

/// Whether this is a URL of the generated site, and not an endpoint, a sitemap or `robots.txt`.
fn is_page(host: &LabHost, uri: &Uri) -> bool {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    host.site.plan.find(host.index, path).is_some()
}

/// Records and counts the request and waits for a permit, which it holds until the body is sent.
/// Decides what happens to a request for a page: one that hangs or is reset takes no permit.
async fn count_and_inject(
    host: LabHost,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    mut request: Request,
    next: Next,
) -> Response {
    let log = host.request_log();
    let number = log.request(request.uri());
    let in_flight = host.site.load.begin_request();
    let injector = &host.site.injector;
    if injector.has_errors() && is_page(&host, request.uri()) {
        match injector.decide() {
            RequestFault::Reset => {
                connection.close();
                // Not reached: this future is dropped with the connection.
                return std::future::pending().await;
            }
            RequestFault::Hang => injector.hang().await,
            fault => {
                request.extensions_mut().insert(fault);
            }
        }
    }
    let permit = injector.acquire().await;
    let response = next.run(request).await;
    log.response(number, response.status());
    response.map(|body| ThrottledBody::wrap(body, Arc::clone(injector), in_flight, permit))
}

async fn truth(host: LabHost) -> Response {
    match tokio::task::spawn_blocking(move || host.site.truth()).await {
        Ok(truth) => Json(truth).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct LoadQuery {
    reset: Option<String>,
}

async fn load(host: LabHost, Query(query): Query<LoadQuery>) -> Response {
    if query.reset.is_some_and(|reset| reset != "0") {
        host.site.load.reset();
    }
    Json(host.site.load.read()).into_response()
}

async fn times(host: LabHost, Query(query): Query<TimesQuery>) -> Json<RequestLog> {
    Json(host.request_log().answer(&query))
}
