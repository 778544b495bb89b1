//! XHTML and other XML: read as XML, with the elements of HTML and SVG in it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use bytes::Bytes;
use crawldeck::web::html::parse_html;
use crawldeck::web::parsed::LinkOptions;
use url::Url;

use super::{PAGE, parse_as, paths};

const XHTML: Option<&str> = Some("application/xhtml+xml; charset=utf-8");
const ROOT: &str =
    "<?xml version=\"1.0\"?><!DOCTYPE html><html xmlns=\"http://www.w3.org/1999/xhtml\">";
const SVG: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>";

#[test]
fn xhtml_is_read_as_xml() {
    let table = [
        (
            "<head><title>T</title><script src=\"a.js\"/></head><body><a href=\"/1\">x</a></body></html>",
            "/1",
            Some("T"),
        ),
        ("<head><title/></head><body><p><a href=\"/1\">x</a></p></body></html>", "/1", None),
        (
            "<head><style type='text/css'/><title>T</title></head><body><a href='/1'/></body></html>",
            "/1",
            Some("T"),
        ),
        (
            "<body><iframe src='/1'/><textarea name='q'/><a href='/2'>x</a></body></html>",
            "/1 /2",
            None,
        ),
        (
            "<body><noscript><a href='/1'>x</a></noscript><xmp/><plaintext/><a href='/2'/></body></html>",
            "/1 /2",
            None,
        ),
        (
            "<head><style>/*<![CDATA[*/ a > b {} <a href='/no'/> /*]]>*/</style></head><body><a href='/1'/></body></html>",
            "/1",
            None,
        ),
        (
            "<head><title>A &amp; B &eacute; <![CDATA[<&>]]></title></head><body/></html>",
            "",
            Some("A & B \u{e9} <&>"),
        ),
        (
            "<body><a href='/1?a=1&amp;b=2&#38;c'>x</a><a href='&#35;top'/></body></html>",
            "/1?a=1&b=2&c",
            None,
        ),
        (
            "<head><base href='/b/'/><link rel='next' href='1'/></head><body><area href='2'/></body></html>",
            "/b/1 /b/2",
            None,
        ),
        ("<head><meta http-equiv='refresh' content='0;url=/1'/></head><body/></html>", "/1", None),
        ("<body><a href='1'/><base href='/b/'/></body></html>", "/b/1", None),
        ("<body><iframe srcdoc='&lt;a href=/1&gt;'/></body></html>", "/1", None),
        (
            "<body><A HREF='/no'/><a xmlns='urn:x' href='/no'/><a href='/1'/></body></html>",
            "/1",
            None,
        ),
        (
            "<body><svg xmlns='http://www.w3.org/2000/svg' xmlns:l='http://www.w3.org/1999/xlink'><title>icon</title><a l:href='/1'/><a href='/2'/></svg></body></html>",
            "/1 /2",
            None,
        ),
        (
            "<body><!-- <a href='/no'/> --><?x <a href='/no'/>?><a href='/1'/></body></html>",
            "/1",
            None,
        ),
    ];
    for (body, expected, title) in table {
        let page = format!("{ROOT}{body}");
        for size in [usize::MAX, 5, 1] {
            let size = size.min(page.len());
            let chunks: Vec<_> = page.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
            let url = Url::parse(PAGE).unwrap();
            let parsed = parse_html(&chunks, XHTML, &url, &LinkOptions::default());
            assert_eq!(paths(&parsed), expected, "{body} in pieces of {size}");
            assert_eq!(parsed.title.as_deref(), title, "{body}");
            assert!(!parsed.truncated && !parsed.unrecognized, "{body}");
        }
    }
    let prefixed = "<h:html xmlns:h='http://www.w3.org/1999/xhtml'><h:head><h:title>T</h:title></h:head>\
        <h:body><h:a href='/1'>x</h:a><a href='/no'/></h:body></h:html>";
    let parsed = parse_as(prefixed, Some("application/xml"));
    assert_eq!((paths(&parsed), parsed.title.as_deref()), ("/1".to_owned(), Some("T")));
    // Without a namespace, as many pages are.
    let parsed = parse_as("<html><head><script/></head><body><a href='/1'/></body></html>", XHTML);
    assert_eq!(paths(&parsed), "/1");
    // As HTML it is another page.
    let parsed =
        parse_as(format!("{ROOT}<head><script/></head><a href='/1'/></html>"), Some("text/html"));
    assert_eq!(paths(&parsed), "");
}

