//! The text of a page: encoding, title, text of links, and that chunk boundaries do not matter.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use bytes::Bytes;
use crawldeck::settings::RespectNofollow;
use crawldeck::web::html::{is_html, parse_html};
use crawldeck::web::parsed::LinkOptions;
use proptest::prelude::*;
use url::Url;

use super::{PAGE, at_most, parse, parse_as};

fn title(html: impl AsRef<[u8]>, content_type: Option<&str>) -> String {
    parse_as(html, content_type).title.unwrap()
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
    // The byte order mark takes precedence over the header.
    assert_eq!(title("\u{feff}<title>café</title>", Some(&header("iso-8859-1"))), "café");
    assert_eq!(title(b"<meta charset=shift_jis><title>\x83\x65</title>", None), "テ");
    // A wrong declaration: read as ASCII, so not UTF-16.
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
fn html_is_distinguished_from_other_types() {
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
    // Three links to one URL: a logo, the name, another text.
    let html =
        "<a href=/1><img src=x></a><a href=/2>two</a><a href=/1>name</a><a href=/1>other</a>";
    assert_eq!(anchors(html), ["name", "two"].map(|text| Some(text.to_owned())));
    // The text of a link that is left out is not given to another.
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
fn without_texts_the_links_are_the_same() {
    let html = "<title>t</title><a href=/1>one</a><a href=/2><img src=x alt=two></a>\
        <svg><a xlink:href=/3><text>three</text></a></svg><iframe srcdoc='<a href=/4>four</a>'>";
    let xhtml =
        "<html xmlns='http://www.w3.org/1999/xhtml'><title>t</title><a href='/1'>one</a></html>";
    let base = Url::parse(PAGE).unwrap();
    let without = LinkOptions { texts: false, ..LinkOptions::default() };
    for (text, media_type) in [(html, "text/html"), (xhtml, "application/xhtml+xml")] {
        let read = |options| parse_html(&[Bytes::from(text)], Some(media_type), &base, options);
        let (with, without) = (read(&LinkOptions::default()), read(&without));
        assert!(with.anchors.iter().all(Option::is_some), "{with:?}");
        assert!(without.anchors.iter().all(Option::is_none), "{without:?}");
        assert_eq!(without.anchors.len(), without.links.len());
        assert_eq!((without.links, without.title), (with.links, with.title));
    }
}

#[test]
fn texts_of_links_are_bounded() {
    let words = "word ".repeat(100_000);
    let text = anchors(format!("<a href=/1>{words}</a>")).remove(0).unwrap();
    assert_eq!(text.chars().count(), 199);
    let text = anchors(format!("<a href=/1>{}</a>", "🦀".repeat(1_000))).remove(0).unwrap();
    assert_eq!(text, "🦀".repeat(200));
    // The texts of all links of a page are bounded together with their URLs.
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

/// Everything that a boundary between two chunks could cut.
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
