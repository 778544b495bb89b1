//! Remembers which connections have delivered a response.
//!
//! A request that fails on such a connection before any byte of its response has most likely met the
//! server's closing of an idle connection; on a new connection the same failure says that the server
//! does not work.

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use http::Extensions;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};

use crate::lock::Lock;
use crate::web::bounded_map::BoundedMap;

/// Maximum number of remembered connections is twice this.
const ROOM: usize = 4_096;

/// The connections that have delivered a response, known by their two socket addresses.
#[derive(Debug)]
pub(super) struct Connections {
    answered: Mutex<BoundedMap<bool>>,
    hasher: RandomState,
}

impl Default for Connections {
    fn default() -> Self {
        Self { answered: Mutex::new(BoundedMap::new(ROOM)), hasher: RandomState::new() }
    }
}

impl Connections {
    /// A connection was opened: an earlier one between the same addresses no longer counts.
    pub(super) fn opened(&self, connection: &Connected) {
        let mut extensions = Extensions::new();
        connection.get_extras(&mut extensions);
        if let Some(key) = self.key(&extensions)
            && let Some(answered) = self.answered.locked().get(key)
        {
            *answered = false;
        }
    }

    /// A response with these extensions arrived. Returns whether its connection had delivered one
    /// before.
    pub(super) fn answered(&self, response: &Extensions) -> bool {
        let Some(key) = self.key(response) else { return false };
        std::mem::replace(self.answered.locked().entry(key), true)
    }

    /// Whether the connection has delivered a response.
    pub(super) fn has_answered(&self, connection: &Connected) -> bool {
        let mut extensions = Extensions::new();
        connection.get_extras(&mut extensions);
        let key = self.key(&extensions);
        key.is_some_and(|key| self.answered.locked().get(key).is_some_and(|answered| *answered))
    }

    fn key(&self, extensions: &Extensions) -> Option<u64> {
        let info = extensions.get::<HttpInfo>()?;
        Some(self.hasher.hash_one((info.local_addr(), info.remote_addr())))
    }
}
