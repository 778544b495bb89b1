//! Collects base, links, title and directives of a page in one pass. It sees attribute values and
//! text, no markup.

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
use crate::web::url::{MAX_URL_LEN, MAX_URL_TEXT, is_fetchable, strip_user, without_extra_slashes};

/// Maximum length of a title, in characters.
pub(super) const MAX_TITLE: usize = 500;
/// Source text of a title that is collected, in bytes.
const MAX_TITLE_SOURCE: usize = 16 << 10;
/// Maximum total of the URLs and texts of the links of one page, in bytes: a long base must not
/// multiply a short page.
const MAX_LINK_BYTES: usize = 8 << 20;
/// An attribute value longer than this, in bytes, is not decoded.
const MAX_VALUE: usize = MAX_URL_TEXT;

/// Stops the parser: everything that can be taken from the page was found.
#[derive(Debug, thiserror::Error)]
#[error("the page has given all that is wanted")]
pub(super) struct StopParsing;

/// The state of the title during the pass.
#[derive(Debug, PartialEq, Eq)]
enum Title {
    Wanted,
    Open,
    Done,
}

/// Collects links, title and directives of one page.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the page")]
pub(super) struct PageExtractor<'page> {
    page: &'page Url,
    /// The page's `base`, if it is valid.
    base: Option<Url>,
    /// Whether a `base` was seen; a second one does not count, even if the first is invalid.
    base_seen: bool,
    encoding: &'static Encoding,
    options: LinkOptions,
    link_bytes: usize,
    /// The index of the link with this URL.
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
            base_seen: false,
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
        if std::mem::replace(&mut self.base_seen, true) {
            return;
        }
        let value = htmlize::unescape_attribute(value);
        self.base = Url::options()
            .base_url(Some(self.page))
            .parse(&without_extra_slashes(trim(&value)))
            .ok()
            .filter(|base| !base.cannot_be_a_base() && base.as_str().len() <= MAX_URL_LEN);
    }

    /// Whether `rel=nofollow` leaves a link out.
    pub(super) const fn respects_rel_nofollow(&self) -> bool {
        self.options.nofollow.links
    }

    /// Whether a `meta` element with this `name` applies to this crawler.
    pub(super) fn names_this_crawler(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("robots") || self.options.names.contains(name.as_bytes())
    }

    /// Counts a link that is left out because of `nofollow`.
    pub(super) const fn count_left_out(&mut self) {
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
    pub(super) fn link(&mut self, value: &str) -> Result<(), StopParsing> {
        self.link_at(value).map(drop)
    }

    /// Takes the value of `a href` and starts to collect its text; `None` when the link is left out.
    /// Returns the flag to set at the end tag, if the text is wanted.
    pub(super) fn anchor(
        &mut self,
        value: Option<&str>,
    ) -> Result<Option<Rc<Cell<bool>>>, StopParsing> {
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

    /// Stores the text of the current link, because another link begins or the page ends.
    fn end_anchor(&mut self) {
        if let Some((link, text)) = self.anchor.take() {
            self.link_bytes += text.len();
            self.anchors[link] = Some(text);
        }
    }

    /// The index of the link that an attribute value leads to, if it is a link.
    fn link_at(&mut self, value: &str) -> Result<Option<usize>, StopParsing> {
        if self.full {
            return self.stop_if_done().map(|()| None);
        }
        let value = trim(value);
        if has_other_scheme(value) || (self.base.is_none() && is_same_page(value)) {
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
    pub(super) fn refresh(&mut self, content: &str) -> Result<(), StopParsing> {
        let content = htmlize::unescape_attribute(content);
        refresh_target(&content).map_or(Ok(()), |target| self.link_decoded(target))
    }

    fn link_decoded(&mut self, value: &str) -> Result<(), StopParsing> {
        if self.full {
            return self.stop_if_done();
        }
        let value = trim(value);
        if is_same_page(value) { Ok(()) } else { self.resolve(value).map(drop) }
    }

    /// Resolves `value` to an absolute URL without fragment, user and password.
    fn absolute(&self, value: &str) -> Option<Url> {
        let base = self.base.as_ref().unwrap_or(self.page);
        let encoding = self.encoding;
        let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|text| encoding.encode(text).0;
        let mut parse = Url::options().base_url(Some(base));
        if encoding != UTF_8 {
            // Queries are encoded in the encoding of the page (URL standard).
            parse = parse.encoding_override(Some(encode));
        }
        let mut url = parse.parse(&without_extra_slashes(value)).ok()?;
        url.set_fragment(None);
        strip_user(&mut url);
        Some(url)
    }

    fn resolve(&mut self, value: &str) -> Result<Option<usize>, StopParsing> {
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
            return self.stop_if_done().map(|()| None);
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

    /// The `title` element that just began belongs to an SVG image, not to the page.
    pub(super) fn title_is_of_svg(&mut self) {
        if self.title == Title::Open && self.title_source.is_empty() {
            self.title = Title::Wanted;
        }
    }

    /// Text inside a `title` element; `last` for the last chunk of its text node.
    pub(super) fn title_text(&mut self, text: &str, last: bool) -> Result<(), StopParsing> {
        if self.title != Title::Open {
            return Ok(());
        }
        // Cut between characters at the limit, so that chunk boundaries do not matter.
        let room = MAX_TITLE_SOURCE - self.title_source.len();
        let fits = text.floor_char_boundary(room);
        self.title_source.push_str(&text[..fits]);
        if last || fits < text.len() {
            self.title = Title::Done;
            return self.stop_if_done();
        }
        Ok(())
    }

    /// Stops the pass when no more links are taken and the title is known.
    fn stop_if_done(&self) -> Result<(), StopParsing> {
        if self.full && self.title == Title::Done { Err(StopParsing) } else { Ok(()) }
    }

    /// The result; `cut` when the parser stopped before the end of the page.
    pub(super) fn finish(mut self, cut: bool) -> Parsed {
        self.end_anchor();
        if self.nofollow && self.options.nofollow.pages {
            self.left_out = self.left_out.saturating_add(self.links.len() as u32);
            self.links = Vec::new();
            self.anchors = Vec::new();
        }
        Parsed {
            title: clean_title(&self.title_source),
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
fn clean_title(source: &str) -> Option<String> {
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

/// Strips the same characters as a URL parser: control characters and spaces at both ends.
fn trim(value: &str) -> &str {
    value.trim_matches(|c: char| c <= ' ')
}

/// Whether the value refers to a place on the page itself, which is no link.
fn is_same_page(value: &str) -> bool {
    value.is_empty() || value.starts_with('#')
}

/// Whether the value begins with a scheme other than `http` and `https`; cheaper than parsing it.
fn has_other_scheme(value: &str) -> bool {
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
