//! Reads one sitemap, chunk by chunk: bytes to text, text to entries, entries to items.

use url::Url;

use super::item::{Counts, Item, Limits, SitemapError};
use super::output::ItemOutput;
use super::text::Text;
use super::unpack::Unpack;

/// Reads one sitemap, chunk by chunk.
#[derive(Debug)]
pub struct SitemapReader {
    unpack: Unpack,
    text: Text,
    output: ItemOutput,
    failed: Option<SitemapError>,
}

impl SitemapReader {
    /// A reader of the sitemap at `base`.
    #[must_use]
    pub fn new(base: &Url, limits: &Limits) -> Self {
        Self {
            unpack: Unpack::new(limits),
            text: Text::default(),
            output: ItemOutput::new(base, limits.urls),
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
