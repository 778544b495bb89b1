//! Parses HTML in one streaming pass over its bytes, and hands its elements to [`PageExtractor`].
//!
//! The chunks are never joined, and memory is bounded for any page.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};

use crate::web::elements::{self, TagAttributes};
use crate::web::extract::{PageExtractor, StopParsing};
use crate::web::scanner::{
    CutShort, ElementContent, ElementRole, StartTag, TagName, TextDecoder, TokenSink, Tokenizer,
    Tree, tag_name,
};
use crate::web::source;

impl From<StopParsing> for CutShort {
    fn from(_: StopParsing) -> Self {
        Self
    }
}

/// Reads the document in `chunks`, up to its end or to where the parser stops.
pub(super) fn read(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    page: &mut PageExtractor,
) -> Result<(), CutShort> {
    let may_have_base = !encoding.is_ascii_compatible() || source::contains(chunks, b"<base");
    let base = if may_have_base { first_base(chunks, encoding) } else { None };
    page.expect_base(base.as_deref());
    let mut document = HtmlDocument {
        page,
        encoding: parsed_as(encoding),
        has_base: base.is_some(),
        tree: Tree::default(),
        decoder: TextDecoder::default(),
        reader: None,
    };
    tokenize(chunks, encoding, &mut document)
}

/// Reads the document in the value of an `iframe srcdoc`.
pub(super) fn read_srcdoc(value: String, page: &mut PageExtractor) -> Result<(), StopParsing> {
    let Some(outer) = page.begin_embedded() else { return Ok(()) };
    let cut = read(&[Bytes::from(value)], UTF_8, page).is_err();
    page.end_embedded(outer);
    if cut {
        page.embedded_is_cut();
        page.stop_if_done()?;
    }
    Ok(())
}

/// The `href` of the first `base` of the document.
fn first_base(chunks: &[Bytes], encoding: &'static Encoding) -> Option<String> {
    let mut finder =
        BaseFinder { encoding: parsed_as(encoding), tree: Tree::default(), found: None };
    // It ends with an error where a `base` is found.
    let _ = tokenize(chunks, encoding, &mut finder);
    finder.found
}

/// The encoding of the bytes that the tokenizer gets.
fn parsed_as(encoding: &'static Encoding) -> &'static Encoding {
    if encoding.is_ascii_compatible() { encoding } else { UTF_8 }
}

fn tokenize(
    chunks: &[Bytes],
    encoding: &'static Encoding,
    sink: &mut impl TokenSink,
) -> Result<(), CutShort> {
    let mut tokenizer = Tokenizer::new();
    source::feed(chunks, encoding, |piece| tokenizer.write(piece, sink))?;
    tokenizer.end(sink)
}

/// Whether the element at this place is a `base` of the document: none in a template, which is no part
/// of it.
fn is_base(tree: &Tree, start: &StartTag<'_>) -> bool {
    tree.is_html() && !tree.is_in(ElementRole::Template) && start.has(b"href")
}

/// Why an element matters to what is inside it.
fn role_of(start: &StartTag<'_>) -> ElementRole {
    match start.name {
        tag_name::A if start.has(b"href") => ElementRole::Link,
        tag_name::A if start.has(b"xlink:href") => ElementRole::XLink,
        tag_name::TITLE => ElementRole::Title,
        tag_name::SVG => ElementRole::Svg,
        tag_name::TEMPLATE => ElementRole::Template,
        _ => ElementRole::None,
    }
}

/// Finds the first `base` of a document.
struct BaseFinder {
    encoding: &'static Encoding,
    tree: Tree,
    found: Option<String>,
}

impl TokenSink for BaseFinder {
    fn start_tag(&mut self, start: &StartTag<'_>) -> Result<ElementContent, CutShort> {
        let content = self.tree.start(start, role_of(start))?;
        if start.name == tag_name::BASE && is_base(&self.tree, start) {
            let tag = ElementTag { start, encoding: self.encoding };
            self.found = tag.value("href").map(Cow::into_owned);
            return Err(CutShort);
        }
        Ok(content)
    }

    fn end_tag(&mut self, name: TagName) -> Result<(), CutShort> {
        self.tree.end(name);
        Ok(())
    }

    fn text(&mut self, _: &[u8], _: bool) -> Result<(), CutShort> {
        Ok(())
    }

    fn text_ends(&mut self) -> Result<(), CutShort> {
        Ok(())
    }

    fn is_foreign(&self) -> bool {
        !self.tree.is_html()
    }
}

/// The start tag of an element.
struct ElementTag<'t> {
    start: &'t StartTag<'t>,
    encoding: &'static Encoding,
}

