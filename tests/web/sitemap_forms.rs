//! Promise: sitemaps and feeds are read as sites really write them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::io::Write as _;

use crawldeck::web::robots::{RobotsAgents, RobotsTxt};
use crawldeck::web::sitemap::{Item, Limits, SitemapReader};
use url::Url;

const BASE: &str = "http://site.test/maps/sitemap.xml";

/// The paths of the URLs of a sitemap that was sent with a `Content-Type`, others whole.
fn sent_as(content_type: Option<&str>, bytes: &[u8]) -> Vec<String> {
    let read = |step| {
        let base = Url::parse(BASE).unwrap();
        let mut reader = SitemapReader::new(&base, &Limits::default()).sent_as(content_type);
        let mut items = Vec::new();
        for chunk in bytes.chunks(step) {
            reader.push(chunk, &mut |item| items.push(item)).unwrap();
        }
        reader.finish(&mut |item| items.push(item)).unwrap();
        items
    };
    let items = read(1_000);
    assert_eq!(items, read(1), "the same in any pieces");
    let url = |item: Item| match item {
        Item::Page { url, .. } | Item::Sitemap { url, .. } => url.to_string(),
    };
    items.into_iter().map(|item| url(item).replace("http://site.test", "")).collect()
}

fn paths(text: &str) -> Vec<String> {
    sent_as(None, text.as_bytes())
}

fn in_urlset(loc: &str) -> String {
    format!("<urlset><url><loc>{loc}</loc></url></urlset>")
}

#[test]
fn invisible_characters_around_a_url() {
    for (loc, path) in [
        ("\u{200b}http://site.test/1", "/1"),
        ("\u{feff}http://site.test/2\u{feff}", "/2"),
        ("\u{a0}http://site.test/3\u{a0}\n", "/3"),
        ("\n \u{2060}\u{200e}http://site.test/4\u{200c}", "/4"),
        ("&#8203;http://site.test/5&#xFEFF;", "/5"),
        ("<![CDATA[\u{200d} http://site.test/6 ]]>", "/6"),
        ("///site.test/7", "/7"),
        ("http://site.test/a\u{200b}b", "/a%E2%80%8Bb"),
    ] {
        assert_eq!(paths(&in_urlset(loc)), [path], "{loc:?}");
    }
    assert_eq!(
        paths("\u{200b}http://site.test/1\r\n\u{feff}http://site.test/2\u{200b}\n"),
        ["/1", "/2"]
    );
}

#[test]
fn the_guid_of_an_item_is_its_url_unless_it_says_otherwise() {
    let item = |inner: &str| paths(&format!("<rss><channel><item>{inner}</item></channel></rss>"));
    for (inner, path) in [
        ("<guid>http://site.test/1</guid>", Some("/1")),
        ("<guid isPermaLink='true'>http://site.test/2</guid>", Some("/2")),
        ("<guid isPermaLink='TRUE'> http://site.test/3\n</guid><link></link>", Some("/3")),
        ("<link/><guid><![CDATA[http://site.test/4?a&b]]></guid>", Some("/4?a&b")),
        ("<guid>http://site.test/no</guid><link>http://site.test/5</link>", Some("/5")),
        ("<link>http://site.test/6</link><guid>http://site.test/no</guid>", Some("/6")),
        ("<guid isPermaLink='false'>http://site.test/no</guid>", None),
        ("<guid isPermaLink=' False '>http://site.test/no</guid>", None),
        ("<guid>tag:site.test,2024:7</guid>", None),
        ("<guid>post-8</guid>", None),
        ("<guid isPermaLink='true'>9</guid>", None),
        ("<guid>http://site.test/&unknown;</guid>", None),
        ("<guid isPermaLink='false'>x</guid><link> http://site.test/10 </link>", Some("/10")),
    ] {
        assert_eq!(item(inner), Vec::from_iter(path), "{inner}");
    }
    // An Atom id is no URL to fetch.
    assert_eq!(
        paths("<feed><entry><id>http://site.test/no</id></entry></feed>"),
        Vec::<String>::new()
    );
}

