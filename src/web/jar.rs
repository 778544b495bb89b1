//! The cookie jar: each cookie is sent only to the origin (scheme, host and port) that set it.
//!
//! A `Domain` attribute that covers more than the host is reduced to the host, so no cookie reaches
//! another host and no public suffix list is needed. All sizes are bounded, because a crawl meets
//! many origins.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cookie_store::{Cookie, CookieDomain, RawCookie};
use http::header::{HeaderMap, SET_COOKIE};
use url::Url;

use crate::web::credentials::origin;

/// Maximum number of cookies of one origin (RFC 6265, section 6.1).
const MAX_PER_ORIGIN: usize = 50;
/// Maximum total of the names and values of one origin, in bytes.
const MAX_BYTES: usize = 16 << 10;
/// Maximum length of a cookie with its attributes, in bytes.
const MAX_COOKIE: usize = 4 << 10;
/// Maximum number of origins with cookies; the least recently used are evicted.
const MAX_ORIGINS: usize = 4096;

/// The cookies of a crawl.
#[derive(Default)]
pub(super) struct Jar {
    origins: Mutex<Origins>,
}

#[derive(Default)]
struct Origins {
    by_name: HashMap<Box<str>, StoredCookies>,
    /// Counts accesses; orders origins by their last use.
    clock: u64,
}

#[derive(Default)]
struct StoredCookies {
    /// Oldest first.
    cookies: Vec<Cookie<'static>>,
    used: u64,
}

impl Jar {
    /// Stores the cookies that a response of `url` sets.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        if !headers.contains_key(SET_COOKIE) {
            return;
        }
        let origin = origin(url);
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.clock += 1;
        let now = origins.clock;
        if !origins.by_name.contains_key(&*origin) && origins.by_name.len() >= MAX_ORIGINS {
            origins.evict();
        }
        let stored = origins.by_name.entry(origin.as_str().into()).or_default();
        stored.used = now;
        for value in headers.get_all(SET_COOKIE).iter().take(2 * MAX_PER_ORIGIN) {
            let text = value.to_str().ok().filter(|text| text.len() <= MAX_COOKIE);
            if let Some(cookie) = text.and_then(|text| parse_cookie(text, url)) {
                stored.insert(cookie);
            }
        }
        if stored.cookies.is_empty() {
            origins.by_name.remove(&*origin);
        }
    }

    /// The value of `Cookie` for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.clock += 1;
        let now = origins.clock;
        let stored = origins.by_name.get_mut(&*origin(url))?;
        stored.used = now;
        let mut sent: Vec<_> =
            stored.cookies.iter().filter(|c| !c.is_expired() && c.matches(url)).collect();
        // The longest path first (RFC 6265, section 5.4).
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = sent.iter().map(|c| format!("{}={}", c.name(), c.value())).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Origins {
    /// Evicts an eighth of the origins at once, so that the search for the oldest is rare.
    fn evict(&mut self) {
        let mut uses: Vec<u64> = self.by_name.values().map(|stored| stored.used).collect();
        let (_, &mut limit, _) = uses.select_nth_unstable(MAX_ORIGINS / 8);
        self.by_name.retain(|_, stored| stored.used > limit);
    }
}

impl StoredCookies {
    fn insert(&mut self, cookie: Cookie<'static>) {
        self.cookies.retain(|other| {
            !other.is_expired() && (other.name() != cookie.name() || other.path != cookie.path)
        });
        if cookie.is_expired() {
            return;
        }
        self.cookies.push(cookie);
        let mut bytes: usize = self.cookies.iter().map(size).sum();
        while self.cookies.len() > MAX_PER_ORIGIN || bytes > MAX_BYTES {
            bytes -= size(&self.cookies.remove(0));
        }
    }
}

fn size(cookie: &Cookie<'_>) -> usize {
    cookie.name().len() + cookie.value().len()
}

