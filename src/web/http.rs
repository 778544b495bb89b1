//! Sends one request, within its limits, and returns the response or the redirect.
//!
//! Redirects are not followed here, because each has to wait for its own host; the caller follows
//! them. This module knows neither robots.txt nor the crawl.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use reqwest::RequestBuilder;
use url::Url;

pub use crate::model::redirect_hop::RedirectHop;
use crate::settings::{Credentials, FetchSettings, SeedName};
use crate::web::address_policy::{AddressPolicy, refused};
use crate::web::classify::{RequestContext, classify, duration_text};
pub use crate::web::client::FetchSetupError;
use crate::web::credentials::Headers;
pub use crate::web::failure::{FailureKind, FetchError};
pub use crate::web::head::{DocumentHead, ResponseHead};
use crate::web::jar::Jar;
pub use crate::web::message::{FetchOutcome, RequestOptions, Response};
use crate::web::phase::PhaseTracker;
pub use crate::web::phase::{Phase, PhaseSink};
use crate::web::redirect_chain::FailureCause;
pub use crate::web::redirect_chain::RedirectChain;
use crate::web::response::BodyLimits;
pub use crate::web::response::OpenResponse;

/// Maximum length of a redirect's body, in bytes, that is read to keep the connection.
const MAX_DISCARDED: usize = 16 << 10;
/// Time limit for reading it.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(100);

/// Fetches URLs; clones share connections, cookies and the address policy.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    /// Without the credentials.
    settings: Arc<FetchSettings>,
    headers: Headers,
    address_policy: Arc<AddressPolicy>,
    /// `None` when cookies are not kept.
    jar: Option<Jar>,
    proxied: bool,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the client nor the headers: they contain secrets.
        f.debug_struct("Fetcher").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A fetcher with its own connection pool. Only the origins of `seeds` receive the user's headers,
    /// and only the private addresses of `seeds` may be connected to. A proxy other than `socks5`
    /// resolves names itself, so the addresses of names are not checked then; literal addresses and
    /// names such as `localhost` always are.
    ///
    /// # Errors
    /// When a header or the proxy of the settings is malformed, its certificates cannot be read,
    /// or the client cannot be built.
    pub fn new(settings: &FetchSettings, seeds: &[Url]) -> Result<Self, FetchSetupError> {
        let proxy = crate::web::client::proxy(settings)?;
        let (headers, everywhere) = Headers::new(settings, seeds)?;
        let address_policy = Arc::new(AddressPolicy::new(settings, proxy.as_ref(), seeds));
        let client =
            crate::web::client::build(settings, everywhere, proxy.as_ref(), &address_policy)?;
        let jar = settings.cookies.then(Jar::default);
        let settings =
            Arc::new(FetchSettings { credentials: Credentials::default(), ..settings.clone() });
        let proxied = proxy.is_some();
        Ok(Self {
            inner: Arc::new(Inner { client, settings, headers, address_policy, jar, proxied }),
        })
    }

    /// Adds `url` as a seed.
    pub fn add_seed(&self, url: &Url) {
        self.inner.address_policy.add_seed(url);
        self.inner.headers.add_seed(url);
    }

    /// The resolved names of seeds (see [`FetchSettings::seed_names`]); `None` when there are still
    /// only `known` of them.
    #[must_use]
    pub fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        self.inner.address_policy.seed_names(known)
    }

    /// Why `url` is refused for its literal private address or its name, as far as this can be decided
    /// without a DNS lookup; a request checks the resolved addresses.
    #[must_use]
    pub fn refuses_address(&self, url: &Url) -> Option<String> {
        self.inner.address_policy.refuses_without_lookup(url)
    }

    /// Sends one request, for the current URL of `chain`, and reads the whole response.
    ///
    /// Dropping the future drops the connection.
    ///
    /// # Errors
    /// When there is no complete response within the limits, or its redirect cannot or must not be
    /// followed.
    pub async fn get(
        &self,
        chain: &mut RedirectChain,
        options: &RequestOptions<'_>,
        phases: &Arc<dyn PhaseSink>,
    ) -> Result<FetchOutcome, FetchError> {
        Ok(match self.open(chain, options, phases).await? {
            FetchOutcome::Response(response) => FetchOutcome::Response(response.read_all().await?),
            FetchOutcome::NotModified(head) => FetchOutcome::NotModified(head),
            FetchOutcome::Redirect { status, target, permanent } => {
                FetchOutcome::Redirect { status, target, permanent }
            }
        })
    }

    /// Sends one request, for the current URL of `chain`, and reads the head of the response.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn open(
        &self,
        chain: &mut RedirectChain,
        options: &RequestOptions<'_>,
        phases: &Arc<dyn PhaseSink>,
    ) -> Result<FetchOutcome<OpenResponse>, FetchError> {
        let inner = &*self.inner;
        let timeout = options.timeout.unwrap_or(inner.settings.timeout);
        let mut deadline = Box::pin(tokio::time::sleep(timeout));
        let cookies = inner.jar.as_ref().and_then(|jar| jar.header(chain.url()));
        let response = tokio::select! {
            biased;
            response = inner.send(chain.url(), options, cookies.as_deref(), phases) => response,
            () = &mut deadline => {
                Err((FailureKind::Timeout, format!("no answer within {}", duration_text(timeout))))
            }
        };
        let response = response.map_err(|(kind, message)| FetchError::new(kind, message))?;
        phases.phase(Phase::Body);
        let status = response.status();
        let head = ResponseHead::of(chain.url(), status, response.headers());
        let fail = |(kind, message)| FetchError::new(kind, message).with(&head);
        if let Some(message) = inner.refuses_peer(chain.url(), &response) {
            return Err(fail(refused(message)));
        }
        if let Some(jar) = &inner.jar {
            jar.store(chain.url(), response.headers());
        }
        let next_cookies = |url: &Url| inner.jar.as_ref().and_then(|jar| jar.header(url));
        let max_redirects = options.max_redirects.unwrap_or(inner.settings.max_redirects);
        let followed = chain
            .follow(status, response.headers(), max_redirects, cookies.as_deref(), next_cookies)
            .map_err(fail)?;
        if followed {
            discard(response).await;
            let permanent = matches!(head.status, 301 | 308);
            let target = chain.url().clone();
            return Ok(FetchOutcome::Redirect { status: head.status, target, permanent });
        }
        let conditional = options.etag.is_some() || options.last_modified.is_some();
        if conditional && status == StatusCode::NOT_MODIFIED {
            return Ok(FetchOutcome::NotModified(head));
        }
        let max_body = options.max_body.unwrap_or(inner.settings.max_body);
        let limits = BodyLimits { deadline, timeout, max_body };
        OpenResponse::new(head, chain.url(), &inner.settings, response, limits)
            .map(FetchOutcome::Response)
    }
}

