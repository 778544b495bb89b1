//! From the HTTP client's errors to a kind and one clear line.
//!
//! The client wraps errors in errors; what matters is found by walking to the cause.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use nix::errno::Errno;
use url::Url;

use super::failure::FailureKind;
use crate::model::url_identity::host_key;
use crate::settings::FetchSettings;
use crate::web::address_policy::{Unresolved, refused};

/// Longest cause quoted in a message, in characters.
const MAX_CAUSE: usize = 160;

/// What was going on when the error came.
pub(super) struct Circumstances<'a> {
    pub(super) url: &'a Url,
    pub(super) settings: &'a FetchSettings,
    /// Whether the request goes through a proxy.
    pub(super) proxied: bool,
    /// Whether the head of the answer had arrived.
    pub(super) answered: bool,
    /// Bytes of the body read.
    pub(super) length: u64,
    /// Its announced length.
    pub(super) announced: Option<u64>,
}

/// The kind of `error` and a message.
pub(super) fn classify(error: &reqwest::Error, at: &Circumstances<'_>) -> (FailureKind, String) {
    let host = &*host_key(at.url);
    if error.is_builder() {
        return (FailureKind::Other, "the HTTP client does not accept this URL".into());
    }
    if is_shortage(error, at) {
        return (FailureKind::Shortage, "too many open files here".into());
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return (FailureKind::Tls, format!("TLS with {host} failed: {}", line(&tls.to_string())));
    }
    if let Some(unresolved) = causes(error).find_map(|cause| cause.downcast_ref::<Unresolved>()) {
        return dns(unresolved);
    }
    let through;
    let host = if at.proxied && error.is_connect() {
        through = format!("{host} through the proxy");
        &through
    } else {
        host
    };
    if error.is_timeout() {
        return (FailureKind::Timeout, timeout(error, at, host));
    }
    by_io(error, at, host)
        .or_else(|| by_http(error, host))
        .unwrap_or_else(|| fallback(error, at, host))
}

/// Whether the process or the system has too many files open. The name service and the client's
/// proxies hide that cause, so after their errors it is tried.
fn is_shortage(error: &reqwest::Error, at: &Circumstances<'_>) -> bool {
    let is = |error: &io::Error| {
        let errno = error.raw_os_error().map(Errno::from_raw);
        matches!(errno, Some(Errno::EMFILE | Errno::ENFILE))
    };
    let unresolved = || {
        causes(error).any(|cause| {
            matches!(cause.downcast_ref::<Unresolved>(), Some(Unresolved::Unknown { .. }))
        })
    };
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(is)
        || ((at.proxied && error.is_connect()) || unresolved())
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_err_and(|error| is(&error))
}

fn dns(unresolved: &Unresolved) -> (FailureKind, String) {
    match unresolved {
        Unresolved::Refused { .. } => refused(unresolved.to_string()),
        Unresolved::Unknown { source, .. } => {
            let message = if source.to_string().contains("emporary failure") {
                format!("{unresolved} (the name server did not answer)")
            } else {
                unresolved.to_string()
            };
            (FailureKind::Dns, message)
        }
    }
}

fn timeout(error: &reqwest::Error, at: &Circumstances<'_>, host: &str) -> String {
    if error.is_connect() {
        return format!("no connection to {host} within {}", span(at.settings.connect_timeout));
    }
    let silence = span(at.settings.read_timeout);
    if at.answered {
        format!("silent for {silence} after {} of the body", progress(at))
    } else {
        format!("no answer from {host} within {silence}")
    }
}

/// Failures that the operating system or the decoder told.
fn by_io(
    error: &reqwest::Error,
    at: &Circumstances<'_>,
    host: &str,
) -> Option<(FailureKind, String)> {
    let kind = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last()?.kind();
    Some(match kind {
        ErrorKind::ConnectionRefused => {
            let host = if at.proxied && error.is_connect() { "the proxy" } else { host };
            (FailureKind::Connect, format!("connection refused by {host}"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            (FailureKind::Connect, format!("no route to {host}"))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
            if at.answered =>
        {
            (FailureKind::Reset, format!("connection reset after {} of the body", progress(at)))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => (FailureKind::Reset, format!("connection reset by {host}")),
        ErrorKind::UnexpectedEof if at.answered => {
            (FailureKind::Truncated, format!("body cut short after {}", progress(at)))
        }
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData
            if error.is_connect() && at.url.scheme() == "https" =>
        {
            (FailureKind::Tls, format!("TLS with {host} failed: the handshake was cut short"))
        }
        _ => return None,
    })
}

/// Failures of the protocol.
fn by_http(error: &reqwest::Error, host: &str) -> Option<(FailureKind, String)> {
    let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    if http.is_parse() {
        let what = if causes(http).any(|cause| cause.to_string().contains("too large")) {
            "too large"
        } else {
            "malformed"
        };
        return Some((FailureKind::Header, format!("the head of the answer is {what}")));
    }
    if http.is_incomplete_message() || http.is_canceled() || http.is_closed() {
        return Some((FailureKind::Reset, format!("connection closed by {host} before an answer")));
    }
    None
}

fn fallback(error: &reqwest::Error, at: &Circumstances<'_>, host: &str) -> (FailureKind, String) {
    let cause = causes(error).last().map_or_else(String::new, |cause| line(&cause.to_string()));
    if error.is_connect() {
        return (FailureKind::Connect, format!("cannot connect to {host}: {cause}"));
    }
    // The types of HTTP/2 are not ours to name; its wording is.
    if cause.contains("stream error") || cause.contains("GOAWAY") {
        return (FailureKind::Reset, format!("connection reset by {host}: {cause}"));
    }
    if at.answered {
        return (FailureKind::Decode, format!("body cannot be decoded: {cause}"));
    }
    (FailureKind::Other, format!("request to {host} failed: {cause}"))
}

/// An error and what caused it, outermost first. An I/O error hides what it wraps from `source`.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

fn progress(at: &Circumstances<'_>) -> String {
    match at.announced {
        Some(announced) => format!("{} of {announced} bytes", at.length),
        None => format!("{} bytes", at.length),
    }
}

/// A duration as users write it: `300ms`, `1m30s`.
pub(super) fn span(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// A size as users write it: `10 MiB`, or bytes where it is not round.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

/// A size as people say it: `1.2 MiB`.
pub(super) fn about(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Foreign text in one line of bounded length, which reads from left to right.
pub(super) fn line(text: &str) -> String {
    let shown = |c: char| if c.is_control() || turns_text(c) { ' ' } else { c };
    text.chars().map(shown).take(MAX_CAUSE).collect()
}

/// The marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
