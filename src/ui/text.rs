//! Text on screen: text from the web made harmless, cuts by display width, numbers of fixed shape.
//!
//! It knows no widget and no snapshot.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Shown in place of a character that must not reach the terminal.
pub const REPLACEMENT: char = '\u{FFFD}';
/// Shown where text was cut.
pub const ELLIPSIS: char = '…';
/// Combining marks that one base character may carry; more would smear over other lines.
const MARKS: usize = 2;

/// Whether a character orders text from right to left or overrides the order, unseen.
#[must_use]
pub const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character shows nothing and so can hide or fake something.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Text from the web, fit for a terminal: control, bidi and invisible characters become
/// [`REPLACEMENT`], and each character takes the columns that it says it takes.
///
/// Joiners, variation selectors and skin tones after a wide character are dropped: terminals
/// disagree on the width of what they make, and a column that jumps is worse than two emoji
/// side by side.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut marks, mut after_wide, mut has_base) = (0, false, false);
    for c in text.chars() {
        let selector = ('\u{FE00}'..='\u{FE0F}').contains(&c);
        let tone = ('\u{1F3FB}'..='\u{1F3FF}').contains(&c);
        if has_base && (selector || after_wide && (c == '\u{200D}' || tone)) {
            continue;
        }
        if c.is_control() || is_bidi(c) || is_invisible(c) {
            out.push(REPLACEMENT);
            (marks, after_wide, has_base) = (0, false, true);
            continue;
        }
        if c.width().unwrap_or(0) == 0 {
            if !has_base {
                out.push(REPLACEMENT);
                (marks, has_base) = (0, true);
            } else if marks < MARKS {
                out.push(c);
                marks += 1;
            }
            continue;
        }
        out.push(c);
        (marks, after_wide, has_base) = (0, c.width() == Some(2), true);
    }
    Cow::Owned(out)
}

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.graphemes(true).map(UnicodeWidthStr::width).sum()
    }
}

/// The text cut to so many columns, with [`ELLIPSIS`] as the last of them if anything was cut.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = grapheme.width();
        if used + w > columns - 1 {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    out.push(ELLIPSIS);
    Cow::Owned(out)
}

/// A URL for a narrow place: its scheme goes first, then its host; the path tells pages apart.
#[must_use]
pub fn short_url(url: &str, columns: usize) -> Cow<'_, str> {
    if width(url) <= columns {
        return Cow::Borrowed(url);
    }
    let Some((_, plain)) = url.split_once("://") else { return cut(url, columns) };
    if width(plain) <= columns {
        return Cow::Borrowed(plain);
    }
    match plain.find('/') {
        Some(at) => Cow::Owned(cut(&format!("{ELLIPSIS}{}", &plain[at..]), columns).into_owned()),
        None => cut(plain, columns),
    }
}

/// The text without its first columns, so that long URLs can be moved sideways.
#[must_use]
pub fn skip(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= columns {
            return &text[at..];
        }
        used += grapheme.width();
    }
    ""
}

