//! Who we are, and towards whom: the headers that each request carries.
//!
//! What says something about the user goes to the origins of the seeds alone (scheme, host and
//! port), a password that stood in a seed's URL to that origin alone; what only says which form
//! of a page is wanted goes everywhere.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::RequestBuilder;
use url::Url;

use crate::settings::FetchSettings;
use crate::web::client::FetchSetupError;

/// Headers that say nothing about the user.
const HARMLESS: [&str; 11] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "dnt",
    "pragma",
    "save-data",
    "sec-gpc",
    "upgrade-insecure-requests",
    "user-agent",
];

/// What is asked for where nothing else is said.
const ACCEPTED: HeaderValue = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
/// What can be decoded.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// One way to log in.
enum Login {
    Basic(String, String),
    Bearer(String),
}

/// The headers of the settings, sorted by who may see them.
pub(super) struct Headers {
    /// For the origins of the seeds.
    own: HeaderMap,
    /// For the same, in place of an `Authorization` of `own`.
    login: Option<Login>,
    /// For one origin each, in place of `login`.
    by_origin: HashMap<String, Login>,
    /// The origins of the seeds; empty while there is nothing to be sent there.
    origins: RwLock<HashSet<String>>,
}

impl Headers {
    /// The headers of the settings, and apart from them those that go everywhere.
    pub(super) fn new(
        settings: &FetchSettings,
        seeds: &[Url],
    ) -> Result<(Self, HeaderMap), FetchSetupError> {
        let identity = &settings.credentials;
        let (mut own, mut everywhere) = (HeaderMap::new(), HeaderMap::new());
        everywhere.insert(USER_AGENT, user_agent(settings)?);
        everywhere.insert(ACCEPT, ACCEPTED);
        everywhere.insert(ACCEPT_ENCODING, ENCODINGS);
        let mut given = HeaderMap::new();
        for (name, value) in &identity.headers {
            let (name, value) = header(name, value)?;
            if HARMLESS.contains(&name.as_str()) {
                given.append(name, value);
            } else {
                own.append(name, value);
            }
        }
        // One header given replaces the usual value, two of a name go both.
        for name in given.keys() {
            everywhere.remove(name);
            for value in given.get_all(name) {
                everywhere.append(name, value.clone());
            }
        }
        let login = match (&identity.bearer, &identity.basic) {
            (Some(token), _) => {
                let token = token.trim();
                header("authorization", &format!("Bearer {token}"))?;
                Some(Login::Bearer(token.into()))
            }
            (None, Some((user, password))) => Some(Login::Basic(user.clone(), password.clone())),
            (None, None) => None,
        };
        let by_origin = identity
            .by_origin
            .iter()
            .map(|(origin, (user, password))| {
                (origin.clone(), Login::Basic(user.clone(), password.clone()))
            })
            .collect();
        let headers = Self { own, login, by_origin, origins: RwLock::default() };
        for seed in seeds {
            headers.add_seed(seed);
        }
        Ok((headers, everywhere))
    }

    /// Takes the origin of `seed` for one of ours.
    pub(super) fn add_seed(&self, seed: &Url) {
        if !self.own.is_empty() || self.login.is_some() {
            let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
            origins.insert(origin(seed));
        }
    }

    /// Adds to `request` what the origin of `url` may see, and `cookies`.
    pub(super) fn put(
        &self,
        mut request: RequestBuilder,
        url: &Url,
        cookies: Option<&str>,
    ) -> RequestBuilder {
        let nothing = self.own.is_empty() && self.login.is_none() && self.by_origin.is_empty();
        let origin = if nothing { String::new() } else { origin(url) };
        let ours = !nothing
            && self.origins.read().unwrap_or_else(PoisonError::into_inner).contains(&origin);
        let login = self.by_origin.get(&origin).or(self.login.as_ref().filter(|_| ours));
        let mut sent = if ours { self.own.clone() } else { HeaderMap::new() };
        if login.is_some() {
            sent.remove(AUTHORIZATION);
        }
        if let Some(value) = cookies.and_then(|kept| joined(sent.get(COOKIE), kept)) {
            sent.insert(COOKIE, value);
        }
        if !sent.is_empty() {
            request = request.headers(sent);
        }
        // Both mark what they set as sensitive.
        match login {
            Some(Login::Basic(user, password)) => request.basic_auth(user, Some(password)),
            Some(Login::Bearer(token)) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The user's own cookies and those kept, as one value.
fn joined(own: Option<&HeaderValue>, kept: &str) -> Option<HeaderValue> {
    let joined = match own {
        Some(own) => [own.as_bytes(), b"; ", kept.as_bytes()].concat(),
        None => kept.as_bytes().to_vec(),
    };
    let mut value = HeaderValue::from_bytes(&joined).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Scheme, host and port, the port left out where it is the scheme's own.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// `User-Agent`, with the contact behind it.
fn user_agent(settings: &FetchSettings) -> Result<HeaderValue, FetchSetupError> {
    let text = match &settings.contact {
        Some(contact) => format!("{} (+{contact})", settings.user_agent),
        None => settings.user_agent.clone(),
    };
    HeaderValue::from_str(&text).map_err(|_| FetchSetupError::Header { name: "user-agent".into() })
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), FetchSetupError> {
    let malformed = || FetchSetupError::Header { name: name.to_owned() };
    let key = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| malformed())?;
    let mut value = HeaderValue::from_str(value.trim()).map_err(|_| malformed())?;
    // Not to be seen in logs.
    value.set_sensitive(true);
    Ok((key, value))
}
