//! Fetching one URL: time-outs, size limit, redirects followed by us.
//!
//! It knows neither robots.txt nor the crawl: who may be asked is the caller's question.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HeaderMap, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use url::Url;

use super::body::Chunks;
use super::chain::{Chain, Failure};
use super::classify::{Circumstances, classify, size, span};
pub use super::client::FetchSetupError;
pub use super::failure::{FailureKind, FetchError};
use super::phase::Watch;
pub use super::phase::{Phase, PhaseSink};
use crate::config::{FetchSettings, Identity};

/// Bytes of a redirect's body that are read to keep its connection.
const DISCARDED: usize = 16 << 10;
/// Time that this may take.
const DISCARDING: Duration = Duration::from_millis(100);

/// One answer of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The URL that was asked.
    pub url: String,
    /// Its status, 3xx.
    pub status: u16,
}

/// What came of one URL.
#[derive(Debug)]
pub struct Fetched {
    /// The URL asked last.
    pub final_url: Url,
    /// The redirects on the way.
    pub hops: Vec<Hop>,
    /// The answer, of whatever status, or why there is none.
    pub outcome: Result<Answer, FetchError>,
}

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// `Retry-After`, as time from now.
    pub retry_after: Option<Duration>,
    /// The decoded body as it arrived.
    pub body: Vec<Bytes>,
    /// Its length in bytes.
    pub length: u64,
}

/// Fetches URLs; clones share connections.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    /// Without the headers: they may be secret and the client has them.
    settings: Arc<FetchSettings>,
}

impl Fetcher {
    /// A fetcher with its own pool of connections.
    ///
    /// # Errors
    /// When a header of the settings is malformed or the client cannot be built.
    pub fn new(settings: &FetchSettings) -> Result<Self, FetchSetupError> {
        let client = super::client::build(settings)?;
        let settings = FetchSettings { identity: Identity::default(), ..settings.clone() };
        Ok(Self { client, settings: Arc::new(settings) })
    }

    /// Fetches `url`. `admit` is asked for every redirect target: a reason means "don't go there".
    ///
    /// Dropping the future drops the connection.
    pub async fn fetch(
        &self,
        url: &Url,
        phases: &Arc<dyn PhaseSink>,
        admit: &(dyn Fn(&Url) -> Option<&'static str> + Sync),
    ) -> Fetched {
        let mut chain = Chain::from(url);
        let limit = self.settings.timeout;
        let ended = tokio::time::timeout(limit, self.follow(&mut chain, phases, admit)).await;
        let outcome = match ended {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err((kind, message))) => Err(chain.failure(kind, message)),
            Err(_) => {
                let message = match chain.status {
                    None => format!("no answer within {}", span(limit)),
                    Some(_) => {
                        format!("not complete within {}: {} bytes read", span(limit), chain.length)
                    }
                };
                Err(chain.failure(FailureKind::Timeout, message))
            }
        };
        Fetched { final_url: chain.url, hops: chain.hops, outcome }
    }

    /// Asks, and goes where the answer points to, until an answer is no redirect.
    async fn follow(
        &self,
        chain: &mut Chain,
        phases: &Arc<dyn PhaseSink>,
        admit: &(dyn Fn(&Url) -> Option<&'static str> + Sync),
    ) -> Result<Answer, Failure> {
        loop {
            let request = self.client.get(chain.url.clone()).send();
            let response = match Watch::over(phases, request).await {
                Ok(response) => response,
                Err(error) => return Err(self.classify(&error, chain, None)),
            };
            phases.phase(Phase::Body);
            chain.answered(&response);
            let Some(target) = chain.target(&response, self.settings.max_redirects)? else {
                return self.read(chain, response).await;
            };
            if let Some(reason) = admit(&target) {
                let message = format!("redirect target {reason}: {target}");
                return Err((FailureKind::Refused(reason), message));
            }
            discard(response).await;
            chain.turn_to(target);
        }
    }

    /// Reads the body up to the limit; leaving early closes the connection.
    async fn read(
        &self,
        chain: &mut Chain,
        mut response: reqwest::Response,
    ) -> Result<Answer, Failure> {
        let limit = self.settings.max_body;
        let announced = response.content_length();
        let too_large = || (FailureKind::TooLarge, format!("body larger than {}", size(limit)));
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let retry_after = retry_after(response.headers());
        let mut chunks = Chunks::default();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    chain.length += chunk.len() as u64;
                    if chain.length > limit {
                        return Err(too_large());
                    }
                    chunks.push(chunk);
                }
                Ok(None) => break,
                Err(error) => return Err(self.classify(&error, chain, announced)),
            }
        }
        Ok(Answer {
            status: response.status().as_u16(),
            content_type: chain.content_type.take(),
            retry_after,
            body: chunks.finish(),
            length: chain.length,
        })
    }

    fn classify(&self, error: &reqwest::Error, chain: &Chain, announced: Option<u64>) -> Failure {
        let at = Circumstances {
            url: &chain.url,
            settings: &self.settings,
            answered: chain.status.is_some(),
            length: chain.length,
            announced,
        };
        classify(error, &at)
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

/// `Retry-After` as time from now; it comes in seconds and as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}
