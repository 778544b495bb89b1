//! The entries of a sitemap, the limits and counts of reading it, and its errors.

use url::Url;

/// Limits of reading one sitemap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum length in bytes, after decoding.
    pub bytes: u64,
    /// Maximum number of URLs.
    pub urls: u32,
    /// Maximum decoded bytes per byte of a gzip file, checked above 1 MiB; 0 turns it off.
    pub ratio: u32,
}

/// The limits of sitemaps.org: 50 MiB and 50,000 URLs.
impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 50 << 20, urls: 50_000, ratio: 200 }
    }
}

/// An entry of a sitemap: an absolute `http` or `https` URL without fragment, user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A page.
    Page {
        /// Where it is.
        url: Url,
        /// When it was changed, in ms since 1970.
        lastmod: Option<i64>,
    },
    /// Another sitemap.
    Sitemap {
        /// Where it is.
        url: Url,
        /// When it was changed, in ms since 1970.
        lastmod: Option<i64>,
    },
}

/// What was read of a sitemap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that name a page.
    pub pages: u32,
    /// Entries that name a sitemap.
    pub sitemaps: u32,
    /// Entries whose URL cannot be fetched: malformed, too long, neither http nor https.
    pub refused: u32,
    /// Bytes after decoding.
    pub bytes: u64,
}

/// Why the rest of a sitemap was not read. `at` is an offset in the decoded file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SitemapError {
    /// Not a sitemap, for example an HTML error page.
    #[error("not a sitemap: {found}")]
    NotASitemap {
        /// What was found instead.
        found: String,
    },
    /// Broken XML.
    #[error("malformed XML near byte {at}: {cause}")]
    Malformed {
        /// Where.
        at: u64,
        /// The error of the parser.
        cause: String,
    },
    /// The file is incomplete.
    #[error("cut short after {at} bytes")]
    Cut {
        /// Where.
        at: u64,
    },
    /// Broken gzip.
    #[error("broken gzip after {at} bytes: {cause}")]
    Gzip {
        /// Where.
        at: u64,
        /// The error of the decoder.
        cause: String,
    },
    /// More than [`Limits::bytes`].
    #[error("larger than {limit} bytes; the rest was left out")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More than [`Limits::urls`].
    #[error("more than {limit} URLs; the rest was left out")]
    TooMany {
        /// The limit.
        limit: u32,
    },
    /// More than [`Limits::ratio`].
    #[error("a compression bomb: more than {limit} times as large decoded")]
    Bomb {
        /// The limit.
        limit: u32,
    },
}
