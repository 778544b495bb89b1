//! Sends one request, within its limits, and returns the response or the redirect.
//!
//! Redirects are not followed here, because each has to wait for its own host; the caller follows
//! them. This module knows neither robots.txt nor the crawl.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{StatusCode, Version};
use reqwest::RequestBuilder;
use url::Url;

use crate::model::url_identity::host_key;
use crate::settings::{Credentials, FetchSettings, SeedName};
use crate::units::duration_option;
use crate::web::address_policy::{AddressPolicy, refused};
use crate::web::address_race;
use crate::web::classify::{
    RequestContext, causes, classify, is_head_too_large, proxy_wants_credentials,
};
pub use crate::web::client::FetchSetupError;
use crate::web::client::{self, ClientParts, Protocols};
use crate::web::connections::{ConnectionKey, Connections};
use crate::web::credentials::Headers;
pub use crate::web::failure::{FailureKind, FetchError, Shortage};
pub use crate::web::head::{DocumentHead, ResponseHead};
use crate::web::jar::Jar;
pub use crate::web::message::{FetchOutcome, RequestOptions, Response};
use crate::web::origin_versions::OriginVersions;
use crate::web::phase::PhaseTracker;
pub use crate::web::phase::{Phase, PhaseSink};
pub use crate::web::redirect_chain::RedirectChain;
use crate::web::response::BodyLimits;
pub use crate::web::response::OpenResponse;
use crate::web::unprocessed::Unprocessed;

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
    /// The origins that get one version of HTTP alone, and the clients for them.
    origins: OriginVersions,
    connections: Arc<Connections>,
    /// Without the credentials.
    settings: Arc<FetchSettings>,
    headers: Headers,
    address_policy: Arc<AddressPolicy>,
    /// `None` when cookies are not kept.
    jar: Option<Jar>,
    proxied: bool,
    /// Whether the proxy answers requests for `http` URLs itself, and does not only pass on bytes.
    proxy_answers: bool,
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
        let proxy = client::proxy(settings)?;
        let (headers, everywhere) = Headers::new(settings, seeds)?;
        let address_policy = Arc::new(AddressPolicy::new(settings, proxy.as_ref(), seeds));
        let proxied = proxy.is_some();
        let proxy_answers =
            proxy.as_ref().is_some_and(|proxy| matches!(proxy.scheme(), "http" | "https"));
        let connections = Arc::<Connections>::default();
        let parts = ClientParts {
            settings: settings.clone(),
            headers: everywhere,
            proxy,
            address_policy: Arc::clone(&address_policy),
            connections: Arc::clone(&connections),
        };
        let protocols = if settings.http2 { Protocols::Both } else { Protocols::Http1 };
        let client = client::build(&parts, protocols)?;
        let origins = OriginVersions::new(parts);
        let jar = settings.cookies.then(Jar::default);
        let settings =
            Arc::new(FetchSettings { credentials: Credentials::default(), ..settings.clone() });
        let inner = Inner {
            client,
            origins,
            connections,
            settings,
            headers,
            address_policy,
            jar,
            proxied,
            proxy_answers,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Adds `url` as a seed; true when no seed had its host before, which may allow a private address.
    #[must_use]
    pub fn add_seed(&self, url: &Url) -> bool {
        self.inner.headers.add_seed(url);
        self.inner.address_policy.add_seed(url)
    }

    /// Removes a seed. Its origin receives the user's headers no longer, unless another seed has it;
    /// with `new_host`, as [`Self::add_seed`] returned it, its private address is refused again.
    pub fn remove_seed(&self, url: &Url, new_host: bool) {
        self.inner.headers.remove_seed(url);
        if new_host {
            self.inner.address_policy.remove_seed(url);
        }
    }

    /// The resolved names of seeds (see [`FetchSettings::seed_names`]); `None` when there are still
    /// only `known` of them.
    #[must_use]
    pub fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        self.inner.address_policy.seed_names(known)
    }

    /// Why `url` is refused for its literal private address or its name, as far as this can be decided
    /// without a DNS lookup; a request checks the resolved addresses.
    #[cfg(feature = "internals")]
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
                let message = format!("no response within {}", duration_option(timeout));
                Err(FetchError::new(FailureKind::Timeout, message))
            }
        };
        let response = response?;
        phases.phase(Phase::Body);
        let status = response.status();
        let reused = inner.connections.answered(response.extensions());
        if reused && is_idle_timeout(&response) {
            let message = Unprocessed::IdleTimeout.message(&host_key(chain.url()));
            return Err(FetchError::new(FailureKind::Unprocessed, message).resendable());
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && inner.proxy_answers
            && chain.url().scheme() == "http"
        {
            // The answer of the proxy, not of the site: the page has neither status nor body.
            let (kind, message) = proxy_wants_credentials();
            return Err(FetchError::new(kind, message));
        }
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
    ) -> Result<reqwest::Response, FetchError> {
        if let Some(message) = self.address_policy.refuses(url).await {
            let (kind, message) = refused(message);
            return Err(FetchError::new(kind, message));
        }
        let alone = self.origins.client_for(url);
        let client = alone.map_or(&self.client, |(client, _)| client);
        let is_http1 = alone.map(|(_, is_http1)| is_http1);
        let mut request = client.get(url.clone());
        request = validator(request, IF_NONE_MATCH, options.etag);
        request = validator(request, IF_MODIFIED_SINCE, options.last_modified);
        if options.close {
            request = request.header(CONNECTION, HeaderValue::from_static("close"));
        }
        request = self.headers.apply(request, url, cookies);
        let sending = PhaseTracker::track(phases, request.send());
        let (response, opened) = address_race::to_host_of(url, sending).await;
        if let Ok(response) = &response {
            self.origins.responded(url, response.version(), opened.is_some());
        }
        response.map_err(|error| self.failure(&error, url, opened, is_http1))
    }

    /// Why a request got no response head. `opened` is the connection that was opened for it; `is_http1`
    /// tells which version it was sent with, if that was one alone.
    fn failure(
        &self,
        error: &reqwest::Error,
        url: &Url,
        opened: Option<ConnectionKey>,
        is_http1: Option<bool>,
    ) -> FetchError {
        let unprocessed = match Unprocessed::of(error, &self.connections, opened) {
            Some(Unprocessed::Http11Required) if !self.origins.require_http1(url) => None,
            cause => cause,
        };
        if let Some(cause) = unprocessed {
            if matches!(cause, Unprocessed::GoAway | Unprocessed::RefusedStream) {
                self.origins.unprocessed(url);
            }
            let message = cause.message(&host_key(url));
            return FetchError::new(FailureKind::Unprocessed, message).resendable();
        }
        let context = RequestContext {
            url,
            settings: &self.settings,
            proxied: self.proxied,
            head_received: false,
            length: 0,
            announced: None,
        };
        let (kind, message) = classify(error, &context);
        let failure = FetchError::new(kind, message);
        let may_be_version = match is_http1 {
            Some(true) => {
                matches!(kind, FailureKind::Connect | FailureKind::Tls | FailureKind::Reset)
            }
            Some(false) => error.is_connect() || is_protocol_error(error),
            None => false,
        };
        if may_be_version && self.origins.failed(url) {
            return failure.resendable();
        }
        // The head may have more fields than the client for all origins reads.
        let many_fields = is_http1 != Some(true) && is_head_too_large(error);
        if many_fields && self.origins.require_http1(url) { failure.resendable() } else { failure }
    }

    /// Why the address that the connection was made to is refused; it may differ from the resolved one.
    fn refuses_peer(&self, url: &Url, response: &reqwest::Response) -> Option<String> {
        let peer = response.remote_addr().filter(|_| !self.proxied)?;
        self.address_policy.refuses_peer(url, peer.ip())
    }
}

/// Whether the server does not keep to HTTP/2.
fn is_protocol_error(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(h2::Error::is_library)
}

/// Whether the server ends an idle connection with this response (RFC 9110 15.5.9): it says nothing
/// about the request.
fn is_idle_timeout(response: &reqwest::Response) -> bool {
    let is_close = |token: &str| token.trim().eq_ignore_ascii_case("close");
    let closes = |value: &HeaderValue| value.to_str().is_ok_and(|v| v.split(',').any(is_close));
    response.status() == StatusCode::REQUEST_TIMEOUT
        && (response.version() == Version::HTTP_10
            || response.headers().get_all(CONNECTION).iter().any(closes))
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
