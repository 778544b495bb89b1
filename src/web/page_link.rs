//! A link of a page: the text of its URL, its identity, and where it leads to.
//!
//! A page has many links to few hosts, and most of them are known already. So a link in one of the common
//! forms is put together from its parts; any other goes through the URL parser, with the same result.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use memchr::{memchr, memmem, memrchr};
use url::{Position, Url};

use crate::model::url_identity::UrlHash;
use crate::web::link_origin::{LinkOrigin, without_user};

/// The URL of a link: `http` or `https`, without fragment, user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    origin: Arc<LinkOrigin>,
    text: Arc<str>,
    hash: UrlHash,
}

impl PageLink {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL, not copied.
    #[must_use]
    pub fn into_text(self) -> Arc<str> {
        self.text
    }

    /// Its identity.
    #[must_use]
    pub const fn hash(&self) -> UrlHash {
        self.hash
    }

    /// Host and port as one key.
    #[must_use]
    pub fn host_key(&self) -> &str {
        self.origin.host_key()
    }

    /// The host, without the trailing dot.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.host()
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query().split('?').next().unwrap_or_default()
    }

    /// The query, without the question mark.
    #[cfg(feature = "internals")]
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.path_and_query().split_once('?').map(|(_, query)| query)
    }

    fn path_and_query(&self) -> &str {
        &self.text[self.origin.text().len()..]
    }
}

impl fmt::Display for PageLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

thread_local! {
    /// Origins of the pages that this thread has read lately, by their text: a page leads to the hosts that
    /// others led to. Those whose host ends with a dot are not in it: another text of them has the same
    /// identity.
    static ORIGINS: RefCell<HashMap<Box<str>, Arc<LinkOrigin>>> = RefCell::default();
}

/// Maximum number of origins that a thread keeps.
const MAX_ORIGINS: usize = 2_048;
/// Maximum length of the text of such an origin, in bytes: a name has 253 at most, but the URL parser takes
/// longer ones.
const MAX_ORIGIN: usize = 300;

/// The origins of the links of a page, and room to put links together.
#[derive(Debug, Default)]
pub struct LinkOrigins {
    /// That of the link before.
    last: Option<Arc<LinkOrigin>>,
    text: String,
}

impl LinkOrigins {
    /// The link to `url`; `None` for one that is neither `http` nor `https`.
    pub fn link(&mut self, url: &Url) -> Option<PageLink> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let origin = self.origin(url)?;
        self.text.clear();
        self.text.push_str(origin.text());
        self.text.push_str(&url[Position::BeforePath..Position::AfterQuery]);
        Some(PageLink { origin, text: self.text.as_str().into(), hash: UrlHash::of(url) })
    }

    /// The link in `value`, which stands on a page with this base; `None` for one that is in none of the
    /// common forms and has to be parsed.
    pub fn common(&mut self, base: &Url, value: &str) -> Option<PageLink> {
        let fragment = memchr(b'#', value.as_bytes());
        let value = &value[..fragment.unwrap_or(value.len())];
        if value.starts_with("http") {
            let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"))?;
            let host = memchr(b'/', rest.as_bytes())?;
            let (origin, path) = value.split_at(value.len() - rest.len() + host);
            if !is_common(path) {
                return None;
            }
            let origin = self.known(origin)?;
            return Some(self.joined(origin, "", path));
        }
        if !is_common(value) || value.starts_with("//") {
            return None;
        }
        // With a dot at its end, another text of the host has the same identity.
        let is_other =
            !matches!(base.scheme(), "http" | "https") || base.host_str()?.ends_with('.');
        if is_other {
            return None;
        }
        let origin = self.origin(base)?;
        let path = base.path();
        let directory = match value.as_bytes() {
            [b'/', ..] => "",
            _ => &path[..=memrchr(b'/', path.as_bytes())?],
        };
        Some(self.joined(origin, directory, value))
    }

    /// The link to `directory` and `path` of `origin`.
    fn joined(&mut self, origin: Arc<LinkOrigin>, directory: &str, path: &str) -> PageLink {
        self.text.clear();
        self.text.push_str(origin.text());
        self.text.push_str(directory);
        self.text.push_str(path);
        PageLink { origin, text: self.text.as_str().into(), hash: UrlHash::of_text(&self.text) }
    }

    /// The origin with this text, if a link led there lately.
    fn known(&mut self, text: &str) -> Option<Arc<LinkOrigin>> {
        if let Some(last) = self.last.as_ref().filter(|last| last.text() == text) {
            return Some(Arc::clone(last));
        }
        let known = ORIGINS.with_borrow(|origins| origins.get(text).cloned());
        let known = known.or_else(|| Some(remembered(LinkOrigin::plain(text)?)));
        self.last.clone_from(&known);
        known
    }

    fn origin(&mut self, url: &Url) -> Option<Arc<LinkOrigin>> {
        let text = without_user(url);
        if let Some(known) = self.known(&text) {
            return Some(known);
        }
        let origin = LinkOrigin::of(url)?;
        if url.host_str()?.ends_with('.') {
            return Some(Arc::new(origin));
        }
        let origin = remembered(origin);
        self.last = Some(Arc::clone(&origin));
        Some(origin)
    }
}

/// The origin, which this thread knows from now on, unless it is too long.
fn remembered(origin: LinkOrigin) -> Arc<LinkOrigin> {
    let origin = Arc::new(origin);
    if origin.text().len() > MAX_ORIGIN {
        return origin;
    }
    ORIGINS.with_borrow_mut(|origins| {
        if origins.len() >= MAX_ORIGINS {
            origins.clear();
        }
        origins.insert(origin.text().into(), Arc::clone(&origin));
    });
    origin
}

