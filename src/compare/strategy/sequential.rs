//! One after the other, by a client that blocks: what the article begins with.
//!
//! It blocks the event loop on which it runs, and the watch beside it shows for how long.

use std::sync::Arc;
use std::time::Instant;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use super::visit::{CONNECT_TIMEOUT, MAX_BODY, MAX_REDIRECTS, TIMEOUT};
use super::{Leash, Left, Order, StrategyError, Tally};
use crate::config::USER_AGENT;

/// Fetches the list; ends between two URLs once nobody wants the rest.
pub async fn run(order: Order, tally: &Arc<Tally>, leash: &Leash) -> Result<Left, StrategyError> {
    let agent = agent();
    leash.ready().await;
    tally.begin();
    let mut each_s = Vec::with_capacity(order.urls.len());
    for url in &order.urls {
        if leash.unwanted.is_cancelled() {
            break;
        }
        let begin = Instant::now();
        tally.starts();
        tally.ends(url.as_str(), fetch(&agent, url));
        each_s.push(begin.elapsed().as_secs_f64());
        // Once for the timers to go off, once for those whom they wake.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    Ok(Some(each_s))
}

fn agent() -> Agent {
    // The system's certificates, as the other strategies have them.
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(USER_AGENT)
        .max_redirects(MAX_REDIRECTS)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(TIMEOUT))
        .tls_config(tls)
        .build()
        .new_agent()
}

fn fetch(agent: &Agent, url: &Url) -> Result<u16, String> {
    let mut response = agent.get(url.as_str()).call().map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_BODY).read_to_vec();
    body.map_err(|error| error.to_string())?;
    Ok(status)
}
