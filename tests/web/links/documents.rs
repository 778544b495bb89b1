//! Links in every kind of document that a reader without scripts sees: `noscript`, SVG, embedded
//! documents.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;

use bytes::Bytes;
use crawldeck::web::html::parse_html;
use crawldeck::web::parsed::LinkOptions;
use url::Url;

use super::{PAGE, parse, parse_as, paths};

#[test]
fn the_content_of_noscript_is_markup() {
    let table = [
        ("<p>a</p><noscript><a href=/1>one</a></noscript><a href=/2>two</a>", "/1 /2"),
        (
            "<NoScript><a href='/1?page=2'>2</a> <a href='/1?page=3'>3</a></NOSCRIPT>",
            "/1?page=2 /1?page=3",
        ),
        ("<noscript><iframe src=/1></iframe></noscript>", "/1"),
        ("<head><noscript><meta http-equiv=refresh content='0; url=/1'></noscript></head>", "/1"),
        ("<head><noscript><link rel=next href=/1></noscript><title>t</title>", "/1"),
        ("<noscript><base href=/b/></noscript><a href=1>x</a>", "/b/1"),
        ("<noscript><!-- </noscript><a href=/no>x</a> --><a href=/1>y</a></noscript>", "/1"),
        ("<noscript><a title='</noscript>' href=/1>y</a></noscript>", "/1"),
        ("<noscript><noscript><a href=/1>x</a></noscript></noscript>", "/1"),
        ("<a href=/1>x<noscript>y</noscript></a>", "/1"),
        ("<noscript class=x\n><a href=/1>never closed", "/1"),
        ("<noscripts><a href=/1>another element</a></noscripts>", "/1"),
        ("<script>'<noscript><a href=/no></a></noscript>'</script>", ""),
        ("<!-- <noscript><a href=/no></a></noscript> -->", ""),
        // The name in a URL stays as it is.
        ("<a href='/<noscript>?</NoScript>'>x</a>", "/%3Cnoscript%3E?%3C/NoScript%3E"),
    ];
    for (html, expected) in table {
        assert_eq!(paths(&parse(html)), expected, "{html}");
        // Wherever chunks end.
        for size in [1, 3, 7] {
            let chunks: Vec<_> = html.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
            let page = Url::parse(PAGE).unwrap();
            let parsed = parse_html(&chunks, Some("text/html"), &page, &LinkOptions::default());
            assert_eq!(paths(&parsed), expected, "{html} in pieces of {size}");
        }
    }
    let parsed = parse(
        "<title>About <noscript> & </NOSCRIPT></title><a href=/1>a<noscript>b</noscript></a>",
    );
    assert_eq!(parsed.title.unwrap(), "About <noscript> & </NOSCRIPT>");
    assert_eq!(parsed.anchors[0].as_deref(), Some("ab"));
}

#[test]
fn links_of_svg_images_are_found() {
    let table = [
        ("<svg><a xlink:href=/1><text>map</text></a></svg>", "/1"),
        ("<svg><a href=/1 xlink:href=/no>x</a></svg>", "/1"),
        ("<svg><a xlink:href='/1?a&amp;b'>x</a><a href=/2>y</a></svg>", "/1?a&b /2"),
        ("<SVG><A XLink:HREF=/1>x</A></SVG>", "/1"),
        ("<svg><g><a xlink:href=/1>x</a></g></svg><a xlink:href=/no>y</a>", "/1"),
        ("<svg><foreignObject><a xlink:href=/no>y</a><a href=/1>x</a></foreignObject></svg>", "/1"),
        ("<a xlink:href=/no>no SVG</a>", ""),
        ("<svg><a xlink:href='&#35;part'>x</a><use xlink:href=/no /></svg>", ""),
    ];
    for (html, expected) in table {
        assert_eq!(paths(&parse(html)), expected, "{html}");
    }
    let parsed = parse("<svg><a href=/1 xlink:href=/1>one</a></svg>");
    assert_eq!(parsed.anchors[0].as_deref(), Some("one"));
}

#[test]
fn documents_in_srcdoc_are_read() {
    let table = [
        (
            "<iframe srcdoc=\"<p><a href='/1?a=1&amp;amp;b=2'>in</a>\"></iframe><a href=/2>x</a>",
            "/1?a=1&b=2 /2",
        ),
        ("<iframe srcdoc='<a href=1>x</a>'></iframe>", "/dir/1"),
        ("<base href=/b/><iframe srcdoc='<a href=1>x</a>'></iframe>", "/b/1"),
        // An embedded document has its own base.
        (
            "<base href=/b/><iframe srcdoc='<a href=1>x</a><base href=c/>'></iframe><a href=2>y</a>",
            "/b/c/1 /b/2",
        ),
        ("<iframe srcdoc='<iframe srcdoc=\"&lt;a href=/1&gt;\"></iframe>'></iframe>", "/1"),
        ("<iframe srcdoc='<noscript><a href=/1></a></noscript>'></iframe>", "/1"),
        ("<iframe srcdoc='<meta http-equiv=refresh content=\"0;url=/1\">'></iframe>", "/1"),
        ("<iframe srcdoc='<script>&lt;a href=/no&gt;</script>'></iframe>", ""),
        ("<iframe srcdoc='<a href=#top>x</a>'></iframe>", ""),
        // Browsers show the document in `srcdoc`, not the one at `src`.
        ("<iframe srcdoc='' src=/no></iframe>", ""),
        ("<iframe src=/1></iframe><frameset><frame srcdoc=x src=/2></frameset>", "/1 /2"),
    ];
    for (html, expected) in table {
        assert_eq!(paths(&parse(html)), expected, "{html}");
    }
    // What an embedded document says of itself does not hold for the page.
    let parsed = parse(
        "<iframe srcdoc='<title>no</title><link rel=canonical href=/c><meta name=robots content=none>'></iframe>\
         <title>page</title>",
    );
    assert_eq!(parsed.title.as_deref(), Some("page"));
    assert_eq!((parsed.canonical, parsed.nofollow, parsed.noindex), (None, false, false));
    // The text of a link continues behind it.
    let parsed = parse("<a href=/1>one <iframe srcdoc='<a href=/2>two</a>'></iframe> more</a>");
    let texts: Vec<_> = parsed.anchors.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some("one more"), Some("two")]);
    // Queries in it are in UTF-8.
    let parsed = parse_as(
        "<iframe srcdoc='<a href=/?&eacute;>x</a>'></iframe>",
        Some("text/html;charset=latin1"),
    );
    assert_eq!(paths(&parsed), "/?%C3%A9");
}

#[test]
fn embedded_documents_are_bounded() {
    let mut html = String::new();
    for n in 0..2_000 {
        write!(html, "<iframe srcdoc='<a href=/{n}>x</a>'></iframe>").unwrap();
    }
    let parsed = parse(html);
    assert_eq!((parsed.links.len(), parsed.truncated), (200, true));
    let mut html = String::from("<a href=/1>x</a>");
    for _ in 0..10 {
        let escaped = html.replace('&', "&amp;").replace('"', "&quot;");
        html = format!("<iframe srcdoc=\"{escaped}\"></iframe>");
    }
    let parsed = parse(html);
    assert_eq!((parsed.links.len(), parsed.truncated), (0, true));
}
