//! Promise: one page has one identity, and a crawl stays in its scope.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::borrow::Cow;

use crawldeck::crawl::hosts::host_of;
use crawldeck::model::url_identity::{UrlHash, canonical, host_key};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::web::scope::Scope;
use crawldeck::web::url::{MAX_URL_TEXT, UrlError, is_fetchable, parse_seed};
use proptest::prelude::*;
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn canonical_forms() {
    let table = [
        ("HTTP://EXAMPLE.com:80", "http://example.com/"),
        ("https://example.com:443/a/./b/../c", "https://example.com/a/c"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://example.com/#", "http://example.com/"),
        ("http://example.com/%c3%a9?q=%2f#%aa", "http://example.com/%C3%A9?q=%2F"),
        ("http://example.com/é?é", "http://example.com/%C3%A9?%C3%A9"),
        ("http://example.com/100%", "http://example.com/100%"),
        ("http://example.com/%zz%a", "http://example.com/%zz%a"),
        ("http://example.com/%%aa", "http://example.com/%%AA"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        // Parts that may change the meaning stay as they are.
        ("http://example.com/?b=1&a=2&utm_source=x", "http://example.com/?b=1&a=2&utm_source=x"),
        ("http://example.com/?", "http://example.com/?"),
        ("http://example.com/%7Euser", "http://example.com/%7Euser"),
        ("http://example.com//a//", "http://example.com//a//"),
    ];
    for (text, expected) in table {
        assert_eq!(canonical(&url(text)), expected, "{text}");
    }
    assert!(matches!(canonical(&url("http://a/%C3%A9#x")), Cow::Borrowed(_)));
}

#[test]
fn identities() {
    let same = UrlHash::of(&url("http://a.test/%C3"));
    assert_eq!(UrlHash::of(&url("HTTP://A.test:80/%c3#x")), same);
    assert_eq!(UrlHash::of(&url("http://a.test./%c3")), same);
    assert_ne!(UrlHash::of(&url("https://a.test/%C3")), same);
    assert_eq!(canonical(&url("http://a.test.:81/x.?y.#z")), "http://a.test:81/x.?y.");
    // Stored in databases, so it must never change.
    assert_eq!(UrlHash::of(&url("http://a.test/")).to_string(), "d452f67801f98504b3f0334bb2a5c123");
    assert_eq!(UrlHash([1; 16]).to_string(), "01".repeat(16));
}

#[test]
fn host_keys() {
    let table = [
        ("http://127.0.0.1:8700/x", "127.0.0.1:8700"),
        ("http://u:p@Example.com:80/", "example.com"),
        ("https://example.com/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://Example.com./x.", "example.com"),
        ("http://u@example.com.:81/", "example.com:81"),
        ("http://./", "."),
    ];
    for (text, expected) in table {
        assert_eq!(host_key(&url(text)), expected);
        assert_eq!(host_of(url(text).as_str()), expected);
    }
}

#[test]
fn seeds_as_users_type_them() {
    let table = [
        ("example.com", "http://example.com/"),
        (" https://example.com/a#b \n", "https://example.com/a"),
        ("localhost:8080/x", "http://localhost:8080/x"),
        ("127.0.0.1:8700", "http://127.0.0.1:8700/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("//example.com/x", "http://example.com/x"),
        ("HTTPS://Example.com", "https://example.com/"),
        ("example.com/a:b?c=http://x", "http://example.com/a:b?c=http://x"),
        ("bücher.example", "http://xn--bcher-kva.example/"),
    ];
    for (text, expected) in table {
        assert_eq!(parse_seed(text).unwrap().as_str(), expected, "{text}");
    }
}

#[test]
fn seeds_that_are_refused_say_why() {
    let message = |text: &str| parse_seed(text).unwrap_err().to_string();
    assert_eq!(message("  "), "the URL is empty");
    assert_eq!(
        message("ftp://a.test/"),
        "\"ftp://a.test/\" cannot be crawled: the scheme is \"ftp\", only http and https are"
    );
    assert!(matches!(parse_seed("mailto:a@b.test"), Err(UrlError::Scheme { .. })));
    assert!(matches!(parse_seed("javascript:alert(1)"), Err(UrlError::Scheme { .. })));
    assert!(matches!(parse_seed("file:///etc/passwd"), Err(UrlError::Scheme { .. })));
    assert_eq!(message("http://[::1"), "\"http://[::1\" is not a URL: invalid IPv6 address");
    assert!(matches!(parse_seed("http://"), Err(UrlError::Syntax { .. })));
    assert!(matches!(parse_seed("a.test:99999"), Err(UrlError::Syntax { .. })));
    assert!(matches!(parse_seed("two words"), Err(UrlError::Syntax { .. })));
    assert!(!message("http://a b\u{1b}[31m/").contains('\u{1b}'));
    let long = format!("a.test/{}", "x".repeat(MAX_URL_TEXT));
    assert!(matches!(parse_seed(&long), Err(UrlError::TooLong { .. })));
    // Short as typed, too long once escaped.
    let swelling = format!("a.test/{}", "é".repeat(MAX_URL_TEXT / 3));
    assert!(matches!(parse_seed(&swelling), Err(UrlError::TooLong { .. })));
    assert!(!is_fetchable(&url("ftp://a.test/")) && is_fetchable(&url("https://a.test/")));
}

fn scope(kind: ScopeKind, seeds: &[&str]) -> Scope {
    let seeds: Vec<Url> = seeds.iter().map(|seed| url(seed)).collect();
    Scope::new(kind, &seeds, &[], &[]).unwrap()
}

/// Which of `urls` are admitted, as a string of `+` and `-`.
fn admitted(scope: &Scope, urls: &[&str]) -> String {
    urls.iter().map(|text| if scope.refuses(&url(text)).is_none() { '+' } else { '-' }).collect()
}

#[test]
fn scopes() {
    let seed = "http://www.example.co.uk/docs/index.html?x";
    let urls = [
        "http://www.example.co.uk/docs/index.html?x#part",
        "http://www.example.co.uk/docs/index.html",
        "http://www.example.co.uk/docs/a/b",
        "http://www.example.co.uk/docs",
        "http://www.example.co.uk/docsy/",
        "http://www.example.co.uk/",
        "https://www.example.co.uk/docs/a",
        "http://www.example.co.uk:8080/docs/a",
        "http://example.co.uk/",
        "https://cdn.www.EXAMPLE.co.uk.:99/",
        "http://notexample.co.uk/",
        "http://other.co.uk/",
    ];
    let table = [
        (ScopeKind::Page, "+-----------"),
        (ScopeKind::Prefix, "+++---+-----"),
        (ScopeKind::Host, "+++++++-----"),
        (ScopeKind::Domain, "++++++++++--"),
        (ScopeKind::Any, "++++++++++++"),
    ];
    for (kind, expected) in table {
        assert_eq!(admitted(&scope(kind, &[seed]), &urls), expected, "{kind:?}");
    }
    assert_eq!(scope(ScopeKind::Host, &[seed]).refuses(&url(urls[11])), Some("out of scope"));
}

#[test]
fn domains_that_are_none() {
    let domain = |seed| scope(ScopeKind::Domain, &[seed]);
    let table = [
        ("http://127.0.0.1:8700/", "http://127.0.0.1:1/", "http://127.0.0.2:8700/"),
        ("http://localhost:1/", "http://localhost:2/", "http://a.localhost:1/"),
        ("http://[::1]:1/", "http://[::1]/", "http://[::2]:1/"),
        // Each user of such a suffix is a site of their own.
        ("http://me.github.io/", "https://www.me.github.io/", "http://you.github.io/"),
        ("http://github.io/", "http://github.io/x", "http://me.github.io/"),
    ];
    for (seed, inside, outside) in table {
        assert_eq!(admitted(&domain(seed), &[inside, outside]), "+-", "{seed}");
    }
}

#[test]
fn several_seeds() {
    let seeds = ["http://a.test/x/y", "http://a.test/x/", "http://a.test/x/z/", "http://b.test/w/"];
    let prefix = scope(ScopeKind::Prefix, &seeds);
    let urls =
        ["http://a.test/x/q", "http://a.test/x/z/q", "http://a.test/w/", "http://b.test/w/q"];
    assert_eq!(admitted(&prefix, &urls), "++-+");
    let siblings = scope(ScopeKind::Prefix, &["http://a.test/b/", "http://a.test/d/"]);
    let urls = [
        "http://a.test/a/",
        "http://a.test/b/",
        "http://a.test/c/",
        "http://a.test/d/e",
        "http://a.test/e",
    ];
    assert_eq!(admitted(&siblings, &urls), "-+-+-");
    assert_eq!(admitted(&scope(ScopeKind::Host, &[]), &["http://a.test/"]), "-");
}

#[test]
fn patterns_narrow_a_scope() {
    let patterns = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let scope = Scope::new(
        ScopeKind::Host,
        &[url("http://a.test/")],
        &patterns(&["/blog/", r"/news/\d+$"]),
        &patterns(&[r"[?&]print=", r"\.pdf$"]),
    )
    .unwrap();
    let table = [
        ("http://a.test/blog/1", None),
        ("http://a.test/news/12#x", None),
        ("http://a.test/news/x", Some("not included")),
        ("http://a.test/blog/1?print=1", Some("excluded")),
        ("http://a.test/blog/1.pdf", Some("excluded")),
        ("http://b.test/blog/1", Some("out of scope")),
    ];
    for (text, expected) in table {
        assert_eq!(scope.refuses(&url(text)), expected, "{text}");
    }
    let error = Scope::new(ScopeKind::Any, &[], &[], &patterns(&["ok", "a("])).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("exclude \"a(\" is not a regular expression: "), "{message}");
}

/// URLs with everything that the canonical form changes.
fn any_url() -> impl Strategy<Value = Url> {
    let piece =
        prop_oneof!["[a-zA-Z%.~]{0,6}", "%[0-9a-fA-F]{2}", Just("..".to_owned()), "\\PC{0,3}"];
    let path = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.join("/"));
    ("(http|https)", "[aA]\\.test", prop::option::of(80_u16..90), path.clone(), path)
        .prop_filter_map("parses", |(scheme, host, port, path, tail)| {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            Url::parse(&format!("{scheme}://{host}{port}/{path}?{tail}#{tail}")).ok()
        })
}

proptest! {
    #[test]
    fn canonical_is_idempotent(url in any_url()) {
        let once = canonical(&url).into_owned();
        let again = Url::parse(&once).unwrap();
        prop_assert_eq!(canonical(&again), once.as_str());
        prop_assert!(!once.contains('#'));
        prop_assert_eq!(UrlHash::of(&again), UrlHash::of(&url));
    }

    #[test]
    fn hashes_are_equal_when_canonical_forms_are(a in any_url(), b in any_url()) {
        prop_assert_eq!(UrlHash::of(&a) == UrlHash::of(&b), canonical(&a) == canonical(&b));
    }

    #[test]
    fn no_seed_makes_it_panic(text in "\\PC{0,40}") {
        if let Ok(url) = parse_seed(&text) {
            prop_assert!(is_fetchable(&url) && url.fragment().is_none());
            prop_assert_eq!(parse_seed(url.as_str()).unwrap(), url);
        }
    }
}
