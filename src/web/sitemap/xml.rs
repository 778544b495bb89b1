//! Reads the elements of a sitemap or a feed, piece by piece.
//!
//! Only the five entities of XML and character references are expanded; a DTD is ignored.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::item::{Item, SitemapError};
use super::output::{EntryBase, EntryKind, ItemOutput};
use crate::web::url::{MAX_URL_LEN, resolve, trim_invisible};

/// Maximum number of `xml:base` inside each other.
const MAX_BASES: usize = 16;

/// The field that an element inside an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Url,
    /// The `guid` of RSS, which is the URL of the page unless it says that it is not.
    Guid,
    Changed,
}

/// The kind of document, by its root element.
#[derive(Debug, Clone, Copy)]
struct RootKind {
    root: &'static str,
    entry: &'static str,
    names: EntryKind,
}

/// An entry that is being read.
#[derive(Debug, Default)]
struct UrlElement {
    depth: u32,
    url: Option<String>,
    /// The `xml:base` in force where its URL stands.
    base: Option<Url>,
    guid: Option<String>,
    changed: String,
    /// Whether its URL cannot be read, for an unknown entity or its length.
    bad: bool,
}

/// The state of reading.
#[derive(Debug, Default)]
pub(super) struct Elements {
    depth: u32,
    kind: Option<RootKind>,
    entry: Option<UrlElement>,
    field: Option<(Field, u32)>,
    /// The `xml:base` of open elements with their depth, innermost last.
    bases: Vec<(u32, Url)>,
    text: String,
    closed: bool,
}

impl Elements {
    /// Whether the root element has ended.
    pub(super) const fn closed(&self) -> bool {
        self.closed
    }

