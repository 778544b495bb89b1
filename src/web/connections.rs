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

/// A connection, known by a hash of its two socket addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionKey(u64);

/// The connections that have delivered a response.
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
    pub(super) fn opened(&self, connection: &Connected) -> Option<ConnectionKey> {
        let key = self.key_of(connection)?;
        if let Some(answered) = self.answered.locked().get(key.0) {
            *answered = false;
        }
        Some(key)
    }

    /// A response with these extensions arrived. Returns whether its connection had delivered one
    /// before.
    pub(super) fn answered(&self, response: &Extensions) -> bool {
        let Some(key) = self.key(response) else { return false };
        std::mem::replace(self.answered.locked().entry(key.0), true)
    }

    /// Whether the connection has delivered a response.
    pub(super) fn has_answered(&self, key: ConnectionKey) -> bool {
        self.answered.locked().get(key.0).is_some_and(|answered| *answered)
    }

    /// The key of a connection; `None` when its addresses are not known.
    pub(super) fn key_of(&self, connection: &Connected) -> Option<ConnectionKey> {
        let mut extensions = Extensions::new();
        connection.get_extras(&mut extensions);
        self.key(&extensions)
    }

    fn key(&self, extensions: &Extensions) -> Option<ConnectionKey> {
        let info = extensions.get::<HttpInfo>()?;
        Some(ConnectionKey(self.hasher.hash_one((info.local_addr(), info.remote_addr()))))
    }
}
