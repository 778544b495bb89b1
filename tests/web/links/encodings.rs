//! The encoding of a page: which declarations count, wherever they stand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use bytes::Bytes;
use crawldeck::web::html::parse_html;
use crawldeck::web::parsed::LinkOptions;
use encoding_rs::{BIG5, Encoding, KOI8_R, SHIFT_JIS, UTF_8, WINDOWS_1251};
use url::Url;

use super::{PAGE, parse_as};

/// The title and the first link of a page, written in `encoding`.
fn read(html: &str, encoding: &'static Encoding, content_type: &str) -> (String, String) {
    let (bytes, _, unmappable) = encoding.encode(html);
    assert!(!unmappable, "{html}");
    let parsed = parse_as(&bytes, Some(content_type));
    let link = parsed.links[0].as_str().strip_prefix("http://site.test").unwrap().to_owned();
    // The same, however it is cut.
    let chunks: Vec<_> = bytes.chunks(700).map(Bytes::copy_from_slice).collect();
    let page = Url::parse(PAGE).unwrap();
    let again = parse_html(&chunks, Some(content_type), &page, &LinkOptions::default());
    assert_eq!(again, parsed);
    (parsed.title.unwrap(), link)
}

const RUSSIAN: &str = "<title>Путь</title><a href='/путь?п'>x</a>";
const PATH: &str = "/%D0%BF%D1%83%D1%82%D1%8C";

#[test]
fn a_late_declaration_changes_the_encoding() {
    let far = format!("<!-- {} -->", "x".repeat(1_500));
    let very_far = format!("<style>{}</style>", "p{color:red}".repeat(20_000));
    let meta = "<meta charset=windows-1251>";
    let pragma = "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>";
    for before in [&*far, &*very_far, "<p>", ""] {
        for declaration in [meta, pragma, "<noscript><meta charset=windows-1251></noscript>"] {
            for html in [
                format!("{before}{declaration}{RUSSIAN}"),
                format!("{before}{RUSSIAN}{declaration}"),
                format!("{RUSSIAN}{before}{declaration}<meta charset=koi8-r>"),
                format!("{before}<meta charset=nonsense>{declaration}{RUSSIAN}"),
            ] {
                let found = read(&html, WINDOWS_1251, "text/html");
                let expected = ("Путь".to_owned(), format!("{PATH}?%EF"));
                assert_eq!(found, expected, "{}", html.replace(before, "…"));
            }
        }
    }
    let html = format!("{far}<meta charset=Shift_JIS><title>テスト</title><a href=/テ?テ>x</a>");
    let expected = ("テスト".to_owned(), "/%E3%83%86?%83e".to_owned());
    assert_eq!(read(&html, SHIFT_JIS, "text/html"), expected);
    let html = format!("{far}<meta charset=big5><title>天地</title><a href=/天?天>x</a>");
    let expected = ("天地".to_owned(), "/%E5%A4%A9?%A4%D1".to_owned());
    assert_eq!(read(&html, BIG5, "text/html"), expected);
}

#[test]
fn what_is_certain_is_not_changed() {
    let far = format!("<!-- {} --><meta charset=koi8-r>", "x".repeat(1_500));
    let html = format!("{far}{RUSSIAN}");
    for (encoding, content_type, query) in [
        (WINDOWS_1251, "text/html; charset=windows-1251", "%EF"),
        (WINDOWS_1251, "text/plain, text/html; charset=\"windows-1251\"", "%EF"),
        (UTF_8, "text/html; charset=utf-8", "%D0%BF"),
    ] {
        let expected = ("Путь".to_owned(), format!("{PATH}?{query}"));
        assert_eq!(read(&html, encoding, content_type), expected, "{content_type}");
    }
    // A byte order mark.
    let marked = format!("\u{feff}{html}");
    assert_eq!(read(&marked, UTF_8, "text/html").1, format!("{PATH}?%D0%BF"));
    // UTF-16 cannot be declared in its own markup.
    let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse_as(wide, Some("text/html")).title.as_deref(), Some("Путь"));
    // The first declaration holds.
    let html = format!("<meta charset=windows-1251>{far}{RUSSIAN}");
    assert_eq!(read(&html, WINDOWS_1251, "text/html").1, format!("{PATH}?%EF"));
}

