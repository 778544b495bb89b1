//! Texts on their way into a database: without NUL, times in UTC, lists as JSON.

use std::borrow::Cow;
use std::sync::Arc;

/// Text without NUL, at which other programs would end it.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Likewise, without copying the text.
pub(super) fn shared(text: &Arc<str>) -> Arc<str> {
    match clean(text) {
        Cow::Borrowed(_) => Arc::clone(text),
        Cow::Owned(text) => text.into(),
    }
}

/// The hash by which a text of any length is found: 16 bytes, of the text as it is stored.
#[cfg(feature = "mysql")]
#[must_use]
pub fn hash_of(text: &str) -> [u8; 16] {
    xxhash_rust::xxh3::xxh3_128(clean(text).as_bytes()).to_be_bytes()
}

/// A JSON array; `item` writes one element.
pub(super) fn json<T>(rows: &[T], item: impl Fn(&mut String, &T) -> std::fmt::Result) -> String {
    let mut out = String::with_capacity(2 + rows.len() * 24);
    out.push('[');
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        // Writing to a string cannot fail.
        let _ = item(&mut out, row);
    }
    out.push(']');
    out
}

/// `YYYY-MM-DD HH:MM:SS.mmm`, UTC.
pub(super) fn utc(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}

/// Now, likewise.
pub(super) fn utc_now() -> String {
    utc(jiff::Timestamp::now().as_millisecond())
}

/// `YYYY-MM-DD HH:MM:SS.mmm` or RFC 3339 in UTC, in ms since 1970.
#[must_use]
pub fn parse_utc(text: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let year = i16::try_from(digits(0..4)?).ok()?;
    let date = jiff::civil::Date::new(year, digits(5..7)? as i8, digits(8..10)? as i8).ok()?;
    let days = i64::from((date - jiff::civil::date(1970, 1, 1)).get_days());
    let seconds = digits(11..13)? * 3600 + digits(14..16)? * 60 + digits(17..19)?;
    let millis = if text.as_bytes().get(19) == Some(&b'.') { digits(20..23)? } else { 0 };
    Some((days * 86_400 + seconds) * 1000 + millis)
}

/// `settings` (JSON) with the members of `patch`, each as a whole in the place of the stored one;
/// null takes one away. `None` when one of them is no JSON object.
#[cfg(any(feature = "postgres", feature = "mysql", test))]
pub(super) fn patched(settings: &str, patch: &str) -> Option<String> {
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(settings).ok()?;
    let patch: serde_json::Map<String, serde_json::Value> = serde_json::from_str(patch).ok()?;
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    serde_json::to_string(&members).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn nul_is_replaced_and_nothing_else_is_touched() {
        assert_eq!(clean("a\0b\0"), "a\u{fffd}b\u{fffd}");
        assert!(matches!(clean("ä🦀\n"), Cow::Borrowed("ä🦀\n")));
        let text: Arc<str> = "as it was".into();
        assert!(Arc::ptr_eq(&text, &shared(&text)));
        assert_eq!(&*shared(&"\0".into()), "\u{fffd}");
    }

    #[test]
    fn members_are_replaced_as_a_whole() {
        let stored = r#"{"a":{"x":1},"b":[1.5,18446744073709551615],"c":"\u0000"}"#;
        let kept = patched(stored, r#"{"a":{"y":2},"d":null,"e":{"z":null}}"#).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        let expected = serde_json::json!({
            "a": {"y": 2}, "b": [1.5, 18_446_744_073_709_551_615_u64], "c": "\0", "e": {"z": null},
        });
        assert_eq!(kept, expected);
        assert_eq!(patched(r#"{"a":1}"#, r#"{"a":null}"#).unwrap(), "{}");
        assert_eq!(patched("[]", "{}"), None);
        assert_eq!(patched("{}", "no JSON"), None);
    }

    #[test]
    fn times_sort_and_are_utc() {
        assert_eq!(utc(0), "1970-01-01 00:00:00.000");
        assert_eq!(utc(1_700_000_000_007), "2023-11-14 22:13:20.007");
        assert_eq!(utc(-1), "1969-12-31 23:59:59.999");
        assert_eq!(parse_utc(&utc(951_827_696_789)), Some(951_827_696_789));
    }
}
