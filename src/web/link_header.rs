//! Links to other pages in the head of a response: `Link` (RFC 8288) and `Refresh`.

use http::header::{HeaderMap, LINK, REFRESH};
use url::Url;

use crate::web::refresh::{self, Refresh};
use crate::web::relation;
use crate::web::url::{is_fetchable, resolve, strip_user, url_text};

/// Maximum total length of the `Link` headers that are read, in bytes.
const MAX_LINK_BYTES: usize = 256 << 10;
/// Maximum number of links taken from them.
const MAX_LINKS: usize = 100;

/// Where the head of a response leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HeaderLinks {
    /// The first link whose relation is `canonical` (RFC 6596).
    pub(super) canonical: Option<Url>,
    /// The links to other pages and the target of `Refresh`, distinct, without fragment and user.
    pub(super) links: Vec<Url>,
}

impl HeaderLinks {
    /// Reads the head of a response to a request for `url`.
    pub(super) fn of(url: &Url, headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        if let Some(value) = headers.get(REFRESH) {
            found.refresh(url, &url_text(value.as_bytes()));
        }
        let mut room = MAX_LINK_BYTES;
        for value in headers.get_all(LINK) {
            let Some(left) = room.checked_sub(value.len()) else { break };
            room = left;
            found.read(url, &url_text(value.as_bytes()));
        }
        found
    }

    fn refresh(&mut self, url: &Url, value: &str) {
        let Refresh::Navigate(target) = refresh::parse(value) else { return };
        let target = resolve(url, target).ok().and_then(cleaned);
        if let Some(target) = target.filter(|target| !is_same(target, url)) {
            self.add(target);
        }
    }

    /// Reads one `Link` header.
    fn read(&mut self, url: &Url, value: &str) {
        let mut rest = value;
        while let Some((target, parameters)) =
            rest.split_once('<').and_then(|(_, behind)| behind.split_once('>'))
        {
            let (parameters, behind) = Parameters::read(parameters);
            rest = behind;
            let Some(rel) = parameters.rel else { continue };
            let base = |anchor: &String| resolve(url, anchor).ok().and_then(cleaned);
            // A link from another page, or from a part of this one.
            if parameters
                .anchor
                .is_some_and(|anchor| base(&anchor).is_none_or(|a| !is_same(&a, url)))
            {
                continue;
            }
            let Some(target) = resolve(url, target.trim()).ok().and_then(cleaned) else { continue };
            if self.canonical.is_none() && relation::contains(&rel, "canonical") {
                self.canonical = Some(target.clone());
            }
            if relation::leads_to_page(&rel, parameters.kind.as_deref()) {
                self.add(target);
            }
        }
    }

    fn add(&mut self, target: Url) {
        if self.links.len() < MAX_LINKS && !self.links.contains(&target) {
            self.links.push(target);
        }
    }
}

/// The parameters of a link. Of several with one name the first counts.
#[derive(Default)]
struct Parameters {
    rel: Option<String>,
    kind: Option<String>,
    anchor: Option<String>,
}

impl Parameters {
    /// Reads the parameters at the start of `text`, and returns what follows the comma behind them.
    fn read(text: &str) -> (Self, &str) {
        let mut found = Self::default();
        let mut rest = text.trim_ascii_start();
        while let Some(parameter) = rest.strip_prefix(';') {
            let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
            let (name, behind) = parameter.split_at(end);
            let (value, behind) = match behind.strip_prefix('=') {
                Some(value) => parameter_value(value.trim_ascii_start()),
                None => (String::new(), behind),
            };
            rest = behind.trim_ascii_start();
            let place = match name.trim() {
                name if name.eq_ignore_ascii_case("rel") => &mut found.rel,
                name if name.eq_ignore_ascii_case("type") => &mut found.kind,
                name if name.eq_ignore_ascii_case("anchor") => &mut found.anchor,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        let behind = rest.split_once(',').map_or("", |(_, behind)| behind);
        (found, behind)
    }
}

/// The token or quoted string at the start of `text`, and what follows.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, behind) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
        return (value.trim().to_owned(), behind);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                // What stands between the quote and the next parameter or link is ignored.
                let behind = &quoted[at + 1..];
                return (value, &behind[behind.find([';', ',']).unwrap_or(behind.len())..]);
            }
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    (value, "")
}

