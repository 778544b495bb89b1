//! A chain of redirects: its current URL, its hops, and which redirects it accepts.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::model::redirect_hop::RedirectHop;
use crate::web::classify::one_line;
use crate::web::failure::FailureKind;
use crate::web::url::{MAX_URL_LEN, resolve, strip_user, url_text};

/// Kind and message of a failure, before the fields of the head are added.
pub(super) type FailureCause = (FailureKind, String);

/// The requests made for one URL: the caller sends them one by one, each when its host allows a
/// request.
#[derive(Debug, Clone)]
pub struct RedirectChain {
    url: Url,
    hops: Vec<RedirectHop>,
    /// Hashes of every requested URL, as spelled, and of the cookies sent with it: the same request
    /// would get the same response. A redirect to another spelling of the URL, such as without the
    /// trailing dot of the host, is no loop.
    seen: Vec<(u128, u64)>,
}

impl RedirectChain {
    /// A chain that begins at `url`. User and password in it are left out.
    #[must_use]
    pub fn new(url: &Url) -> Self {
        let mut url = url.clone();
        strip_user(&mut url);
        url.set_fragment(None);
        Self { url, hops: Vec::new(), seen: Vec::new() }
    }

    /// The URL to be requested next; after the final response, the URL that returned it.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The redirects so far.
    #[must_use]
    pub fn hops(&self) -> &[RedirectHop] {
        &self.hops
    }

    /// The URL requested last and the redirects so far.
    #[must_use]
    pub fn into_parts(self) -> (Url, Vec<RedirectHop>) {
        (self.url, self.hops)
    }

    /// Moves to the redirect target of a response to a request with `cookies`; `false` when the
    /// response is no redirect. `next_cookies` gives the cookies that would be sent to a URL now.
    ///
    /// # Errors
    /// When the target is malformed, too long, not `http` or `https`, a loop, or one redirect too many.
    pub(super) fn follow(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        max_redirects: u32,
        cookies: Option<&str>,
        next_cookies: impl FnOnce(&Url) -> Option<String>,
    ) -> Result<bool, FailureCause> {
        let Some(location) = headers.get(LOCATION).filter(|_| is_redirect(status)) else {
            return Ok(false);
        };
        let fail = |message| Err((FailureKind::Redirect, message));
        let text = url_text(location.as_bytes());
        let Ok(mut target) = resolve(&self.url, &text) else {
            return fail(format!("redirect to a malformed URL: {}", one_line(&user_hidden(&text))));
        };
        target.set_fragment(None);
        strip_user(&mut target);
        if !matches!(target.scheme(), "http" | "https") {
            let target = one_line(target.as_str());
            return fail(format!("redirect to a URL that is neither http nor https: {target}"));
        }
        if target.as_str().len() > MAX_URL_LEN {
            return fail(format!("redirect to a URL longer than {MAX_URL_LEN} bytes"));
        }
        self.hops.push(RedirectHop { url: self.url.to_string(), status: status.as_u16() });
        let request = |url: &Url, cookies| (xxh3_128(url.as_str().as_bytes()), digest(cookies));
        self.seen.push(request(&self.url, cookies));
        let next = request(&target, next_cookies(&target).as_deref());
        if self.seen.contains(&next) {
            return fail(format!("redirect loop at {target}"));
        }
        if self.hops.len() > max_redirects as usize {
            return fail(format!("more than {max_redirects} redirects"));
        }
        self.url = target;
        Ok(true)
    }
}

/// The text of a malformed URL without its possible user and password.
fn user_hidden(text: &str) -> Cow<'_, str> {
    let start = text.find("//").map_or(0, |at| at + 2);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => format!("{}{}", &text[..start], &text[start + at + 1..]).into(),
        None => text.into(),
    }
}

fn digest(cookies: Option<&str>) -> u64 {
    cookies.map_or(0, |cookies| xxh3_64(cookies.as_bytes()))
}

/// Whether the status redirects to `Location`; 300 and 304 do not.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