    /// Reads the complete events of `text`, which begins at byte `before` of the document. Returns the
    /// number of bytes read; an incomplete event is an error only in the `last` piece.
    pub(super) fn read(
        &mut self,
        text: &str,
        before: u64,
        last: bool,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> (usize, Result<(), SitemapError>) {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        let mut read = 0;
        loop {
            let result = match reader.read_event() {
                Ok(Event::Eof) => return (read, Ok(())),
                Ok(event) => self.event(&event, output, sink),
                Err(_) if !last => return (read, Ok(())),
                Err(error) => {
                    let at = before + read as u64;
                    Err(SitemapError::Malformed { at, cause: error.to_string() })
                }
            };
            read = usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len());
            if result.is_err() {
                return (read, result);
            }
        }
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        if self.closed {
            return Ok(());
        }
        match event {
            Event::Start(element) => {
                self.start_element(element, output, sink)?;
                self.depth += 1;
            }
            Event::Empty(element) => {
                self.start_element(element, output, sink)?;
                self.depth += 1;
                self.end_element(element.local_name().as_ref(), output, sink)?;
            }
            Event::End(element) => self.end_element(element.local_name().as_ref(), output, sink)?,
            Event::Text(text) => self.append(text),
            Event::CData(text) => self.append(text),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => self.append(c.encode_utf8(&mut [0; 4])),
                _ => match quick_xml::escape::resolve_xml_entity(name) {
                    Some(text) => self.append(text),
                    None => self.mark_bad(),
                },
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn start_element(
        &mut self,
        element: &BytesStart<'_>,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.enter_base(element, output);
        let name = element.local_name();
        let name: &str = name.as_ref();
        let Some(kind) = self.kind else {
            self.kind = Some(kind_of(name)?);
            return Ok(());
        };
        let name = &*lower_case(name);
        if name == kind.entry {
            // An entry that was not closed ends where the next one begins.
            self.emit_entry(output, sink)?;
            self.entry = Some(UrlElement { depth: self.depth, ..UrlElement::default() });
            return Ok(());
        }
        let Some(entry) = &mut self.entry else { return Ok(()) };
        if self.depth != entry.depth + 1 {
            return Ok(());
        }
        let field = match name {
            "loc" => Field::Url,
            "link" if kind.entry == "entry" => {
                if entry.url.is_none() {
                    entry.url = atom_link(element);
                    entry.base = self.bases.last().map(|(_, base)| base.clone());
                }
                return Ok(());
            }
            "link" if kind.entry == "item" => Field::Url,
            "guid" if kind.entry == "item" && is_permalink(element) => Field::Guid,
            "lastmod" | "pubdate" | "date" | "updated" => Field::Changed,
            _ => return Ok(()),
        };
        if field == Field::Url && entry.url.as_ref().is_none_or(String::is_empty) {
            entry.base = self.bases.last().map(|(_, base)| base.clone());
        }
        self.field = Some((field, self.depth));
        self.text.clear();
        Ok(())
    }

    fn end_element(
        &mut self,
        name: &str,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        let is_root = self.kind.is_some_and(|kind| kind.root.eq_ignore_ascii_case(name));
        if self.depth <= 1 && !is_root {
            // An end tag without a start tag.
            return Ok(());
        }
        self.depth -= 1;
        self.leave_bases();
        if let Some((field, _)) = self.field.take_if(|(_, depth)| *depth >= self.depth)
            && let Some(entry) = &mut self.entry
        {
            let text = std::mem::take(&mut self.text);
            match field {
                Field::Url if entry.url.as_ref().is_none_or(String::is_empty) => {
                    entry.url = Some(text);
                }
                Field::Url => {}
                Field::Guid => {
                    entry.guid.get_or_insert(text);
                }
                Field::Changed => entry.changed = text,
            }
        }
        if self.entry.as_ref().is_some_and(|entry| entry.depth >= self.depth) {
            self.emit_entry(output, sink)?;
        }
        self.closed = self.depth == 0;
        Ok(())
    }

    fn append(&mut self, text: &str) {
        if self.field.is_none() {
            return;
        }
        if self.text.len() + text.len() > 2 * MAX_URL_LEN {
            self.mark_bad();
        } else {
            self.text.push_str(text);
        }
    }

    /// Marks the entry as bad when the text of its URL cannot be read.
    fn mark_bad(&mut self) {
        match (&self.field, &mut self.entry) {
            (Some((Field::Url, _)), Some(entry)) => entry.bad = true,
            // An empty one is not used.
            (Some((Field::Guid, _)), Some(entry)) => entry.guid = Some(String::new()),
            _ => {}
        }
    }

    /// Takes in the `xml:base` of an element (XML Base), relative to the one around it.
    fn enter_base(&mut self, element: &BytesStart<'_>, output: &ItemOutput) {
        self.leave_bases();
        let Some(base) = attribute(element, "xml:base") else { return };
        let around = self.bases.last().map_or(&output.base, |(_, base)| base);
        if self.bases.len() < MAX_BASES
            && let Ok(base) = resolve(around, trim_invisible(&base))
            && !base.cannot_be_a_base()
            && base.as_str().len() <= MAX_URL_LEN
        {
            self.bases.push((self.depth, base));
        }
    }

    /// Forgets the `xml:base` of elements that have ended.
    fn leave_bases(&mut self) {
        while self.bases.pop_if(|(depth, _)| *depth >= self.depth).is_some() {}
    }

    /// Ends the current entry and emits it.
    fn emit_entry(
        &mut self,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.field = None;
        let (Some(entry), Some(kind)) = (self.entry.take(), self.kind) else { return Ok(()) };
        let has_text = |text: &String| !trim_invisible(text).is_empty();
        let base = entry.base.as_ref().map_or(EntryBase::Document, EntryBase::Of);
        let (url, base) = match (entry.url.filter(has_text), entry.guid) {
            (None, Some(guid)) => (Some(guid), EntryBase::Absolute),
            (url, _) => (url, base),
        };
        match url {
            Some(url) if !entry.bad => output.emit(kind.names, &url, &entry.changed, base, sink),
            _ => {
                output.count_refused();
                Ok(())
            }
        }
    }
}

fn kind_of(root: &str) -> Result<RootKind, SitemapError> {
    let (root, entry, names) = match &*lower_case(root) {
        "urlset" => ("urlset", "url", EntryKind::Page),
        "sitemapindex" => ("sitemapindex", "sitemap", EntryKind::Sitemap),
        "rss" => ("rss", "item", EntryKind::Page),
        "rdf" => ("rdf", "item", EntryKind::Page),
        "feed" => ("feed", "entry", EntryKind::Page),
        _ => {
            let name: String = root.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(SitemapError::NotASitemap {
                found: format!("its root element is {name:?}"),
            });
        }
    };
    Ok(RootKind { root, entry, names })
}

/// The URL of the page of an Atom entry.
fn atom_link(element: &BytesStart<'_>) -> Option<String> {
    let rel = attribute(element, "rel");
    rel.is_none_or(|rel| rel == "alternate").then(|| attribute(element, "href"))?
}

/// Whether the `guid` of an RSS item is the URL of its page.
fn is_permalink(element: &BytesStart<'_>) -> bool {
    let value = attribute(element, "isPermaLink");
    value.is_none_or(|value| !value.trim().eq_ignore_ascii_case("false"))
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok().flatten()?;
    Some(htmlize::unescape_attribute(&*found.value).into_owned())
}

/// Names of XML have a case, but some sitemaps are written in upper case.
fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}
