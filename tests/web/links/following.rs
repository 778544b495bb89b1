//! Which links a page has: elements, `base`, `canonical`, `nofollow`, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use bytes::Bytes;
use crawldeck::settings::RespectNofollow;
use crawldeck::web::html::parse_html;
use crawldeck::web::page_link::PageLink;
use crawldeck::web::parsed::{LinkOptions, Parsed};
use crawldeck::web::robots::RobotsAgents;
use crawldeck::web::robots::robots_tag;
use crawldeck::web::url::{MAX_URL_LEN, MAX_URL_TEXT};
use url::Url;

use super::{PAGE, at_most, links, parse};

#[test]
fn every_form_of_link_is_found() {
    let table = [
        ("<a href=next.html>x</a>", "http://site.test/dir/next.html"),
        ("<A HREF='/a'>x</A>", "http://site.test/a"),
        ("<a class=x\nhref=\" \n/sp aced \t\">x</a>", "http://site.test/sp%20aced"),
        ("<a href=\"//other.test/\">x", "http://other.test/"),
        ("<a href=\"?q=1\">x", "http://site.test/dir/page.html?q=1"),
        ("<a href=\"../up#part\">x", "http://site.test/up"),
        ("<map><area href=area></map>", "http://site.test/dir/area"),
        ("<link rel=next href=2>", "http://site.test/dir/2"),
        ("<link rel=prev href=0>", "http://site.test/dir/0"),
        ("<link rel='Canonical' href=/c>", "http://site.test/c"),
        ("<link rel=alternate hreflang=de href=/de>", "http://site.test/de"),
        ("<link rel=alternate type='text/html' href=/m>", "http://site.test/m"),
        ("<frameset><frame src=f></frameset>", "http://site.test/dir/f"),
        ("<iframe src=i></iframe>", "http://site.test/dir/i"),
        ("<meta http-equiv=Refresh content='5; URL=/r'>", "http://site.test/r"),
        (
            "<meta http-equiv=refresh content='0;url=\"r?a=1&amp;b=2\" x'>",
            "http://site.test/dir/r?a=1&b=2",
        ),
        ("<meta http-equiv=refresh content='3,/r'>", "http://site.test/r"),
        ("<svg><a href=/svg>x</a></svg>", "http://site.test/svg"),
        ("<a href=/x", ""),
        ("<a href=\"ht\ntp://a.test/\">x", "http://a.test/"),
    ];
    for (html, expected) in table {
        assert_eq!(links(html).join(" "), expected, "{html}");
    }
}

#[test]
fn what_is_no_page_is_not_followed() {
    let table = [
        "<link rel=stylesheet href=s.css>",
        "<link rel='alternate stylesheet' href=s.css>",
        "<link rel=alternate type=application/rss+xml href=feed>",
        "<link href=x>",
        "<a name=x>x</a>",
        "<a href=''>x</a><a href='#top'>x</a>",
        "<a href='javascript:go()'>x</a><a href='JavaScript:go()'>x</a>",
        "<a href='java\nscript:go()'>x</a>",
        "<a href='&#106;avascript:go()'>x</a>",
        "<a href='mailto:a@b.test'>x</a><a href='tel:1'>x</a><a href='data:text/html,x'>x</a>",
        "<a href='ftp://a.test/'>x</a>",
        "<!-- <a href=/comment>x</a> -->",
        "<script>var x = '<a href=/script>x</a>';</script>",
        "<style><a href=/style></style><textarea><a href=/text></textarea>",
        "<meta http-equiv=refresh content=30>",
        "<meta name=refresh content='0;url=/x'>",
    ];
    for html in table {
        let parsed = parse(html);
        assert_eq!(parsed, Parsed::default(), "{html}");
    }
}

