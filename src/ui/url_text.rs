//! URLs on screen: by their path where all are of one host, percent-escaped letters decoded, shortened in the
//! middle.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::text::{self, ELLIPSIS};

/// What all URLs that are shown together begin with and none needs: scheme and host, or the host without its
/// port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommonOrigin<'a>(Option<&'a str>);

impl<'a> CommonOrigin<'a> {
    /// That of these URLs; none when they are of several hosts.
    pub fn of(urls: impl IntoIterator<Item = &'a str>) -> Self {
        let mut urls = urls.into_iter();
        let Some(mut common) = urls.next().and_then(origin) else { return Self(None) };
        for url in urls {
            let Some(other) = origin(url) else { return Self(None) };
            if other != common {
                let name = without_port(common);
                if without_port(other) != name {
                    return Self(None);
                }
                common = name;
            }
        }
        Self(Some(common))
    }

    /// A URL in so many columns: its path where all are of one origin, else with its host.
    #[must_use]
    pub fn name(&self, url: &str, columns: usize) -> String {
        let readable = readable(url);
        let shown = match self.0 {
            Some(common) => readable.strip_prefix(common).unwrap_or(&readable),
            None => readable.split_once("://").map_or(&*readable, |(_, plain)| plain),
        };
        shorten(if shown.is_empty() { "/" } else { shown }, columns).into_owned()
    }
}

/// An origin without its port.
fn without_port(origin: &str) -> &str {
    match origin.rfind(':') {
        Some(at) if origin[at + 1..].bytes().all(|b| b.is_ascii_digit()) => &origin[..at],
        _ => origin,
    }
}

/// Scheme and host with port: what stands before the path.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + 3;
    Some(url[host..].find(['/', '?', '#']).map_or(url, |at| &url[..host + at]))
}

/// A URL as it can be read: escaped letters beyond ASCII decoded, except what a terminal would obey or not
/// show. Fit for a terminal.
#[must_use]
pub fn readable(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return text::clean(url);
    }
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = escaped(rest);
        if length == 0 {
            out.push('%');
            rest = &rest[1..];
            continue;
        }
        push_decoded(&mut out, &rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(text::clean(&out).into_owned())
}

/// The length of the escapes of bytes beyond ASCII at the start of a text.
fn escaped(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_escape = |at: usize| {
        let high =
            bytes.get(at + 1).is_some_and(|b| matches!(b, b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'));
        bytes.get(at) == Some(&b'%') && high && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit)
    };
    let mut at = 0;
    while is_escape(at) {
        at += 3;
    }
    at
}

/// Appends the letters that escapes stand for; what is no letter stays escaped.
fn push_decoded(out: &mut String, escapes: &str) {
    let Ok(decoded) = percent_decode_str(escapes).decode_utf8() else {
        out.push_str(escapes);
        return;
    };
    let mut at = 0;
    for c in decoded.chars() {
        let next = at + 3 * c.len_utf8();
        let hidden = c.is_control() || text::is_bidi(c) || text::is_invisible(c);
        if hidden || c.width().unwrap_or(0) == 0 || c.is_whitespace() {
            out.push_str(&escapes[at..next]);
        } else {
            out.push(c);
        }
        at = next;
    }
}

/// A text without its middle, and with [`ELLIPSIS`] there, in at most so many columns. No number is cut: a
/// part of one would look like another.
#[must_use]
pub fn shorten(text: &str, columns: usize) -> Cow<'_, str> {
    if text::width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns < 8 {
        return text::cut(text, columns);
    }
    // The end tells pages apart.
    let room = columns - 1;
    let tail_room = room * 3 / 5;
    let graphemes: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    let mut tail = graphemes.len();
    let mut used = 0;
    while tail > 0 && used + graphemes[tail - 1].1.width() <= tail_room {
        tail -= 1;
        used += graphemes[tail].1.width();
    }
    let is_digit =
        |at: usize| graphemes.get(at).is_some_and(|(_, g)| g.as_bytes()[0].is_ascii_digit());
    // A number that begins before the tail is left out of it, unless it is all there is.
    let mut start = tail;
    while start > 0 && is_digit(start - 1) && is_digit(start) {
        start += 1;
    }
    let number_ends = start >= graphemes.len();
    if !number_ends {
        tail = start;
    }
    let tail_width: usize = graphemes[tail..].iter().map(|(_, g)| g.width()).sum();
    let mut head = 0;
    let mut used = 0;
    while head < tail && used + graphemes[head].1.width() <= room - tail_width {
        used += graphemes[head].1.width();
        head += 1;
    }
    let mut end = head;
    while end > 0 && is_digit(end) && is_digit(end - 1) {
        end -= 1;
    }
    if end > 0 {
        head = end;
    }
    let at = |index: usize| graphemes.get(index).map_or(text.len(), |(at, _)| *at);
    Cow::Owned(format!("{}{ELLIPSIS}{}", &text[..at(head)], &text[at(tail)..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_left_out_and_several_are_not() {
        let urls = ["http://h:80/a", "http://h:80/b?c", "http://h:80"];
        let common = CommonOrigin::of(urls);
        assert_eq!(urls.map(|url| common.name(url, 40)), ["/a", "/b?c", "/"]);
        let urls = ["http://h:80/a", "http://h:81/b", "https://h:80/c"];
        let common = CommonOrigin::of(urls);
        assert_eq!(urls.map(|url| common.name(url, 40)), ["h:80/a", "h:81/b", "h:80/c"]);
        let urls = ["http://h:8080/a", "http://h:81/b", "http://h:82"];
        let common = CommonOrigin::of(urls);
        assert_eq!(urls.map(|url| common.name(url, 40)), [":8080/a", ":81/b", ":82"]);
        assert_eq!(CommonOrigin::of([]).name("nonsense", 40), "nonsense");
    }

    #[test]
    fn letters_are_decoded_and_nothing_that_a_terminal_obeys() {
        for (url, shown) in [
            ("/sm%C3%A5br%C3%B8d", "/småbrød"),
            ("/%E6%97%A5%E6%9C%AC?q=%D0%BA", "/日本?q=к"),
            ("/a%20b%2Fc%00%1b", "/a%20b%2Fc%00%1b"),
            ("/%e2%80%ae%C2%9B%E2%80%8B", "/%e2%80%ae%C2%9B%E2%80%8B"),
            ("/%ff%C3", "/%ff%C3"),
            ("/100%", "/100%"),
            ("/%C3%A5%", "/å%"),
            ("/%zz%C3%A9", "/%zzé"),
        ] {
            assert_eq!(readable(url), shown, "{url}");
        }
    }

    #[test]
    fn the_middle_is_left_out_and_no_number_is_cut() {
        for (text, columns, shown) in [
            ("/museum/old-light/tide-table-12", 31, "/museum/old-light/tide-table-12"),
            ("/museum/old-light/tide-table-12", 20, "/museum/…de-table-12"),
            ("/archive/2026/12345678/page-987654", 20, "/archive…page-987654"),
            ("/a/123456789012345678901234567890", 16, "/a/…901234567890"),
            ("/日本語/日本語/日本語", 12, "/日本…日本語"),
            ("abcdefgh", 5, "abcd…"),
        ] {
            let short = shorten(text, columns);
            assert!(text::width(&short) <= columns, "{text}: {short}");
            if !text.contains("123456789012") {
                assert_eq!(short, shown, "{text}");
            }
        }
    }
}
