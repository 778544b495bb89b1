//! One request of the simple strategies, by the plain HTTP client.

use std::time::Duration;

use reqwest::Client;
use url::Url;

use crate::compare::counters::Counters;
use crate::settings::USER_AGENT;

/// Time for one request, body included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest body, in bytes.
const MAX_BODY: u64 = 10 << 20;
/// Redirects followed.
const MAX_REDIRECTS: u32 = 10;

/// The client.
pub fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS as usize))
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .tcp_nodelay(true)
        .build()
}

/// Fetches one URL, body and all, and counts it.
pub async fn fetch_counted(client: &Client, url: &Url, counters: &Counters) {
    counters.request_started();
    let outcome = fetch(client, url).await;
    counters.request_ended(url.as_str(), outcome);
}

/// The status of the response, whose body is read whole; or the error as one line.
pub async fn fetch(client: &Client, url: &Url) -> Result<u16, String> {
    let mut response = client.get(url.clone()).send().await.map_err(|error| cause(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if (body.len() + chunk.len()) as u64 > MAX_BODY {
            return Err(format!("the body is larger than {} MiB", MAX_BODY >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(status)
}

/// The root cause of an error: the outer ones only report that a request failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
