//! The HTTP client behind the fetcher: built once, shared by all requests.

use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

use super::phase::WatchConnect;
use crate::config::FetchSettings;

/// A connection unused for so long is closed.
const IDLE: Duration = Duration::from_secs(30);

/// Why a fetcher could not be built.
#[derive(Debug, thiserror::Error)]
pub enum FetchSetupError {
    /// A header's name or value is malformed; the value may be secret and is not told.
    #[error(
        "header {name:?} is malformed: a name takes letters, digits and dashes, a value no control characters"
    )]
    Header {
        /// The header's name as given.
        name: String,
    },
    /// The client could not be built, because of the system's certificates for one.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// Builds the client.
pub(super) fn build(settings: &FetchSettings) -> Result<reqwest::Client, FetchSetupError> {
    // An error means that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(user_agent(settings)?)
        .default_headers(headers(settings)?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connector_layer(WatchConnect)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .tcp_nodelay(true)
        // Requests in flight are bounded by the gate, so idle connections are as well.
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(IDLE)
        // What browsers read, a crawler has to read.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build()?;
    Ok(client)
}

fn user_agent(settings: &FetchSettings) -> Result<HeaderValue, FetchSetupError> {
    HeaderValue::from_str(&settings.user_agent)
        .map_err(|_| FetchSetupError::Header { name: "user-agent".into() })
}

fn headers(settings: &FetchSettings) -> Result<HeaderMap, FetchSetupError> {
    let mut map = HeaderMap::new();
    for (name, value) in &settings.identity.headers {
        let malformed = || FetchSetupError::Header { name: name.clone() };
        let key = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| malformed())?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| malformed())?;
        // Not to be seen in logs.
        value.set_sensitive(true);
        map.append(key, value);
    }
    if !map.contains_key(ACCEPT) {
        map.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8"));
    }
    Ok(map)
}