#[test]
fn the_first_base_counts() {
    assert_eq!(
        links(
            "<a href=a>x</a><base target=_blank><base href=/base/><base href=/late/><a href=b>x</a>"
        ),
        ["http://site.test/base/a", "http://site.test/base/b"]
    );
    assert_eq!(links("<base href='http://cdn.test/x/'><a href='#p'>"), ["http://cdn.test/x/"]);
    assert_eq!(links("<base href='data:x,y'><a href=b>"), ["http://site.test/dir/b"]);
    assert_eq!(links("<base href='http://['><a href=b>"), ["http://site.test/dir/b"]);
}

#[test]
fn no_trick_with_base_leads_astray() {
    let table = [
        ("<base href='javascript:alert(1)'><a href=b>", "http://site.test/dir/b"),
        ("<base href='JAVASCRIPT:x'><a href='#a'><a href=/b>", "http://site.test/b"),
        ("<base href='data:text/html,x'><a href=b>", "http://site.test/dir/b"),
        ("<base href='mailto:a@b.test'><a href=b>", "http://site.test/dir/b"),
        ("<base href=''><a href=b>", "http://site.test/dir/b"),
        ("<base href='up/../x/'><a href=b>", "http://site.test/dir/x/b"),
        ("<base href='../../../..'><a href=b>", "http://site.test/b"),
        ("<base href='?q'><a href=b>", "http://site.test/dir/b"),
        ("<base href='//other.test/x/'><a href=b>", "http://other.test/x/b"),
        ("<base href='http://other.test'><a href=b>", "http://other.test/b"),
        ("<base href='http://me:pw@other.test/x/'><a href=b>", "http://other.test/x/b"),
        // The first one counts, even if it is invalid.
        (
            "<base href='javascript:x'><base href='http://evil.test/'><a href=b>",
            "http://site.test/dir/b",
        ),
        (
            "<base href='http://['><base href='http://evil.test/'><a href=b>",
            "http://site.test/dir/b",
        ),
        ("<base target=_top><base href=/x/><a href=b>", "http://site.test/x/b"),
        // With a base that is not http or https, no relative link is either.
        ("<base href='file:///etc/'><a href=passwd>", ""),
        ("<base href='ftp://a.test/'><a href=b>", ""),
        ("<!-- <base href=/x/> --><a href=b>", "http://site.test/dir/b"),
        ("<base href='&#104;ttp://other.test/'><a href=b>", "http://other.test/b"),
    ];
    for (html, expected) in table {
        assert_eq!(links(html).join(" "), expected, "{html}");
    }
    let long = format!("<base href='/{}/'><a href=b>", "x".repeat(MAX_URL_LEN));
    assert_eq!(links(long), ["http://site.test/dir/b"]);
}

#[test]
fn links_are_followed_without_user_and_password() {
    let html = "<a href='http://me:pw@site.test/a'>1<a href='//me@site.test/a'>2<a href='http://:@site.test/b'>3\
        <a href='http://a.test@b.test/'>4<link rel=canonical href='http://me:pw@site.test/c#x'>";
    let parsed = parse(html);
    let found: Vec<_> = parsed.links.iter().map(PageLink::as_str).collect();
    let expected =
        ["http://site.test/a", "http://site.test/b", "http://b.test/", "http://site.test/c"];
    assert_eq!(found, expected);
    assert_eq!(parsed.canonical.unwrap().as_str(), "http://site.test/c");
    let body = [Bytes::from_static(b"<a href=x>x")];
    let page = Url::parse("http://me:pw@site.test/").unwrap();
    let parsed = parse_html(&body, None, &page, &LinkOptions::default());
    assert_eq!(parsed.links[0].as_str(), "http://site.test/x");
}

#[test]
fn the_first_canonical_url_counts() {
    let table = [
        ("<link rel=canonical href=/c>", Some("http://site.test/c")),
        ("<link rel='x CANONICAL' href='c?a=1&amp;b=2#d'>", Some("http://site.test/dir/c?a=1&b=2")),
        ("<link rel=canonical href=/1><link rel=canonical href=/2>", Some("http://site.test/1")),
        ("<base href=//other.test/><link rel=canonical href=c>", Some("http://other.test/c")),
        ("<link rel=canonical href=''>", None),
        (
            "<link rel=canonical href='javascript:x'><link rel=canonical href=/2>",
            Some("http://site.test/2"),
        ),
        ("<link rel=canonical href='http://['>", None),
        ("<link rel=canonicals href=/c><a rel=canonical href=/c>", None),
    ];
    for (html, expected) in table {
        assert_eq!(parse(html).canonical.as_ref().map(Url::as_str), expected, "{html}");
    }
}

