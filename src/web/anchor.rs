//! Collects the text of the current link: the text between its tags, or else the `alt` text of an
//! image inside it. It knows no URLs.

use std::sync::Arc;

use crate::web::source::text_of;

/// Maximum length of a link's text, in characters.
pub const MAX_ANCHOR: usize = 200;
/// Source text of a link that is collected, in bytes. A longer link encloses a whole block of the page.
const MAX_SOURCE: usize = 4 << 10;

/// Collects the text of one link at a time.
#[derive(Debug, Default)]
pub(super) struct Anchor {
    /// Index of the current link; `None` outside links, and in a link whose text is not wanted.
    link: Option<usize>,
    /// Whether the end tag was seen. Without one, the text continues to the next link.
    ended: bool,
    text: String,
    alt: String,
}

impl Anchor {
    /// Starts to collect the text of `link`; `None` for a link whose text is not wanted.
    pub(super) fn begin(&mut self, link: Option<usize>) {
        self.link = link;
        self.ended = false;
        self.text.clear();
        self.alt.clear();
    }

    /// The end tag was seen.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Whether text at this place is collected.
    pub(super) const fn is_open(&self) -> bool {
        self.link.is_some() && !self.ended
    }

    /// Adds text between the tags, as in the source.
    pub(super) fn text(&mut self, text: &str) {
        if self.is_open() {
            add(&mut self.text, text);
        }
    }

    /// Takes the `alt` of an image between the tags, as in the source; the first one counts.
    pub(super) fn image(&mut self, alt: &str) {
        if self.is_open() && self.alt.is_empty() {
            add(&mut self.alt, alt);
        }
    }

    /// Ends the current link; returns its index and text, if it has a text.
    pub(super) fn take(&mut self) -> Option<(usize, Arc<str>)> {
        let link = self.link.take()?;
        let text = clean_text(&self.text).or_else(|| clean_text(&self.alt))?;
        Some((link, text))
    }
}

/// Appends up to the limit, cut between characters, so that chunk boundaries do not matter.
fn add(to: &mut String, text: &str) {
    let room = MAX_SOURCE - to.len();
    to.push_str(&text[..text.floor_char_boundary(room)]);
}

/// Entities decoded, white space collapsed, cut to length; `None` when nothing is left.
fn clean_text(source: &str) -> Option<Arc<str>> {
    let decoded = text_of(source);
    let trimmed = decoded.trim();
    // Most texts need no change.
    if trimmed.len() <= MAX_ANCHOR
        && !trimmed.contains("  ")
        && !trimmed.contains(is_other_whitespace)
    {
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

fn is_other_whitespace(c: char) -> bool {
    c != ' ' && c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(source: &str) -> Option<String> {
        clean_text(source).map(|text| text.to_string())
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
            assert_eq!(cleaned(source).as_deref(), Some(text), "{source:?}");
        }
        for source in ["", " \n ", "&nbsp;"] {
            assert_eq!(cleaned(source), None, "{source:?}");
        }
    }

    #[test]
    fn texts_are_cut_to_characters() {
        let long = "\u{1f980}".repeat(500);
        assert_eq!(cleaned(&long).unwrap().chars().count(), MAX_ANCHOR);
        for (source, length) in [("x".repeat(200), 200), ("x".repeat(201), 200)] {
            assert_eq!(cleaned(&source).unwrap().len(), length);
        }
        // No space at the end.
        let words = format!("{} yz", "x".repeat(199));
        assert_eq!(cleaned(&words).unwrap(), "x".repeat(199));
        let words = format!("{} yz", "x".repeat(198));
        assert_eq!(cleaned(&words).unwrap(), format!("{} y", "x".repeat(198)));
    }
}
