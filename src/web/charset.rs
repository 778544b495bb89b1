//! Detects the character encoding of a page: byte order mark, header, `meta`, or a guess.
//!
//! It follows the order of the HTML standard (13.2.3.2) and reads no further than the
//! first [`PRESCAN`] bytes for a declaration. The guess is that of Firefox (`chardetng`).

use std::borrow::Cow;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use url::{Host, Url};

use crate::web::mime::MimeType;
use crate::web::prescan;

/// Bytes at the start of a page that are searched for a declaration.
const PRESCAN: usize = 1024;

/// Bytes of an undeclared page given to the detector, from the first byte that is not ASCII.
const MAX_GUESS_BYTES: usize = 256 << 10;

/// The encoding of a page, and whether it is certain: a `meta` element that is found later changes
/// one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DetectedEncoding {
    pub(super) encoding: &'static Encoding,
    pub(super) certain: bool,
}

/// The encoding of a page at `url`, as by [`detect`].
pub(super) fn of_page(
    chunks: &[Bytes],
    is_whole: bool,
    content_type: Option<&str>,
    url: Option<&Url>,
) -> &'static Encoding {
    detect(chunks, is_whole, content_type, url).encoding
}

/// The encoding of a page at `url`: the one of its byte order mark, its `Content-Type` or its
/// `meta` elements; UTF-8 if it is valid as such; else a guess from its bytes and the top-level
/// domain. `is_whole` says that `chunks` are the whole page, not only its beginning.
pub(super) fn detect(
    chunks: &[Bytes],
    is_whole: bool,
    content_type: Option<&str>,
    url: Option<&Url>,
) -> DetectedEncoding {
    let head = beginning(chunks);
    if let Some(encoding) = by_transport(&head, content_type) {
        return DetectedEncoding { encoding, certain: true };
    }
    let encoding = prescan::declared(&head)
        .unwrap_or_else(|| if is_utf8(chunks) { UTF_8 } else { guess(chunks, is_whole, url) });
    DetectedEncoding { encoding, certain: false }
}

/// The encoding of an XML document at `url`: the one of its byte order mark, its `Content-Type` or its
/// XML declaration; UTF-8 if it is valid as such; else as that of an HTML page.
pub(super) fn of_xml(
    chunks: &[Bytes],
    content_type: Option<&str>,
    url: Option<&Url>,
) -> &'static Encoding {
    let head = beginning(chunks);
    by_transport(&head, content_type)
        .or_else(|| prescan::xml_declared(&head))
        .or_else(|| is_utf8(chunks).then_some(UTF_8))
        .unwrap_or_else(|| of_page(chunks, true, content_type, url))
}

/// The first bytes of the page; not copied where the first chunk has them all.
fn beginning(chunks: &[Bytes]) -> Cow<'_, [u8]> {
    match chunks {
        [] => Cow::default(),
        [first, rest @ ..] if rest.is_empty() || first.len() >= PRESCAN => {
            first[..first.len().min(PRESCAN)].into()
        }
        _ => {
            let mut head = Vec::with_capacity(PRESCAN);
            for chunk in chunks {
                head.extend_from_slice(&chunk[..chunk.len().min(PRESCAN - head.len())]);
            }
            head.into()
        }
    }
}

/// The encoding of the byte order mark, or else of the header.
fn by_transport(head: &[u8], content_type: Option<&str>) -> Option<&'static Encoding> {
    let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    marked.or_else(|| content_type.and_then(declared_in_header))
}

/// The detector's guess from the bytes and the top-level domain.
fn guess(chunks: &[Bytes], is_whole: bool, url: Option<&Url>) -> &'static Encoding {
    // Not ISO-2022-JP: its escapes turn ASCII into other text, so browsers do not guess it either.
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let ascii = chunks.iter().flatten().take_while(|byte| byte.is_ascii()).count();
    let mut left = ascii + MAX_GUESS_BYTES;
    let mut cut = false;
    for chunk in chunks {
        let piece = &chunk[..chunk.len().min(left)];
        detector.feed(piece, false);
        left -= piece.len();
        cut |= piece.len() < chunk.len();
    }
    if is_whole && !cut {
        // The last word counts only once the detector knows that it has ended.
        detector.feed(&[], true);
    }
    detector.guess(url.and_then(top_level_domain).map(str::as_bytes), Utf8Detection::Allow)
}

/// The top-level domain of a URL in lower-case ASCII; `None` for a numeric address.
fn top_level_domain(url: &Url) -> Option<&str> {
    let Some(Host::Domain(name)) = url.host() else { return None };
    let label = name.trim_end_matches('.').rsplit('.').next()?;
    // Hosts of schemes other than http and https are not normalized, and the detector panics on them.
    let normal = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    label.bytes().all(normal).then_some(label)
}

/// The `charset` parameter of a `Content-Type`.
fn declared_in_header(content_type: &str) -> Option<&'static Encoding> {
    let charset = MimeType::extract([content_type])?.charset?;
    Encoding::for_label_no_replacement(charset.trim_matches('\'').as_bytes())
}

