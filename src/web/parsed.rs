//! The options of parsing an HTML page, and its result.

use std::sync::Arc;

use url::Url;

use crate::settings::RespectNofollow;
use crate::web::page_link::PageLink;
use crate::web::robots::RobotsAgents;
#[cfg(doc)]
use crate::web::url::{MAX_URL_LEN, MAX_URL_TEXT};

/// Which links of a page are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOptions {
    /// Maximum number of links.
    pub max_links: usize,
    /// Whether the texts of links are collected.
    pub texts: bool,
    /// Which kinds of `nofollow` are respected.
    pub nofollow: RespectNofollow,
    /// The agent names whose directives apply to this crawler.
    pub names: Arc<RobotsAgents>,
}

/// At most 10,000 links with their texts; `nofollow` is not respected.
impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            max_links: 10_000,
            texts: true,
            nofollow: RespectNofollow::default(),
            names: Arc::default(),
        }
    }
}

/// Title, links and directives of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the page")]
pub struct Parsed {
    /// The title: entities decoded, white space collapsed, at most 500 characters.
    pub title: Option<String>,
    /// Distinct, in document order. Those longer than [`MAX_URL_LEN`] are recorded, but not fetched.
    pub links: Vec<PageLink>,
    /// The text of each link: entities decoded, white space collapsed, at most 200 characters.
    /// Without text, the `alt` text of an image in it. Of several links to one URL, the first text.
    /// `None` where [`LinkOptions::texts`] is off.
    pub anchors: Vec<Option<Arc<str>>>,
    /// Whether the page has more than was taken.
    pub truncated: bool,
    /// Links that cannot be followed: malformed, or longer than [`MAX_URL_TEXT`].
    pub refused_links: u32,
    /// Links left out because of a `nofollow` that [`LinkOptions`] respects; each occurrence
    /// counts.
    pub nofollow_links: u32,
    /// The canonical URL that the page declares (`link rel=canonical`; the first counts).
    pub canonical: Option<Url>,
    /// Whether a `meta` element for robots, or for this crawler, says `nofollow`.
    pub nofollow: bool,
    /// Whether such an element says `noindex`.
    pub noindex: bool,
    /// Whether it is XML without any element of XHTML or SVG: no document that can have links.
    pub unrecognized: bool,
}
