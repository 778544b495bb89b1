//! Collects links, title and directives of a page in one pass. It sees decoded values of attributes, and
//! text as in the source; no markup.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use url::Url;

use crate::model::url_identity::UrlHash;
use crate::web::anchor::Anchor;
use crate::web::charset::DetectedEncoding;
use crate::web::page_link::{LinkOrigins, PageLink};
use crate::web::parsed::{LinkOptions, Parsed};
use crate::web::refresh::{self, Refresh};
use crate::web::resolve::{absolute, base_url, has_other_scheme, is_fragment, trim};
use crate::web::robots::meta_robots;
use crate::web::title::PageTitle;
use crate::web::url::{MAX_URL_TEXT, is_fetchable};

/// Maximum total of the URLs and texts of the links of one page, in bytes: a long base must not
/// multiply a short page.
const MAX_LINK_BYTES: usize = 8 << 20;
/// A URL longer than this, in bytes, is not taken.
pub(super) const MAX_VALUE: usize = MAX_URL_TEXT;
/// Maximum number of documents embedded in one page by `iframe srcdoc`.
const MAX_EMBEDDED: u32 = 200;
/// Maximum depth of documents embedded in each other.
const MAX_DEPTH: u32 = 3;

/// Stops the parser: everything that can be taken from the page was found, or the page is to be read
/// again in another encoding.
#[derive(Debug, thiserror::Error)]
#[error("nothing more is wanted from this pass")]
pub(super) struct StopParsing;

/// The base by which a URL is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseChoice {
    /// The first `base` of the document, wherever it stands: browsers resolve a link when it is
    /// followed.
    First,
    /// The `base` in force where the element stands: browsers load a frame when it is inserted.
    Current,
}

/// A document: the page, or one that an `iframe srcdoc` embeds in it.
#[derive(Debug)]
struct DocumentState {
    /// Its URL, or the base of the document around it.
    url: Url,
    /// Its first `base`, if that is valid.
    first_base: Option<Url>,
    /// The base in force at this place.
    base: Option<Url>,
    encoding: DetectedEncoding,
    anchor: Anchor,
}

impl DocumentState {
    fn base(&self, choice: BaseChoice) -> Option<&Url> {
        match choice {
            BaseChoice::First => self.first_base.as_ref(),
            BaseChoice::Current => self.base.as_ref(),
        }
    }

    /// What a URL on it is resolved by: a `base`, or else its own URL.
    fn resolves_by(&self, choice: BaseChoice) -> &Url {
        self.base(choice).unwrap_or(&self.url)
    }
}

/// The document around an embedded one.
#[derive(Debug)]
pub(super) struct OuterDocument(DocumentState);

/// Collects links, title and directives of one page.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the page")]
pub(super) struct PageExtractor {
    document: DocumentState,
    /// How deep the document is embedded; 0 for the page itself.
    depth: u32,
    embedded: u32,
    /// The encoding that a `meta` element declares, where that changes it.
    other_encoding: Option<&'static Encoding>,
    options: LinkOptions,
    link_bytes: usize,
    /// The index of the link with this URL.
    seen: HashMap<UrlHash, usize>,
    links: Vec<PageLink>,
    origins: LinkOrigins,
    /// One for each link.
    anchors: Vec<Option<Arc<str>>>,
    refused: u32,
    full: bool,
    /// Whether an embedded document was left out.
    cut: bool,
    title: PageTitle,
    left_out: u32,
    canonical: Option<Url>,
    nofollow: bool,
    noindex: bool,
}

impl PageExtractor {
    pub(super) fn new(page: &Url, encoding: DetectedEncoding, options: &LinkOptions) -> Self {
        Self {
            document: DocumentState {
                url: page.clone(),
                first_base: None,
                base: None,
                encoding,
                anchor: Anchor::default(),
            },
            depth: 0,
            embedded: 0,
            other_encoding: None,
            options: options.clone(),
            link_bytes: 0,
            seen: HashMap::new(),
            links: Vec::new(),
            origins: LinkOrigins::default(),
            anchors: Vec::new(),
            refused: 0,
            full: false,
            cut: false,
            title: PageTitle::default(),
            left_out: 0,
            canonical: None,
            nofollow: false,
            noindex: false,
        }
    }

