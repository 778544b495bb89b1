//! Parses XHTML and other XML, and hands its elements of HTML and SVG to [`PageExtractor`].
//!
//! Elements are known by their namespace. A page that is declared as XHTML and is not well-formed is read
//! as HTML as well, so that no link of it is lost. Namespaces are bounded for any page.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::Encoding;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::web::decoded_chunks::DecodedChunks;
use crate::web::elements::{self, TagAttributes};
use crate::web::extract::{PageExtractor, StopParsing};
use crate::web::markup;
use crate::web::parsed::Parsed;
use crate::web::sniff::DocumentKind;
use crate::web::source;
use crate::web::title::PageTitle;

/// Maximum number of namespaces declared at one place of a page; further ones do not count.
const MAX_NAMESPACES: usize = 64;

const HTML: &str = "http://www.w3.org/1999/xhtml";
const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// Reads the document in `chunks`.
pub(super) fn read(chunks: &[Bytes], kind: DocumentKind, mut page: PageExtractor) -> Parsed {
    let encoding = page.encoding();
    let mut first_base = FirstBase(None);
    if !encoding.is_ascii_compatible()
        || source::contains(chunks, b"<base")
        || source::contains(chunks, b":base")
    {
        // It ends with an error where a `base` is found.
        let _ = Document::new(kind).read(chunks, encoding, &mut first_base);
    }
    page.expect_base(first_base.0.as_deref());
    let mut document = Document::new(kind);
    let ended = document.read(chunks, encoding, &mut XmlCollector::new(&mut page));
    let cut = match ended {
        Err(Ended::Stopped) => true,
        Err(Ended::Malformed) if kind == DocumentKind::Xhtml => {
            page.xml_ended();
            markup::read(chunks, encoding, &mut page).is_err()
        }
        // Other XML is read up to the place where it is not well-formed, as browsers show it.
        Ok(()) | Err(Ended::Malformed) => false,
    };
    let mut parsed = page.finish(cut);
    parsed.unrecognized = kind == DocumentKind::Xml && !document.recognized;
    parsed
}

/// Why the document was not read to its end.
enum Ended {
    /// It is not well-formed.
    Malformed,
    /// Nothing more is wanted.
    Stopped,
}

impl From<StopParsing> for Ended {
    fn from(_: StopParsing) -> Self {
        Self::Stopped
    }
}

/// The namespaces that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Html,
    Svg,
    XLink,
    Other,
}

/// Receives elements and texts of the document.
trait XmlSink {
    fn start(&mut self, tag: &XmlTag<'_>, at: Position) -> Result<(), Ended>;
    /// The element that began at `depth` has ended.
    fn end(&mut self, depth: u32) -> Result<(), Ended>;
    /// A text as in HTML source: with entities.
    fn text(&mut self, text: &str) -> Result<(), Ended>;
}

/// Where an element stands.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// 0 for the root.
    depth: u32,
    in_svg_image: bool,
}

/// The state of reading.
struct Document {
    kind: DocumentKind,
    depth: u32,
    /// Prefix, namespace and depth of each declaration in force; the default one has no prefix.
    namespaces: Vec<(Box<str>, Namespace, u32)>,
    root: Option<Namespace>,
    /// Whether an element of HTML or SVG was seen.
    recognized: bool,
}

impl Document {
    const fn new(kind: DocumentKind) -> Self {
        Self { kind, depth: 0, namespaces: Vec::new(), root: None, recognized: false }
    }

    fn read(
        &mut self,
        chunks: &[Bytes],
        encoding: &'static Encoding,
        sink: &mut impl XmlSink,
    ) -> Result<(), Ended> {
        let mut reader = Reader::from_reader(DecodedChunks::new(chunks, encoding));
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer).map_err(|_| Ended::Malformed)? {
                Event::Start(tag) => {
                    self.start(&tag, sink)?;
                    self.depth += 1;
                }
                Event::Empty(tag) => {
                    self.start(&tag, sink)?;
                    self.end(self.depth, sink)?;
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.end(self.depth, sink)?;
                }
                Event::Text(text) => sink.text(&text)?,
                Event::CData(text) => sink.text(&text.replace('&', "&amp;"))?,
                Event::GeneralRef(name) => sink.text(&format!("&{};", &*name))?,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof if self.depth > 0 => return Err(Ended::Malformed),
                Event::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, sink: &mut impl XmlSink) -> Result<(), Ended> {
        for (name, value) in attributes(tag) {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(prefix) if prefix.starts_with(':') => &prefix[1..],
                _ => continue,
            };
            if self.namespaces.len() < MAX_NAMESPACES {
                let namespace = match value.trim() {
                    HTML => Namespace::Html,
                    SVG => Namespace::Svg,
                    XLINK => Namespace::XLink,
                    _ => Namespace::Other,
                };
                self.namespaces.push((prefix.into(), namespace, self.depth));
            }
        }
        let name: &str = tag.name().0;
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = self.namespace(prefix);
        let position =
            Position { depth: self.depth, in_svg_image: self.root == Some(Namespace::Svg) };
        self.root.get_or_insert(namespace);
        self.recognized |= matches!(namespace, Namespace::Html | Namespace::Svg);
        let tag = XmlTag { tag, local, namespace, document: self };
        sink.start(&tag, position)
    }

    fn end(&mut self, depth: u32, sink: &mut impl XmlSink) -> Result<(), Ended> {
        while self.namespaces.pop_if(|(_, _, declared)| *declared >= depth).is_some() {}
        sink.end(depth)
    }

    /// The namespace of `prefix`. Many pages that are declared as XHTML name no namespace.
    fn namespace(&self, prefix: &str) -> Namespace {
        let declared = self.namespaces.iter().rev().find(|(name, _, _)| **name == *prefix);
        match declared {
            Some((_, namespace, _)) => *namespace,
            None if prefix.is_empty() && self.kind == DocumentKind::Xhtml => Namespace::Html,
            None if prefix == "xlink" => Namespace::XLink,
            None => Namespace::Other,
        }
    }
}

