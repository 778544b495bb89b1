//! Maps an error of the HTTP client to a [`FailureKind`] and a message of one line.
//!
//! The client wraps errors in errors, so the chain of causes is searched.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use url::Url;

use super::failure::{FailureKind, Shortage};
use crate::lock::Lock;
use crate::model::url_identity::host_key;
use crate::settings::FetchSettings;
use crate::terminal_text::is_bidi;
use crate::units::duration_option;
use crate::web::address_policy::{NoThread, Unresolved, refused};

/// Maximum length of a cause quoted in a message, in characters.
const MAX_CAUSE: usize = 160;

/// The state of the request at the time of the error.
pub(super) struct RequestContext<'a> {
    pub(super) url: &'a Url,
    pub(super) settings: &'a FetchSettings,
    /// Whether the request goes through a proxy.
    pub(super) proxied: bool,
    /// Whether the head of the response had arrived.
    pub(super) head_received: bool,
    /// Bytes of the body read so far, after decoding.
    pub(super) length: u64,
    /// `Content-Length` in bytes, where the body is not encoded.
    pub(super) announced: Option<u64>,
}

/// The kind of `error` and a message.
pub(super) fn classify(
    error: &reqwest::Error,
    context: &RequestContext<'_>,
) -> (FailureKind, String) {
    let host = &*host_key(context.url);
    if error.is_builder() {
        return (FailureKind::Other, "the HTTP client does not accept this URL".into());
    }
    if let Some(shortage) = shortage(error, context) {
        return (FailureKind::Shortage(shortage), shortage.message().into());
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return (
            FailureKind::Tls,
            format!("TLS with {host} failed: {}", one_line(&tls.to_string())),
        );
    }
    if let Some(unresolved) = causes(error).find_map(|cause| cause.downcast_ref::<Unresolved>()) {
        return dns_failure(unresolved);
    }
    let proxied_host;
    let host = if context.proxied && error.is_connect() {
        proxied_host = format!("{host} through the proxy");
        &proxied_host
    } else {
        host
    };
    if error.is_timeout() {
        return (FailureKind::Timeout, timeout(error, context, host));
    }
    io_failure(error, context, host)
        .or_else(|| http_failure(error, host))
        .unwrap_or_else(|| fallback(error, context, host))
}

/// What this machine lacked for the request. The system's resolver and the client's proxy connector hide
/// that cause, so after their errors a socket is opened to find out, or what was short just before is.
fn shortage(error: &reqwest::Error, context: &RequestContext<'_>) -> Option<Shortage> {
    let found = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find_map(|cause| shortage_of_io(cause, error.is_connect()));
    if let Some(shortage) = found {
        *LAST.locked() = Some((Instant::now(), shortage));
        return Some(shortage);
    }
    let unresolved = causes(error).any(|cause| {
        matches!(cause.downcast_ref::<Unresolved>(), Some(Unresolved::Unknown { .. }))
    });
    if !unresolved && !(context.proxied && error.is_connect()) {
        return None;
    }
    let opened = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err();
    opened.and_then(|error| shortage_of_io(&error, false)).or_else(|| {
        let recent = LAST.locked().filter(|(at, _)| unresolved && at.elapsed() < RECENT);
        recent.map(|(_, shortage)| shortage)
    })
}

/// The last shortage that was told by its error number.
static LAST: Mutex<Option<(Instant, Shortage)>> = Mutex::new(None);
/// How long a name that cannot be resolved is laid to a shortage after one.
const RECENT: Duration = Duration::from_secs(1);

/// What an error of the operating system says to be short. `connecting`: it is of a connection that was
/// to be opened.
fn shortage_of_io(error: &io::Error, connecting: bool) -> Option<Shortage> {
    if error.get_ref().is_some_and(|cause| cause.is::<NoThread>()) {
        return Some(Shortage::Threads);
    }
    match Errno::from_raw(error.raw_os_error()?) {
        Errno::EMFILE | Errno::ENFILE => Some(Shortage::Files),
        Errno::ENOMEM | Errno::ENOBUFS => Some(Shortage::Memory),
        // Also said of an address that cannot be connected to from here, however many ports are free.
        Errno::EADDRNOTAVAIL if connecting => {
            let port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
            port.is_err_and(|error| error.kind() == ErrorKind::AddrInUse).then_some(Shortage::Ports)
        }
        _ => None,
    }
}

fn dns_failure(unresolved: &Unresolved) -> (FailureKind, String) {
    match unresolved {
        Unresolved::Refused { .. } => refused(unresolved.to_string()),
        Unresolved::Unknown { source, .. } => {
            let message = if source.to_string().contains("emporary failure") {
                format!("{unresolved} (the name server did not respond)")
            } else {
                unresolved.to_string()
            };
            (FailureKind::Dns, message)
        }
    }
}