/// Parses a cookie that a response of `url` sets; `None` when it must not be stored.
fn parse_cookie(text: &str, url: &Url) -> Option<Cookie<'static>> {
    let raw = RawCookie::parse(text.to_owned()).ok()?;
    let mut cookie = Cookie::try_from_raw_cookie(&raw, url).ok()?.into_owned();
    let secure = cookie.secure().unwrap_or(false);
    if secure && url.scheme() != "https" {
        return None;
    }
    let name = cookie.name().to_ascii_lowercase();
    if (name.starts_with("__secure-") || name.starts_with("__host-")) && !secure {
        return None;
    }
    cookie.domain = CookieDomain::host_only(url).ok()?;
    Some(cookie)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn set(jar: &Jar, url: &str, cookies: &[&str]) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie.parse().unwrap());
        }
        jar.store(&Url::parse(url).unwrap(), &headers);
    }

    fn sent(jar: &Jar, url: &str) -> Option<String> {
        jar.header(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_cookie_goes_back_to_its_origin_alone() {
        let jar = Jar::default();
        set(&jar, "http://a.example.com/x/y", &["a=1; Path=/", "b=2; Path=/x; Domain=example.com"]);
        assert_eq!(sent(&jar, "http://a.example.com/").unwrap(), "a=1");
        assert_eq!(sent(&jar, "http://a.example.com:80/x/z").unwrap(), "b=2; a=1");
        for url in [
            "https://a.example.com/x",
            "http://a.example.com:81/x",
            "http://example.com/x",
            "http://b.example.com/x",
            "http://example.org/",
        ] {
            assert_eq!(sent(&jar, url), None, "{url}");
        }
        set(&jar, "http://a.example.com/", &["c=3; Domain=com", "d=4; Domain=other.org"]);
        assert_eq!(sent(&jar, "http://other.org/"), None);
        assert_eq!(sent(&jar, "http://b.com/"), None);
        set(&jar, "http://a.example.com/", &["a=; Path=/; Max-Age=0"]);
        assert!(!sent(&jar, "http://a.example.com/").unwrap_or_default().contains('a'));
    }

    #[test]
    fn secure_cookies_go_over_tls_alone() {
        let jar = Jar::default();
        set(&jar, "http://a.test/", &["s=1; Secure", "__Host-x=1", "__Secure-y=1"]);
        assert_eq!(sent(&jar, "https://a.test/"), None);
        set(&jar, "https://a.test/", &["s=1; Secure", "t=2; HttpOnly"]);
        assert_eq!(sent(&jar, "https://a.test/").unwrap(), "s=1; t=2");
        assert_eq!(sent(&jar, "http://a.test/"), None);
    }

    #[test]
    fn all_is_bounded() {
        let jar = Jar::default();
        for n in 0..200 {
            set(&jar, "http://a.test/", &[&format!("n{n}=x")]);
        }
        let header = sent(&jar, "http://a.test/").unwrap();
        assert_eq!(header.split("; ").count(), MAX_PER_ORIGIN);
        assert!(header.contains("n199=x") && !header.contains("n149=x"));
        let long = "x".repeat(MAX_COOKIE);
        set(&jar, "http://b.test/", &[&format!("a={long}")]);
        assert_eq!(sent(&jar, "http://b.test/"), None);
        let long = "x".repeat(MAX_COOKIE - 10);
        for n in 0..9 {
            set(&jar, "http://b.test/", &[&format!("a{n}={long}")]);
        }
        assert!(sent(&jar, "http://b.test/").unwrap().len() <= MAX_BYTES + 100);

        for n in 0..2 * MAX_ORIGINS {
            set(&jar, &format!("http://h{n}.test/"), &["a=1"]);
            assert!(sent(&jar, "http://a.test/").is_some(), "what is used stays");
        }
        assert!(jar.origins.lock().unwrap().by_name.len() <= MAX_ORIGINS);
        assert_eq!(sent(&jar, "http://h0.test/"), None);
        assert!(sent(&jar, &format!("http://h{}.test/", 2 * MAX_ORIGINS - 1)).is_some());
    }
}