#[test]
fn xhtml_that_is_not_well_formed_loses_no_link() {
    for body in [
        "<body><a href='/1'/><p>a < b</p><a href='/2'>x</a></body></html>",
        "<body><a href='/1'/><br><a href='/2'>x</a></body></html>",
        "<body><a href=/1>x</a><a href='/2' checked>y</a></body></html>",
        "<body><p><a href='/1'/></div><a href='/2'/> & &nope; </body></html>",
        "<body><script src='a.js'/><a href='/1'/><a href='/2'/><!-- never closed",
        "<body><script src='a.js'/><a href='/1'/><a href='/2'/>",
    ] {
        let parsed = parse_as(format!("{ROOT}{body}"), XHTML);
        assert_eq!(paths(&parsed), "/1 /2", "{body}");
    }
}

#[test]
fn the_encoding_of_xhtml_is_that_of_xml() {
    let page = |declaration: &str| {
        let text = format!(
            "{declaration}<html xmlns='http://www.w3.org/1999/xhtml'><head><meta charset='koi8-r'/>\
             <title>Путь</title></head><body><a href='/п?п'/></body></html>"
        );
        encoding_rs::WINDOWS_1251.encode(&text).0.into_owned()
    };
    let declared = page("<?xml version='1.0' encoding='windows-1251'?>");
    for (bytes, content_type) in [
        (declared.clone(), "application/xhtml+xml"),
        (page(""), "application/xhtml+xml;charset=windows-1251"),
        (page("<?xml version='1.0' encoding='koi8-r'?>"), "application/xml;charset=windows-1251"),
    ] {
        let parsed = parse_as(bytes, Some(content_type));
        assert_eq!(parsed.title.as_deref(), Some("Путь"), "{content_type}");
        assert_eq!(paths(&parsed), "/%D0%BF?%EF", "{content_type}");
    }
    let wide: Vec<u8> =
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><title>ü</title></html>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    assert_eq!(parse_as(wide, Some("application/xhtml+xml")).title.as_deref(), Some("ü"));
}

#[test]
fn other_xml_has_links_where_it_has_elements_of_html_or_svg() {
    let html = "xmlns='http://www.w3.org/1999/xhtml'";
    let table = [
        (
            format!("<html {html}><head><title>T</title></head><body><a href='/1'/></body></html>"),
            "/1",
            Some("T"),
            false,
        ),
        (
            format!(
                "{SVG}<title>T</title><a xlink:href='/1'/><g><title>no</title><a href='/2'/></g></svg>"
            ),
            "/1 /2",
            Some("T"),
            false,
        ),
        (
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><link href='/no'/><div {html}><a href='/1'/></div></feed>"
            ),
            "/1",
            None,
            false,
        ),
        (
            "<rss><channel><title>no</title><link>/no</link></channel></rss>".to_owned(),
            "",
            None,
            true,
        ),
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>no</title><link href='/no'/></feed>"
                .to_owned(),
            "",
            None,
            true,
        ),
        ("<html><a href='/no'/></html>".to_owned(), "", None, true),
        (String::new(), "", None, true),
        // Up to the place where it is not well-formed.
        (format!("{SVG}<a href='/1'/><!-- never closed"), "/1", None, false),
    ];
    for (body, expected, title, unrecognized) in table {
        for content_type in ["application/xml", "text/xml", "image/svg+xml", "application/rss+xml"]
        {
            let parsed = parse_as(&body, Some(content_type));
            assert_eq!(paths(&parsed), expected, "{body}");
            assert_eq!(parsed.title.as_deref(), title, "{body}");
            assert_eq!(parsed.unrecognized, unrecognized, "{body}");
        }
    }
    // Without a type, by the declaration.
    let parsed = parse_as(format!("<?xml version='1.0'?>{SVG}<a href='/1'/></svg>"), None);
    assert_eq!(paths(&parsed), "/1");
}

#[test]
fn malicious_xml_stays_within_bounds() {
    let mut declarations = String::from("<html xmlns='http://www.w3.org/1999/xhtml'");
    for n in 0..200_000 {
        write!(declarations, " xmlns:n{n}='u'").unwrap();
    }
    declarations.push('>');
    declarations.push_str(&"<n7:p/>".repeat(200_000));
    declarations.push_str("<a href='/1'/></html>");
    assert_eq!(paths(&parse_as(declarations, XHTML)), "/1");
    let nested = format!("{ROOT}{}", "<b xmlns:n='u'>".repeat(300_000));
    assert_eq!(paths(&parse_as(nested, XHTML)), "");
    let many: String =
        (0..100_000).fold(ROOT.to_owned(), |page, n| page + &format!("<a href='/{n}'/>"));
    let parsed = parse_as(many + "</html>", XHTML);
    assert_eq!((parsed.links.len(), parsed.truncated), (10_000, true));
}
