//! The text of the link that the pass is in: what stands between its tags, or else the alternative
//! text of an image there. It knows no URLs.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// Longest text kept of a link, in characters.
pub const MAX_ANCHOR: usize = 200;
/// Source text of a link that is looked at, in bytes. Beyond it there is a whole card in it.
const MAX_SOURCE: usize = 4 << 10;

/// Gathers the text of one link after the other.
#[derive(Debug, Default)]
pub(super) struct Anchor {
    /// Which link of the page; `None` outside of all, and in one that is of no interest.
    link: Option<usize>,
    /// Whether its end tag was seen. What follows may still stand in a link that was never closed.
    /// Shared with the parser, which wants what it calls to live for ever.
    ended: Rc<Cell<bool>>,
    text: String,
    alt: String,
}

impl Anchor {
    /// The text of `link` begins; `None` is none of interest.
    pub(super) fn begin(&mut self, link: Option<usize>) {
        self.link = link;
        self.ended.set(false);
        self.text.clear();
        self.alt.clear();
    }

    /// To be set when the end tag comes; `None` when nobody waits for it.
    pub(super) fn end(&self) -> Option<Rc<Cell<bool>>> {
        self.link.map(|_| Rc::clone(&self.ended))
    }

    /// Text between the tags, as in the source.
    pub(super) fn text(&mut self, text: &str) {
        if self.link.is_some() && !self.ended.get() {
            add(&mut self.text, text);
        }
    }

    /// The `alt` of an image between the tags, as in the source; the first counts.
    pub(super) fn image(&mut self, alt: &str) {
        if self.link.is_some() && !self.ended.get() && self.alt.is_empty() {
            add(&mut self.alt, alt);
        }
    }

    /// The link and its text, if it has one. Afterwards there is none.
    pub(super) fn take(&mut self) -> Option<(usize, Arc<str>)> {
        let link = self.link.take()?;
        let text = tidy(&self.text).or_else(|| tidy(&self.alt))?;
        Some((link, text))
    }
}

/// Character by character at the limit, so that chunk boundaries do not matter.
fn add(to: &mut String, text: &str) {
    let room = MAX_SOURCE - to.len();
    to.push_str(&text[..text.floor_char_boundary(room)]);
}

/// Entities decoded, white space collapsed, cut to length; `None` when nothing is left.
fn tidy(source: &str) -> Option<Arc<str>> {
    let decoded = if source.contains('&') { htmlize::unescape(source) } else { source.into() };
    let trimmed = decoded.trim();
    // Most are as they should be.
    if trimmed.len() <= MAX_ANCHOR && !trimmed.contains("  ") && !trimmed.contains(is_other_space) {
        return (!trimmed.is_empty()).then(|| trimmed.into());
    }
    let mut text = String::with_capacity(trimmed.len().min(4 * MAX_ANCHOR));
    let mut room = MAX_ANCHOR;
    for word in trimmed.split_whitespace() {
        if !text.is_empty() {
            if room < 2 {
                break;
            }
            text.push(' ');
            room -= 1;
        }
        let before = text.len();
        text.extend(word.chars().take(room));
        room -= text[before..].chars().count();
    }
    (!text.is_empty()).then(|| text.into())
}

fn is_other_space(c: char) -> bool {
    c != ' ' && c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(source: &str) -> Option<String> {
        tidy(source).map(|text| text.to_string())
    }

    #[test]
    fn texts_are_tidied() {
        for (source, text) in [
            ("Read more", "Read more"),
            ("  Read\n\t more ", "Read more"),
            ("a\u{a0}b  c", "a b c"),
            ("R&amp;D &lt;3&nbsp;", "R&D <3"),
            ("\u{1f980}", "\u{1f980}"),
        ] {
            assert_eq!(tidied(source).as_deref(), Some(text), "{source:?}");
        }
        for source in ["", " \n ", "&nbsp;"] {
            assert_eq!(tidied(source), None, "{source:?}");
        }
    }

    #[test]
    fn texts_are_cut_to_characters() {
        let long = "\u{1f980}".repeat(500);
        assert_eq!(tidied(&long).unwrap().chars().count(), MAX_ANCHOR);
        for (source, length) in [("x".repeat(200), 200), ("x".repeat(201), 200)] {
            assert_eq!(tidied(&source).unwrap().len(), length);
        }
        // A space at the end is none.
        let words = format!("{} yz", "x".repeat(199));
        assert_eq!(tidied(&words).unwrap(), "x".repeat(199));
        let words = format!("{} yz", "x".repeat(198));
        assert_eq!(tidied(&words).unwrap(), format!("{} y", "x".repeat(198)));
    }
}
