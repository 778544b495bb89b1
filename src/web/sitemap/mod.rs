//! Sitemaps (sitemaps.org), read as they arrive: XML, index files, RSS, Atom, one URL a line; gzip.
//!
//! Whatever comes, memory stays below about a megabyte and work is bounded by [`Limits`]. What
//! was read before something went wrong counts. It knows no HTTP: chunks come from elsewhere.

mod lastmod;
mod output;
mod text;
mod unpack;
mod xml;

use url::Url;

use output::Output;
use text::Text;
use unpack::Unpack;

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

/// Reads one sitemap, chunk by chunk.
#[derive(Debug)]
pub struct SitemapReader {
    unpack: Unpack,
    text: Text,
    output: Output,
    failed: Option<SitemapError>,
}

impl SitemapReader {
    /// A reader of the sitemap at `base`.
    #[must_use]
    pub fn new(base: &Url, limits: &Limits) -> Self {
        Self {
            unpack: Unpack::new(limits),
            text: Text::default(),
            output: Output::new(base, limits.urls),
            failed: None,
        }
    }

    /// Takes the next chunk, decoded as the HTTP headers say; what it names goes to `sink`, later
    /// perhaps.
    ///
    /// # Errors
    /// When the rest need not be read; the same again for whatever follows.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Item)) -> Result<(), SitemapError> {
        self.step(Some(chunk), sink)
    }

    /// The file has ended; gives what was read, as [`Self::counts`] does in any case.
    ///
    /// # Errors
    /// As [`Self::push`], and when it ends too early.
    pub fn finish(&mut self, sink: &mut impl FnMut(Item)) -> Result<Counts, SitemapError> {
        self.step(None, sink)?;
        Ok(self.counts())
    }

    /// What was read so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        Counts { bytes: self.unpack.decoded(), ..self.output.counts }
    }

    fn step(
        &mut self,
        chunk: Option<&[u8]>,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Self { unpack, text, output, .. } = self;
        let mut read = |part: &str| text.push(part, output, sink);
        let result = match chunk {
            Some(chunk) => unpack.push(chunk, &mut read),
            None => unpack.finish(&mut read).and_then(|()| text.finish(output, sink)),
        };
        if let Err(error) = &result {
            if !matches!(error, SitemapError::TooMany { .. }) {
                // What has arrived whole counts.
                let _ = text.flush(output, sink);
            }
            self.failed = Some(error.clone());
        }
        result
    }
}
