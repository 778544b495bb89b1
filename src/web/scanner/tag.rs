//! A tag: where it ends, and its attributes.

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::memchr;

use super::names::TagName;

/// Maximum number of attributes of a tag; further ones do not count.
const MAX_ATTRIBUTES: usize = 1 << 16;

/// What a byte ends: the name of a tag, that of an attribute, a value without quotes.
const ENDS_TAG_NAME: u8 = 1;
const ENDS_NAME: u8 = 2;
const ENDS_VALUE: u8 = 4;

static ENDS: [u8; 256] = {
    let mut ends = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        ends[byte] = match byte as u8 {
            b'>' | b' ' | b'\n' | b'\r' | b'\t' | b'\x0c' => ENDS_TAG_NAME | ENDS_NAME | ENDS_VALUE,
            b'/' => ENDS_TAG_NAME | ENDS_NAME,
            b'=' => ENDS_NAME,
            _ => 0,
        };
        byte += 1;
    }
    ends
};

/// Whether `byte` ends the name of a tag.
pub(super) fn ends_name(byte: u8) -> bool {
    ENDS[usize::from(byte)] & ENDS_TAG_NAME != 0
}

/// The first place from `at` on with a byte that ends `what`, or the end of `bytes`.
fn skip(bytes: &[u8], mut at: usize, what: u8) -> usize {
    while let Some(&byte) = bytes.get(at) {
        if ENDS[usize::from(byte)] & what != 0 {
            break;
        }
        at += 1;
    }
    at
}

/// A place in a tag.
#[derive(Debug, Clone, Copy)]
enum TagPlace {
    /// In its name, which the last chunk has cut.
    TagName,
    BeforeName,
    /// Behind a slash.
    Slash,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

/// Where an attribute stands, counted from the `<` of its tag. Without a value, that is empty.
#[derive(Debug)]
struct AttributeSpan {
    name: (u32, u32),
    value: (u32, u32),
}

/// Reads a tag up to its end. Where a chunk ends inside the tag, it continues with the next one.
#[derive(Debug)]
pub(super) struct TagReader {
    place: TagPlace,
    /// How much of the tag was read.
    at: usize,
    /// Where the name of the tag ends, when that was read.
    name_end: usize,
    attributes: Vec<AttributeSpan>,
}

/// Where a tag ends.
#[derive(Debug)]
pub(super) struct TagEnd {
    pub(super) name_end: usize,
    /// The place of its `>`.
    pub(super) end: usize,
    self_closing: bool,
}

impl TagReader {
    pub(super) const fn new() -> Self {
        Self { place: TagPlace::TagName, at: 0, name_end: 0, attributes: Vec::new() }
    }

    /// Whether a tag is being read.
    pub(super) const fn is_in_tag(&self) -> bool {
        self.at > 0
    }

    /// Continues in `tag`, which begins with `<`, at `name` for the first time. `None` when the tag has
    /// no end there.
    pub(super) fn find_end(&mut self, tag: &[u8], name: usize) -> Option<TagEnd> {
        let mut at = self.at;
        if at == 0 {
            self.attributes.clear();
            at = skip(tag, name, ENDS_TAG_NAME);
            // Most tags have no attributes.
            if tag.get(at) == Some(&b'>') {
                return Some(TagEnd { name_end: at, end: at, self_closing: false });
            }
            self.name_end = at;
            self.place = if at < tag.len() { TagPlace::BeforeName } else { TagPlace::TagName };
        }
        while let Some(&byte) = tag.get(at) {
            match self.place {
                TagPlace::TagName => {
                    at = skip(tag, at, ENDS_TAG_NAME);
                    self.name_end = at;
                    if at < tag.len() {
                        self.place = TagPlace::BeforeName;
                    }
                }
                TagPlace::BeforeName | TagPlace::Slash | TagPlace::BeforeValue if byte == b'>' => {
                    self.at = 0;
                    let self_closing = matches!(self.place, TagPlace::Slash);
                    return Some(TagEnd { name_end: self.name_end, end: at, self_closing });
                }
                TagPlace::BeforeName | TagPlace::Slash => {
                    self.place = TagPlace::BeforeName;
                    if byte.is_ascii_whitespace() {
                        // Not yet.
                    } else if byte == b'/' {
                        self.place = TagPlace::Slash;
                    } else if let Some(attribute) = common_attribute(tag, at) {
                        at = attribute.value.1 as usize;
                        self.add_attribute(attribute);
                    } else {
                        // The first byte belongs to the name, whatever it is.
                        let at = at as u32;
                        self.add_attribute(AttributeSpan { name: (at, at), value: (0, 0) });
                        self.place = TagPlace::Name;
                    }
                    at += 1;
                }
                TagPlace::Name => {
                    at = skip(tag, at, ENDS_NAME);
                    if at < tag.len() {
                        self.last_attribute(|attribute| attribute.name.1 = at as u32);
                        self.place = TagPlace::AfterName;
                    }
                }
                TagPlace::AfterName => match byte {
                    b'=' => {
                        self.place = TagPlace::BeforeValue;
                        at += 1;
                    }
                    _ if byte.is_ascii_whitespace() => at += 1,
                    _ => self.place = TagPlace::BeforeName,
                },
                TagPlace::BeforeValue => match byte {
                    _ if byte.is_ascii_whitespace() => at += 1,
                    b'"' | b'\'' => {
                        at += 1;
                        self.begin_value(at, TagPlace::Quoted(byte));
                    }
                    _ => self.begin_value(at, TagPlace::Unquoted),
                },
                TagPlace::Quoted(quote) => {
                    let Some(length) = memchr(quote, &tag[at..]) else { break };
                    at += length;
                    self.end_value(at);
                    at += 1;
                }
                TagPlace::Unquoted => {
                    at = skip(tag, at, ENDS_VALUE);
                    if at < tag.len() {
                        self.end_value(at);
                    }
                }
            }
        }
        self.at = tag.len();
        None
    }

