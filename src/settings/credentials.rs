//! The secrets of a crawl, remembered by name alone.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

/// What is secret about a crawl. It is never stored, logged or shown; `Debug` says what is there
/// and not what it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Further request headers, name and value. Those that say nothing of the user (content
    /// negotiation) go everywhere, all others to the origins of the seeds alone.
    pub headers: Vec<(String, String)>,
    /// User and password, for the origins of the seeds.
    pub basic: Option<(String, String)>,
    /// Bearer token, for the origins of the seeds.
    pub bearer: Option<String>,
    /// User and password that stood in a seed's URL, for that origin (`http://a:81`) alone.
    pub by_origin: Vec<(String, (String, String))>,
    /// Proxy for all requests: `http://`, `https://`, `socks5://` or `socks5h://`, user and
    /// password included.
    pub proxy: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Credentials")
            .field("headers", &names)
            .field("basic", &self.basic.is_some())
            .field("bearer", &self.bearer.is_some())
            .field("by_origin", &self.by_origin.len())
            .field("proxy", &self.proxy.is_some())
            .finish()
    }
}

impl Credentials {
    /// What is there, by name: `header NAME`, `basic`, `bearer`, `proxy`, and `basic ORIGIN` for
    /// what stood in a URL.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.headers.iter().map(|(name, _)| format!("header {name}")).collect();
        names.extend(self.basic.iter().map(|_| "basic".to_owned()));
        names.extend(self.bearer.iter().map(|_| "bearer".to_owned()));
        names.extend(self.by_origin.iter().map(|(origin, _)| format!("basic {origin}")));
        names.extend(self.proxy.iter().map(|_| "proxy".to_owned()));
        names
    }

    /// Takes user and password out of `url`, for its origin; of several for one the first holds.
    pub(super) fn take_from(&mut self, url: &mut Url) {
        if url.username().is_empty() && url.password().is_none() {
            return;
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let origin = url.origin().ascii_serialization();
        if !self.by_origin.iter().any(|(known, _)| *known == origin) {
            self.by_origin.push((origin, login));
        }
        // Refused only by URLs that cannot hold any.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}
