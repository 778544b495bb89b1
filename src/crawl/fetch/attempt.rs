//! What came of one attempt at a page.

use std::sync::Arc;
use std::time::Duration;

use crate::store::PreviousPage;
use crate::web::http::{FailureKind, FetchError, RedirectChain, Response, ResponseHead};
use crate::web::parsed::Parsed;

/// What came of one attempt at a page.
pub struct FetchAttempt {
    /// The answer, or why there is none.
    pub outcome: Result<Response, FetchError>,
    /// Time spent on it, redirects included.
    pub elapsed: Duration,
    /// Time of the last request; `None` when there was none.
    pub took: Option<Duration>,
    /// What was found on it.
    pub parsed: Option<Parsed>,
    /// The redirects on the way.
    pub chain: Option<RedirectChain>,
    /// The page that a redirect leads to, which is known already.
    pub landing: Option<Arc<PreviousPage>>,
    /// What the crawl looked at again knew of it.
    pub previous: Option<PreviousPage>,
    /// The server says that it is as it was.
    pub unmodified: Option<ResponseHead>,
}

impl FetchAttempt {
    /// It was redirected to a page that is known by now.
    pub fn landed(
        chain: RedirectChain,
        landing: Arc<PreviousPage>,
        elapsed: Duration,
        previous: Option<PreviousPage>,
    ) -> Self {
        let nothing = FetchError::new(FailureKind::Other, String::new());
        let unfetched = Self::unfetched(nothing, Some(chain));
        Self { landing: Some(landing), elapsed, previous, ..unfetched }
    }

    /// Nothing came: it was not asked, or not to its end.
    pub fn unfetched(error: FetchError, chain: Option<RedirectChain>) -> Self {
        Self {
            outcome: Err(error),
            elapsed: Duration::ZERO,
            took: None,
            parsed: None,
            chain,
            landing: None,
            previous: None,
            unmodified: None,
        }
    }

    /// The latency of its last request, if that was answered, or so slow that it was given up.
    /// Leaving those out would make a dying server look fast; fast refusals are no latency at all.
    pub fn latency(&self) -> Option<Duration> {
        let measured = match &self.outcome {
            Ok(_) => true,
            Err(error) => error.kind == FailureKind::Timeout,
        };
        self.took.filter(|_| measured)
    }
}
