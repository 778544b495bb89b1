//! The elements of a sitemap or a feed, piece by piece.
//!
//! No entity is expanded but the five of XML and character references; no DTD is looked at.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::item::{Item, SitemapError};
use super::output::{EntryKind, ItemOutput};
use crate::web::url::MAX_URL_LEN;

/// What an element inside an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Url,
    Changed,
}

/// What the root element promises.
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
    changed: String,
    /// Its URL holds what cannot be known.
    bad: bool,
}

/// Where the reading stands.
#[derive(Debug, Default)]
pub(super) struct Elements {
    depth: u32,
    kind: Option<RootKind>,
    entry: Option<UrlElement>,
    field: Option<(Field, u32)>,
    text: String,
    closed: bool,
}

impl Elements {
    /// Whether the root element has ended.
    pub(super) const fn closed(&self) -> bool {
        self.closed
    }

    /// Reads the whole events of `text`, which begins `before` bytes behind the beginning. Returns
    /// how many bytes they are; what is not whole is an error in the `last` piece alone.
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
                self.starts(element, output, sink)?;
                self.depth += 1;
            }
            Event::Empty(element) => {
                self.starts(element, output, sink)?;
                self.depth += 1;
                self.ends(element.local_name().as_ref(), output, sink)?;
            }
            Event::End(element) => self.ends(element.local_name().as_ref(), output, sink)?,
            Event::Text(text) => self.append(text),
            Event::CData(text) => self.append(text),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => self.append(c.encode_utf8(&mut [0; 4])),
                _ => match quick_xml::escape::resolve_xml_entity(name) {
                    Some(text) => self.append(text),
                    None => self.spoil(),
                },
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn starts(
        &mut self,
        element: &BytesStart<'_>,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        let name = element.local_name();
        let name: &str = name.as_ref();
        let Some(kind) = self.kind else {
            self.kind = Some(kind_of(name)?);
            return Ok(());
        };
        if name == kind.entry {
            // Where an entry was never closed, the next one begins all the same.
            self.hand_on(output, sink)?;
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
                }
                return Ok(());
            }
            "link" if kind.entry == "item" => Field::Url,
            "lastmod" | "pubDate" | "date" | "updated" => Field::Changed,
            _ => return Ok(()),
        };
        self.field = Some((field, self.depth));
        self.text.clear();
        Ok(())
    }

    fn ends(
        &mut self,
        name: &str,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        let is_root = self.kind.is_some_and(|kind| kind.root == name);
        if self.depth <= 1 && !is_root {
            // The end of what never began.
            return Ok(());
        }
        self.depth -= 1;
        if let Some((field, _)) = self.field.take_if(|(_, depth)| *depth >= self.depth)
            && let Some(entry) = &mut self.entry
        {
            let text = std::mem::take(&mut self.text);
            match field {
                Field::Url if entry.url.as_ref().is_none_or(String::is_empty) => {
                    entry.url = Some(text);
                }
                Field::Url => {}
                Field::Changed => entry.changed = text,
            }
        }
        if self.entry.as_ref().is_some_and(|entry| entry.depth >= self.depth) {
            self.hand_on(output, sink)?;
        }
        self.closed = self.depth == 0;
        Ok(())
    }

    fn append(&mut self, text: &str) {
        if self.field.is_none() {
            return;
        }
        if self.text.len() + text.len() > 2 * MAX_URL_LEN {
            self.spoil();
        } else {
            self.text.push_str(text);
        }
    }

    /// The text of a field cannot be known.
    const fn spoil(&mut self) {
        if let (Some((Field::Url, _)), Some(entry)) = (&self.field, &mut self.entry) {
            entry.bad = true;
        }
    }

    /// The entry is complete.
    fn hand_on(
        &mut self,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.field = None;
        let (Some(entry), Some(kind)) = (self.entry.take(), self.kind) else { return Ok(()) };
        match entry.url {
            Some(url) if !entry.bad && !url.trim().is_empty() => {
                output.take(kind.names, &url, &entry.changed, true, sink)
            }
            _ => {
                output.refuse();
                Ok(())
            }
        }
    }
}

fn kind_of(root: &str) -> Result<RootKind, SitemapError> {
    let (root, entry, names) = match root {
        "urlset" => ("urlset", "url", EntryKind::Page),
        "sitemapindex" => ("sitemapindex", "sitemap", EntryKind::Sitemap),
        "rss" => ("rss", "item", EntryKind::Page),
        "RDF" => ("RDF", "item", EntryKind::Page),
        "feed" => ("feed", "entry", EntryKind::Page),
        _ => {
            let name: String = root.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(SitemapError::Alien { found: format!("its root element is {name:?}") });
        }
    };
    Ok(RootKind { root, entry, names })
}

/// The page that an Atom entry is about.
fn atom_link(element: &BytesStart<'_>) -> Option<String> {
    let attribute = |name: &str| {
        let found = element.try_get_attribute(name).ok().flatten()?;
        Some(htmlize::unescape_attribute(&*found.value).into_owned())
    };
    let rel = attribute("rel");
    rel.is_none_or(|rel| rel == "alternate").then(|| attribute("href"))?
}