#[test]
fn xml_base_is_in_force_in_its_element() {
    for (feed, expected) in [
        (
            "<feed xml:base='http://site.test/ab/'><entry><link href='one'/></entry>\
             <entry xml:base='two/'><link rel='alternate' href='x'/></entry>\
             <entry><link href='three'/></entry></feed>",
            &["/ab/one", "/ab/two/x", "/ab/three"][..],
        ),
        (
            "<feed><entry><link xml:base='/l/' href='1'/></entry><entry><link href='2'/></entry></feed>",
            &["/l/1", "/maps/2"],
        ),
        (
            "<feed xml:base='/a/'><entry xml:base='//b.test/c/'><link xml:base='d/' href='e?f=1&amp;g'/>\
             </entry></feed>",
            &["http://b.test/c/d/e?f=1&g"],
        ),
        // Of an element that has ended, or that cannot be resolved.
        (
            "<feed><author xml:base='/no/'/><entry><source xml:base='/no/'></source><link href='1'/></entry></feed>",
            &["/maps/1"],
        ),
        ("<feed xml:base='http://['><entry><link href='1'/></entry></feed>", &["/maps/1"]),
        (
            "<feed xml:base='/a/'><entry><link href='http://site.test/abs'/></entry></feed>",
            &["/abs"],
        ),
        (
            "<rss xml:base='/r/'><channel xml:base='c/'><item><link>1</link></item></channel></rss>",
            &["/r/c/1"],
        ),
        // Names of another namespace, and an entry that was not closed.
        ("<feed my:base='/no/'><entry><link href='1'/></entry></feed>", &["/maps/1"]),
        (
            "<feed><entry xml:base='/a/'><link href='1'/><entry xml:base='/b/'><link href='2'/></entry></feed>",
            &["/a/1", "/b/2"],
        ),
    ] {
        let feed = if feed.matches("<entry").count() > feed.matches("</entry").count() {
            format!("{feed}</feed>")
        } else {
            feed.to_owned()
        };
        assert_eq!(paths(&feed), expected, "{feed}");
    }
    // Inside each other without end.
    let deep =
        format!("<feed>{}</feed>", "<x xml:base='y/'>".repeat(10_000) + &"</x>".repeat(10_000));
    assert_eq!(paths(&deep), Vec::<String>::new());
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn the_encoding_of_a_sitemap() {
    let decl = "<?xml version='1.0'?>";
    let set = in_urlset("/\u{436}\u{e9}");
    let in_1251 = b"<urlset><url><loc>/\xe6</loc></url></urlset>";
    let in_latin = b"<urlset><url><loc>/\xe9</loc></url></urlset>";
    let declared = |name: &str, rest: &[u8]| {
        [format!("<?xml version='1.0' encoding='{name}'?>").as_bytes(), rest].concat()
    };
    let table: [(Option<&str>, Vec<u8>, &str); 15] = [
        (Some("application/xml; charset=windows-1251"), in_1251.to_vec(), "/%D0%B6"),
        (Some("text/xml;charset=\"WINDOWS-1251\""), in_1251.to_vec(), "/%D0%B6"),
        (Some("text/xml; charset=iso-8859-1"), in_latin.to_vec(), "/%C3%A9"),
        (Some("text/xml"), declared("windows-1251", in_1251), "/%D0%B6"),
        // The header is stronger than the document, a byte order mark stronger than both (RFC 7303).
        (Some("text/xml; charset=windows-1251"), declared("iso-8859-1", in_1251), "/%D0%B6"),
        (Some("text/xml; charset=latin1"), format!("\u{feff}{set}").into(), "/%D0%B6%C3%A9"),
        (Some("text/xml; charset=unknown"), declared("windows-1251", in_1251), "/%D0%B6"),
        (Some("text/xml; charset=utf-8"), set.clone().into(), "/%D0%B6%C3%A9"),
        (None, utf16(&format!("\u{feff}{set}"), u16::to_le_bytes), "/%D0%B6%C3%A9"),
        (None, utf16(&format!("\u{feff}{decl}{set}"), u16::to_be_bytes), "/%D0%B6%C3%A9"),
        (None, utf16(&format!("{decl}{set}"), u16::to_le_bytes), "/%D0%B6%C3%A9"),
        (None, utf16(&format!("{decl}{set}"), u16::to_be_bytes), "/%D0%B6%C3%A9"),
        (Some("text/xml; charset=utf-16"), utf16(&set, u16::to_le_bytes), "/%D0%B6%C3%A9"),
        (Some("text/xml; charset=utf-16"), utf16(&set, u16::to_be_bytes), "/%D0%B6%C3%A9"),
        (
            Some("text/plain; charset=windows-1251"),
            b"http://site.test/\xe6\r\n".to_vec(),
            "/%D0%B6",
        ),
    ];
    for (content_type, bytes, path) in table {
        assert_eq!(sent_as(content_type, &bytes), [path], "{content_type:?} {bytes:?}");
    }
}

#[test]
fn what_lenient_readers_read() {
    let set = in_urlset("http://site.test/1");
    for text in [
        format!("<br />\n<b>Warning</b>: x in <b>/a.php</b><br />\n<?xml version='1.0'?>{set}"),
        format!("Notice: undefined index\n\n<?xml version=\"1.0\"?>\n{set}"),
        format!("\u{200b}\n{set}"),
        set.to_ascii_uppercase().replace("HTTP://SITE.TEST/1", "http://site.test/1"),
    ] {
        assert_eq!(paths(&text), ["/1"], "{text}");
    }
    // A file of gzip without its check sum is whole.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(set.as_bytes()).unwrap();
    let zipped = encoder.finish().unwrap();
    assert_eq!(sent_as(None, &zipped[..zipped.len() - 8]), ["/1"]);
    assert_eq!(sent_as(None, &zipped[..zipped.len() - 3]), ["/1"]);
    assert_eq!(sent_as(None, &[&zipped[..], b"\r\n"].concat()), ["/1"]);
}

#[test]
fn sitemap_lines_of_robots_txt_may_be_relative() {
    let table: [(&[u8], Option<&str>); 16] = [
        (b"Sitemap: /maps/one.xml", Some("https://site.test/maps/one.xml")),
        (b"Sitemap: two.xml", Some("https://site.test/two.xml")),
        (b"Sitemap: //cdn.test/three.xml", Some("https://cdn.test/three.xml")),
        (b"sitemap : ./four.xml?a=1", Some("https://site.test/four.xml?a=1")),
        (b"SITEMAP:///cdn.test/five.xml", Some("https://cdn.test/five.xml")),
        (b"Sitemap: ?sitemap=1", Some("https://site.test/robots.txt?sitemap=1")),
        (b"Sitemap: http://other.test/six.xml", Some("http://other.test/six.xml")),
        (
            "Sitemap: \u{feff}https://site.test/7.xml\u{200b}".as_bytes(),
            Some("https://site.test/7.xml"),
        ),
        (b"Sitemap: /caf\xe9.xml", Some("https://site.test/caf%E9.xml")),
        ("Sitemap: /\u{fc}.xml".as_bytes(), Some("https://site.test/%C3%BC.xml")),
        (b"Sitemap: /a.xml # the first", Some("https://site.test/a.xml")),
        (b"Sitemap:", None),
        (b"Sitemap: \t", None),
        (b"Sitemap: # none", None),
        (b"Sitemap: ftp://site.test/x.xml", None),
        (b"Sitemap: http://[", None),
    ];
    let url = Url::parse("https://site.test/robots.txt").unwrap();
    for (line, expected) in table {
        let text = [line, b"\nUser-agent: *\nDisallow: /x\n"].concat();
        let robots = RobotsTxt::parse_at(Some(&url), &text, &RobotsAgents::default());
        let found: Vec<&str> = robots.sitemaps().iter().map(Url::as_str).collect();
        assert_eq!(found, Vec::from_iter(expected), "{line:?}");
        assert_eq!(robots.rules(), 1);
    }
    // Without the file's URL only absolute ones are known.
    let robots = RobotsTxt::parse(
        b"Sitemap: /a.xml\nSitemap: http://a.test/b.xml",
        &RobotsAgents::default(),
    );
    assert_eq!(robots.sitemaps(), [Url::parse("http://a.test/b.xml").unwrap()]);
}
