//! Numbers, times and text from the web, as a reader wants them. A number and its unit stay on one
//! line.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Most characters shown of a URL.
const URL_SHOWN: usize = 96;

/// Most characters shown of another text.
const TEXT_SHOWN: usize = 160;

/// Most characters kept for a tool tip.
const TEXT_KEPT: usize = 300;

/// Longest address that is a link, in bytes.
const LONGEST_LINK: usize = 512;

/// `1234567` as `1,234,567`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three digits and a unit of 1024: `1.21 MiB`.
pub(super) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB"].into_iter();
    let mut unit = "B";
    while value >= 1024.0 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" {
        return format!("{n}\u{a0}B");
    }
    format!("{}\u{a0}{unit}", three_digits(value))
}

/// `0.123`, `1.23`, `12.3`, `123`, `1,234`.
pub(super) fn three_digits(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.0995 => format!("{v:.3}"),
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

/// `820 ms`, `1.25 s`, `12.3 s`, `3 min 5 s`.
pub(super) fn ms(n: u64) -> String {
    match n {
        0..1000 => format!("{n}\u{a0}ms"),
        1000..60_000 => format!("{}\u{a0}s", three_digits(n as f64 / 1000.0)),
        _ => span(n as i64),
    }
}

/// A length of time by its two largest units: `3 d 4 h`, `12 min 5 s`, `7.2 s`.
pub(super) fn span(ms: i64) -> String {
    let ms = ms.max(0) as u64;
    if ms < 60_000 {
        return self::ms(ms);
    }
    let (days, hours) = (ms / 86_400_000, ms / 3_600_000 % 24);
    let (minutes, seconds) = (ms / 60_000 % 60, ms / 1000 % 60);
    let two = |a: u64, unit: &str, b: u64, smaller: &str| match b {
        0 => format!("{a}\u{a0}{unit}"),
        b => format!("{a}\u{a0}{unit} {b}\u{a0}{smaller}"),
    };
    match (days, hours) {
        (0, 0) => two(minutes, "min", seconds, "s"),
        (0, hours) => two(hours, "h", minutes, "min"),
        (days, hours) => two(days, "d", hours, "h"),
    }
}

/// A number that is round as it is said: `5.00 s` as `5 s`, `1.50 s` as `1.5 s`.
pub(super) fn round(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    if !number.contains('.') {
        return text.to_owned();
    }
    format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

/// `one page`, `2,000 pages`.
pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", count(n)) }
}

/// A share in per cent; what is there is never none, what is missing never all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if part > 0 && s < 0.1 => "<0.1\u{a0}%".to_owned(),
        s if part < whole && s > 99.9 => ">99.9\u{a0}%".to_owned(),
        s if part == 0 || part == whole => format!("{s:.0}\u{a0}%"),
        s => format!("{s:.1}\u{a0}%"),
    }
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

/// `YYYY-MM-DD HH:MM:SS.mmm` or RFC 3339 in UTC, in ms since 1970.
pub(super) fn parse_utc(text: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let year = i16::try_from(digits(0..4)?).ok()?;
    let date = jiff::civil::Date::new(year, digits(5..7)? as i8, digits(8..10)? as i8).ok()?;
    let days = i64::from((date - jiff::civil::date(1970, 1, 1)).get_days());
    let seconds = digits(11..13)? * 3600 + digits(14..16)? * 60 + digits(17..19)?;
    let millis = if text.as_bytes().get(19) == Some(&b'.') { digits(20..23)? } else { 0 };
    Some((days * 86_400 + seconds) * 1000 + millis)
}

/// Text from the web without what shows nothing, turns the direction or breaks the line: each such
/// character becomes U+FFFD, line ends and tabs become spaces.
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
    let link = web && whole && url.len() <= LONGEST_LINK && clean(&url) == url;
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

    fn plain(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn numbers_read_well() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        for (n, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.50 KiB"), (1 << 30, "1.00 GiB")] {
            assert_eq!(plain(&bytes(n)), text);
        }
        for (n, text) in [(0, "0 ms"), (999, "999 ms"), (1250, "1.25 s"), (185_000, "3 min 5 s")] {
            assert_eq!(plain(&ms(n)), text);
        }
        for (n, text) in [(7_200_000, "2 h"), (273_600_000, "3 d 4 h"), (60_000, "1 min")] {
            assert_eq!(plain(&span(n)), text);
        }
        for (part, whole, text) in
            [(0, 0, "–"), (0, 5, "0 %"), (5, 5, "100 %"), (1, 3, "33.3 %"), (1, 9999, "<0.1 %")]
        {
            assert_eq!(plain(&percent(part, whole)), text);
        }
        for (text, rounded) in
            [("5.00 s", "5 s"), ("1.50 s", "1.5 s"), ("100", "100"), ("0.10", "0.1")]
        {
            assert_eq!(round(text), rounded);
        }
        assert_eq!(percent(99_999, 100_000), ">99.9\u{a0}%");
    }

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
