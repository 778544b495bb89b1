//! Promise: what a browser would follow from a page is found, whatever the page does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use bytes::Bytes;
use crawldeck::settings::RespectNofollow;
use crawldeck::web::html::{MAX_URL_LEN, MAX_URL_TEXT, is_html, parse_html, robots_tag};
use crawldeck::web::parsed::{LinkOptions, Parsed};
use crawldeck::web::robots::RobotsAgents;
use proptest::prelude::*;
use url::Url;

const PAGE: &str = "http://site.test/dir/page.html";

fn parse_as(html: impl AsRef<[u8]>, content_type: Option<&str>) -> Parsed {
    let body = [Bytes::copy_from_slice(html.as_ref())];
    parse_html(&body, content_type, &Url::parse(PAGE).unwrap(), &LinkOptions::default())
}

fn at_most(max_links: usize) -> LinkOptions {
    LinkOptions { max_links, ..LinkOptions::default() }
}

fn parse(html: impl AsRef<[u8]>) -> Parsed {
    parse_as(html, Some("text/html; charset=utf-8"))
}

fn links(html: impl AsRef<[u8]>) -> Vec<String> {
    parse(html).links.iter().map(ToString::to_string).collect()
}

fn title(html: impl AsRef<[u8]>, content_type: Option<&str>) -> String {
    parse_as(html, content_type).title.unwrap()
}

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
fn the_first_base_counts_for_the_links_behind_it() {
    assert_eq!(
        links(
            "<a href=a>x</a><base target=_blank><base href=/base/><base href=/late/><a href=b>x</a>"
        ),
        ["http://site.test/dir/a", "http://site.test/base/b"]
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
        // The first one counts, even if it is of no use.
        (
            "<base href='javascript:x'><base href='http://evil.test/'><a href=b>",
            "http://site.test/dir/b",
        ),
        (
            "<base href='http://['><base href='http://evil.test/'><a href=b>",
            "http://site.test/dir/b",
        ),
        ("<base target=_top><base href=/x/><a href=b>", "http://site.test/x/b"),
        // Not on the web, so no link is.
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
    let found: Vec<_> = parsed.links.iter().map(Url::as_str).collect();
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
fn nofollow_is_told_and_obeyed_when_asked() {
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
        let found: Vec<_> = parsed.links.iter().map(Url::path).collect();
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
fn titles_are_tidied() {
    let html = "<title>\n  Fish &amp; Chips\t&#x2603; &nbsp; end\n</title>";
    assert_eq!(title(html, None), "Fish & Chips \u{2603} end");
    assert_eq!(parse("<title>  </title>").title, None);
    assert_eq!(title("<svg><title>icon</title></svg><title>page</title>", None), "page");
    assert_eq!(title("<title>one</title><title>two</title>", None), "one");
    assert_eq!(title("<title>a <b> tag</title>", None), "a <b> tag");
    assert_eq!(title(format!("<title>{}</title>", "ä".repeat(600)), None).chars().count(), 500);
    let words = title(format!("<title>{}</title>", "ab ".repeat(600)), None);
    assert!(words.chars().count() <= 500 && words.ends_with('b'), "{words}");
    let endless = format!("<title>{}<a href=/x>", "t".repeat(1 << 20));
    assert_eq!(parse(endless).title.unwrap().len(), 500);
}

#[test]
fn the_encoding_is_found() {
    let header = |charset: &str| format!("text/html; charset={charset}");
    assert_eq!(title(b"<title>caf\xe9</title>", Some(&header("iso-8859-1"))), "café");
    assert_eq!(title("<title>café</title>", Some(&header("\"UTF-8\""))), "café");
    assert_eq!(title(b"<meta charset=windows-1251><title>\xcf\xf0</title>", None), "Пр");
    let equiv =
        b"<meta http-equiv='Content-Type' content='text/html; charset=koi8-r'><title>\xf0</title>";
    assert_eq!(title(equiv, Some("text/html")), "П");
    assert_eq!(title(b"<!-- <meta charset=koi8-r> --><title>caf\xe9</title>", None), "café");
    assert_eq!(title("<title>café</title>", None), "café");
    assert_eq!(title(b"<title>caf\xe9</title>", None), "café");
    // The byte order mark wins over the header.
    assert_eq!(title("\u{feff}<title>café</title>", Some(&header("iso-8859-1"))), "café");
    assert_eq!(title(b"<meta charset=shift_jis><title>\x83\x65</title>", None), "テ");
    // A lie: readable as ASCII, so not UTF-16.
    assert_eq!(title("<meta charset=utf-16><title>é</title>", None), "é");
    assert_eq!(
        title(b"<title>\xff\xfe bad \xc3</title>", Some(&header("utf-8"))),
        "\u{fffd}\u{fffd} bad \u{fffd}"
    );

    let text = "<title>grün</title><a href=/ü?ü>x</a>";
    for (mark, bytes) in [
        (&b"\xff\xfe"[..], text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        (b"\xfe\xff", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ] {
        let parsed = parse_as([mark, &bytes].concat(), Some("text/html"));
        assert_eq!(parsed.title.unwrap(), "grün");
        assert_eq!(parsed.links[0].as_str(), "http://site.test/%C3%BC?%C3%BC");
    }
}

#[test]
fn queries_are_written_in_the_encoding_of_the_page() {
    let parsed = parse_as(b"<a href='/\xe9?q=\xe9'>", Some("text/html; charset=latin1"));
    assert_eq!(parsed.links[0].as_str(), "http://site.test/%C3%A9?q=%E9");
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
    // Too long to be fetched, and known all the same.
    let paths: Vec<_> = parsed.links.iter().map(|url| &url.path()[1..]).collect();
    assert_eq!(paths, [long.as_str(), "ok"]);
    assert!(!parsed.truncated);
}

#[test]
fn at_most_so_many_links_are_taken() {
    use std::fmt::Write;
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
    use std::fmt::Write;
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
    // What real pages do: an image inside its tag, paragraphs never closed.
    let image = format!("<img src='data:image/png;base64,{}'><a href=/ok>x", "A".repeat(3 << 20));
    assert!(!parse(image).truncated);
    let open = format!("{}<a href=/ok>x", "<p>text<li>".repeat(20_000));
    assert!(!parse(open).truncated);
}

#[test]
fn html_is_told_from_other_types() {
    for header in ["text/html", "TEXT/HTML;charset=x", "application/xhtml+xml ; q=1"] {
        assert!(is_html(Some(header), b""), "{header}");
    }
    for header in ["text/plain", "application/json", "text/htmlx", "image/png; a=text/html"] {
        assert!(!is_html(Some(header), b"<html>"), "{header}");
    }
    for body in ["<!DOCTYPE html>", " \n<HTML lang=en>", "\u{feff}<!-- x", "<p>", "<a href=/>"] {
        assert!(is_html(None, body.as_bytes()), "{body}");
        assert!(is_html(Some(" "), body.as_bytes()), "{body}");
    }
    for body in ["", "{}", "<?xml", "<abbr>", "\u{89}PNG", "text <a href=/>"] {
        assert!(!is_html(None, body.as_bytes()), "{body}");
    }
}

/// The text of each link of a page, in order.
fn anchors(html: impl AsRef<[u8]>) -> Vec<Option<String>> {
    let parsed = parse(html);
    assert_eq!(parsed.links.len(), parsed.anchors.len());
    parsed.anchors.iter().map(|text| text.as_ref().map(ToString::to_string)).collect()
}

#[test]
fn a_link_has_the_text_between_its_tags() {
    let table = [
        ("<a href=/1>Read more</a>", "Read more"),
        ("<A HREF=/1>\n  Read\t<b>mo</b>re&nbsp;&amp;\u{a0}more </A>", "Read more & more"),
        ("<a href=/1><span><em>deep</em> inside</span></a> outside", "deep inside"),
        ("<a href=/1><img src=x alt='A &lt;picture&gt;'></a>", "A <picture>"),
        ("<a href=/1><p><img src=x alt='one'><img src=x alt='two'></p></a>", "one"),
        ("<a href=/1><img src=x alt='picture'>text</a>", "text"),
        ("<a href=/1><img src=x alt=''><img src=x alt='second'> </a>", "second"),
        ("<a href=/1>one<a href=#>two</a>three", "one"),
        ("<a href=/1>one<style>a{}</style><script>if (a<b) '</a'</script>two</a>", "onetwo"),
        ("<p><a href=/1>never closed</p>tail", "never closed"),
        ("<a href=/1>to the end", "to the end"),
        ("<a href=/1>it's &copy 🦀</a>", "it's © 🦀"),
    ];
    for (html, text) in table {
        assert_eq!(anchors(html), [Some(text.to_owned())], "{html}");
    }
    for html in [
        "<a href=/1></a>text",
        "<a href=/1> &nbsp;\n</a>text",
        "<a href=/1><img src=x></a><img alt=outside>",
        "<map><area href=/1 alt=text></map>",
        "<link rel=next href=/1>text",
        "<iframe src=/1>text</iframe>",
        "<a href=/1><script>text</script></a>",
    ] {
        assert_eq!(anchors(html), [None], "{html}");
    }
}

#[test]
fn each_link_has_its_own_text_and_the_first_that_there_is() {
    let html = "<a href=/1>one</a> between <a href=/2>two<a href=/3>three</a> after\
        <a href=mailto:x>mail</a><a href=/4>four</a>";
    let texts = ["one", "two", "three", "four"].map(|text| Some(text.to_owned()));
    assert_eq!(anchors(html), texts);
    // A logo, the name, and once more: one link.
    let html =
        "<a href=/1><img src=x></a><a href=/2>two</a><a href=/1>name</a><a href=/1>other</a>";
    assert_eq!(anchors(html), ["name", "two"].map(|text| Some(text.to_owned())));
    // What is left out has no text to give to another.
    let take = LinkOptions {
        nofollow: RespectNofollow { links: true, pages: true },
        ..LinkOptions::default()
    };
    let html = "<base href=/b/><a href=/1>one</a><a href=/2 rel=nofollow>two</a><a href=/3></a>";
    let base = Url::parse(PAGE).unwrap();
    let parsed = parse_html(&[Bytes::from(html)], Some("text/html"), &base, &take);
    let texts: Vec<_> = parsed.anchors.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some("one"), None]);
    assert_eq!(parsed.links.len(), 2);
}

#[test]
fn texts_of_links_are_bounded() {
    let words = "word ".repeat(100_000);
    let text = anchors(format!("<a href=/1>{words}</a>")).remove(0).unwrap();
    assert_eq!(text.chars().count(), 199);
    let text = anchors(format!("<a href=/1>{}</a>", "🦀".repeat(1_000))).remove(0).unwrap();
    assert_eq!(text, "🦀".repeat(200));
    // All links of a page together as well: their texts count as their URLs do.
    let (path, text) = ("x".repeat(300), "🦀".repeat(300));
    let mut html = String::new();
    for n in 0..10_000 {
        write!(html, "<a href=/{n}{path}>{text}</a>").unwrap();
    }
    let parsed = parse(html);
    assert!(parsed.truncated);
    let bytes: usize = parsed.links.iter().map(|url| url.as_str().len()).sum::<usize>()
        + parsed.anchors.iter().flatten().map(|text| text.len()).sum::<usize>();
    assert!((8 << 20..(8 << 20) + 2_000).contains(&bytes), "{bytes}");
}

/// Everything that could be torn apart by a boundary between two chunks.
const TORN: &str = "\u{feff}<!doctype html><html><head><meta name=x content='é'>\
    <title>Fünf &amp; Sechs \u{2603}</title><base href='/bäse/'><link rel=\"next\" href=2>\
    <meta http-equiv=refresh content='1; url=r&#101;f'></head><body>\
    <script>if (a < b) { x = '</a>'; }</script><!-- <a href=no> -->\
    <a href=\"caf\u{e9}?a=1&amp;b=\u{1f600}\">x</a><a\nhref = 'a b'>y</a><img src=x alt='>'>\
    <a href=/plain>z</a></body></html>";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_split_of_a_page_gives_the_same(cuts in prop::collection::vec(0..TORN.len(), 0..12), latin in any::<bool>(), utf16 in any::<bool>()) {
        let bytes: Vec<u8> = match (utf16, latin) {
            (true, _) => TORN.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            (false, true) => TORN[3..].chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            (false, false) => TORN.as_bytes()[3..].to_vec(),
        };
        let base = Url::parse(PAGE).unwrap();
        let whole = parse_html(&[Bytes::from(bytes.clone())], None, &base, &at_most(100));
        prop_assert_eq!(whole.links.len(), 5);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut start = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            chunks.push(Bytes::copy_from_slice(&bytes[start..cut]));
            start = cut;
        }
        prop_assert_eq!(parse_html(&chunks, None, &base, &at_most(100)), whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let base = Url::parse(PAGE).unwrap();
        let _ = parse_html(&[Bytes::from(bytes)], None, &base, &at_most(100));
    }
}
