//! Promise: whatever a server does, a fetch ends with a response or with one clear reason.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod flaws;
mod redirect_bytes;
mod redirects_and_phases;
mod responses;

use std::sync::Arc;
use std::time::Duration;

use crawldeck::settings::FetchSettings;
use crawldeck::web::http::{FetchError, Fetcher, PhaseSink, Response};
use url::Url;

use crate::web_server::{Fetched, fetch, fetcher, follow};

/// Time limits short enough for a test.
fn settings() -> FetchSettings {
    FetchSettings {
        timeout: Duration::from_secs(20),
        read_timeout: Duration::from_secs(10),
        ..FetchSettings::default()
    }
}

async fn get_with(settings: &FetchSettings, url: &Url) -> Fetched {
    let silent: Arc<dyn PhaseSink> = Arc::new(());
    let fetcher = Fetcher::new(settings, std::slice::from_ref(url)).unwrap();
    follow(&fetcher, url, &silent).await
}

async fn get(url: &Url) -> Fetched {
    get_with(&settings(), url).await
}

async fn failure(url: &Url) -> FetchError {
    get(url).await.outcome.unwrap_err()
}

/// The response to a request that is sent again when the head may have many fields, as the crawl does it.
async fn again(url: &Url) -> Result<Response, FetchError> {
    let fetcher = fetcher(&settings(), &[url]);
    match fetch(&fetcher, url).await {
        Err(error) if error.resend => fetch(&fetcher, url).await,
        other => other,
    }
}
