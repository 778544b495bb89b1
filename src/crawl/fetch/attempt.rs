//! One attempt at a page, and its result.

use std::sync::Arc;
use std::time::Duration;

use crate::store::PreviousPage;
use crate::web::http::{FailureKind, FetchError, RedirectChain, Response, ResponseHead};
use crate::web::parsed::Parsed;
use crate::web::scope::Scope;

/// One attempt at a page, and its result.
pub struct FetchAttempt {
    /// The response, or why there is none.
    pub result: Result<Response, FetchError>,
    /// Time spent on it, redirects included.
    pub elapsed: Duration,
    /// Time of the last request; `None` when there was none.
    pub took: Option<Duration>,
    /// What was found on it.
    pub parsed: Option<Parsed>,
    /// Why it was not parsed, if it was not: its media type, or what is wrong with it.
    pub not_parsed: Option<String>,
    /// The redirects on the way.
    pub chain: Option<RedirectChain>,
    /// The page that a redirect leads to, which is known already.
    pub redirect_target: Option<Arc<PreviousPage>>,
    /// What the earlier crawl knew of it.
    pub previous: Option<PreviousPage>,
    /// The head of a 304: the page was not modified.
    pub unmodified: Option<ResponseHead>,
    /// The scope when its request began; `None` without a request.
    pub begun_in: Option<Arc<Scope>>,
}

impl FetchAttempt {
    /// It was redirected to a page that is known by now.
    pub fn redirected_to_known(
        chain: RedirectChain,
        redirect_target: Arc<PreviousPage>,
        elapsed: Duration,
        previous: Option<PreviousPage>,
    ) -> Self {
        let nothing = FetchError::new(FailureKind::Other, String::new());
        let unfetched = Self::unfetched(nothing, Some(chain));
        Self { redirect_target: Some(redirect_target), elapsed, previous, ..unfetched }
    }

    /// There is no response: the URL was not requested, or the request did not end.
    pub fn unfetched(error: FetchError, chain: Option<RedirectChain>) -> Self {
        Self {
            result: Err(error),
            elapsed: Duration::ZERO,
            took: None,
            parsed: None,
            not_parsed: None,
            chain,
            redirect_target: None,
            previous: None,
            unmodified: None,
            begun_in: None,
        }
    }

    /// Takes what was found on the page, unless it is XML without any element that could have links.
    pub fn take(&mut self, parsed: Parsed) {
        let media_type =
            self.result.as_ref().ok().and_then(|response| response.document.media_type.as_deref());
        if parsed.unrecognized {
            let kind = media_type.map_or("XML", essence);
            self.not_parsed = Some(format!("{kind} without elements of XHTML or SVG"));
        } else {
            self.parsed = Some(parsed);
        }
    }

    /// The latency of its last request, if that was answered, or so slow that it was given up.
    /// Leaving those out would make a dying server look fast; fast refusals are no latency at all.
    pub fn latency(&self) -> Option<Duration> {
        let measured = match &self.result {
            Ok(_) => true,
            Err(error) => error.kind == FailureKind::Timeout,
        };
        self.took.filter(|_| measured)
    }
}

/// The media type without its parameters.
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default()
}