    /// Takes the `href` of the first `base` of the document, before it is read.
    pub(super) fn expect_base(&mut self, href: Option<&str>) {
        let document = &mut self.document;
        let resolve = |href| base_url(&document.url, href, document.encoding.encoding);
        document.first_base = href.and_then(resolve);
        document.base = None;
    }

    /// The first `base` was reached.
    pub(super) fn base_reached(&mut self) {
        if self.document.base.is_none() {
            self.document.base.clone_from(&self.document.first_base);
        }
    }

    /// Begins a document that is embedded by `iframe srcdoc`; `None` when there are too many.
    pub(super) fn begin_embedded(&mut self) -> Option<OuterDocument> {
        if self.depth >= MAX_DEPTH || self.embedded >= MAX_EMBEDDED {
            self.cut = true;
            return None;
        }
        self.depth += 1;
        self.embedded += 1;
        let inner = DocumentState {
            url: self.document.base.as_ref().unwrap_or(&self.document.url).clone(),
            first_base: None,
            base: None,
            encoding: DetectedEncoding { encoding: UTF_8, certain: true },
            anchor: Anchor::default(),
        };
        Some(OuterDocument(std::mem::replace(&mut self.document, inner)))
    }

    /// Ends it; the document around it continues.
    pub(super) fn end_embedded(&mut self, outer: OuterDocument) {
        self.end_anchor();
        self.document = outer.0;
        self.depth -= 1;
    }

    /// Notes that an embedded document was not read to its end.
    pub(super) const fn embedded_is_cut(&mut self) {
        self.cut = true;
    }

    /// Takes the encoding that a `meta` element declares; it stops the pass if that changes it.
    pub(super) fn declared_encoding(
        &mut self,
        declared: &'static Encoding,
    ) -> Result<(), StopParsing> {
        let DetectedEncoding { encoding, certain } = &mut self.document.encoding;
        if std::mem::replace(certain, true) || encoding.output_encoding() != *encoding {
            return Ok(());
        }
        if declared == *encoding {
            return Ok(());
        }
        self.other_encoding = Some(declared);
        Err(StopParsing)
    }

