//! How URLs are fetched.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::settings::credentials::Credentials;

/// The name that robots.txt may address.
pub const PRODUCT: &str = "crawldeck";

/// `User-Agent` where none is given.
pub const USER_AGENT: &str = concat!("crawldeck/", env!("CARGO_PKG_VERSION"));

/// How URLs are fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct FetchSettings {
    /// Time for one request, body included.
    pub timeout: Duration,
    /// Time to open a connection.
    pub connect_timeout: Duration,
    /// Longest silence while reading.
    pub read_timeout: Duration,
    /// Largest body after decoding, in bytes.
    pub max_body: u64,
    /// Most redirects followed for one URL.
    pub max_redirects: u32,
    /// `User-Agent`, without the contact.
    pub user_agent: String,
    /// Where the people behind the crawl can be reached, a URL or a mail address: sent as
    /// `(+contact)` after the `User-Agent`.
    pub contact: Option<String>,
    /// Largest body after decoding, as a multiple of what was sent, above 1 MiB.
    #[serde(alias = "max_ratio")]
    pub max_decompression_ratio: u32,
    /// Whether cookies are kept, each for the origin that set it.
    pub cookies: bool,
    /// Whether HTTP/2 is offered (over TLS, as the server prefers).
    pub http2: bool,
    /// Certificates (PEM) trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// Whether certificates are not verified at all.
    pub insecure: bool,
    /// Whether private addresses may be requested whatever the seeds.
    pub allow_private: bool,
    /// Names with the address to connect to instead of asking the name server.
    pub resolve: Vec<(String, IpAddr)>,
    /// What the names of seeds led to when they were first resolved, so that a resumed crawl
    /// believes none of them a second time.
    pub seed_names: Vec<SeedName>,
    /// Who we are towards the seeds' origins, and the proxy. Secret, so not stored with the crawl.
    #[serde(skip)]
    pub credentials: Credentials,
}

/// The name of a seed that has been resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedName {
    /// The name, in lower case and without the root's dot.
    pub name: String,
    /// The private addresses it stands on; none when it is public.
    pub addresses: Vec<IpAddr>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            max_body: 10 << 20,
            max_redirects: 10,
            user_agent: USER_AGENT.into(),
            contact: None,
            max_decompression_ratio: 200,
            cookies: false,
            http2: true,
            ca: None,
            insecure: false,
            allow_private: false,
            resolve: Vec::new(),
            seed_names: Vec::new(),
            credentials: Credentials::default(),
        }
    }
}