impl TagAttributes for ElementTag<'_> {
    fn raw(&self, name: &str) -> Option<Cow<'_, str>> {
        self.start.value(name.as_bytes(), self.encoding)
    }
}

/// Who reads a text.
#[derive(Debug, Clone, Copy)]
struct TextReader {
    link: bool,
    title: bool,
}

/// The document that is read.
struct HtmlDocument<'page> {
    page: &'page mut PageExtractor,
    encoding: &'static Encoding,
    /// Whether it has a `base` that counts.
    has_base: bool,
    tree: Tree,
    decoder: TextDecoder,
    /// Who reads the current text.
    reader: Option<TextReader>,
}

impl TokenSink for HtmlDocument<'_> {
    fn start_tag(&mut self, start: &StartTag<'_>) -> Result<ElementContent, CutShort> {
        self.text_ends()?;
        let role = role_of(start);
        let content = self.tree.start(start, role)?;
        self.element(start, role)?;
        Ok(content)
    }

    fn end_tag(&mut self, name: TagName) -> Result<(), CutShort> {
        self.text_ends()?;
        if self.tree.end(name) {
            self.page.anchor_ended();
        }
        Ok(())
    }

    fn text(&mut self, piece: &[u8], references: bool) -> Result<(), CutShort> {
        let is_in_link = self.tree.is_in(ElementRole::Link) || self.tree.is_in(ElementRole::XLink);
        let link = references && is_in_link && self.page.wants_anchor_text();
        let title = self.tree.is_in(ElementRole::Title);
        if piece.is_empty() || !link && !title {
            return Ok(());
        }
        let reader = TextReader { link, title };
        self.reader = Some(reader);
        self.decoder.feed(piece, self.encoding, |text| pass_on(self.page, reader, text));
        if title && self.page.title().is_some() {
            self.page.stop_if_done()?;
        }
        Ok(())
    }

    fn text_ends(&mut self) -> Result<(), CutShort> {
        let Some(reader) = self.reader.take() else { return Ok(()) };
        self.decoder.finish(|text| pass_on(self.page, reader, text));
        if reader.title
            && let Some(title) = self.page.title()
        {
            title.end();
            self.page.stop_if_done()?;
        }
        Ok(())
    }

    fn is_foreign(&self) -> bool {
        !self.tree.is_html()
    }
}

/// Gives a text to those who read it.
fn pass_on(page: &mut PageExtractor, reader: TextReader, text: &str) {
    if reader.link {
        page.anchor_text(text);
    }
    if reader.title
        && let Some(title) = page.title()
    {
        title.text(text, false);
    }
}

impl HtmlDocument<'_> {
    fn element(&mut self, start: &StartTag<'_>, role: ElementRole) -> Result<(), StopParsing> {
        let tag = ElementTag { start, encoding: self.encoding };
        let page = &mut *self.page;
        match start.name {
            tag_name::A => {
                let href = match role {
                    ElementRole::Link => "href",
                    ElementRole::XLink if self.tree.is_svg() => "xlink:href",
                    _ => return Ok(()),
                };
                if elements::anchor(page, &tag, href)? {
                    self.tree.report_end();
                }
            }
            tag_name::IMG if page.wants_anchor_text() && self.tree.is_in(ElementRole::Link) => {
                if let Some(alt) = tag.raw("alt") {
                    page.anchor_image(&alt);
                }
            }
            tag_name::AREA => elements::area(page, &tag)?,
            tag_name::LINK => elements::link(page, &tag)?,
            // Of an element with both attributes, browsers show the document in `srcdoc`.
            tag_name::IFRAME if start.has(b"srcdoc") => {
                read_srcdoc(tag.value("srcdoc").unwrap_or_default().into_owned(), page)?;
            }
            tag_name::FRAME | tag_name::IFRAME => elements::frame(page, &tag)?,
            tag_name::META => elements::meta(page, &tag, true)?,
            tag_name::TITLE => {
                if let Some(title) = page.title() {
                    title.begin();
                    if self.tree.is_in(ElementRole::Svg) {
                        title.is_of_svg();
                    }
                }
            }
            tag_name::BASE if self.has_base && is_base(&self.tree, start) => page.base_reached(),
            _ => {}
        }
        Ok(())
    }
}
