//! Where links lead to: scheme, host and port, by the URL parser or, where a text is plainly what the parser
//! would make of it, without.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use url::{Position, Url};

use crate::model::url_identity::{host_key, without_dot};

/// Scheme, host and port; one for all links of a page that lead there.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkOrigin {
    /// As serialised, up to the path: `http://127.0.0.1:8700`.
    text: Box<str>,
    /// Host and port as one key.
    host_key: Box<str>,
    /// Length of the host in it, in bytes.
    host_len: usize,
}

impl LinkOrigin {
    /// That of `url`; `None` when it has no host.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let host_key = host_key(url).into();
        let host_len = without_dot(host).unwrap_or(host).len();
        Some(Self { text: without_user(url).into(), host_key, host_len })
    }

    /// The origin in `text`; `None` unless that is plainly what the URL parser makes of it.
    pub(super) fn plain(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (host, port) =
            rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let is_port = |digits: &str| {
            !digits.starts_with(['0', '+'])
                && digits.parse().is_ok_and(|port: u16| port != default_port)
        };
        let is_plain = is_plain_host(host) && port.is_none_or(is_port);
        is_plain.then(|| Self { text: text.into(), host_key: rest.into(), host_len: host.len() })
    }

    /// As serialised, up to the path: `http://127.0.0.1:8700`.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Host and port as one key.
    pub(super) fn host_key(&self) -> &str {
        &self.host_key
    }

    /// The host, without the trailing dot.
    pub(super) fn host(&self) -> &str {
        &self.host_key[..self.host_len]
    }
}

/// Scheme, host and port.
pub(super) fn without_user(url: &Url) -> Cow<'_, str> {
    let scheme = &url[..Position::BeforeUsername];
    let host = &url[Position::BeforeHost..Position::BeforePath];
    let whole = &url[..Position::BeforePath];
    if scheme.len() + host.len() == whole.len() {
        Cow::Borrowed(whole)
    } else {
        Cow::Owned([scheme, host].concat())
    }
}

/// Whether the URL parser would take this host as it is: an address of IP version 4, or a name of lower-case
/// labels without a double hyphen (those of other scripts have one) that is no number.
fn is_plain_host(host: &str) -> bool {
    let is_plain = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.contains("--")
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(|label| label.len() <= 63 && is_plain(label))
}
