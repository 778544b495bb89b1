//! What one pass over a page gathers: base, links, title, directives. It sees attribute values,
//! no markup.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use url::Url;

use crate::model::url_identity::UrlHash;
use crate::web::anchor::Anchor;
use crate::web::parsed::{LinkOptions, Parsed};
use crate::web::robots::meta_robots;
use crate::web::url::{MAX_URL_LEN, MAX_URL_TEXT, is_fetchable};

/// Longest title kept, in characters.
pub(super) const MAX_TITLE: usize = 500;
/// Source text of a title that is looked at, in bytes.
const MAX_TITLE_SOURCE: usize = 16 << 10;
/// URLs and texts of all links kept of one page, in bytes: a long base must not multiply a short page.
const MAX_LINK_BYTES: usize = 8 << 20;
/// An attribute value longer than this is not even decoded.
const MAX_VALUE: usize = MAX_URL_TEXT;

/// Says to the parser that nothing more is wanted.
#[derive(Debug, thiserror::Error)]
#[error("the page has given all that is wanted")]
pub(super) struct Enough;

/// Where the pass stands with the title.
#[derive(Debug, PartialEq, Eq)]
enum Title {
    Wanted,
    Open,
    Done,
}

/// Gathers links and title of one page.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the page")]
pub(super) struct PageExtractor<'page> {
    page: &'page Url,
    /// The page's own `base`, if it is of use.
    base: Option<Url>,
    /// Whether it was seen; a second one does not count, even if the first is of no use.
    based: bool,
    encoding: &'static Encoding,
    options: LinkOptions,
    link_bytes: usize,
    /// Which link has this URL.
    seen: HashMap<UrlHash, usize>,
    links: Vec<Url>,
    /// One for each link.
    anchors: Vec<Option<Arc<str>>>,
    anchor: Anchor,
    refused: u32,
    full: bool,
    title: Title,
    title_source: String,
    left_out: u32,
    canonical: Option<Url>,
    nofollow: bool,
    noindex: bool,
}

impl<'page> PageExtractor<'page> {
    pub(super) fn new(
        page: &'page Url,
        encoding: &'static Encoding,
        options: &LinkOptions,
    ) -> Self {
        Self {
            page,
            base: None,
            based: false,
            encoding: encoding.output_encoding(),
            options: options.clone(),
            link_bytes: 0,
            seen: HashMap::new(),
            links: Vec::new(),
            anchors: Vec::new(),
            anchor: Anchor::default(),
            refused: 0,
            full: false,
            title: Title::Wanted,
            title_source: String::new(),
            left_out: 0,
            canonical: None,
            nofollow: false,
            noindex: false,
        }
    }

    /// Takes the value of `base href`; only the first one counts.
    pub(super) fn base(&mut self, value: &str) {
        if std::mem::replace(&mut self.based, true) {
            return;
        }
        let value = htmlize::unescape_attribute(value);
        self.base = Url::options()
            .base_url(Some(self.page))
            .parse(trim(&value))
            .ok()
            .filter(|base| !base.cannot_be_a_base() && base.as_str().len() <= MAX_URL_LEN);
    }

    /// Whether links are asked for their `rel`.
    pub(super) const fn obeys_rel(&self) -> bool {
        self.options.nofollow.links
    }

    /// Whether a page that speaks to `name` speaks to us.
    pub(super) fn is_named(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("robots") || self.options.names.contain(name.as_bytes())
    }

    /// A link that is not to be followed.
    pub(super) const fn left_out(&mut self) {
        self.left_out = self.left_out.saturating_add(1);
    }

    /// Takes the `content` of a `meta name=robots`.
    pub(super) fn robots(&mut self, content: &str) {
        let (nofollow, noindex) = meta_robots(&htmlize::unescape_attribute(content));
        self.nofollow |= nofollow;
        self.noindex |= noindex;
    }