fn cleaned(mut url: Url) -> Option<Url> {
    url.set_fragment(None);
    strip_user(&mut url);
    is_fetchable(&url).then_some(url)
}

/// Whether `target` is the page at `url` itself.
fn is_same(target: &Url, url: &Url) -> bool {
    cleaned(url.clone()).as_ref() == Some(target)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use http::HeaderValue;

    use super::*;

    fn read(name: &'static str, values: &[&[u8]]) -> HeaderLinks {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        HeaderLinks::of(&Url::parse("http://a.test/x/y").unwrap(), &headers)
    }

    fn paths(found: &HeaderLinks) -> String {
        let path = |url: &Url| {
            url.as_str().strip_prefix("http://a.test").unwrap_or(url.as_str()).to_owned()
        };
        found.links.iter().map(path).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn links_to_pages_are_taken() {
        let table: [(&[&str], &str); 26] = [
            (&["<?page=2>; rel=next"], "/x/y?page=2"),
            (&["<?page=2>; rel=\"next\", <?page=0>; rel=\"prev\""], "/x/y?page=2 /x/y?page=0"),
            (&["</c>; rel=canonical"], "/c"),
            (&["</de>; rel=alternate; hreflang=de"], "/de"),
            (&["</m>; rel=alternate; type=\"text/html\"; media=handheld"], "/m"),
            (&["</a>; rel=previous"], "/a"),
            (&["<a>;REL = \"x Next\""], "/x/a"),
            (&["<http://b.test/>; rel=next"], "http://b.test/"),
            (&["</a>; rel=next", "</b>; rel=next", "</a>; rel=prev"], "/a /b"),
            (&["</a>; title=\"a, <b>; rel=c; \\\" \"; rel=next, </d>; rel=next"], "/a /d"),
            (&["</a,b>; rel=next"], "/a,b"),
            (&["</a>; rel=\"next\" x, </b>; rel=next"], "/a /b"),
            (&["</a>; crossorigin; rel=next"], "/a"),
            (&["</a>; rel=next; anchor=\"\""], "/a"),
            (&["</a>; rel=next; anchor=\"/x/y\""], "/a"),
            (&[" , </a> ; rel=next ,, "], "/a"),
            // No links to pages.
            (&["</s.css>; rel=preload; as=style"], ""),
            (&["</feed>; rel=alternate; type=application/rss+xml"], ""),
            (&["</p>; rel=alternate; type=\"application/json\""], ""),
            (&["</s.css>; rel=\"alternate stylesheet\""], ""),
            (&["</a>; rel=next; anchor=\"/other\""], ""),
            (&["</a>; rel=x; rel=next"], ""),
            (&["</a>", "</a"], ""),
            (&["</a>; rev=next"], ""),
            (&["<mailto:a@b.test>; rel=next, <http://[>; rel=next"], ""),
            (&["</wp-json/>; rel=\"https://api.w.org/\""], ""),
        ];
        for (values, expected) in table {
            let bytes: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(paths(&read("link", &bytes)), expected, "{values:?}");
        }
    }

    #[test]
    fn refresh_leads_to_its_target() {
        for (value, expected) in [
            ("0; url=/a", "/a"),
            ("5; URL='b?c#d' x", "/x/b?c"),
            ("0;http://u:pw@b.test/", "http://b.test/"),
            ("30", ""),
            ("5; url=", ""),
            ("5; url=#top", ""),
            ("5; url=/x/y", ""),
            ("30seconds", ""),
            ("x; url=/a", ""),
            ("0; url=javascript:a", ""),
            ("0; url=http://[", ""),
            ("0; url=mailto:a@b.test", ""),
        ] {
            let found = read("refresh", &[value.as_bytes()]);
            assert_eq!(paths(&found), expected, "{value}");
        }
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        assert_eq!(paths(&read("refresh", &[b"0; url=/\xe9?\xe9"])), "/%E9?%E9");
        assert_eq!(paths(&read("link", &[b"</\xd0\xbf>; rel=next; title=\xff"])), "/%D0%BF");
        assert_eq!(paths(&read("link", &[b"</pr\xe9>; rel=canonical"])), "/pr%E9");
    }

    #[test]
    fn the_number_of_links_is_bounded() {
        let line = (0..1_000).fold(String::new(), |line, n| line + &format!("</{n}>; rel=next,"));
        assert_eq!(read("link", &[line.as_bytes()]).links.len(), MAX_LINKS);
    }
}
