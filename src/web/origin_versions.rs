//! Which version of HTTP an origin gets, where the TLS handshake does not decide that alone.
//!
//! A server may offer HTTP/2 and require HTTP/1.1 for its resources (RFC 9113 section 7), end its HTTP/2
//! connections after so few requests that most of those sent have to be sent again, or send heads of so
//! many fields over HTTP/1.1 that reading them needs a client of its own. And while the handshake decides,
//! the client opens a connection for each request that waits for one; where HTTP/2 is known to be spoken,
//! one connection serves them all, which matters with servers that end connections often.

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
/// Number of requests that HTTP/2 connections must have left unprocessed, before an origin whose
/// responses are fewer gets HTTP/1.1.
const MIN_UNPROCESSED: u32 = 50;

/// Which versions an origin is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Offer {
    /// Both: the handshake decides.
    #[default]
    Both,
    /// HTTP/1.1: it is required, or works better.
    Http1,
    /// HTTP/2: the origin speaks it.
    Http2,
    /// Both, whatever else is learnt: one of them alone has failed.
    BothAlways,
}

/// What is known of an origin.
#[derive(Debug, Clone, Copy, Default)]
struct OriginRecord {
    offer: Offer,
    /// Connections with HTTP/2.
    connections: u32,
    /// Responses over HTTP/2.
    responses: u32,
    /// Requests over HTTP/2 that were not processed.
    unprocessed: u32,
    /// Whether there was a response while it was offered HTTP/1.1 alone.
    http1_works: bool,
}

/// The origins that get one version of HTTP alone, and the clients for them, built when needed.
pub(super) struct OriginVersions {
    parts: ClientParts,
    http1: OnceLock<Option<reqwest::Client>>,
    http2: OnceLock<Option<reqwest::Client>>,
    known: Mutex<BoundedMap<OriginRecord>>,
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

    /// The client for `url`, if its origin gets one version of HTTP alone, and whether that is HTTP/1.1.
    pub(super) fn client_for(&self, url: &Url) -> Option<(&reqwest::Client, bool)> {
        if self.http1.get().is_none() && self.http2.get().is_none() {
            return None;
        }
        let offer = self.known.locked().get(key(url))?.offer;
        match offer {
            Offer::Http1 => Some((self.http1.get()?.as_ref()?, true)),
            Offer::Http2 => Some((self.http2.get()?.as_ref()?, false)),
            Offer::Both | Offer::BothAlways => None,
        }
    }

    /// The origin of `url` gets HTTP/1.1 alone from now on, with heads of many fields. Returns whether it
    /// does: not where that has failed before.
    pub(super) fn require_http1(&self, url: &Url) -> bool {
        self.http1.get_or_init(|| self.client(Protocols::Http1Fallback));
        let mut known = self.known.locked();
        let origin = known.entry(key(url));
        if origin.offer == Offer::BothAlways {
            return false;
        }
        origin.offer = Offer::Http1;
        drop(known);
        tracing::info!(
            origin = url.origin().ascii_serialization(),
            "the server gets HTTP/1.1 alone"
        );
        true
    }

    /// A response for `url` arrived; `opened` tells that a connection was opened for it.
    pub(super) fn responded(&self, url: &Url, version: Version, opened: bool) {
        if url.scheme() != "https" {
            return;
        }
        let is_http2 = version == Version::HTTP_2;
        if !is_http2 && self.http1.get().is_none() {
            return;
        }
        let mut known = self.known.locked();
        let origin = known.entry(key(url));
        if !is_http2 {
            origin.http1_works = origin.offer == Offer::Http1;
            return;
        }
        origin.responses = origin.responses.saturating_add(1);
        origin.connections += u32::from(opened);
        if origin.offer == Offer::Both && origin.connections > MAX_NEGOTIATED {
            origin.offer = Offer::Http2;
            drop(known);
            self.http2.get_or_init(|| self.client(Protocols::Http2));
        }
    }

    /// An HTTP/2 connection left a request for `url` unprocessed.
    pub(super) fn unprocessed(&self, url: &Url) {
        let mut known = self.known.locked();
        let origin = known.entry(key(url));
        origin.unprocessed = origin.unprocessed.saturating_add(1);
        let mostly = origin.unprocessed >= MIN_UNPROCESSED && origin.unprocessed > origin.responses;
        let may_change = matches!(origin.offer, Offer::Both | Offer::Http2);
        drop(known);
        if mostly && may_change {
            self.require_http1(url);
        }
    }

    /// A request for `url` got no connection, or no answer on a new one, with one version alone: that may
    /// be the reason. Returns whether the next request offers both.
    pub(super) fn failed(&self, url: &Url) -> bool {
        let mut known = self.known.locked();
        let Some(origin) = known.get(key(url)) else { return false };
        let alone = match origin.offer {
            Offer::Http1 => !origin.http1_works,
            Offer::Http2 => true,
            Offer::Both => false,
            Offer::BothAlways => return true,
        };
        if alone {
            origin.offer = Offer::BothAlways;
        }
        alone
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