#[test]
fn nofollow_is_reported_and_obeyed_when_set() {
    let table = [
        ("<meta name=robots content='nofollow'>", (true, false)),
        ("<META NAME=' Robots ' CONTENT='NoIndex, FOLLOW'>", (false, true)),
        ("<meta name=crawldeck content='none'>", (true, true)),
        ("<meta name=robots content='index,nofollow;noindex'>", (true, true)),
        ("<meta name=robots content=noindex><meta name=crawldeck content=nofollow>", (true, true)),
        ("<meta name=googlebot content=nofollow>", (false, false)),
        ("<meta name=robots content='nofollows, all'>", (false, false)),
        ("<meta name=robots><meta content=nofollow>", (false, false)),
        ("<meta property=robots content=nofollow>", (false, false)),
    ];
    for (html, expected) in table {
        let parsed = parse(html);
        assert_eq!((parsed.nofollow, parsed.noindex), expected, "{html}");
    }

    let html = "<a href=/1>1</a><a rel='external NOFOLLOW' href=/2>2</a><a rel=nofollow href=/1>1</a>\
        <map><area rel=nofollow href=/3></map><a rel=nofollows href=/4>4</a><a rel=nofollow href=/5>5</a>\
        <a href=/5>5</a><meta name=robots content=nofollow>";
    let all = ["/1", "/2", "/3", "/4", "/5"];
    for (pages, links, expected, left_out) in [
        (false, false, &all[..], 0),
        (false, true, &["/1", "/4", "/5"], 4),
        (true, false, &[], 5),
        (true, true, &[], 7),
    ] {
        let take =
            LinkOptions { nofollow: RespectNofollow { pages, links }, ..LinkOptions::default() };
        let body = [Bytes::from_static(html.as_bytes())];
        let parsed = parse_html(&body, None, &Url::parse(PAGE).unwrap(), &take);
        let found: Vec<_> = parsed.links.iter().map(PageLink::path).collect();
        assert_eq!((found, parsed.nofollow_links), (expected.to_vec(), left_out), "{take:?}");
        assert!(parsed.nofollow);
    }
}

#[test]
fn x_robots_tag_is_read_for_us() {
    let table = [
        ("", (false, false)),
        ("noindex", (false, true)),
        ("NoFollow , noIndex", (true, true)),
        ("none", (true, true)),
        ("otherbot: nofollow", (false, false)),
        ("otherbot: noindex, nofollow, crawldeck: noindex", (false, true)),
        ("CrawlDeck : nofollow", (true, false)),
        ("crawldeck: noindex, otherbot: nofollow", (false, true)),
        ("*: nofollow", (true, false)),
        ("nofollow, otherbot: noindex", (true, false)),
        ("unavailable_after: Wed, 25 Jun 2031 15:00:00 PST, nofollow", (true, false)),
        ("max-snippet:20, max-image-preview:large, noindex", (false, true)),
        (":::,,:nofollow", (false, false)),
    ];
    for (value, expected) in table {
        assert_eq!(robots_tag(value, &RobotsAgents::default()), expected, "{value}");
    }
}

#[test]
fn a_million_links_stay_within_bounds() {
    let html: String = (0..1_000_000_u32).fold(String::from("<title>t</title>"), |mut html, n| {
        html.push_str("<a href=/");
        html.push_str(&n.to_string());
        html.push('>');
        html
    });
    let parsed = parse(html);
    assert_eq!((parsed.links.len(), parsed.truncated), (10_000, true));
}

