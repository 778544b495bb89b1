//! The name of a URL's host, by which its queue is found.

use std::borrow::Cow;

use crate::model::url_identity::without_dot;

/// Host with port, as it stands in a serialised URL, `127.0.0.1:8700`, but for the root's dot: as
/// [`crate::model::url_identity::host_key`] has it.
#[must_use]
pub fn host_of(url: &str) -> Cow<'_, str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = host.split_at(host.rfind(':').unwrap_or(host.len()));
    match without_dot(name) {
        Some(name) => [name, port].concat().into(),
        None => host.into(),
    }
}
