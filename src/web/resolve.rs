//! Resolves the URL in an attribute to an absolute one (HTML standard, "encoding-parsing a URL"). It
//! knows no elements.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, UTF_8};
use url::Url;

use crate::web::url::{MAX_URL_LEN, strip_user, without_extra_slashes};

/// The absolute URL of `value`, without fragment, user and password. `encoding` is that of the page: a
/// query is written in it.
#[must_use]
pub fn absolute(base: &Url, value: &str, encoding: &'static Encoding) -> Option<Url> {
    let mut url = parse(base, value, encoding)?;
    url.set_fragment(None);
    strip_user(&mut url);
    Some(url)
}

/// The URL of a `base` with this `href`; `None` for one that does not count.
pub(super) fn base_url(page: &Url, href: &str, encoding: &'static Encoding) -> Option<Url> {
    parse(page, trim(href), encoding)
        .filter(|base| !base.cannot_be_a_base() && base.as_str().len() <= MAX_URL_LEN)
}

fn parse(base: &Url, value: &str, encoding: &'static Encoding) -> Option<Url> {
    let encoding = encoding.output_encoding();
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| encode_query(encoding, text);
    let mut parse = Url::options().base_url(Some(base));
    if encoding != UTF_8 {
        parse = parse.encoding_override(Some(encode));
    }
    parse.parse(&without_extra_slashes(value)).ok()
}

/// A query in `encoding`; a character that it does not have is written as `%26%23…%3B` (URL standard,
/// "percent-encode after encoding").
fn encode_query<'t>(encoding: &'static Encoding, text: &'t str) -> Cow<'t, [u8]> {
    let (encoded, _, has_unmappable) = encoding.encode(text);
    if !has_unmappable {
        return encoded;
    }
    let mut encoder = encoding.new_encoder();
    let mut encoded = Vec::with_capacity(2 * text.len());
    let mut rest = text;
    loop {
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut encoded, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return encoded.into(),
            EncoderResult::OutputFull => encoded.reserve(rest.len().max(64)),
            EncoderResult::Unmappable(c) => {
                encoded.extend_from_slice(format!("%26%23{}%3B", u32::from(c)).as_bytes());
            }
        }
    }
}

/// Strips the same characters as a URL parser: control characters and spaces at both ends.
pub(super) fn trim(value: &str) -> &str {
    value.trim_matches(|c: char| c <= ' ')
}

/// Whether the value refers to a place in the document at its base.
pub(super) fn is_fragment(value: &str) -> bool {
    value.is_empty() || value.starts_with('#')
}

/// Whether the value begins with a scheme other than `http` and `https`; cheaper than parsing it.
pub(super) fn has_other_scheme(value: &str) -> bool {
    let bytes = value.as_bytes();
    let end =
        bytes.iter().position(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')));
    match end {
        Some(end) if end > 0 && bytes[end] == b':' => {
            let scheme = &value[..end];
            bytes[0].is_ascii_alphabetic()
                && !scheme.eq_ignore_ascii_case("http")
                && !scheme.eq_ignore_ascii_case("https")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn queries_are_written_in_the_encoding_of_the_page() {
        let base = Url::parse("http://a.test/x").unwrap();
        for (label, value, expected) in [
            ("koi8-r", "?q=\u{e9}", "/x?q=%26%23233%3B"),
            ("koi8-r", "?\u{43f}=\u{e9}\u{20ac}&\u{43f}", "/x?%D0=%26%23233%3B%26%238364%3B&%D0"),
            ("windows-1251", "/\u{e9}?\u{1f980}", "/%C3%A9?%26%23129408%3B"),
            ("shift_jis", "?\u{30c6}\u{e9}", "/x?%83e%26%23233%3B"),
            ("gbk", "?\u{4e2d}", "/x?%D6%D0"),
            ("gbk", "?\u{1f980}", "/x?%26%23129408%3B"),
            ("gb18030", "?\u{1f980}", "/x?%950%D82"),
            ("big5", "?\u{1f980}x", "/x?%26%23129408%3Bx"),
            ("iso-2022-jp", "?\u{30c6}\u{e9}x", "/x?%1B$B%F%1B(B%26%23233%3Bx"),
            ("iso-8859-1", "?\u{20ac}\u{44f}", "/x?%80%26%231103%3B"),
            ("x-user-defined", "?\u{f780}\u{e9}", "/x?%80%26%23233%3B"),
            ("utf-8", "?\u{e9}\u{1f980}", "/x?%C3%A9%F0%9F%A6%80"),
            ("utf-16le", "?\u{e9}", "/x?%C3%A9"),
            ("koi8-r", "/\u{e9}#\u{e9}", "/%C3%A9"),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let url = absolute(&base, value, encoding).unwrap();
            assert_eq!(url.as_str(), format!("http://a.test{expected}"), "{label} {value}");
        }
        // However long the query is.
        let query = "\u{e9}\u{43f}".repeat(10_000);
        let url = absolute(&base, &format!("?{query}"), encoding_rs::KOI8_R).unwrap();
        assert_eq!(url.query().unwrap(), "%26%23233%3B%D0".repeat(10_000));
    }
}