/// Whether the chunks together are valid UTF-8; a character cut at the end is accepted.
fn is_utf8(chunks: &[Bytes]) -> bool {
    // The first bytes of a character that a chunk boundary cuts.
    let mut cut: Vec<u8> = Vec::with_capacity(4);
    for chunk in chunks {
        let mut chunk = &chunk[..];
        while let (false, Some((&byte, rest))) = (cut.is_empty(), chunk.split_first()) {
            cut.push(byte);
            chunk = rest;
            match std::str::from_utf8(&cut) {
                Ok(_) => cut.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            if error.error_len().is_some() {
                return false;
            }
            cut.extend_from_slice(&chunk[error.valid_up_to()..]);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use encoding_rs::{BIG5, EUC_KR, GBK, ISO_8859_2, ISO_8859_7, KOI8_R, KOI8_U, SHIFT_JIS};
    use encoding_rs::{WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1255};

    use super::*;

    fn guessed(bytes: &[u8], url: Option<&str>) -> &'static Encoding {
        let url = url.map(|url| Url::parse(url).unwrap());
        of_page(&[Bytes::copy_from_slice(bytes)], true, Some("text/html"), url.as_ref())
    }

    #[test]
    fn an_undeclared_encoding_is_guessed() {
        let russian = "Съешь же ещё этих мягких французских булок, да выпей чаю";
        for (encoding, text) in [
            (WINDOWS_1251, russian),
            (KOI8_R, russian),
            (KOI8_U, russian),
            (WINDOWS_1252, "Le cœur déçu mais l’âme plutôt naïve, Louÿs rêva de crapaüter"),
            (ISO_8859_2, "Příliš žluťoučký kůň úpěl ďábelské ódy, zdaleka není tak zlý"),
            (WINDOWS_1253, "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, και αυτό είναι όλο"),
            (WINDOWS_1255, "דג סקרן שט בים מאוכזב ולפתע מצא לו חברה"),
            (SHIFT_JIS, "いろはにほへと ちりぬるを わかよたれそ つねならむ"),
            (GBK, "天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。寒来暑往，秋收冬藏。"),
            (BIG5, "天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。寒來暑往，秋收冬藏。"),
            (EUC_KR, "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다"),
        ] {
            let page = format!("<title>{text}</title><p>{text}");
            let (bytes, _, lossy) = encoding.encode(&page);
            assert!(!lossy, "{}", encoding.name());
            // Of the KOI8 family the detector knows only KOI8-U, which has the same Russian letters.
            let expected = if encoding == KOI8_R { KOI8_U } else { encoding };
            assert_eq!(expected.decode(&bytes).0, page, "{text}");
            assert_eq!(guessed(&bytes, Some("http://site.test/")), expected, "{text}");
            assert_eq!(guessed(&bytes, Some("http://127.0.0.1/")), expected, "{text}");
            assert_eq!(guessed(&bytes, None), expected, "{text}");
            let whole = page.as_bytes();
            assert_eq!(guessed(whole, None), UTF_8, "{text}");
            assert_eq!(guessed(&whole[..whole.len() - 1], None), UTF_8, "{text}");
        }
        assert_eq!(guessed(b"<p>ASCII", Some("http://site.ru/")), UTF_8);
    }

    #[test]
    fn the_top_level_domain_decides_where_bytes_do_not() {
        let short = WINDOWS_1251.encode("<p>Нет").0;
        assert_eq!(guessed(&short, Some("http://site.ru/")), WINDOWS_1251);
        assert_eq!(guessed(&short, Some("http://site.ru./")), WINDOWS_1251);
        assert_eq!(guessed(&short, Some("http://site.gr/")), ISO_8859_7);
        assert_eq!(guessed(&short, None), WINDOWS_1253);
        // Hosts on which the detector would panic.
        for url in ["x://SITE.RU/", "x://site.%C3%A4/", "http://[::1]/", "data:,x", "x:///"] {
            guessed(&short, Some(url));
        }
    }

    #[test]
    fn the_last_word_of_a_whole_page_counts() {
        let short = WINDOWS_1251.encode("<p>Съешь").0;
        assert_eq!(guessed(&short, None), WINDOWS_1251);
        // The end of a beginning is not the end of a word.
        let beginning = [Bytes::copy_from_slice(&short)];
        assert_eq!(of_page(&beginning, false, None, None), GBK);
    }

    #[test]
    fn chunks_do_not_matter() {
        let page =
            format!("<p>{}Съешь ещё этих мягких булок{}", "x".repeat(9_000), "y".repeat(400_000));
        let bytes = WINDOWS_1251.encode(&page).0;
        for size in [1 << 20, 100_000, 4096, 7] {
            let chunks: Vec<_> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
            assert_eq!(of_page(&chunks, true, None, None), WINDOWS_1251, "{size}");
        }
    }
}
