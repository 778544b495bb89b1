//! Reads one sitemap, chunk by chunk: bytes to text, text to entries, entries to URLs.

use url::Url;

use super::item::{Counts, Item, Limits, SitemapError};
use super::output::ItemOutput;
use super::text::Text;
use super::unpack::Unpacker;

/// Reads one sitemap, chunk by chunk.
#[derive(Debug)]
pub struct SitemapReader {
    unpack: Unpacker,
    text: Text,
    output: ItemOutput,
    failed: Option<SitemapError>,
}

impl SitemapReader {
    /// A reader of the sitemap at the URL `base`.
    #[must_use]
    pub fn new(base: &Url, limits: &Limits) -> Self {
        Self {
            unpack: Unpacker::new(limits),
            text: Text::default(),
            output: ItemOutput::new(base, limits.urls),
            failed: None,
        }
    }

    /// The reader for a sitemap that was sent with this `Content-Type`; its `charset` counts (RFC 7303)
    /// where there is no byte order mark.
    #[must_use]
    pub fn sent_as(mut self, content_type: Option<&str>) -> Self {
        self.unpack.content_type = content_type.map(str::to_owned);
        self
    }

    /// Reads the next chunk of the body, after HTTP content decoding. The entries go to `sink`, possibly
    /// in a later call.
    ///
    /// # Errors
    /// When the rest cannot or need not be read; all later calls return the same error.
    pub fn push(&mut self, chunk: &[u8], sink: &mut impl FnMut(Item)) -> Result<(), SitemapError> {
        self.step(Some(chunk), sink)
    }

    /// Ends the file and returns the counts; after an error, [`Self::counts`] still returns them.
    ///
    /// # Errors
    /// As [`Self::push`], and when the file is incomplete.
    pub fn finish(&mut self, sink: &mut impl FnMut(Item)) -> Result<Counts, SitemapError> {
        self.step(None, sink)?;
        Ok(self.counts())
    }

    /// The counts so far.
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
                // The complete entries before the error are kept.
                let _ = text.flush(output, sink);
            }
            self.failed = Some(error.clone());
        }
        result
    }
}