    /// The encoding of the document.
    pub(super) const fn encoding(&self) -> &'static Encoding {
        self.document.encoding.encoding
    }

    /// The encoding in which the page is to be read again.
    pub(super) const fn other_encoding(&self) -> Option<&'static Encoding> {
        self.other_encoding
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
        if self.depth == 0 {
            let (nofollow, noindex) = meta_robots(content);
            self.nofollow |= nofollow;
            self.noindex |= noindex;
        }
    }

    /// Takes the value of `link rel=canonical href`; only the first one counts.
    pub(super) fn canonical(&mut self, value: &str) {
        if self.canonical.is_some() || self.depth > 0 || value.len() > MAX_VALUE {
            return;
        }
        let value = trim(value);
        if !value.is_empty() {
            let url = self.absolute(value, BaseChoice::Current);
            self.canonical = url.filter(is_fetchable);
        }
    }

    /// Takes the value of an attribute that holds a URL.
    pub(super) fn link(&mut self, value: &str, base: BaseChoice) -> Result<(), StopParsing> {
        self.link_at(value, base).map(drop)
    }

    /// Takes the value of `a href` and starts to collect its text; `None` when the link is left out.
    /// Returns whether its text is wanted; [`Self::anchor_ended`] tells its end then.
    pub(super) fn anchor(&mut self, value: Option<&str>) -> Result<bool, StopParsing> {
        self.end_anchor();
        let link = value.map_or(Ok(None), |value| self.link_at(value, BaseChoice::First))?;
        let wanted = link.filter(|&link| self.options.texts && self.anchors[link].is_none());
        self.document.anchor.begin(wanted);
        Ok(wanted.is_some())
    }

    /// The element of a link has ended.
    pub(super) const fn anchor_ended(&mut self) {
        self.document.anchor.end();
    }

    /// Whether the text at this place is that of a link, and wanted.
    pub(super) const fn wants_anchor_text(&self) -> bool {
        self.document.anchor.is_open()
    }

    /// Text inside an `a` element.
    pub(super) fn anchor_text(&mut self, text: &str) {
        self.document.anchor.text(text);
    }

    /// The `alt` of an image inside one.
    pub(super) fn anchor_image(&mut self, alt: &str) {
        self.document.anchor.image(alt);
    }

    /// Stores the text of the current link, because another link begins or the page ends.
    fn end_anchor(&mut self) {
        if let Some((link, text)) = self.document.anchor.take() {
            self.link_bytes += text.len();
            self.anchors[link] = Some(text);
        }
    }

    /// The index of the link that an attribute value leads to, if it is a link.
    fn link_at(&mut self, value: &str, base: BaseChoice) -> Result<Option<usize>, StopParsing> {
        if self.full {
            return self.stop_if_done().map(|()| None);
        }
        let value = trim(value);
        if has_other_scheme(value) {
            return Ok(None);
        }
        if value.len() > MAX_VALUE {
            self.refused += 1;
            return Ok(None);
        }
        self.resolve(value, base)
    }

    /// Takes the `content` of a `meta http-equiv=refresh`. A browser follows only the first of several;
    /// each names a page.
    pub(super) fn refresh(&mut self, content: &str) -> Result<(), StopParsing> {
        match refresh::parse(content) {
            Refresh::Navigate(target) => self.link(target, BaseChoice::Current),
            Refresh::Invalid | Refresh::Reload => Ok(()),
        }
    }

    /// Resolves `value` to an absolute URL without fragment, user and password.
    fn absolute(&self, value: &str, base: BaseChoice) -> Option<Url> {
        absolute(self.document.resolves_by(base), value, self.encoding())
    }

    fn resolve(&mut self, value: &str, base: BaseChoice) -> Result<Option<usize>, StopParsing> {
        // A place in the document itself, which is no link, unless a `base` leads elsewhere.
        let is_fragment = is_fragment(value);
        if is_fragment && self.document.base(base).is_none() {
            return Ok(None);
        }
        let link = if let Some(link) = self.origins.common(self.document.resolves_by(base), value) {
            link
        } else {
            let Some(url) = self.absolute(value, base) else {
                self.refused += 1;
                return Ok(None);
            };
            if is_fragment && url.as_str() == without_fragment(&self.document.url) {
                return Ok(None);
            }
            let Some(link) = self.origins.link(&url) else { return Ok(None) };
            link
        };
        if link.as_str().len() > MAX_URL_TEXT {
            self.refused += 1;
            return Ok(None);
        }
        let vacant = match self.seen.entry(link.hash()) {
            Entry::Occupied(known) => return Ok(Some(*known.get())),
            Entry::Vacant(vacant) => vacant,
        };
        if self.links.len() >= self.options.max_links || self.link_bytes >= MAX_LINK_BYTES {
            self.full = true;
            return self.stop_if_done().map(|()| None);
        }
        let at = self.links.len();
        vacant.insert(at);
        self.link_bytes += link.as_str().len();
        self.links.push(link);
        self.anchors.push(None);
        Ok(Some(at))
    }

    /// The title, unless the document is embedded; see [`PageTitle`].
    pub(super) fn title(&mut self) -> Option<&mut PageTitle> {
        (self.depth == 0).then_some(&mut self.title)
    }

    /// The page, which is not well-formed XML, is read again, as HTML.
    pub(super) fn xml_ended(&mut self) {
        self.end_anchor();
        self.title.end();
    }

    /// Stops the pass when no more links are taken and the title is known.
    pub(super) fn stop_if_done(&self) -> Result<(), StopParsing> {
        if self.full && self.title.is_done() { Err(StopParsing) } else { Ok(()) }
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
            title: self.title.finish(),
            links: self.links,
            anchors: self.anchors,
            truncated: cut || self.cut || self.full,
            refused_links: self.refused,
            nofollow_links: self.left_out,
            canonical: self.canonical,
            nofollow: self.nofollow,
            noindex: self.noindex,
            unrecognized: false,
        }
    }
}

fn without_fragment(url: &Url) -> &str {
    url.as_str().split('#').next().unwrap_or_default()
}