#[test]
fn what_is_no_declaration_changes_nothing() {
    for (late, html) in [
        "<meta name=description content='how to set charset=koi8-r on a page'>",
        "<meta property='og:x' content=\"charset='big5'\">",
        "<meta http-equiv=refresh content='charset=big5'>",
        "<meta http-equiv=content-type content='text/html'>",
        "<meta data-charset=big5>",
        "<metal charset=big5>",
        "<p title='<meta charset=big5>'>",
        "<!-- <meta charset=big5> -->",
        "<script>'<meta charset=big5>'</script>",
    ]
    .iter()
    .flat_map(|html| [("", html), ("far", html)])
    {
        // The prescan knows no scripts, but a parser does.
        if late.is_empty() && html.starts_with("<script") {
            continue;
        }
        let before = if late.is_empty() { String::new() } else { "<p>x".repeat(500) };
        let page = format!("{before}{html}<title>üß</title><a href='/?ü'>x</a>");
        let expected = ("üß".to_owned(), "/?%C3%BC".to_owned());
        assert_eq!(read(&page, UTF_8, "text/html"), expected, "{late} {html}");
    }
}

#[test]
fn declarations_are_read_as_in_browsers() {
    for (declaration, query) in [
        ("<meta name=x content='a>b' charset=windows-1251>", "%EF"),
        ("<p title='>'><meta charset=windows-1251>", "%EF"),
        ("<META CHARSET=' Windows-1251 '>", "%EF"),
        ("<meta/charset=cp1251/>", "%EF"),
        ("<meta content='charset=cp1251' http-equiv='CONTENT-TYPE'>", "%EF"),
        ("<?xml version='1.0' encoding='windows-1251'?>", "%EF"),
        ("<meta name=x content='charset=koi8-r'><meta charset=windows-1251>", "%EF"),
    ] {
        let expected = ("Путь".to_owned(), format!("{PATH}?{query}"));
        let html = format!("{declaration}{RUSSIAN}");
        assert_eq!(read(&html, WINDOWS_1251, "text/html"), expected, "{declaration}");
    }
    for declaration in ["utf-16", "UTF-16LE", "utf-16be", "csunicode"] {
        let html = format!("<meta charset={declaration}>{RUSSIAN}");
        assert_eq!(read(&html, UTF_8, "text/html").1, format!("{PATH}?%D0%BF"), "{declaration}");
    }
    let parsed = parse_as(b"<meta charset=x-user-defined><title>\x80\xe9</title>", None);
    assert_eq!(parsed.title.as_deref(), Some("\u{20ac}\u{e9}"));
}

#[test]
fn characters_that_the_encoding_lacks_are_written_as_references() {
    for (charset, href, expected) in [
        ("koi8-r", "/?q=&eacute;", "/?q=%26%23233%3B"),
        ("koi8-r", "/&eacute;?&eacute;&amp;x=&#x1f980;", "/%C3%A9?%26%23233%3B&x=%26%23129408%3B"),
        ("windows-1252", "?&#1103;=&euro;", "/dir/page.html?%26%231103%3B=%80"),
        ("shift_jis", "/?&eacute;", "/?%26%23233%3B"),
        ("iso-2022-jp", "/?&eacute;", "/?%26%23233%3B"),
        ("gbk", "/?&#x1f980;", "/?%26%23129408%3B"),
        ("gb18030", "/?&#x1f980;", "/?%950%D82"),
        ("utf-8", "/?&#x1f980;", "/?%F0%9F%A6%80"),
        ("utf-16le", "/?&#x1f980;", "/?%F0%9F%A6%80"),
    ] {
        let html = format!("<a href='{href}'>x</a>");
        let body = if charset == "utf-16le" {
            html.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            html.into_bytes()
        };
        let parsed = parse_as(body, Some(&format!("text/html; charset={charset}")));
        let link = parsed.links[0].as_str().strip_prefix("http://site.test").unwrap();
        assert_eq!(link, expected, "{charset} {href}");
    }
    // Also where the encoding is found late, in frames, in a base and in a refresh.
    let far = "x".repeat(1_500);
    let html = format!(
        "<p>{far}<meta charset=koi8-r><iframe src='/?&eacute;'></iframe><base href='/?&eacute;'>\
         <a href=#x>x</a><meta http-equiv=refresh content='0;/r?&eacute;'>"
    );
    let parsed = parse_as(KOI8_R.encode(&html).0, None);
    let queries: Vec<_> = parsed.links.iter().map(|url| url.query().unwrap()).collect();
    assert_eq!(queries, ["%26%23233%3B", "%26%23233%3B"]);
}