/// The attributes of a tag, as in the source. A malformed one is left out.
fn attributes<'t>(tag: &'t BytesStart<'_>) -> impl Iterator<Item = (&'t str, Cow<'t, str>)> {
    let mut attributes = tag.html_attributes();
    // Comparing each with each other would take too long for a malicious page.
    attributes.with_checks(false);
    attributes.flatten().map(|attribute| (attribute.key.0, attribute.value))
}

/// An element of the document.
struct XmlTag<'t> {
    tag: &'t BytesStart<'t>,
    local: &'t str,
    namespace: Namespace,
    document: &'t Document,
}

impl XmlTag<'_> {
    /// The name of the attribute that holds the link of an SVG element.
    fn svg_href(&self) -> Option<&str> {
        let (mut href, mut xlink) = (None, None);
        for (name, _) in attributes(self.tag) {
            match name.split_once(':') {
                None if name == "href" => href = Some(name),
                Some((prefix, "href")) if self.document.namespace(prefix) == Namespace::XLink => {
                    xlink = xlink.or(Some(name));
                }
                _ => {}
            }
        }
        href.or(xlink)
    }
}

impl TagAttributes for XmlTag<'_> {
    fn raw(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = attributes(self.tag).find(|(found, _)| *found == name)?;
        // White space in attributes is normalized in XML.
        Some(Cow::Owned(value.replace(['\t', '\r', '\n'], " ")))
    }
}

/// Finds the first `base` element with `href`.
struct FirstBase(Option<String>);

impl XmlSink for FirstBase {
    fn start(&mut self, tag: &XmlTag<'_>, _: Position) -> Result<(), Ended> {
        if (tag.namespace, tag.local) == (Namespace::Html, "base") {
            self.0 = tag.value("href").map(Cow::into_owned);
        }
        if self.0.is_some() { Err(Ended::Stopped) } else { Ok(()) }
    }

    fn end(&mut self, _: u32) -> Result<(), Ended> {
        Ok(())
    }

    fn text(&mut self, _: &str) -> Result<(), Ended> {
        Ok(())
    }
}

/// Collects what the document has.
struct XmlCollector<'page> {
    page: &'page mut PageExtractor,
    /// Depth of the current link.
    anchor: Option<u32>,
    /// Depth of the current script or style sheet, whose text is not shown.
    hidden: Option<u32>,
}

impl<'page> XmlCollector<'page> {
    const fn new(page: &'page mut PageExtractor) -> Self {
        Self { page, anchor: None, hidden: None }
    }
}

impl XmlSink for XmlCollector<'_> {
    fn start(&mut self, tag: &XmlTag<'_>, at: Position) -> Result<(), Ended> {
        let page = &mut *self.page;
        match (tag.namespace, tag.local) {
            (Namespace::Html, "a") => self.anchor = link_of(page, tag, Some("href"), at)?,
            (Namespace::Svg, "a") => self.anchor = link_of(page, tag, tag.svg_href(), at)?,
            (Namespace::Html, "area") => elements::area(page, tag)?,
            (Namespace::Html, "link") => elements::link(page, tag)?,
            (Namespace::Html, "meta") => elements::meta(page, tag, false)?,
            (Namespace::Html, "base") if tag.raw("href").is_some() => page.base_reached(),
            (Namespace::Html, "iframe") if tag.raw("srcdoc").is_some() => {
                markup::read_srcdoc(tag.value("srcdoc").unwrap_or_default().into_owned(), page)?;
            }
            (Namespace::Html, "frame" | "iframe") => elements::frame(page, tag)?,
            (Namespace::Html, "img") => {
                if let Some(alt) = tag.raw("alt") {
                    page.anchor_image(&alt);
                }
            }
            (Namespace::Html | Namespace::Svg, "script" | "style") => {
                self.hidden.get_or_insert(at.depth);
            }
            (Namespace::Html, "title") => {
                page.title().map(PageTitle::begin);
            }
            // The title of an SVG image that is the whole document.
            (Namespace::Svg, "title") if at.depth == 1 && at.in_svg_image => {
                page.title().map(PageTitle::begin);
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, depth: u32) -> Result<(), Ended> {
        let page = &mut *self.page;
        if self.anchor.take_if(|begin| *begin >= depth).is_some() {
            page.anchor_ended();
        }
        self.hidden.take_if(|begin| *begin >= depth);
        page.title().map(PageTitle::end);
        Ok(page.stop_if_done()?)
    }

    fn text(&mut self, text: &str) -> Result<(), Ended> {
        let page = &mut *self.page;
        if self.anchor.is_some() && self.hidden.is_none() {
            page.anchor_text(text);
        }
        if let Some(title) = page.title() {
            title.text(text, false);
        }
        Ok(())
    }
}

/// Begins the link of an element, where it has one.
fn link_of(
    page: &mut PageExtractor,
    tag: &XmlTag<'_>,
    href: Option<&str>,
    at: Position,
) -> Result<Option<u32>, StopParsing> {
    let Some(href) = href else { return Ok(None) };
    Ok(elements::anchor(page, tag, href)?.then_some(at.depth))
}
