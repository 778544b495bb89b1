//! The scanner reads what another parser reads, whatever a page contains.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking, and report")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use url::Url;

use super::grammar::page;
use crate::settings::RespectNofollow;
use crate::web::html;
use crate::web::parsed::LinkOptions;

/// Pages compared in one run; the environment variable of this name asks for more.
const CASES: &str = "SCANNER_CASES";
/// Encodings of pages; an empty one is not declared.
const CHARSETS: [&str; 6] = ["utf-8", "utf-8", "windows-1251", "shift_jis", "utf-16le", ""];
/// Names a folder whose pages are compared as well.
const PAGES: &str = "SCANNER_PAGES";

fn options(max_links: usize, texts: bool, links: bool) -> LinkOptions {
    let nofollow = RespectNofollow { links, pages: false };
    LinkOptions { max_links, texts, nofollow, ..LinkOptions::default() }
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Bytes> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| Bytes::copy_from_slice(&bytes[start..end])).collect()
}

#[test]
fn any_page_is_read_as_by_another_parser() {
    let cases = std::env::var(CASES).ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = match std::env::var(CASES) {
        Ok(_) => TestRunner::new(config),
        Err(_) => TestRunner::new_with_rng(config, seed),
    };
    let input = (
        page(),
        proptest::collection::vec(any::<usize>(), 0..6),
        proptest::sample::select(&CHARSETS[..]),
        (proptest::sample::select(vec![1_usize, 3, 100]), any::<bool>(), any::<bool>()),
    );
    let base = Url::parse("http://site.test/dir/page.html").unwrap();
    runner
        .run(&input, |(page, cuts, charset, (max_links, texts, nofollow))| {
            let bytes = match encoding_rs::Encoding::for_label(charset.as_bytes()) {
                Some(encoding) if encoding == encoding_rs::UTF_16LE => {
                    page.encode_utf16().flat_map(u16::to_le_bytes).collect()
                }
                Some(encoding) => encoding.encode(&page).0.into_owned(),
                None => page.into_bytes(),
            };
            let chunks = cut(&bytes, &cuts);
            let content_type = if charset.is_empty() {
                "text/html".to_owned()
            } else {
                format!("text/html;charset={charset}")
            };
            let options = options(max_links, texts, nofollow);
            let read = html::parse_html(&chunks, Some(&content_type), &base, &options);
            let expected = super::parse_html(&chunks, Some(&content_type), &base, &options);
            prop_assert_eq!(read, expected);
            Ok(())
        })
        .unwrap();
}

/// Links of a page, and their texts, as read by the scanner and by the other parser.
fn both(html: &str) -> [String; 2] {
    let base = Url::parse("http://site.test/dir/page.html").unwrap();
    let chunks = [Bytes::copy_from_slice(html.as_bytes())];
    let options = LinkOptions::default();
    [html::parse_html, super::parse_html].map(|parse| {
        let parsed = parse(&chunks, Some("text/html"), &base, &options);
        let links = parsed.links.iter().zip(&parsed.anchors);
        let links = links.map(|(url, text)| {
            let path = url.as_str().trim_start_matches("http://site.test");
            format!("{path} {}", text.as_deref().unwrap_or("-"))
        });
        links.collect::<Vec<_>>().join(", ")
    })
}

#[test]
fn deliberate_differences() {
    for (html, ours, theirs) in [
        // An `svg` that closes itself has no content.
        ("<svg/><script>'<a href=/1>'</script>", "", "/1 '"),
        ("<math /><style><a href=/1></style>", "", "/1 -"),
        // A tag that ends with `=` begins its content all the same.
        ("<a href=/0><script x=>'<a href=/1>'</script>", "/0 -", "/0 -, /1 '"),
        // An end tag in other letters than its start tag.
        ("<noscript><a href=/1>x</NOSCRIPT>y", "/1 x", "/1 xy"),
        // Of two attributes with one name, the first counts.
        (
            "<math><annotation-xml encoding=x encoding=text/html><style><a href=/1></style>",
            "/1 -",
            "",
        ),
    ] {
        assert_eq!(both(html), [ours, theirs], "{html}");
    }
}

#[test]
fn as_many_elements_may_be_open() {
    for depth in [65_534, 65_537] {
        let html = format!("{}<a href=/1>x</a><a href=/2>y</a>", "<b>".repeat(depth));
        let [ours, theirs] = both(&html);
        assert_eq!(ours, theirs, "{depth} deep");
    }
    // An end tag without a start tag is not searched for among all of them.
    let html = format!("{}{}<a href=/1>x</a>", "<b>".repeat(60_000), "</i>".repeat(1_000_000));
    assert_eq!(both(&html), ["/1 x", "/1 x"]);
}

fn pages_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_page =
            path.extension().is_some_and(|extension| extension == "html" || extension == "htm");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => pages_in(&path, found),
            Ok(kind) if kind.is_file() && is_page => found.push(path),
            _ => {}
        }
    }
}

#[test]
#[ignore = "reads the pages of the folder that SCANNER_PAGES names"]
fn pages_of_a_folder_are_read_as_by_another_parser() {
    let folder = std::env::var_os(PAGES).unwrap();
    let mut pages = Vec::new();
    pages_in(Path::new(&folder), &mut pages);
    assert!(!pages.is_empty(), "no page in {}", folder.display());
    let base = Url::parse("http://site.test/dir/page.html").unwrap();
    let (mut links, mut bytes) = (0, 0);
    for page in &pages {
        let body = std::fs::read(page).unwrap();
        for size in [body.len().max(1), 1_000] {
            let chunks: Vec<_> = body.chunks(size).map(Bytes::copy_from_slice).collect();
            let options = LinkOptions::default();
            let read = html::parse_html(&chunks, Some("text/html"), &base, &options);
            let expected = super::parse_html(&chunks, Some("text/html"), &base, &options);
            assert_eq!(read, expected, "{}", page.display());
            links += read.links.len();
        }
        bytes += body.len();
    }
    println!("{} pages of {bytes} bytes, {} links: no difference", pages.len(), links / 2);
}
