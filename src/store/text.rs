//! Texts on their way into a database: without NUL, times in UTC, lists as JSON.

use std::borrow::Cow;
use std::sync::Arc;

/// Text without NUL, at which other programs would end it.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
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

#[cfg(test)]
mod tests {
    #[test]
    fn times_sort_and_are_utc() {
        assert_eq!(super::utc(0), "1970-01-01 00:00:00.000");
        assert_eq!(super::utc(1_700_000_000_007), "2023-11-14 22:13:20.007");
    }
}