fn timeout(error: &reqwest::Error, context: &RequestContext<'_>, host: &str) -> String {
    if error.is_connect() {
        return format!(
            "no connection to {host} within {}",
            duration_option(context.settings.connect_timeout)
        );
    }
    let silence = duration_option(context.settings.read_timeout);
    if context.head_received {
        format!("silent for {silence} after {} of the body", progress(context))
    } else {
        format!("no response from {host} within {silence}")
    }
}

/// Failures reported as an I/O error by the operating system or a decoder.
fn io_failure(
    error: &reqwest::Error,
    context: &RequestContext<'_>,
    host: &str,
) -> Option<(FailureKind, String)> {
    let kind = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last()?.kind();
    Some(match kind {
        ErrorKind::ConnectionRefused => {
            let host = if context.proxied && error.is_connect() { "the proxy" } else { host };
            (FailureKind::Connect, format!("connection refused by {host}"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            (FailureKind::Connect, format!("no route to {host}"))
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
            if context.head_received =>
        {
            (
                FailureKind::Reset,
                format!("connection reset after {} of the body", progress(context)),
            )
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => (FailureKind::Reset, format!("connection reset by {host}")),
        ErrorKind::UnexpectedEof if !context.head_received && !error.is_connect() => {
            (FailureKind::Reset, format!("connection closed by {host} before a response"))
        }
        ErrorKind::UnexpectedEof if context.head_received => {
            (FailureKind::Truncated, format!("body cut short after {}", progress(context)))
        }
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData
            if error.is_connect() && context.url.scheme() == "https" =>
        {
            (FailureKind::Tls, format!("TLS with {host} failed: the handshake was cut short"))
        }
        _ => return None,
    })
}

/// Whether the head of a response over HTTP/1 has too many fields or bytes.
pub(super) fn is_head_too_large(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(|http| http.is_parse() && says(http, "too large"))
}

/// Whether the client names `text` as what it did not accept; it does so in its text alone.
fn says(http: &hyper::Error, text: &str) -> bool {
    causes(http).any(|cause| cause.to_string().contains(text))
}

/// Failures of HTTP/1.
fn http_failure(error: &reqwest::Error, host: &str) -> Option<(FailureKind, String)> {
    let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    if http.is_parse() {
        let what = if says(http, "too large") {
            "too large"
        } else if says(http, "unexpected transfer-encoding") {
            "malformed: HTTP/1.0 with Transfer-Encoding (RFC 9112, 6.1)"
        } else {
            "malformed"
        };
        return Some((FailureKind::Header, format!("the response head is {what}")));
    }
    if http.is_incomplete_message() || http.is_canceled() || http.is_closed() {
        return Some((
            FailureKind::Reset,
            format!("connection closed by {host} before a response"),
        ));
    }
    None
}

fn fallback(
    error: &reqwest::Error,
    context: &RequestContext<'_>,
    host: &str,
) -> (FailureKind, String) {
    let cause = causes(error).last().map_or_else(String::new, |cause| one_line(&cause.to_string()));
    if error.is_connect() && context.proxied && cause.contains("proxy authorization required") {
        return proxy_wants_credentials();
    }
    if error.is_connect() {
        return (FailureKind::Connect, format!("cannot connect to {host}: {cause}"));
    }
    if causes(error).any(<dyn Error>::is::<h2::Error>) {
        return (FailureKind::Reset, format!("connection reset by {host}: {cause}"));
    }
    if context.head_received {
        return (FailureKind::Decode, format!("body cannot be decoded: {cause}"));
    }
    (FailureKind::Other, format!("request to {host} failed: {cause}"))
}

/// The failure of a request that the proxy answered with 407 itself.
pub(super) fn proxy_wants_credentials() -> (FailureKind, String) {
    (FailureKind::Connect, "the proxy wants credentials (407)".into())
}

/// An error and its causes, outermost first. `source` of an I/O error skips the error it wraps.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

fn progress(context: &RequestContext<'_>) -> String {
    match context.announced {
        Some(announced) => format!("{} of {announced} bytes", context.length),
        None => format!("{} bytes", context.length),
    }
}

/// Text of a third party as one line of at most [`MAX_CAUSE`] characters, without control
/// characters and bidirectional marks.
pub(super) fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() || is_bidi(c) { ' ' } else { c };
    text.chars().map(visible).take(MAX_CAUSE).collect()
}
