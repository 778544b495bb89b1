//! The headers that each request carries, by origin.
//!
//! Headers that identify the user are sent only to the origins (scheme, host and port) of the seeds;
//! a password from a seed's URL only to that seed's origin. Headers that only negotiate the form of a
//! page are sent to every origin.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{PoisonError, RwLock};

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::RequestBuilder;
use url::Url;

use crate::settings::FetchSettings;
use crate::web::client::FetchSetupError;

/// Headers that do not identify the user.
const NOT_IDENTIFYING: [&str; 11] = [
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

/// The default value of `Accept`.
const DEFAULT_ACCEPT: HeaderValue =
    HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
/// The content codings that can be decoded.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// A method of HTTP authentication.
enum Login {
    Basic(String, String),
    Bearer(String),
}

/// The headers of the settings, by the origins that receive them.
pub(super) struct Headers {
    /// Sent to the origins of the seeds.
    own: HeaderMap,
    /// Sent to the same origins, in place of an `Authorization` of `own`.
    login: Option<Login>,
    /// Sent to one origin each, in place of `login`.
    by_origin: HashMap<String, Login>,
    /// The origins of the seeds, and how many seeds each has; empty while there is nothing to send there.
    origins: RwLock<HashMap<String, u32>>,
}

impl Headers {
    /// Builds the headers by origin, and separately the headers that every request carries.
    ///
    /// # Errors
    /// When the name or value of a header is malformed.
    pub(super) fn new(
        settings: &FetchSettings,
        seeds: &[Url],
    ) -> Result<(Self, HeaderMap), FetchSetupError> {
        let identity = &settings.credentials;
        let (mut own, mut everywhere) = (HeaderMap::new(), HeaderMap::new());
        everywhere.insert(USER_AGENT, user_agent(settings)?);
        everywhere.insert(ACCEPT, DEFAULT_ACCEPT);
        everywhere.insert(ACCEPT_ENCODING, ENCODINGS);
        let mut given = HeaderMap::new();
        for (name, value) in &identity.headers {
            let (name, value) = header(name, value)?;
            if NOT_IDENTIFYING.contains(&name.as_str()) {
                given.append(name, value);
            } else {
                own.append(name, value);
            }
        }
        // A given header replaces the default value; several of one name are all sent.
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

    /// Adds the origin of `seed` to those that receive the user's headers.
    pub(super) fn add_seed(&self, seed: &Url) {
        if !self.own.is_empty() || self.login.is_some() {
            let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
            *origins.entry(origin(seed)).or_default() += 1;
        }
    }

    /// Removes `seed`: its origin receives the user's headers no longer, unless another seed has it.
    pub(super) fn remove_seed(&self, seed: &Url) {
        let mut origins = self.origins.write().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut seeds) = origins.entry(origin(seed)) {
            *seeds.get_mut() -= 1;
            if *seeds.get() == 0 {
                seeds.remove();
            }
        }
    }

    /// Adds the headers for the origin of `url` and the `cookies` to `request`.
    pub(super) fn apply(
        &self,
        mut request: RequestBuilder,
        url: &Url,
        cookies: Option<&str>,
    ) -> RequestBuilder {
        let none_set = self.own.is_empty() && self.login.is_none() && self.by_origin.is_empty();
        let origin = if none_set { String::new() } else { origin(url) };
        let is_seed_origin = !none_set
            && self.origins.read().unwrap_or_else(PoisonError::into_inner).contains_key(&origin);
        let login = self.by_origin.get(&origin).or(self.login.as_ref().filter(|_| is_seed_origin));
        let mut sent = if is_seed_origin { self.own.clone() } else { HeaderMap::new() };
        if login.is_some() {
            sent.remove(AUTHORIZATION);
        }
        if let Some(value) = cookies.and_then(|kept| join_cookies(sent.get(COOKIE), kept)) {
            sent.insert(COOKIE, value);
        }
        if !sent.is_empty() {
            request = request.headers(sent);
        }
        // Both methods mark the header as sensitive.
        match login {
            Some(Login::Basic(user, password)) => request.basic_auth(user, Some(password)),
            Some(Login::Bearer(token)) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The cookies of the settings and those of the jar as one header value.
fn join_cookies(own: Option<&HeaderValue>, kept: &str) -> Option<HeaderValue> {
    let joined = match own {
        Some(own) => [own.as_bytes(), b"; ", kept.as_bytes()].concat(),
        None => kept.as_bytes().to_vec(),
    };
    let mut value = HeaderValue::from_bytes(&joined).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Scheme, host and port as text; a default port is left out.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The value of `User-Agent`, followed by the contact.
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
    // Keeps the value out of logs.
    value.set_sensitive(true);
    Ok((key, value))
}