    /// Takes the value of `link rel=canonical href`; only the first one counts.
    pub(super) fn canonical(&mut self, value: &str) {
        if self.canonical.is_some() || value.len() > MAX_VALUE {
            return;
        }
        let value = htmlize::unescape_attribute(value);
        let value = trim(&value);
        if !value.is_empty() {
            let url = self.absolute(value);
            self.canonical = url.filter(is_fetchable);
        }
    }

    /// Takes the value of an attribute that holds a URL.
    pub(super) fn link(&mut self, value: &str) -> Result<(), Enough> {
        self.link_at(value).map(drop)
    }

    /// Takes the value of `a href`, whose text is what comes next; `None` when it is left out. Returns
    /// what to set at its end, if that is wanted.
    pub(super) fn anchor(&mut self, value: Option<&str>) -> Result<Option<Rc<Cell<bool>>>, Enough> {
        self.end_anchor();
        let link = value.map_or(Ok(None), |value| self.link_at(value))?;
        self.anchor.begin(link.filter(|&link| self.anchors[link].is_none()));
        Ok(self.anchor.end())
    }

    /// Text inside an `a` element.
    pub(super) fn anchor_text(&mut self, text: &str) {
        self.anchor.text(text);
    }

    /// The `alt` of an image inside one.
    pub(super) fn anchor_image(&mut self, alt: &str) {
        self.anchor.image(alt);
    }

    /// Another link begins, or the page ends.
    fn end_anchor(&mut self) {
        if let Some((link, text)) = self.anchor.take() {
            self.link_bytes += text.len();
            self.anchors[link] = Some(text);
        }
    }

    /// Which link the value of an attribute is, if it is one.
    fn link_at(&mut self, value: &str) -> Result<Option<usize>, Enough> {
        if self.full {
            return self.go_on().map(|()| None);
        }
        let value = trim(value);
        if leads_off_the_web(value) || (self.base.is_none() && is_same_page(value)) {
            return Ok(None);
        }
        if value.len() > MAX_VALUE {
            self.refused += 1;
            return Ok(None);
        }
        if value.contains('&') {
            let decoded = htmlize::unescape_attribute(value);
            self.resolve(trim(&decoded))
        } else {
            self.resolve(value)
        }
    }

    /// Takes the `content` of a `meta http-equiv=refresh`.
    pub(super) fn refresh(&mut self, content: &str) -> Result<(), Enough> {
        let content = htmlize::unescape_attribute(content);
        refresh_target(&content).map_or(Ok(()), |target| self.link_decoded(target))
    }

    fn link_decoded(&mut self, value: &str) -> Result<(), Enough> {
        if self.full {
            return self.go_on();
        }
        let value = trim(value);
        if is_same_page(value) { Ok(()) } else { self.resolve(value).map(drop) }
    }

    /// The absolute URL that `value` stands for, without fragment, user and password.
    fn absolute(&self, value: &str) -> Option<Url> {
        let base = self.base.as_ref().unwrap_or(self.page);
        let encoding = self.encoding;
        let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| encoding.encode(text).0;
        let mut parse = Url::options().base_url(Some(base));
        if encoding != UTF_8 {
            // Queries are written in the encoding of the page.
            parse = parse.encoding_override(Some(encode));
        }
        let mut url = parse.parse(value).ok()?;
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            // Neither fails: what has a user has a host.
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        Some(url)
    }

    fn resolve(&mut self, value: &str) -> Result<Option<usize>, Enough> {
        let Some(url) = self.absolute(value) else {
            self.refused += 1;
            return Ok(None);
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Ok(None);
        }
        if url.as_str().len() > MAX_URL_TEXT {
            self.refused += 1;
            return Ok(None);
        }
        let vacant = match self.seen.entry(UrlHash::of(&url)) {
            Entry::Occupied(known) => return Ok(Some(*known.get())),
            Entry::Vacant(vacant) => vacant,
        };
        if self.links.len() >= self.options.max_links || self.link_bytes >= MAX_LINK_BYTES {
            self.full = true;
            return self.go_on().map(|()| None);
        }
        let link = self.links.len();
        vacant.insert(link);
        self.link_bytes += url.as_str().len();
        self.links.push(url);
        self.anchors.push(None);
        Ok(Some(link))
    }

