//! Following redirects at once, without asking their hosts' pace.

use std::sync::Arc;

use url::Url;

use super::failure::{FailureKind, FetchError};
use super::fetch::{Answer, Ask, Chain, Fetcher, Hop, PhaseSink, Reply};

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

impl Fetcher {
    /// Fetches `url`. `admit` is asked for every redirect target: a reason means "don't go there".
    pub async fn fetch(
        &self,
        url: &Url,
        phases: &Arc<dyn PhaseSink>,
        admit: &(dyn Fn(&Url) -> Option<&'static str> + Sync),
    ) -> Fetched {
        let mut chain = Chain::new(url);
        let mut last = chain.url().clone();
        let outcome = loop {
            last.clone_from(chain.url());
            match self.get(&mut chain, &Ask::default(), phases).await {
                Ok(Reply::Answer(answer)) => break Ok(answer),
                Ok(Reply::NotModified(head)) => {
                    break Ok(Answer { status: head.status, ..Answer::default() });
                }
                Ok(Reply::Redirect { status, target, .. }) => {
                    if let Some(reason) = admit(&target) {
                        let message = format!("redirect target {reason}: {target}");
                        let error = FetchError::new(FailureKind::Refused(reason), message);
                        break Err(FetchError { status: Some(status), ..error });
                    }
                }
                Err(error) => break Err(error),
            }
        };
        Fetched { final_url: last, hops: chain.into_parts().1, outcome }
    }
}
