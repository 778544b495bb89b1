//! The name of a URL's host, by which its queue is found.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memrchr};

use crate::model::url_identity::without_dot;

/// Host with port, as it stands in a serialised URL, `127.0.0.1:8700`, but for the root's dot: as
/// [`crate::model::url_identity::host_key`] has it.
#[must_use]
pub fn host_of(url: &str) -> Cow<'_, str> {
    let after_scheme = memchr(b':', url.as_bytes()).filter(|at| url[*at..].starts_with("://"));
    let rest = after_scheme.map_or(url, |at| &url[at + 3..]);
    let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = memrchr(b'@', authority.as_bytes()).map_or(authority, |at| &authority[at + 1..]);
    let (name, port) = host.split_at(memrchr(b':', host.as_bytes()).unwrap_or(host.len()));
    match without_dot(name) {
        Some(name) => [name, port].concat().into(),
        None => host.into(),
    }
}