#[test]
fn entities_are_decoded_as_in_attributes() {
    let table = [
        ("/?a=1&amp;b=2", "/?a=1&b=2"),
        ("/?a=1&#38;b=2", "/?a=1&b=2"),
        ("/?a=1&#x26;b=2", "/?a=1&b=2"),
        // A name without semicolon before `=` or a letter is text in an attribute.
        ("/?a=1&copy=2&notx=3", "/?a=1&copy=2&notx=3"),
        ("/caf&eacute;", "/caf%C3%A9"),
        ("/&lt;&gt;&quot;&apos;", "/%3C%3E%22'"),
        ("&#32;/x&nbsp;", "/x%C2%A0"),
    ];
    for (value, expected) in table {
        let html = format!("<a href=\"{value}\">x</a>");
        assert_eq!(links(&html), [format!("http://site.test{expected}")], "{value}");
    }
}

#[test]
fn links_are_distinct_and_in_document_order() {
    let html = "<a href=/b>1<a href=/a>2<a href=/b#x>3<a href=http://SITE.test:80/a>4<a href=/%c3>5<a href=/%C3>6";
    assert_eq!(links(html), ["http://site.test/b", "http://site.test/a", "http://site.test/%c3"]);
}

#[test]
fn malformed_and_endless_links_are_counted() {
    let long = "x".repeat(MAX_URL_LEN);
    let huge = "y".repeat(MAX_URL_TEXT);
    let html = format!(
        "<a href='http://['>1<a href='http://a:99999/'>2<a href='/{long}'>3<a href='/{huge}'>4<a href=/ok>5"
    );
    let parsed = parse(html);
    assert_eq!(parsed.refused_links, 3);
    // A link too long to be fetched is still recorded.
    let paths: Vec<_> = parsed.links.iter().map(|url| &url.path()[1..]).collect();
    assert_eq!(paths, [long.as_str(), "ok"]);
    assert!(!parsed.truncated);
}

#[test]
fn at_most_so_many_links_are_taken() {
    let mut html = String::new();
    for n in 0..100_000 {
        write!(html, "<a href=/{n}>x</a>").unwrap();
    }
    html.push_str("<title>late</title>");
    let parsed = parse(html);
    assert_eq!(parsed.links.len(), 10_000);
    assert!(parsed.truncated);
    assert_eq!(parsed.links[9_999].path(), "/9999");
    assert_eq!(parsed.title.unwrap(), "late");

    let few = [Bytes::from_static(b"<a href=/1>x<a href=/2>x<a href=/2>x<a href=/1>x")];
    assert!(!parse_html(&few, None, &Url::parse(PAGE).unwrap(), &at_most(2)).truncated);
    assert!(parse_html(&few, None, &Url::parse(PAGE).unwrap(), &at_most(1)).truncated);
}

#[test]
fn a_long_base_does_not_multiply_a_short_page() {
    let mut html = format!("<title>t</title><base href='/{}/'>", "b".repeat(MAX_URL_LEN - 100));
    for n in 0..9_000 {
        write!(html, "<a href={n}>").unwrap();
    }
    let parsed = parse(html);
    assert!(parsed.truncated);
    let bytes: usize = parsed.links.iter().map(|url| url.as_str().len()).sum();
    assert!(bytes < 9 << 20, "{bytes}");
}

#[test]
fn a_malicious_page_keeps_what_was_found_before_it() {
    let attribute =
        format!("<title>t</title><a href=/ok>x<a title='{}' href=/late>", "z".repeat(20 << 20));
    let parsed = parse(attribute);
    assert_eq!((parsed.links.len(), parsed.truncated), (1, true));
    let nested = format!("<title>t</title><a href=/ok>x{}<a href=/late>", "<b>".repeat(2_000_000));
    let parsed = parse(nested);
    assert_eq!((parsed.links.len(), parsed.truncated), (1, true));
    // As real pages do: a large inline image, paragraphs never closed.
    let image = format!("<img src='data:image/png;base64,{}'><a href=/ok>x", "A".repeat(3 << 20));
    assert!(!parse(image).truncated);
    let open = format!("{}<a href=/ok>x", "<p>text<li>".repeat(20_000));
    assert!(!parse(open).truncated);
}
