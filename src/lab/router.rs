//! The routes of a lab host, and the layer that counts its requests and injects faults.
//!
//! It must not know what an endpoint or a page returns.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::fault_injector::RequestFault;
use super::listener::ConnectionHandle;
use super::site::LabHost;
use super::throttled_body::ThrottledBody;
use super::{endpoints, hostile, request_log, respond};

/// The routes of `host`.
pub fn router(host: LabHost) -> Router {
    let recorder = Arc::clone(&host.site.request_logs[host.index]);
    endpoints::routes()
        .merge(hostile::routes())
        .fallback(respond::respond)
        .layer(middleware::from_fn_with_state(host.clone(), count_and_inject))
        // Added below the layer, so not counted.
        .route("/truth.json", get(truth))
        .route("/load.json", get(load))
        .merge(request_log::route(recorder))
        .with_state(host)
}

/// Whether this is a URL of the generated site, and not an endpoint, a sitemap or `robots.txt`.
fn is_page(host: &LabHost, uri: &Uri) -> bool {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    host.site.plan.find(host.index, path).is_some()
}

/// Records and counts the request and waits for a permit, which it holds until the body is sent.
/// Decides what happens to a request for a page: one that hangs or is reset takes no permit.
async fn count_and_inject(
    State(host): State<LabHost>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    mut request: Request,
    next: Next,
) -> Response {
    let log = &host.site.request_logs[host.index];
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

async fn truth(State(host): State<LabHost>) -> Response {
    match tokio::task::spawn_blocking(move || host.site.truth()).await {
        Ok(truth) => Json(truth).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Deserialize)]
struct LoadQuery {
    reset: Option<String>,
}

async fn load(State(host): State<LabHost>, Query(query): Query<LoadQuery>) -> Response {
    if query.reset.is_some_and(|reset| reset != "0") {
        host.site.load.reset();
    }
    Json(host.site.load.read()).into_response()
}