    /// A `title` element begins.
    pub(super) fn title_begins(&mut self) {
        if self.title == Title::Wanted {
            self.title = Title::Open;
        }
    }

    /// The element that just began belongs to a drawing, not to the page.
    pub(super) fn title_is_a_caption(&mut self) {
        if self.title == Title::Open && self.title_source.is_empty() {
            self.title = Title::Wanted;
        }
    }

    /// Text inside a `title` element; `last` in its text node.
    pub(super) fn title_text(&mut self, text: &str, last: bool) -> Result<(), Enough> {
        if self.title != Title::Open {
            return Ok(());
        }
        // Character by character at the limit, so that chunk boundaries do not matter.
        let room = MAX_TITLE_SOURCE - self.title_source.len();
        let fits = text.floor_char_boundary(room);
        self.title_source.push_str(&text[..fits]);
        if last || fits < text.len() {
            self.title = Title::Done;
            return self.go_on();
        }
        Ok(())
    }

    /// Stops the pass when no more links are taken and the title is known.
    fn go_on(&self) -> Result<(), Enough> {
        if self.full && self.title == Title::Done { Err(Enough) } else { Ok(()) }
    }

    /// What was found; `cut` when the parser gave up before the end.
    pub(super) fn finish(mut self, cut: bool) -> Parsed {
        self.end_anchor();
        if self.nofollow && self.options.nofollow.pages {
            self.left_out = self.left_out.saturating_add(self.links.len() as u32);
            self.links = Vec::new();
            self.anchors = Vec::new();
        }
        Parsed {
            title: tidy_title(&self.title_source),
            links: self.links,
            anchors: self.anchors,
            truncated: cut || self.full,
            refused_links: self.refused,
            nofollow_links: self.left_out,
            canonical: self.canonical,
            nofollow: self.nofollow,
            noindex: self.noindex,
        }
    }
}

/// Entities decoded, white space collapsed, cut to length; `None` when nothing is left.
fn tidy_title(source: &str) -> Option<String> {
    let decoded = htmlize::unescape(source);
    let mut title = String::with_capacity(decoded.len().min(4 * MAX_TITLE));
    let mut room = MAX_TITLE;
    for word in decoded.split_whitespace() {
        if !title.is_empty() && room > 1 {
            title.push(' ');
            room -= 1;
        }
        title.extend(word.chars().take(room));
        room = room.saturating_sub(word.chars().count());
        if room <= 1 {
            break;
        }
    }
    (!title.is_empty()).then_some(title)
}

/// Strips what a URL parser strips: control characters and spaces at both ends.
fn trim(value: &str) -> &str {
    value.trim_matches(|c: char| c <= ' ')
}

/// A reference to a place on the page itself is no link.
fn is_same_page(value: &str) -> bool {
    value.is_empty() || value.starts_with('#')
}

/// Whether the value names a scheme that is not `http` or `https`, seen without parsing it.
fn leads_off_the_web(value: &str) -> bool {
    let bytes = value.as_bytes();
    let end =
        bytes.iter().position(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')));
    match end {
        Some(end) if end > 0 && bytes[end] == b':' => {
            let scheme = &value[..end];
            bytes[0].is_ascii_alphabetic()
                && !scheme.eq_ignore_ascii_case("http")
                && !scheme.eq_ignore_ascii_case("https")
        }
        _ => false,
    }
}

/// The URL in `5; url='…'` (HTML standard, "shared declarative refresh steps").
fn refresh_target(content: &str) -> Option<&str> {
    let rest = content.trim_ascii_start();
    let after_time = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if after_time.len() == rest.len() {
        return None;
    }
    let rest = after_time.trim_ascii_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_ascii_start();
    let named = rest
        .get(..3)
        .filter(|word| word.eq_ignore_ascii_case("url"))
        .and_then(|_| rest[3..].trim_ascii_start().strip_prefix('=').map(str::trim_ascii_start));
    let target = named.unwrap_or(rest);
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next().unwrap_or_default(),
        _ => target,
    };
    (!target.is_empty()).then_some(target)
}
