//! Text on screen: text from the web made harmless, cuts by display width.
//!
//! It knows no widget and no snapshot.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub use crate::terminal_text::is_bidi;

/// Shown in place of a character that must not reach the terminal.
pub const REPLACEMENT: char = '\u{FFFD}';
/// Shown where text was cut.
pub const ELLIPSIS: char = '…';
/// Combining marks that one base character may carry; more would smear over other lines.
const MARKS: usize = 2;

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

/// Whether terminals disagree about the columns of a character, alone or beside another: a letter that is drawn
/// in one column more than counted leaves a ghost when it goes.
#[must_use]
pub const fn is_measured_differently(c: char) -> bool {
    matches!(
        c,
        // Letters of flags: two of them are one flag, or two letters.
        '\u{1F1E6}'..='\u{1F1FF}'
            // Vowels and finals of Hangul: parts of a syllable, or columns of their own.
            | '\u{1161}'..='\u{11FF}'
            | '\u{D7B0}'..='\u{D7FF}'
            // Signs that precede the number that they are drawn around.
            | '\u{0600}'..='\u{0605}'
            | '\u{06DD}'
            | '\u{070F}'
            | '\u{08E2}'
            | '\u{110BD}'
            | '\u{110CD}'
            // A key around the digit before it.
            | '\u{20E0}'..='\u{20E4}'
            // Long dashes, drawn over their neighbours.
            | '\u{2E3A}'..='\u{2E3B}'
            // One sign as wide as a sentence.
            | '\u{FDFD}'
            | '\u{12031}'
            // Icons of patched fonts, one or two columns wide.
            | '\u{E000}'..='\u{F8FF}'
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
        if c.is_control() || is_bidi(c) || is_invisible(c) || is_measured_differently(c) {
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

/// Runs of spaces and of other characters in turn.
fn runs(mut text: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    while let Some(first) = text.chars().next() {
        let other = |c: char| c.is_whitespace() != first.is_whitespace();
        let (run, rest) = text.split_at(text.find(other).unwrap_or(text.len()));
        runs.push(run);
        text = rest;
    }
    runs
}

/// The text in lines of a maximum width, broken at spaces where there are any.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if columns == 0 {
        return lines;
    }
    let mut line = String::new();
    let mut used = 0;
    for word in runs(text) {
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

/// The words that fit as a whole; the last ones go first.
#[must_use]
pub fn whole_words(words: &str, columns: usize) -> &str {
    let mut shown = words;
    while width(shown) > columns {
        shown = shown.rsplit_once(' ').map_or("", |(kept, _)| kept).trim_end_matches(',');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_nowhere_else_while_words_are_short() {
        assert_eq!(wrap("memory here, permits there", 11), ["memory", "here,", "permits", "there"]);
        assert_eq!(wrap("a http://h/b/c d", 6), ["a", "http:/", "/h/b/c", "d"]);
    }

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
        // What terminals measure differently.
        for (cluster, shown) in [
            ("🇩🇪", "��"),
            ("1\u{FE0F}\u{20E3}", "1�"),
            ("\u{1112}\u{1161}\u{11AB}", "\u{1112}��"),
            ("\u{0600}12", "�12"),
            ("⸻", "�"),
            ("\u{FDFD}", "�"),
            ("\u{E0B0}", "�"),
            ("👍🏽", "👍"),
            ("👩\u{200D}💻", "👩💻"),
            ("☺\u{FE0E}", "☺"),
        ] {
            assert_eq!(clean(cluster), shown, "{cluster:?}");
        }
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
    fn words_are_left_out_as_a_whole() {
        assert_eq!(whole_words("99,950 over, draining", 18), "99,950 over");
        assert_eq!(whole_words("steady", 3), "");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("limited by permits", 10), ["limited by", "permits"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert!(wrap("x", 0).is_empty());
    }
}
