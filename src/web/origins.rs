//! Origins whose server requires HTTP/1.1, though it offers HTTP/2 (RFC 9113 section 7).

use std::sync::{Mutex, OnceLock};

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::lock::Lock;
use crate::web::bounded_map::BoundedMap;
use crate::web::client::{ClientParts, build};

/// Maximum number of remembered origins is twice this.
const ROOM: usize = 10_000;

/// The origins that require HTTP/1.1, and the client for them, built when the first is found.
pub(super) struct Http1Origins {
    parts: ClientParts,
    client: OnceLock<Option<reqwest::Client>>,
    origins: Mutex<BoundedMap<bool>>,
}

impl Http1Origins {
    pub(super) fn new(parts: ClientParts) -> Self {
        Self { parts, client: OnceLock::new(), origins: Mutex::new(BoundedMap::new(ROOM)) }
    }

    /// The origin of `url` requires HTTP/1.1 from now on.
    pub(super) fn require(&self, url: &Url) {
        let built = self.client.get_or_init(|| {
            build(&self.parts, false)
                .inspect_err(|error| tracing::warn!(%error, "there is no client for HTTP/1.1"))
                .ok()
        });
        let first = !std::mem::replace(self.origins.locked().entry(key(url)), built.is_some());
        if first {
            tracing::info!(origin = %url.origin().ascii_serialization(), "the server requires HTTP/1.1");
        }
    }

    /// The client for `url`, if its origin requires HTTP/1.1.
    pub(super) fn client_for(&self, url: &Url) -> Option<&reqwest::Client> {
        let client = self.client.get()?.as_ref()?;
        self.origins.locked().get(key(url)).is_some_and(|requires| *requires).then_some(client)
    }
}

fn key(url: &Url) -> u64 {
    xxh3_64(url.origin().ascii_serialization().as_bytes())
}
