//! Promise: every URL of a sitemap is found, and no sitemap costs unbounded memory or time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::fmt::Write as _;
use std::io::Write as _;

use crawldeck::web::sitemap::{Counts, Item, Limits, SitemapError, SitemapReader};
use proptest::prelude::*;
use url::Url;

const BASE: &str = "http://site.test/maps/sitemap.xml";

type Read = (Vec<Item>, Counts, Result<(), SitemapError>);

fn read_in(bytes: &[u8], chunk: usize, limits: &Limits) -> Read {
    let mut items = Vec::new();
    let mut sink = |item| items.push(item);
    let mut reader = SitemapReader::new(&Url::parse(BASE).unwrap(), limits);
    for chunk in bytes.chunks(chunk.max(1)) {
        if let Err(error) = reader.push(chunk, &mut sink) {
            assert_eq!(reader.push(b"more", &mut sink), Err(error.clone()));
            let counts = reader.counts();
            return (items, counts, Err(error));
        }
    }
    let result = reader.finish(&mut sink);
    let counts = reader.counts();
    if let Ok(finished) = result {
        assert_eq!(finished, counts);
    }
    (items, counts, result.map(|_| ()))
}

fn read(bytes: impl AsRef<[u8]>) -> Read {
    read_in(bytes.as_ref(), 1000, &Limits::default())
}

/// URL and time of each item, index entries marked.
fn lines(items: &[Item]) -> Vec<String> {
    let line = |mark: &str, url: &Url, at: &Option<i64>| match at {
        Some(at) => format!("{mark}{url} {at}"),
        None => format!("{mark}{url}"),
    };
    items
        .iter()
        .map(|item| match item {
            Item::Page { url, lastmod } => line("", url, lastmod),
            Item::Sitemap { url, lastmod } => line("> ", url, lastmod),
        })
        .collect()
}

/// The entries of a sitemap that is read without error.
fn good(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let (items, _, result) = read(bytes);
    assert_eq!(result, Ok(()));
    lines(&items)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn urlset(count: u32) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for n in 0..count {
        writeln!(text, "<url><loc>http://site.test/page/{n}</loc></url>").unwrap();
    }
    text.push_str("</urlset>");
    text
}

