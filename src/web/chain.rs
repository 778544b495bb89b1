//! A chain of redirects: where it stands and where it may go.

use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use url::Url;

use super::classify::line;
use super::failure::{FailureKind, FetchError};
use super::fetch::Hop;
use super::url::{MAX_URL_LEN, UrlHash};

/// Longest `Content-Type` kept, in bytes.
const MAX_CONTENT_TYPE: usize = 255;

/// A failure before the circumstances are added.
pub(super) type Failure = (FailureKind, String);

/// The requests made for one URL.
pub(super) struct Chain {
    /// The URL that is being asked.
    pub(super) url: Url,
    /// The redirects so far.
    pub(super) hops: Vec<Hop>,
    /// Every URL asked so far.
    seen: Vec<UrlHash>,
    /// Status of the answer that is being read.
    pub(super) status: Option<u16>,
    /// Its type.
    pub(super) content_type: Option<String>,
    /// Bytes read of its body.
    pub(super) length: u64,
}

impl Chain {
    pub(super) fn from(url: &Url) -> Self {
        Self {
            url: url.clone(),
            hops: Vec::new(),
            seen: Vec::new(),
            status: None,
            content_type: None,
            length: 0,
        }
    }

    /// The head of an answer has arrived.
    pub(super) fn answered(&mut self, response: &reqwest::Response) {
        self.status = Some(response.status().as_u16());
        self.content_type = response.headers().get(CONTENT_TYPE).map(|value| {
            let bytes = value.as_bytes();
            String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_CONTENT_TYPE)]).into_owned()
        });
    }

    /// Where `response` redirects to; `None` when it is no redirect.
    pub(super) fn target(
        &mut self,
        response: &reqwest::Response,
        max_redirects: u32,
    ) -> Result<Option<Url>, Failure> {
        let status = response.status();
        let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect(status))
        else {
            return Ok(None);
        };
        let fail = |message| Err((FailureKind::Redirect, message));
        let text = String::from_utf8_lossy(location.as_bytes());
        let Ok(mut target) = self.url.join(&text) else {
            return fail(format!("redirect to a malformed URL: {}", line(&text)));
        };
        target.set_fragment(None);
        if !matches!(target.scheme(), "http" | "https") {
            let target = line(target.as_str());
            return fail(format!("redirect to a URL that is neither http nor https: {target}"));
        }
        if target.as_str().len() > MAX_URL_LEN {
            return fail(format!("redirect to a URL longer than {MAX_URL_LEN} bytes"));
        }
        self.hops.push(Hop { url: self.url.to_string(), status: status.as_u16() });
        self.seen.push(UrlHash::of(&self.url));
        if self.seen.contains(&UrlHash::of(&target)) {
            return fail(format!("redirect loop at {target}"));
        }
        if self.hops.len() > max_redirects as usize {
            return fail(format!("more than {max_redirects} redirects"));
        }
        Ok(Some(target))
    }

    /// Goes on with `target`.
    pub(super) fn turn_to(&mut self, target: Url) {
        self.url = target;
        self.status = None;
        self.content_type = None;
        self.length = 0;
    }

    /// The failure with what is known of the answer.
    pub(super) fn failure(&mut self, kind: FailureKind, message: String) -> FetchError {
        FetchError {
            kind,
            message,
            status: self.status,
            content_type: self.content_type.take(),
            length: self.length,
        }
    }
}

/// 300 and 304 ask for a choice or for nothing.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
