//! Follows the namespaces of a page by its tags: HTML, SVG, `MathML`, and HTML inside these again.

use super::names::{TagName, tag_name as tag};
use super::tag::StartTag;
use super::tokenizer::ElementContent;
use super::{CutShort, MAX_DEPTH};

/// The namespace of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagNamespace {
    /// HTML, also inside an integration point of the others.
    Html,
    /// SVG.
    Svg,
    /// `MathML`.
    MathMl,
}

/// The namespaces that were entered and not left.
#[derive(Debug)]
pub(super) struct Namespaces {
    current: TagNamespace,
    /// Those around the current one.
    outer: Vec<TagNamespace>,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self { current: TagNamespace::Html, outer: Vec::new() }
    }
}

impl Namespaces {
    /// The namespace at this place.
    pub(super) const fn current(&self) -> TagNamespace {
        self.current
    }

    /// Follows a start tag. Returns what its content is.
    ///
    /// # Errors
    /// Too many namespaces are entered.
    pub(super) fn start(&mut self, start: &StartTag<'_>) -> Result<ElementContent, CutShort> {
        match start.name {
            // What closes itself has no content.
            tag::SVG | tag::MATH if start.self_closing => {}
            tag::SVG => self.enter(TagNamespace::Svg)?,
            tag::MATH => self.enter(TagNamespace::MathMl)?,
            name if self.current == TagNamespace::Html => return Ok(ElementContent::of(name)),
            name if leads_back_to_html(name) => self.leave(),
            tag::FONT if [&b"color"[..], b"size", b"face"].iter().any(|name| start.has(name)) => {
                self.leave();
            }
            _ if self.is_integration_point(start) => self.enter(TagNamespace::Html)?,
            _ => {}
        }
        Ok(ElementContent::Markup)
    }

    /// Follows an end tag.
    pub(super) fn end(&mut self, name: TagName) {
        let leaves = match (self.current, self.outer.last()) {
            (TagNamespace::Html, None | Some(TagNamespace::Html)) => false,
            (TagNamespace::Html, Some(TagNamespace::Svg)) => is_html_in_svg(name),
            (TagNamespace::Html, Some(TagNamespace::MathMl)) => {
                is_text_in_math(name) || name == tag::ANNOTATION_XML
            }
            (TagNamespace::Svg, _) => matches!(name, tag::SVG | tag::P | tag::BR),
            (TagNamespace::MathMl, _) => matches!(name, tag::MATH | tag::P | tag::BR),
        };
        if leaves {
            self.leave();
        }
    }

    fn enter(&mut self, namespace: TagNamespace) -> Result<(), CutShort> {
        if self.outer.len() >= MAX_DEPTH {
            return Err(CutShort);
        }
        self.outer.push(self.current);
        self.current = namespace;
        Ok(())
    }

    fn leave(&mut self) {
        self.current = self.outer.pop().unwrap_or(TagNamespace::Html);
    }

    /// Whether the content of an element that is no HTML is HTML.
    fn is_integration_point(&self, start: &StartTag<'_>) -> bool {
        if start.self_closing {
            return false;
        }
        match self.current {
            TagNamespace::Html => false,
            TagNamespace::Svg => is_html_in_svg(start.name),
            TagNamespace::MathMl if start.name == tag::ANNOTATION_XML => {
                start.raw_value(b"encoding").is_some_and(|value| {
                    value.eq_ignore_ascii_case(b"text/html")
                        || value.eq_ignore_ascii_case(b"application/xhtml+xml")
                })
            }
            TagNamespace::MathMl => is_text_in_math(start.name),
        }
    }
}

const fn is_html_in_svg(name: TagName) -> bool {
    matches!(name, tag::DESC | tag::TITLE | tag::FOREIGN_OBJECT)
}

const fn is_text_in_math(name: TagName) -> bool {
    matches!(name, tag::MI | tag::MO | tag::MN | tag::MS | tag::MTEXT)
}

/// Whether a start tag ends SVG or `MathML`: elements that authors forgot to close there.
#[rustfmt::skip]
const fn leads_back_to_html(name: TagName) -> bool {
    matches!(
        name,
        tag::B | tag::BIG | tag::BLOCKQUOTE | tag::BODY | tag::BR | tag::CENTER | tag::CODE | tag::DD | tag::DIV
            | tag::DL | tag::DT | tag::EM | tag::EMBED | tag::H1 | tag::H2 | tag::H3 | tag::H4 | tag::H5 | tag::H6
            | tag::HEAD | tag::HR | tag::I | tag::IMG | tag::LI | tag::LISTING | tag::MENU | tag::META | tag::NOBR
            | tag::OL | tag::P | tag::PRE | tag::RUBY | tag::S | tag::SMALL | tag::SPAN | tag::STRONG | tag::STRIKE
            | tag::SUB | tag::SUP | tag::TABLE | tag::TT | tag::U | tag::UL | tag::VAR
    )
}
