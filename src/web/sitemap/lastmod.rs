//! Parses dates of change: W3C date and time, or RFC 2822 as in feeds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Maximum length of a date, in bytes.
const MAX_TEXT: usize = 64;

/// Parses a date to milliseconds since 1970, UTC where no zone is given; `None` when it is no date.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_TEXT {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    if let Ok(at) = jiff::fmt::rfc2822::parse(text) {
        return Some(at.timestamp().as_millisecond());
    }
    let civil = match text.len() {
        // A year, or a year and a month.
        4 => format!("{text}-01-01").parse::<Date>().map(Date::into),
        7 => format!("{text}-01").parse::<Date>().map(Date::into),
        10 => text.parse::<Date>().map(Date::into),
        _ if text.ends_with(['Z', 'z']) => return None,
        _ => text.parse::<DateTime>(),
    };
    Some(civil.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_the_w3c_are_read() {
        let ms = |text: &str| Some(text.parse::<Timestamp>().unwrap().as_millisecond());
        for (text, expected) in [
            ("2024", ms("2024-01-01T00:00:00Z")),
            ("2024-05", ms("2024-05-01T00:00:00Z")),
            ("2024-05-17", ms("2024-05-17T00:00:00Z")),
            (" 2024-05-17\n", ms("2024-05-17T00:00:00Z")),
            ("2024-05-17T10:20Z", ms("2024-05-17T10:20:00Z")),
            ("2024-05-17T10:20+02:00", ms("2024-05-17T08:20:00Z")),
            ("2024-05-17T10:20:30+02:00", ms("2024-05-17T08:20:30Z")),
            ("2024-05-17T10:20:30+0200", ms("2024-05-17T08:20:30Z")),
            ("2024-05-17T10:20:30.125Z", ms("2024-05-17T10:20:30.125Z")),
            ("2024-05-17 10:20:30", ms("2024-05-17T10:20:30Z")),
            ("2024-05-17T10:20:30", ms("2024-05-17T10:20:30Z")),
            ("Fri, 17 May 2024 10:20:30 GMT", ms("2024-05-17T10:20:30Z")),
            ("17 May 2024 10:20:30 +0200", ms("2024-05-17T08:20:30Z")),
            ("1969-12-31", Some(-86_400_000)),
            ("", None),
            ("yesterday", None),
            ("2024-13-01", None),
            ("2024-02-30", None),
            ("99999", None),
            ("12:30", None),
            ("\u{e9}\u{e9}", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse(&"2".repeat(10_000)), None);
    }
}
