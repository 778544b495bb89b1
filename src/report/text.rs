//! Times and text from the web, as a reader wants them; numbers are formatted by [`crate::units`].

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::units;

/// Maximum characters shown of a URL.
const URL_SHOWN: usize = 96;

/// Maximum characters shown of another text.
const TEXT_SHOWN: usize = 160;

/// Maximum characters kept for a tool tip.
const TEXT_KEPT: usize = 300;

/// Maximum bytes of an address that is shown as a link.
const MAX_LINK_BYTES: usize = 512;

/// A length of time in ms by its two largest units: `3 d 4 h`, `12 min 5 s`, `7.2 s`.
pub(super) fn span(ms: i64) -> String {
    units::duration_precise(ms.max(0) as u64)
}

/// `2026-11-23 06:40:12` UTC.
pub(super) fn date_time(at_ms: i64) -> String {
    formatted(at_ms, "%Y-%m-%d %H:%M:%S")
}

/// `06:40:12.345` UTC.
pub(super) fn clock(at_ms: i64, millis: bool) -> String {
    formatted(at_ms, if millis { "%H:%M:%S%.3f" } else { "%H:%M:%S" })
}

fn formatted(at_ms: i64, format: &str) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// Text from the web made safe for one line: invisible characters and those that change the direction of
/// the text become U+FFFD, line ends and tabs become spaces.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && !is_unseen(c);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let one = |c| match c {
        '\n' | '\r' | '\t' => ' ',
        c if harmless(c) => c,
        _ => '\u{FFFD}',
    };
    Cow::Owned(text.chars().map(one).collect())
}

/// Whether a character turns the direction of what follows, or shows nothing.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}' | '\u{FFFE}' | '\u{FFFF}'
    )
}

/// Text shortened in the middle to so many characters.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // A text of 1 MiB is looked at only at its ends.
    if text.len() <= most || text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let head = most * 3 / 5;
    let tail = most - head - 1;
    let end = text.char_indices().nth(head).map_or(text.len(), |(at, _)| at);
    let start = text.char_indices().rev().nth(tail - 1).map_or(0, |(at, _)| at);
    Cow::Owned(format!("{}…{}", &text[..end], &text[start..]))
}

/// A text that is shown, and the longer one for its tool tip when something of it is not.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) tip: Option<String>,
}

fn shown(text: &str, most: usize) -> Shown {
    // First to what is kept, so that cleaning costs the same whatever the length.
    let kept = shortened(text, TEXT_KEPT);
    let kept = clean(&kept);
    let text = shortened(&kept, most);
    let tip = (text.len() < kept.len()).then(|| kept.to_string());
    Shown { text: text.into_owned(), tip }
}

/// A text from the web.
pub(super) fn text(text: &str) -> Shown {
    shown(text, TEXT_SHOWN)
}

/// A URL, without user name and password, and where it may be followed to.
pub(super) fn url(url: &str) -> (Shown, Option<String>) {
    let url = without_login(url);
    let web = url.starts_with("http://") || url.starts_with("https://");
    let whole = matches!(url, Cow::Borrowed(_));
    let link = web && whole && url.len() <= MAX_LINK_BYTES && clean(&url) == url;
    (shown(&url, URL_SHOWN), link.then(|| url.into_owned()))
}

/// A URL without user name and password.
pub(super) fn without_login(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Cow::Borrowed(url) };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://***@{}", &rest[at + 1..])),
        None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::parse_utc;

    #[test]
    fn times_read_back() {
        let at = parse_utc("2026-11-01 12:00:00.250").unwrap();
        assert_eq!(
            (date_time(at).as_str(), clock(at, true).as_str()),
            ("2026-11-01 12:00:00", "12:00:00.250")
        );
        assert_eq!(parse_utc("2026-11-01T12:00:00.250Z"), Some(at));
        assert_eq!(parse_utc("1970-01-01 00:00:01"), Some(1000));
        assert_eq!(parse_utc("2026-02-30 00:00:00.000"), None);
        assert_eq!(parse_utc(""), None);
    }

    #[test]
    fn text_is_short_and_harmless() {
        assert_eq!(shortened("0123456789", 10), "0123456789");
        assert_eq!(shortened("0123456789x", 10), "012345…89x");
        assert_eq!(shortened("ääääääääääää", 10).chars().count(), 10);
        assert_eq!(clean("a\u{202E}b\u{0}c\td"), "a\u{FFFD}b\u{FFFD}c d");
        let long = format!("http://h/{}", "x".repeat(1 << 20));
        let (shown, link) = url(&long);
        assert!(shown.text.len() < 100 && shown.tip.unwrap().len() < 500 && link.is_none());
    }

    #[test]
    fn only_the_web_is_linked_and_no_password_shown() {
        assert_eq!(url("javascript:alert(1)").1, None);
        assert_eq!(url("http://h/\u{202E}x").1, None);
        assert_eq!(url("https://h/@a?b=c@d").1.as_deref(), Some("https://h/@a?b=c@d"));
        let (shown, link) = url("http://u:p@ss@h/x");
        assert_eq!((shown.text.as_str(), link), ("http://***@h/x", None));
    }
}
