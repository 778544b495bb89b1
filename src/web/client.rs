//! The HTTP client behind the fetcher: built once, shared by all requests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::connections::Connections;
use super::phase::ConnectLayer;
use crate::open_files;
use crate::settings::FetchSettings;
use crate::small_file;
use crate::web::address_policy::{AddressPolicy, Resolver};
use crate::web::address_race::{AddressRace, WatchLayer};

/// A connection idle for this long is closed. With [`IDLE_PER_HOST`] it bounds the idle connections:
/// to one host, no more than were in use at once; over all hosts, no more than were opened
/// within twice this time.
const IDLE: Duration = Duration::from_secs(15);
/// The same where few files may be open, for each idle connection has one.
const IDLE_OF_FEW_FILES: Duration = Duration::from_secs(1);
/// With fewer files than these, idle connections are closed soon.
const FEW_FILES: u64 = 4096;
/// Maximum number of idle connections to one host.
const IDLE_PER_HOST: u64 = 128;
/// Maximum size of a response head over HTTP/2, in bytes; over HTTP/1 the client stops at about 400 KiB.
const MAX_HEAD: u32 = 256 << 10;
/// Maximum number of header fields over HTTP/1. The client wants a count, and writes 64 bytes for each
/// whenever it reads a head, so a large one slows each response.
const FEW_FIELDS: usize = 256;
/// The same with [`Protocols::Http1Fallback`]: fields of the usual length reach the limit of bytes before. It
/// costs about 20 µs for each response.
const MANY_FIELDS: usize = 4096;

/// Why a fetcher could not be built. The messages contain no secrets.
#[derive(Debug, thiserror::Error)]
pub enum FetchSetupError {
    /// A header's name or value is malformed; the value may be secret and is not quoted.
    #[error(
        "header {name:?} is malformed: a name takes letters, digits and dashes, a value no control characters"
    )]
    Header {
        /// The header's name as given.
        name: String,
    },
    /// The proxy is not a usable URL; it may contain a password and is not quoted.
    #[error(
        "the proxy is malformed: http://HOST:PORT, https://…, socks5://… or socks5h://… is wanted, USER:PASSWORD@ before the host where it needs them"
    )]
    Proxy,
    /// The file with certificates cannot be used.
    #[error("no certificates from {}: {reason}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client could not be built, for example because of the system's certificates.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// What a client is built of.
pub(super) struct ClientParts {
    pub(super) settings: FetchSettings,
    /// The headers that every server receives.
    pub(super) headers: HeaderMap,
    pub(super) proxy: Option<Url>,
    pub(super) address_policy: Arc<AddressPolicy>,
    pub(super) connections: Arc<Connections>,
}

/// The versions of HTTP that a client offers in the TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocols {
    /// HTTP/2 and HTTP/1.1.
    Both,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/1.1, for origins that require it or send heads of many fields.
    Http1Fallback,
}

/// Builds a client. The environment's proxies are not used.
pub(super) fn build(
    parts: &ClientParts,
    protocols: Protocols,
) -> Result<reqwest::Client, FetchSetupError> {
    let ClientParts { settings, headers, proxy, address_policy, connections } = parts;
    // An error means that a provider is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let race = Arc::new(AddressRace::new(proxy.as_ref()));
    let files = open_files::limit().unwrap_or(u64::MAX);
    let max_fields = match protocols {
        Protocols::Http1Fallback => MANY_FIELDS,
        _ => FEW_FIELDS,
    };
    let mut builder = reqwest::Client::builder()
        .default_headers(headers.clone())
        .redirect(reqwest::redirect::Policy::none())
        // The caller paces every request, so the client must not retry on its own.
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(Resolver::new(address_policy, &race))
        .connector_layer(WatchLayer::new(race))
        .connector_layer(ConnectLayer(Arc::clone(connections)))
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host((files / 32).clamp(1, IDLE_PER_HOST) as usize)
        .pool_idle_timeout(if files < FEW_FILES { IDLE_OF_FEW_FILES } else { IDLE })
        .http1_max_headers(max_fields)
        .http2_max_header_list_size(MAX_HEAD)
        // Browsers accept these headers, so the crawler does too.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true);
    match protocols {
        Protocols::Both => {}
        Protocols::Http1 | Protocols::Http1Fallback => builder = builder.http1_only(),
        Protocols::Http2 => builder = builder.http2_prior_knowledge(),
    }
    if settings.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    } else if let Some(path) = &settings.ca {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    if let Some(proxy) = proxy {
        let proxy = reqwest::Proxy::all(proxy.as_str()).map_err(|_| FetchSetupError::Proxy)?;
        builder = builder.proxy(proxy);
    }
    Ok(builder.build()?)
}

/// Parses the proxy of the settings.
pub(super) fn proxy(settings: &FetchSettings) -> Result<Option<Url>, FetchSetupError> {
    let Some(text) = &settings.credentials.proxy else { return Ok(None) };
    let url = Url::parse(text.trim()).map_err(|_| FetchSetupError::Proxy)?;
    let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
    if !known || url.host_str().is_none_or(str::is_empty) {
        return Err(FetchSetupError::Proxy);
    }
    Ok(Some(url))
}

/// Most bytes of a file of certificates; those of all public authorities take a quarter of a megabyte.
const MAX_CERTIFICATE_BYTES: usize = 16 << 20;

/// Reads the certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, FetchSetupError> {
    let fail = |reason: String| FetchSetupError::Ca { path: path.into(), reason };
    let bytes =
        small_file::read(path, MAX_CERTIFICATE_BYTES).map_err(|error| fail(error.to_string()))?;
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let der = certificate.map_err(|_| fail("it is no PEM file".into()))?;
        // The client would silently skip a certificate that it cannot read.
        RootCertStore::empty().add(der.clone()).map_err(|error| fail(error.to_string()))?;
        found.push(reqwest::Certificate::from_der(&der).map_err(|error| fail(error.to_string()))?);
    }
    if found.is_empty() {
        return Err(fail("it holds none (-----BEGIN CERTIFICATE----- is wanted)".into()));
    }
    Ok(found)
}