    fn add_attribute(&mut self, attribute: AttributeSpan) {
        // The last place is for those that do not count.
        self.attributes.truncate(MAX_ATTRIBUTES);
        self.attributes.push(attribute);
    }

    fn begin_value(&mut self, at: usize, place: TagPlace) {
        self.last_attribute(|attribute| attribute.value = (at as u32, at as u32));
        self.place = place;
    }

    fn end_value(&mut self, at: usize) {
        self.last_attribute(|attribute| attribute.value.1 = at as u32);
        self.place = TagPlace::BeforeName;
    }

    fn last_attribute(&mut self, change: impl FnOnce(&mut AttributeSpan)) {
        if let Some(attribute) = self.attributes.last_mut() {
            change(attribute);
        }
    }

    /// The start tag that ended at `end`.
    pub(super) fn start_tag<'t>(&'t self, tag: &'t [u8], end: &TagEnd) -> StartTag<'t> {
        StartTag {
            name: TagName::new(&tag[1..end.name_end]),
            self_closing: end.self_closing,
            tag,
            attributes: &self.attributes[..self.attributes.len().min(MAX_ATTRIBUTES)],
        }
    }
}

/// The attribute at `at`, if that has the common form `name="value"`.
fn common_attribute(tag: &[u8], at: usize) -> Option<AttributeSpan> {
    let name_end = skip(tag, at + 1, ENDS_NAME);
    let [b'=', quote @ (b'"' | b'\''), ..] = tag[name_end..] else { return None };
    let value = name_end + 2;
    let end = value + memchr(quote, &tag[value..])?;
    Some(AttributeSpan { name: (at as u32, name_end as u32), value: (value as u32, end as u32) })
}

/// A start tag.
#[derive(Debug)]
pub(in crate::web) struct StartTag<'t> {
    pub(in crate::web) name: TagName,
    pub(in crate::web) self_closing: bool,
    tag: &'t [u8],
    attributes: &'t [AttributeSpan],
}

impl<'t> StartTag<'t> {
    /// Whether it has the attribute `name`, which is in lower case.
    pub(in crate::web) fn has(&self, name: &[u8]) -> bool {
        self.raw_value(name).is_some()
    }

    /// The value of the attribute `name`, which is in lower case. Of several, the first counts.
    pub(in crate::web) fn raw_value(&self, name: &[u8]) -> Option<&'t [u8]> {
        let part = |(start, end): (u32, u32)| &self.tag[start as usize..end as usize];
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|span| {
            (span.name.1 - span.name.0) as usize == name.len()
                && part(span.name).eq_ignore_ascii_case(name)
        })?;
        Some(part(found.value))
    }

    /// The same, decoded.
    pub(in crate::web) fn value(
        &self,
        name: &[u8],
        encoding: &'static Encoding,
    ) -> Option<Cow<'t, str>> {
        let value = self.raw_value(name)?;
        Some(match std::str::from_utf8(value) {
            Ok(text) if value.is_ascii() => Cow::Borrowed(text),
            _ => encoding.decode_without_bom_handling(value).0,
        })
    }
}
