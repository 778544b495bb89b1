//! What a sitemap names, how much of it is read, and why the rest was not.

use url::Url;

/// How much is read of one sitemap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after decoding.
    pub bytes: u64,
    /// URLs.
    pub urls: u32,
    /// Decoded bytes per byte of a gzip file, above 1 MiB.
    pub ratio: u32,
}

/// Those of sitemaps.org: 50 MiB and 50,000 URLs.
impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 50 << 20, urls: 50_000, ratio: 200 }
    }
}

/// What a sitemap names: absolute `http` or `https` URLs without fragment, user and password.
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

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pages named.
    pub pages: u32,
    /// Sitemaps named.
    pub sitemaps: u32,
    /// Entries that name nothing that can be fetched: malformed, too long, neither http nor https.
    pub refused: u32,
    /// Bytes after decoding.
    pub bytes: u64,
}

/// Why the rest of a sitemap was not read. `at` is a place in the decoded file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SitemapError {
    /// Something else, such as a page that says that there is none.
    #[error("not a sitemap: {found}")]
    Alien {
        /// What it is.
        found: String,
    },
    /// Broken XML.
    #[error("malformed XML near byte {at}: {cause}")]
    Malformed {
        /// Where.
        at: u64,
        /// What the parser says.
        cause: String,
    },
    /// It ends in the middle.
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
        /// What the decoder says.
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