/// Whether the URL parser would take this path, with or without a query, as it is: only characters that are
/// never escaped, and no segment that begins with a dot.
fn is_common(value: &str) -> bool {
    let bytes = value.as_bytes();
    let path = &bytes[..memchr(b'?', bytes).unwrap_or(bytes.len())];
    let is_plain = |byte: &u8| PLAIN[usize::from(*byte)];
    let is_of_query = |byte: &u8| is_plain(byte) || matches!(byte, b'?' | b'%' | b':');
    !path.is_empty()
        && path[0] != b'.'
        && path.iter().all(is_plain)
        && memmem::find(path, b"/.").is_none()
        && bytes[path.len()..].iter().all(is_of_query)
}

/// Characters that are escaped neither in a path nor in a query, and separate nothing but segments.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"-_.~/=&+,;@!$*()";
    let mut at = 0;
    while at < others.len() {
        plain[others[at] as usize] = true;
        at += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;
    use crate::web::resolve::absolute;

    /// The link as the URL parser has it.
    fn parsed(base: &Url, value: &str) -> Option<PageLink> {
        LinkOrigins::default().link(&absolute(base, value, UTF_8)?)
    }

    const BASES: [&str; 9] = [
        "http://site.test/",
        "http://site.test/dir/page.html?q=1#f",
        "https://site.test:8443/a/b/c/",
        "http://me:pw@site.test/dir/x",
        "http://127.0.0.1:8700/a%2Fb/./c",
        "http://[::1]:80/x/y",
        "http://site.test./dir/x",
        "http://site.test/?only=query",
        "ftp://site.test/dir/x",
    ];

    /// A page read on this thread has links to all of them.
    fn all_known() -> LinkOrigins {
        let mut origins = LinkOrigins::default();
        for base in BASES {
            let _ = origins.origin(&Url::parse(base).unwrap());
        }
        origins
    }

    #[test]
    fn common_forms_need_no_parser() {
        for (base, value, expected) in [
            (BASES[1], "a.html", "http://site.test/dir/a.html"),
            (BASES[1], "/a/b?c=%e9&d=1#x", "http://site.test/a/b?c=%e9&d=1"),
            (BASES[2], "https://site.test:8443/x#y", "https://site.test:8443/x"),
            (BASES[3], "z", "http://site.test/dir/z"),
            (BASES[4], "s//t", "http://127.0.0.1:8700/a%2Fb/s//t"),
            (BASES[4], "https://site.test:8443/x", "https://site.test:8443/x"),
            (BASES[4], "http://other.test/", "http://other.test/"),
            (BASES[4], "http://a-b.c1.test:8/x", "http://a-b.c1.test:8/x"),
            (BASES[8], "http://[::1]/x?y", "http://[::1]/x?y"),
        ] {
            let base = Url::parse(base).unwrap();
            let link = all_known().common(&base, value).unwrap();
            assert_eq!(link.as_str(), expected);
            assert_eq!(Some(link), parsed(&base, value), "{value}");
        }
    }

    #[test]
    fn other_forms_are_left_to_the_parser() {
        for value in [
            "",
            "?q",
            "#x",
            "./a",
            "../a",
            "a/../b",
            "a/.b",
            "//other.test/",
            "\\a",
            "a b",
            "a:b",
            "mailto:x",
            "/\u{e9}",
            "/a'",
            "/%2e%2e/b",
            "http://site.test",
            "http://Site.test/",
            "http://site.test./",
            "http://xn--a.test/",
            "http://a..test/",
            "http://1.2.3/",
            "http://01.2.3.4/",
            "http://a.0x1/",
            "http://me@site.test/",
            "http://site.test:/a",
            "http://site.test:080/a",
            "https://site.test:443/a",
            "http://site.test:80/a",
            "http:a",
            "https",
            "HTTP://site.test/",
        ] {
            let base = Url::parse(BASES[1]).unwrap();
            let link = LinkOrigins::default().common(&base, value);
            assert_eq!(link, None, "{value}");
        }
    }

    #[test]
    fn what_a_thread_remembers_is_bounded() {
        let mut origins = LinkOrigins::default();
        for n in 0..3 * MAX_ORIGINS {
            let long = Url::parse(&format!("http://{n}{}/", "x".repeat(2 * MAX_ORIGIN))).unwrap();
            assert!(origins.link(&long).unwrap().host().ends_with('x'));
            assert!(origins.common(&long, &format!("http://host-{n}.test/a")).is_some());
        }
        ORIGINS.with_borrow(|known| {
            assert!(known.len() <= MAX_ORIGINS);
            assert!(known.keys().all(|text| text.len() <= MAX_ORIGIN));
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn links_are_those_of_the_parser(
            base in 0..BASES.len(),
            value in "(https?://[a-c0-2.:-]{1,9}/|http://site\\.test|http://site\\.test\\.|http://other\\.test|https://site\\.test:8443|http://127\\.0\\.0\\.1:8700|http:|/|//|)\
                      [a-cA-C0-2./?#%&=:;@+*()~_ \\\\'\"<>|^`{}\t\u{e9}-]{0,12}"
        ) {
            let base = Url::parse(BASES[base]).unwrap();
            let mut origins = all_known();
            if let Some(link) = origins.common(&base, value.trim()) {
                prop_assert_eq!(Some(link), parsed(&base, value.trim()), "{} {}", base, value);
            }
        }
    }
}