impl Inner {
    async fn send(
        &self,
        url: &Url,
        options: &RequestOptions<'_>,
        cookies: Option<&str>,
        phases: &Arc<dyn PhaseSink>,
    ) -> Result<reqwest::Response, FailureCause> {
        if let Some(message) = self.address_policy.refuses(url).await {
            return Err(refused(message));
        }
        let mut request = self.client.get(url.clone());
        request = validator(request, IF_NONE_MATCH, options.etag);
        request = validator(request, IF_MODIFIED_SINCE, options.last_modified);
        request = self.headers.apply(request, url, cookies);
        PhaseTracker::track(phases, request.send()).await.map_err(|error| {
            let context = RequestContext {
                url,
                settings: &self.settings,
                proxied: self.proxied,
                head_received: false,
                length: 0,
                announced: None,
            };
            classify(&error, &context)
        })
    }

    /// Why the address that the connection was made to is refused; it may differ from the resolved one.
    fn refuses_peer(&self, url: &Url, response: &reqwest::Response) -> Option<String> {
        let peer = response.remote_addr().filter(|_| !self.proxied)?;
        self.address_policy.refuses_peer(url, peer.ip())
    }
}

/// Adds a validator, unless its value is not a valid header value.
fn validator(request: RequestBuilder, name: HeaderName, value: Option<&str>) -> RequestBuilder {
    match value.and_then(|value| HeaderValue::from_str(value).ok()) {
        Some(value) => request.header(name, value),
        None => request,
    }
}

/// Reads and drops the small body of a redirect, so that the connection can be reused.
async fn discard(mut response: reqwest::Response) {
    let mut room = MAX_DISCARDED;
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            room = room.saturating_sub(chunk.len());
            if room == 0 {
                break;
            }
        }
    };
    // If the body is too slow or too long, dropping it closes the connection, which costs less.
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, reading).await;
}