/// The text in lines of at most so many columns, broken at spaces where there are any.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if columns == 0 {
        return lines;
    }
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_word_bounds() {
        let w = width(word);
        if used + w > columns && used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        if w > columns {
            for grapheme in word.graphemes(true) {
                let w = grapheme.width();
                if used + w > columns {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                used += w;
                line.push_str(grapheme);
            }
        } else {
            used += w;
            line.push_str(word);
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A count in groups of three: `12,404`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 page`, `12,404 pages`.
#[must_use]
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// The words that fit as a whole; the last ones go first.
#[must_use]
pub fn whole_words(words: &str, columns: usize) -> &str {
    let mut shown = words;
    while width(shown) > columns {
        shown = shown.rsplit_once(' ').map_or("", |(kept, _)| kept).trim_end_matches(',');
    }
    shown
}

/// A size: `512 B`, `18 KiB`, `1.4 MiB`.
#[must_use]
pub fn bytes(value: u64) -> String {
    if value < 1024 {
        return format!("{value} B");
    }
    let mut size = value as f64 / 1024.0;
    let mut unit = "KiB";
    for next in ["MiB", "GiB", "TiB", "PiB"] {
        if size < 999.5 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

/// Time since the start: `02:41`, `1:02:41`.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m:02}:{s:02}") }
}

/// A length of time with its unit: `340 ms`, `3.9 s`, `02:05`.
#[must_use]
pub fn span(milliseconds: f64) -> String {
    let ms = milliseconds.max(0.0);
    if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 59_950.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        clock(ms / 1000.0)
    }
}

/// What is left of a wait, in at most six columns: `<1 s`, `28 s`, `02:05`, `1.7 h`. Whole
/// seconds, begun ones counted, so that it steps once a second.
#[must_use]
pub fn countdown(seconds: f64) -> String {
    if seconds.is_nan() || seconds >= 3.6e6 {
        return ">999 h".to_owned();
    }
    let s = seconds.max(0.0);
    if s < 1.0 {
        "<1 s".to_owned()
    } else if s.ceil() < 100.0 {
        format!("{:.0} s", s.ceil())
    } else if s.ceil() < 3600.0 {
        clock(s.ceil())
    } else if s < 359_000.0 {
        format!("{:.1} h", s / 3600.0)
    } else {
        format!("{:.0} h", s / 3600.0)
    }
}

/// A short length of time as a person writes it, in at most six columns: `2 s`, `0.5 s`,
/// `1.25 s`, `02:05`.
#[must_use]
pub fn seconds(milliseconds: u64) -> String {
    let s = milliseconds as f64 / 1000.0;
    if s < 9.995 {
        let number = format!("{s:.2}");
        format!("{} s", number.trim_end_matches('0').trim_end_matches('.'))
    } else {
        countdown(s)
    }
}

/// A length of time in words, for an estimate: `40 s`, `2 min`, `3 h 20 min`.
#[must_use]
pub fn estimate(seconds: f64) -> String {
    let s = seconds.max(0.0);
    if s < 90.0 {
        format!("{:.0} s", (s / 5.0).ceil() * 5.0)
    } else if s < 5400.0 {
        format!("{:.0} min", (s / 60.0).ceil())
    } else if s < 360_000.0 {
        let minutes = (s / 600.0).ceil() as u64 * 10;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    } else {
        format!("{} days", count((s / 86_400.0).ceil() as u64))
    }
}

/// A rate: `51.2`, from a hundred on whole, from ten thousand on in groups.
#[must_use]
pub fn rate(value: f64) -> String {
    if value < 99.95 { format!("{value:.1}") } else { count(value.round() as u64) }
}

/// A share of 1 in percent, three columns and the sign: ` 48%`.
#[must_use]
pub fn percent(share: f32) -> String {
    format!("{:>3.0}%", share.clamp(0.0, 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_loses_its_teeth() {
        assert_eq!(clean("a\x1b[31mb"), "a�[31mb");
        assert_eq!(clean("safe\u{202E}gpj.exe"), "safe�gpj.exe");
        assert_eq!(clean("pay\u{200B}pal"), "pay�pal");
        assert_eq!(clean("\u{0301}x"), "�x");
        assert_eq!(clean("e\u{301}\u{302}\u{303}\u{304}"), "e\u{301}\u{302}");
        assert_eq!(clean("日本語 ok"), "日本語 ok");
        assert_eq!(clean("👨\u{200D}👩"), "👨👩");
        assert_eq!(clean("❤\u{FE0F}"), "❤");
    }

    #[test]
    fn cuts_fall_between_graphemes() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(skip("日本語", 2), "本語");
        assert_eq!(short_url("http://h:80/a/b", 15), "http://h:80/a/b");
        assert_eq!(short_url("http://h:80/a/b", 14), "h:80/a/b");
        assert_eq!(short_url("http://h:80/a/b", 7), "…/a/b");
        assert_eq!(short_url("http://h:80/a/b", 4), "…/a…");
    }

    #[test]
    fn numbers_have_one_shape() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_404), "12,404");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(counted(1, "retry", "retries"), "1 retry");
        assert_eq!(counted(1_000, "retry", "retries"), "1,000 retries");
        assert_eq!(whole_words("99,950 over, draining", 18), "99,950 over");
        assert_eq!(whole_words("steady", 3), "");
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(18 * 1024), "18 KiB");
        assert_eq!(bytes(1023 * 1024), "1.0 MiB");
        assert_eq!(bytes(166 << 20), "166 MiB");
        assert_eq!(clock(161.9), "02:41");
        assert_eq!(clock(3761.0), "1:02:41");
        assert_eq!(span(3912.0), "3.9 s");
        let left = [0.0, 0.4, 1.2, 27.3, 99.4, 125.0, 3599.5, 6120.0, 4.0e5, f64::NAN];
        assert_eq!(
            left.map(countdown),
            ["<1 s", "<1 s", "2 s", "28 s", "01:40", "02:05", "1.0 h", "1.7 h", "111 h", ">999 h"]
        );
        assert_eq!(
            [2000, 500, 1250, 10_000, 60_000, 125_000].map(seconds),
            ["2 s", "0.5 s", "1.25 s", "10 s", "60 s", "02:05"]
        );
        assert_eq!(estimate(100.0), "2 min");
        assert_eq!(estimate(12_000.0), "3 h 20 min");
        assert_eq!(percent(0.975), " 98%");
        assert_eq!(rate(1234.5), "1,235");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("limited by permits", 10), ["limited by", "permits"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert!(wrap("x", 0).is_empty());
    }
}
