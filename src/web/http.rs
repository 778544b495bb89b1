//! Fetching: one request, within its limits, as far as its answer is a page or a redirect.
//!
//! Redirects are not followed here: each has to wait for its own host, which is the caller's
//! business. It knows neither robots.txt nor the crawl.

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
use crate::web::classify::{Circumstances, classify, span};
pub use crate::web::client::FetchSetupError;
use crate::web::credentials::Headers;
pub use crate::web::failure::{FailureKind, FetchError};
pub use crate::web::head::ResponseHead;
use crate::web::jar::Jar;
pub use crate::web::message::{FetchOutcome, RequestOptions, Response};
use crate::web::phase::PhaseTracker;
pub use crate::web::phase::{Phase, PhaseSink};
use crate::web::redirect_chain::FailureCause;
pub use crate::web::redirect_chain::RedirectChain;
use crate::web::response::Bounds;
pub use crate::web::response::OpenResponse;

/// Bytes of a redirect's body that are read to keep its connection.
const DISCARDED: usize = 16 << 10;
/// Time that this may take.
const DISCARDING: Duration = Duration::from_millis(100);

/// Fetches URLs; clones share connections, cookies and what the seeds allow.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    /// Without what is secret.
    settings: Arc<FetchSettings>,
    headers: Headers,
    address_policy: Arc<AddressPolicy>,
    /// `None` when cookies are not kept.
    jar: Option<Jar>,
    proxied: bool,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the client nor the headers: they hold what is secret.
        f.debug_struct("Fetcher").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// A fetcher with its own pool of connections. The origins of `seeds` are those that see
    /// the user's headers; a private address that a seed stands on may be asked, no other.
    /// Through a proxy other than `socks5` it is the proxy that resolves names, so what they lead
    /// to is not judged; literal addresses always are, and names such as
    /// `localhost`.
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

    /// Takes `url` for one more seed.
    pub fn add_seed(&self, url: &Url) {
        self.inner.address_policy.add_seed(url);
        self.inner.headers.add_seed(url);
    }

    /// What the names of seeds led to (see [`FetchSettings::seed_names`]), unless there are just
    /// the `known` ones.
    #[must_use]
    pub fn seed_names(&self, known: usize) -> Option<Vec<SeedName>> {
        self.inner.address_policy.seed_names(known)
    }

    /// Why `url` would be refused for its literal private address or its name, as far as it can be told
    /// without asking a name server. A request finds out the rest.
    #[must_use]
    pub fn refuses_address(&self, url: &Url) -> Option<String> {
        self.inner.address_policy.surely_refuses(url)
    }

    /// Sends one request, for the URL that `chain` has come to, and reads the whole answer.
    ///
    /// Dropping the future drops the connection.
    ///
    /// # Errors
    /// When there is no complete answer within the limits, or it redirects to where nobody can
    /// or may go.
    pub async fn get(
        &self,
        chain: &mut RedirectChain,
        options: &RequestOptions<'_>,
        phases: &Arc<dyn PhaseSink>,
    ) -> Result<FetchOutcome, FetchError> {
        Ok(match self.open(chain, options, phases).await? {
            FetchOutcome::Response(response) => FetchOutcome::Response(response.whole().await?),
            FetchOutcome::NotModified(head) => FetchOutcome::NotModified(head),
            FetchOutcome::Redirect { status, target, permanent } => {
                FetchOutcome::Redirect { status, target, permanent }
            }
        })
    }

    /// Sends one request, for the URL that `chain` has come to, and reads the head of the answer.
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
                Err((FailureKind::Timeout, format!("no answer within {}", span(timeout))))
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
            jar.take(chain.url(), response.headers());
        }
        let next_cookies = |url: &Url| inner.jar.as_ref().and_then(|jar| jar.header(url));
        let most = options.max_redirects.unwrap_or(inner.settings.max_redirects);
        let turned = chain
            .turn(status, response.headers(), most, cookies.as_deref(), next_cookies)
            .map_err(fail)?;
        if turned {
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
        let bounds = Bounds { deadline, timeout, max_body };
        OpenResponse::new(head, chain.url(), &inner.settings, response, bounds)
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
        request = self.headers.put(request, url, cookies);
        PhaseTracker::over(phases, request.send()).await.map_err(|error| {
            let at = Circumstances {
                url,
                settings: &self.settings,
                proxied: self.proxied,
                answered: false,
                length: 0,
                announced: None,
            };
            classify(&error, &at)
        })
    }

    /// The address that answered, judged once more: it is the one connected to.
    fn refuses_peer(&self, url: &Url, response: &reqwest::Response) -> Option<String> {
        let peer = response.remote_addr().filter(|_| !self.proxied)?;
        self.address_policy.refuses_peer(url, peer.ip())
    }
}

/// Adds a validator, unless it is one that no server can have sent.
fn validator(request: RequestBuilder, name: HeaderName, value: Option<&str>) -> RequestBuilder {
    match value.and_then(|value| HeaderValue::from_str(value).ok()) {
        Some(value) => request.header(name, value),
        None => request,
    }
}

/// Reads away the small body of a redirect, so that its connection can be used again.
async fn discard(mut response: reqwest::Response) {
    let mut room = DISCARDED;
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            room = room.saturating_sub(chunk.len());
            if room == 0 {
                break;
            }
        }
    };
    // Too slow or too long: dropping it closes the connection, which costs less.
    let _ = tokio::time::timeout(DISCARDING, reading).await;
}
