//! The HTTP client behind the fetcher: built once, shared by all requests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::phase::WatchConnect;
use crate::settings::FetchSettings;
use crate::web::address_policy::{AddressPolicy, Resolver};

/// A connection unused for so long is closed. With [`IDLE_PER_HOST`] it bounds what lies idle:
/// never more to one host than were in use at once, and over all hosts no more than were opened
/// in the last two of these spans, however many hosts there are.
const IDLE: Duration = Duration::from_secs(15);
/// Idle connections kept to one host.
const IDLE_PER_HOST: usize = 128;
/// Largest head over HTTP/2, in bytes; over HTTP/1 the client stops at about 400 KiB.
const MAX_HEAD: u32 = 256 << 10;

/// Why a fetcher could not be built. Secrets are not told.
#[derive(Debug, thiserror::Error)]
pub enum FetchSetupError {
    /// A header's name or value is malformed; the value may be secret and is not told.
    #[error(
        "header {name:?} is malformed: a name takes letters, digits and dashes, a value no control characters"
    )]
    Header {
        /// The header's name as given.
        name: String,
    },
    /// The proxy is no URL that can be used; it may hold a password and is not told.
    #[error(
        "the proxy is malformed: http://HOST:PORT, https://…, socks5://… or socks5h://… is wanted, USER:PASSWORD@ before the host where it asks for it"
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
    /// The client could not be built, because of the system's certificates for one.
    #[error("the HTTP client could not be set up")]
    Client(#[from] reqwest::Error),
}

/// Builds the client. The environment's proxies are not used.
pub(super) fn build(
    settings: &FetchSettings,
    headers: HeaderMap,
    proxy: Option<&Url>,
    address_policy: &Arc<AddressPolicy>,
) -> Result<reqwest::Client, FetchSetupError> {
    // An error means that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        // Each request is paced by the caller; the client sends none on its own.
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(Resolver(Arc::clone(address_policy)))
        .connector_layer(WatchConnect)
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .pool_idle_timeout(IDLE)
        .http2_max_header_list_size(MAX_HEAD)
        // What browsers read, a crawler has to read.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true);
    if !settings.http2 {
        builder = builder.http1_only();
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

/// The proxy of the settings.
pub(super) fn proxy(settings: &FetchSettings) -> Result<Option<Url>, FetchSetupError> {
    let Some(text) = &settings.credentials.proxy else { return Ok(None) };
    let url = Url::parse(text.trim()).map_err(|_| FetchSetupError::Proxy)?;
    let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
    if !known || url.host_str().is_none_or(str::is_empty) {
        return Err(FetchSetupError::Proxy);
    }
    Ok(Some(url))
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, FetchSetupError> {
    let fail = |reason: String| FetchSetupError::Ca { path: path.into(), reason };
    let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let der = certificate.map_err(|_| fail("it is no PEM file".into()))?;
        // The client would leave out silently what it cannot read.
        RootCertStore::empty().add(der.clone()).map_err(|error| fail(error.to_string()))?;
        found.push(reqwest::Certificate::from_der(&der).map_err(|error| fail(error.to_string()))?);
    }
    if found.is_empty() {
        return Err(fail("it holds none (-----BEGIN CERTIFICATE----- is wanted)".into()));
    }
    Ok(found)
}
