//! What is taken of an HTML page, and what was found on it.

use std::sync::Arc;

use url::Url;

use crate::settings::RespectNofollow;
use crate::web::robots::RobotsAgents;
#[cfg(doc)]
use crate::web::url::{MAX_URL_LEN, MAX_URL_TEXT};

/// What is taken of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOptions {
    /// Most links.
    pub max_links: usize,
    /// Which `nofollow` leaves links out.
    pub nofollow: RespectNofollow,
    /// The names by which a page may speak to us.
    pub names: Arc<RobotsAgents>,
}

/// Ten thousand links, whatever the page says of them.
impl Default for LinkOptions {
    fn default() -> Self {
        Self { max_links: 10_000, nofollow: RespectNofollow::default(), names: Arc::default() }
    }
}

/// What a page says about itself and where it leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The title: entities decoded, white space collapsed, at most 500 characters.
    pub title: Option<String>,
    /// Absolute `http` and `https` URLs without fragment, user and password, distinct, in document order; those
    /// longer than [`MAX_URL_LEN`] are known, but not to be fetched.
    pub links: Vec<Url>,
    /// The text of each link: entities decoded, white space collapsed, at most 200 characters; that
    /// of an image in it when there is none. Of several to one URL, the first that has one.
    pub anchors: Vec<Option<Arc<str>>>,
    /// Whether the page held more than was taken.
    pub truncated: bool,
    /// Links that cannot be followed: malformed, or longer than [`MAX_URL_TEXT`].
    pub refused_links: u32,
    /// Links left out because of a `nofollow` that [`LinkOptions`] obeys, once for each time they stand
    /// on the page.
    pub nofollow_links: u32,
    /// The URL that the page would rather be known by (`link rel=canonical`; the first counts).
    pub canonical: Option<Url>,
    /// Whether `meta name=robots`, or one by our name, says that its links are not to be followed.
    pub nofollow: bool,
    /// Whether it says that the page is not to be found.
    pub noindex: bool,
}