#[test]
fn all_forms_are_read() {
    let set = "<?xml version='1.0' encoding='UTF-8'?>
        <urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:image='i'>
        <url><loc> http://site.test/a?b=1&amp;c=2&#38;d </loc><lastmod>1970-01-01T00:00:01Z</lastmod>
          <image:image><image:loc>http://site.test/picture.png</image:loc></image:image>
          <xhtml:link rel='alternate' href='http://site.test/de'/></url>
        <!-- <url><loc>http://site.test/no</loc></url> -->
        <url><lastmod>yesterday</lastmod><loc><![CDATA[http://me:pw@site.test/b?x=1&y=2#top]]></loc></url>
        <url><loc>/relative</loc><loc>http://site.test/second</loc></url><url><loc>c</loc></url></urlset>";
    let expected = [
        "http://site.test/a?b=1&c=2&d 1000",
        "http://site.test/b?x=1&y=2",
        "http://site.test/relative",
        "http://site.test/maps/c",
    ];
    assert_eq!(good(set), expected);
    assert_eq!(good(format!("\u{feff}\n {set}")), expected);
    assert_eq!(good(gzip(set.as_bytes())), expected);
    assert_eq!(
        good([gzip(&set.as_bytes()[..200]), gzip(&set.as_bytes()[200..])].concat()),
        expected
    );
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(set.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(good(&utf16), expected);
    assert_eq!(good(gzip(&utf16)), expected);
    let prefixed =
        "<sm:urlset xmlns:sm='x'><sm:url><sm:loc>http://site.test/p</sm:loc></sm:url></sm:urlset>";
    assert_eq!(good(prefixed), ["http://site.test/p"]);

    let index = "<sitemapindex><sitemap><loc>http://site.test/1.xml.gz</loc><lastmod>1970-01-02</lastmod></sitemap>
        <sitemap><loc>http://site.test/2.xml</loc></sitemap></sitemapindex>";
    assert_eq!(good(index), ["> http://site.test/1.xml.gz 86400000", "> http://site.test/2.xml"]);

    let text = "http://site.test/1\r\n\nhttps://site.test/\u{fc}\r  http://site.test/3#x  \nhttp://site.test/4";
    let expected = [
        "http://site.test/1",
        "https://site.test/%C3%BC",
        "http://site.test/3",
        "http://site.test/4",
    ];
    assert_eq!(good(text), expected);
    assert_eq!(good(gzip(text.as_bytes())), expected);

    let rss = "<rss version='2.0'><channel><link>http://site.test/</link><item><title>t</title>
        <atom:link href='x'/><link>http://site.test/post</link><pubDate>Thu, 01 Jan 1970 00:00:02 GMT</pubDate>
        </item></channel></rss>";
    assert_eq!(good(rss), ["http://site.test/post 2000"]);
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><link href='/'/><entry><link rel='edit' href='/e'/>
        <link rel=\"alternate\" href='/post?a=1&amp;b=2'/><updated>1970-01-01T00:00:03Z</updated></entry></feed>";
    assert_eq!(good(atom), ["http://site.test/post?a=1&b=2 3000"]);
    let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><urlset><url><loc>http://site.test/\xfc</loc></url></urlset>";
    assert_eq!(good(latin), ["http://site.test/%C3%BC"]);
    assert_eq!(good("<urlset/>"), Vec::<String>::new());
}

#[test]
fn what_names_nothing_is_counted() {
    let long = "x".repeat(9_000);
    let endless = "y".repeat(100_000);
    let set = format!(
        "<urlset><url><loc>http://[</loc></url><url><loc>ftp://a.test/</loc></url><url><loc>javascript:x</loc></url>\
         <url><loc> </loc></url><url/><url><lastmod>2024</lastmod></url><url><loc>http://site.test/{long}</loc></url>\
         <url><loc>http://site.test/{endless}</loc></url><url><loc>http://site.test/&unknown;</loc></url>\
         <url><loc>http://site.test/ok</loc></url></urlset>"
    );
    let (items, counts, result) = read(&set);
    assert_eq!((lines(&items), result), (vec!["http://site.test/ok".to_owned()], Ok(())));
    assert_eq!((counts.pages, counts.refused, counts.bytes), (1, 9, set.len() as u64));
    let (items, counts, result) = read(format!(
        "http://site.test/1\nnonsense\n/relative\nhttp://site.test/{endless}\nmailto:a@b\nhttp://site.test/2"
    ));
    assert_eq!((items.len(), counts.refused, result), (2, 4, Ok(())));
}

#[test]
fn what_is_broken_counts_up_to_there() {
    let (items, _, result) =
        read("<urlset><url><loc>http://site.test/1</loc></url><url><loc>http://site.test/2</loc>");
    assert_eq!(lines(&items), ["http://site.test/1"]);
    assert_eq!(result, Err(SitemapError::Cut { at: 82 }));
    let (items, _, result) =
        read("<urlset><url><loc>http://site.test/1</loc></url><url><loc <<</urlset");
    assert_eq!(items.len(), 1);
    assert!(matches!(result, Err(SitemapError::Malformed { at: 48.., .. })), "{result:?}");
    // A tag that never ends.
    let (items, _, result) = read(format!(
        "<urlset><url><loc>http://site.test/1</loc></url><url a='{}'>",
        "x".repeat(2 << 20)
    ));
    assert_eq!(items.len(), 1);
    assert!(matches!(result, Err(SitemapError::Malformed { at: 48, .. })), "{result:?}");
    // An unescaped ampersand, an unclosed entry, end tags without start tags.
    assert_eq!(
        good("<urlset></b><url><loc>http://site.test/?a=1&b=2</loc></url></urlset>")[0],
        "http://site.test/?a=1&b=2"
    );
    let (items, ..) = read(
        "<urlset><url><loc>http://site.test/1</loc><url><loc>http://site.test/2</loc></url></urlset>",
    );
    assert_eq!(lines(&items), ["http://site.test/1", "http://site.test/2"]);

    let whole = gzip(urlset(5_000).as_bytes());
    let (items, counts, result) = read(&whole[..whole.len() / 2]);
    assert!((1_000..5_000).contains(&items.len()), "{}", items.len());
    assert!(matches!(result, Err(SitemapError::Gzip { .. })) && counts.bytes > 0, "{result:?}");
    let mut bent = whole;
    let middle = bent.len() / 2;
    bent[middle..middle + 40].fill(0xff);
    let (items, _, result) = read(bent);
    assert!(!items.is_empty() && result.is_err());
}

#[test]
fn other_things_are_no_sitemaps() {
    for (text, found) in [
        ("", "an empty file"),
        (" \n ", "an empty file"),
        (
            "<!doctype html><html><body><p>Not <b>found</body></html>",
            "its root element is \"html\"",
        ),
        ("Not found", "text that is no list of URLs"),
        ("{\"error\": [1,\n 2]}", "text that is no list of URLs"),
        ("\u{1b}[2J\n", "text that is no list of URLs"),
        ("<\u{1b}x/>", "its root element is \"x\""),
    ] {
        let (items, _, result) = read(text);
        assert_eq!(
            (items.len(), result),
            (0, Err(SitemapError::NotASitemap { found: found.into() })),
            "{text}"
        );
    }
    let (_, counts, result) = read("no\n".repeat(1_000_000));
    assert!(matches!(result, Err(SitemapError::NotASitemap { .. })));
    assert!(counts.bytes < 1 << 20);
}

#[test]
fn bombs_are_harmless() {
    // A billion laughs: entities are not expanded.
    let mut laughs = String::from("<!DOCTYPE urlset [<!ENTITY l0 \"http://site.test/ha\">");
    for n in 1..10 {
        write!(laughs, "<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)).unwrap();
    }
    laughs.push_str(
        "]><urlset><url><loc>&l9;</loc></url><url><loc>http://site.test/1</loc></url></urlset>",
    );
    let (items, counts, result) = read(&laughs);
    assert_eq!(
        (lines(&items), counts.refused, result),
        (vec!["http://site.test/1".to_owned()], 1, Ok(()))
    );

    // Twenty megabytes of spaces in twenty kilobytes.
    let nothing = format!("<urlset>{}", "<x> </x>".repeat(20 << 17)).into_bytes();
    let (_, counts, result) = read(gzip(&nothing));
    assert_eq!(result, Err(SitemapError::Bomb { limit: 200 }));
    assert!(counts.bytes < 3 << 20, "{}", counts.bytes);
    let small = Limits { ratio: 0, bytes: 5 << 20, ..Limits::default() };
    for bytes in [gzip(&nothing), nothing] {
        let (_, counts, result) = read_in(&bytes, 4096, &small);
        assert_eq!(result, Err(SitemapError::TooLarge { limit: 5 << 20 }));
        assert_eq!(counts.bytes, 5 << 20);
    }
    // Deeply nested elements.
    let (items, _, result) = read(format!("<urlset>{}", "<url>".repeat(1_000_000)));
    assert_eq!((items.len(), result), (0, Err(SitemapError::Cut { at: 5_000_008 })));
}

#[test]
fn limits_are_kept_and_what_fits_counts() {
    let text = urlset(100);
    let few = Limits { urls: 10, ..Limits::default() };
    let (items, counts, result) = read_in(text.as_bytes(), 100, &few);
    assert_eq!(
        (items.len(), counts.pages, result),
        (10, 10, Err(SitemapError::TooMany { limit: 10 }))
    );
    let exact = Limits { urls: 100, ..Limits::default() };
    assert_eq!(read_in(text.as_bytes(), 100, &exact).2, Ok(()));
    let short = Limits { bytes: 1_000, ..Limits::default() };
    let (items, counts, result) = read_in(text.as_bytes(), 100, &short);
    assert_eq!(result, Err(SitemapError::TooLarge { limit: 1_000 }));
    assert_eq!((items.len(), counts.bytes), (text[..1_000].matches("</url>").count(), 1_000));
    // As many as sitemaps.org allows.
    assert_eq!(read(urlset(50_000)).0.len(), 50_000);
}

/// Everything that a boundary between two chunks could cut.
const TORN: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!DOCTYPE x [<!ENTITY e \"a>b\">]>\
    <urlset a='>'><!-- > <url> --><url><loc>http://site.test/\u{fc}?a&amp;b&#x2603;</loc><lastmod>2024-05-17</lastmod></url>\
    <url><loc><![CDATA[http://site.test/<>]]></loc></url><url><loc>http://site.test/2&</loc></url><?pi >?></urlset>";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_split_gives_the_same(chunk in 1..200_usize, long in any::<bool>(), packed in any::<bool>()) {
        let mut text = TORN.to_owned();
        if long {
            let many: String = urlset(1_500).split_once('\n').unwrap().1.into();
            text = text.replace("</urlset>", &many);
        }
        let bytes = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        let (items, counts, result) = read_in(&bytes, chunk, &Limits::default());
        prop_assert_eq!(&result, &Ok(()));
        prop_assert_eq!(items.len(), if long { 1_503 } else { 3 });
        prop_assert_eq!(counts.refused, 0);
        let lines = lines(&items);
        prop_assert_eq!(&lines[0], "http://site.test/%C3%BC?a&b%E2%98%83 1715904000000");
        prop_assert_eq!(&lines[1], "http://site.test/%3C%3E");
        prop_assert_eq!(&lines[2], "http://site.test/2&");
    }

    #[test]
    fn no_bytes_make_it_panic(
        parts in prop::collection::vec("(<|>|</|<!--|-->|<!\\[CDATA\\[|]]>|url|loc|urlset|&|;|\u{e9}|http://a/|\n| |'){1,20}", 0..20),
        start in prop::sample::select(vec!["", "<urlset>", "<rss>", "\u{1f}\u{8b}", "http://a/\n"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        chunk in 1..50_usize,
    ) {
        let mut all = start.as_bytes().to_vec();
        all.extend(parts.concat().into_bytes());
        all.extend(bytes);
        let _ = read_in(&all, chunk, &Limits::default());
    }
}
