//! Which version of HTTP an origin gets, where the TLS handshake does not decide that alone.
//!
//! A server may offer HTTP/2 and require HTTP/1.1 for its resources (RFC 9113 section 7), or send heads of so
//! many fields over HTTP/1.1 that reading them needs a client of its own. And while the handshake decides, the client opens a connection for each request that waits for one; where HTTP/2 is
//! known to be spoken, one connection serves them all, which matters with servers that end connections
//! often.

use std::sync::{Mutex, OnceLock};

use http::Version;
use url::Url;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::lock::Lock;
use crate::web::bounded_map::BoundedMap;
use crate::web::client::{ClientParts, Protocols, build};

/// Maximum number of remembered origins is twice this.
const ROOM: usize = 10_000;
/// Number of connections with HTTP/2 to an origin after which requests no longer offer HTTP/1.1.
const MAX_NEGOTIATED: u32 = 8;

/// What is known of an origin.
#[derive(Debug, Clone, Copy)]
enum Spoken {
    /// The handshake decides; so many connections with HTTP/2 were opened.
    Negotiated { connections: u32 },
    /// It requires HTTP/1.1, or sends heads with many fields over it.
    Http1,
    /// It speaks HTTP/2.
    Http2,
    /// It failed with HTTP/2 alone, so the handshake decides each time.
    Mixed,
}

impl Default for Spoken {
    fn default() -> Self {
        Self::Negotiated { connections: 0 }
    }
}

/// The origins that get one version of HTTP alone, and the clients for them, built when needed.
pub(super) struct OriginVersions {
    parts: ClientParts,
    http1: OnceLock<Option<reqwest::Client>>,
    http2: OnceLock<Option<reqwest::Client>>,
    known: Mutex<BoundedMap<Spoken>>,
}

impl OriginVersions {
    pub(super) fn new(parts: ClientParts) -> Self {
        Self {
            parts,
            http1: OnceLock::new(),
            http2: OnceLock::new(),
            known: Mutex::new(BoundedMap::new(ROOM)),
        }
    }

    /// The client for `url`, if its origin gets one version of HTTP alone.
    pub(super) fn client_for(&self, url: &Url) -> Option<&reqwest::Client> {
        if self.http1.get().is_none() && self.http2.get().is_none() {
            return None;
        }
        let spoken = *self.known.locked().get(key(url))?;
        match spoken {
            Spoken::Http1 => self.http1.get()?.as_ref(),
            Spoken::Http2 => self.http2.get()?.as_ref(),
            Spoken::Negotiated { .. } | Spoken::Mixed => None,
        }
    }

    /// Whether the origin of `url` gets HTTP/1.1 alone.
    pub(super) fn is_http1(&self, url: &Url) -> bool {
        matches!(self.known.locked().get(key(url)), Some(Spoken::Http1))
    }

    /// The origin of `url` gets HTTP/1.1 alone from now on, with heads of many fields.
    pub(super) fn require_http1(&self, url: &Url) {
        self.http1.get_or_init(|| self.client(Protocols::Http1Fallback));
        *self.known.locked().entry(key(url)) = Spoken::Http1;
        tracing::info!(
            origin = url.origin().ascii_serialization(),
            "the server gets HTTP/1.1 alone"
        );
    }

    /// A response for `url` arrived on a connection that was opened for it.
    pub(super) fn connected(&self, url: &Url, version: Version) {
        if version != Version::HTTP_2 || url.scheme() != "https" {
            return;
        }
        let mut known = self.known.locked();
        let spoken = known.entry(key(url));
        if let Spoken::Negotiated { connections } = spoken {
            *connections += 1;
            if *connections > MAX_NEGOTIATED {
                *spoken = Spoken::Http2;
                drop(known);
                self.http2.get_or_init(|| self.client(Protocols::Http2));
            }
        }
    }

    /// There is no connection, or no HTTP/2 on it: if nothing else was offered, that may be the reason.
    pub(super) fn failed(&self, url: &Url) {
        if self.http2.get().is_some()
            && let Some(spoken @ Spoken::Http2) = self.known.locked().get(key(url))
        {
            *spoken = Spoken::Mixed;
        }
    }

    fn client(&self, protocols: Protocols) -> Option<reqwest::Client> {
        build(&self.parts, protocols)
            .inspect_err(|error| tracing::warn!(%error, ?protocols, "there is no such client"))
            .ok()
    }
}

fn key(url: &Url) -> u64 {
    let port = u64::from(url.port_or_known_default().unwrap_or_default());
    let secure = u64::from(url.scheme() == "https");
    xxh3_64_with_seed(url.host_str().unwrap_or_default().as_bytes(), port << 1 | secure)
}
