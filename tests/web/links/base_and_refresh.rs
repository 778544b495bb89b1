//! `base`, refreshes, and values of attributes that are written with references.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use bytes::Bytes;
use crawldeck::web::html::parse_html;
use crawldeck::web::parsed::LinkOptions;
use url::Url;

use super::{PAGE, links, parse, paths};

#[test]
fn refreshes_follow_the_standard() {
    let long = " ".repeat(100);
    for (content, expected) in [
        ("5;url=/1", "/1"),
        ("0.1; URL = '/1' junk", "/1"),
        (" 0 ,url=&quot;/1&quot;", "/1"),
        ("0 url=/1", "/1"),
        ("0; /1", "/1"),
        (".5;url=/1", "/1"),
        ("1;\turl=/1", "/1"),
        ("0;url=/1;x=1", "/1;x=1"),
        ("0;url=1#x", "/dir/1"),
        ("30seconds", ""),
        ("30seconds;url=/no", ""),
        ("-1;url=/no", ""),
        ("x;url=/no", ""),
        ("5;url=", ""),
        ("5;url=#x", ""),
        ("5", ""),
        ("", ""),
        ("0;url=javascript:x", ""),
        ("0;url=mailto:x@a.test", ""),
        (&*format!("{long}0{long};{long}url{long}={long}/1"), "/1"),
    ] {
        let html = format!("<meta http-equiv=refresh content=\"{content}\">");
        assert_eq!(paths(&parse(html)), expected, "{content}");
    }
    let meta = |content: &str| format!("<meta http-equiv=REFRESH content='{content}'>");
    for (html, expected) in [
        // A browser follows only the first valid one; each names a page.
        (meta("0;/1") + &meta("0;/2"), "/1 /2"),
        (meta("30") + &meta("0;/2"), "/2"),
        (meta("30s") + &meta("0;/2"), "/2"),
        (meta("0;javascript:x") + &meta("0;/2"), "/2"),
        // It is resolved where it stands.
        (format!("{}<base href=/b/>", meta("0;1")), "/dir/1"),
        (format!("<base href=/b/>{}", meta("0;1")), "/b/1"),
        (format!("<base href=/b/>{}", meta("0;url=#x")), "/b/"),
        ("<meta http-equiv=' refresh' content='0;/no'>".to_owned(), ""),
    ] {
        assert_eq!(paths(&parse(&html)), expected, "{html}");
    }
}

#[test]
fn the_first_base_counts_for_all_links_as_in_browsers() {
    for (html, expected) in [
        ("<a href=1>x</a><base href=/b/><a href=2>y</a>", "/b/1 /b/2"),
        ("<map><area href=1></map><svg><a xlink:href=2>x</a></svg><base href=/b/>", "/b/1 /b/2"),
        ("<a href=1>x</a><p><base href=/b/></p><base href=/no/>", "/b/1"),
        ("<a href=#top>x</a><base href=/b/>", "/b/"),
        ("<a href='?q'>x</a><base href=self.html>", "/dir/self.html?q"),
        ("<a href=1>x</a><base href='javascript:x'><base href=/no/>", "/dir/1"),
        ("<a href=1>x</a><BASE target=x><Base\nHREF = '/b/'>", "/b/1"),
        ("<a href=1>x</a><noscript><base href=/b/></noscript>", "/b/1"),
        // What is loaded at once is resolved where it stands.
        ("<link rel=next href=1><iframe src=2></iframe><base href=/b/>", "/dir/1 /dir/2"),
        ("<base href=/b/><link rel=next href=1><iframe src=2></iframe>", "/b/1 /b/2"),
        // No elements of the document.
        ("<a href=1>x</a><!-- <base href=/no/> -->", "/dir/1"),
        ("<a href=1>x</a><script>'<base href=/no/>'</script>", "/dir/1"),
        ("<a href=1>x</a><template><base href=/no/></template>", "/dir/1"),
        ("<a href=1>x</a><svg><base href=/no/></svg>", "/dir/1"),
        ("<template><base href=/no/></template><base href=/b/><a href=1>x</a>", "/b/1"),
        ("<a href=1>x</a><basefont href=/no/>", "/dir/1"),
        // A place on the page itself, although there is a base.
        (
            "<base href=page.html><a href=#top>x</a><a href=''>y</a><a href='page.html'>z</a>",
            "/dir/page.html",
        ),
    ] {
        assert_eq!(paths(&parse(html)), expected, "{html}");
    }
    // Wherever chunks end.
    let html = "<a href=1>x</a><p><base href=/b/>";
    for size in 1..9 {
        let chunks: Vec<_> = html.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        let page = Url::parse(PAGE).unwrap();
        assert_eq!(paths(&parse_html(&chunks, None, &page, &LinkOptions::default())), "/b/1");
    }
}

#[test]
fn values_are_decoded_before_they_are_judged() {
    for (html, expected) in [
        ("<a href='&#35;top'>x</a><a href='&num;top'>y</a><a href='&#32;#z'>z</a>", ""),
        (
            "<a href='&#x23;'>x</a><a href='&Tab;&NewLine;#z'>z</a><a href='&nbsp;'>y</a>",
            "/dir/%C2%A0",
        ),
        ("<a href='&#106;avascript:x'>x</a><a href='mailto&colon;x@a.test'>y</a>", ""),
        (
            "<link rel='n&#101;xt' href=/1><link rel=&#97;lternate type='text&sol;html' href=/2>",
            "/1 /2",
        ),
        ("<meta http-equiv='refr&#101;sh' content='0&semi;url&equals;/1'>", "/1"),
        ("<a href='/1&#0;'>x</a>", "/1%EF%BF%BD"),
        (
            "<a href='/1\0x'>x</a><a href=\"/2\0\">x</a><a href=/3\0/>y</a>",
            "/1%EF%BF%BDx /2%EF%BF%BD /3%EF%BF%BD/",
        ),
        ("<a href='\0#top'>x</a>", "/dir/%EF%BF%BD"),
        ("<base href='/b\0/'><a href=1>x</a>", "/b%EF%BF%BD/1"),
        ("<meta http-equiv=refresh content='0;url=/\0'>", "/%EF%BF%BD"),
        ("<iframe srcdoc='<a href=/\0>'></iframe>", "/%EF%BF%BD"),
    ] {
        assert_eq!(paths(&parse(html)), expected, "{html:?}");
    }
    assert_eq!(links("<a href='&#104;ttp://a.test/'>x</a>"), ["http://a.test/"]);
    let parsed = parse("<title>a\0b</title><a href=/1>c\0d</a>");
    assert_eq!(parsed.title.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(parsed.anchors[0].as_deref(), Some("cd"));
}
