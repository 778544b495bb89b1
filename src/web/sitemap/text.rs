//! Buffers the text of a sitemap and reads its complete parts, as XML or as lines.

use super::item::{Item, SitemapError};
use super::output::{EntryBase, EntryKind, ItemOutput};
use super::xml::Elements;
use crate::web::url::{MAX_URL_LEN, trim_invisible};

/// Minimum length of buffered text before it is read, in bytes.
const BATCH: usize = 32 << 10;
/// Maximum length of a tag, comment or line, in bytes; a longer one is malformed.
const MAX_PART: usize = 256 << 10;
/// Bytes at the start in which an XML declaration is looked for: a server may print warnings before it.
const DECLARATION_SEARCHED: usize = 8 << 10;
/// After this many lines without any URL, the file is not a list of URLs.
const MAX_NON_URL_LINES: u32 = 20;

#[derive(Debug, Default)]
enum TextForm {
    #[default]
    Unknown,
    Xml(Box<Elements>),
    Lines {
        /// Whether the rest of an overlong line is skipped.
        skipping: bool,
    },
}

/// The text that is not read yet, and its form.
#[derive(Debug, Default)]
pub(super) struct Text {
    form: TextForm,
    pending: String,
    /// Length of `pending`, in bytes, from which it is read.
    ready: usize,
    /// Bytes of text read before `pending`.
    before: u64,
}

impl Text {
    pub(super) fn push(
        &mut self,
        part: &str,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.pending.push_str(part);
        if self.pending.len() < self.ready.max(BATCH) {
            return Ok(());
        }
        self.flush(output, sink)?;
        if self.pending.len() > MAX_PART {
            return Err(SitemapError::Malformed {
                at: self.before,
                cause: format!("more than {MAX_PART} bytes without an end"),
            });
        }
        // An incomplete part is read again only when it has doubled, so the total work is linear.
        self.ready = 2 * self.pending.len();
        Ok(())
    }

    pub(super) fn finish(
        &mut self,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.read(true, output, sink)?;
        match &self.form {
            TextForm::Unknown => Err(SitemapError::NotASitemap { found: "an empty file".into() }),
            TextForm::Xml(elements) if !elements.closed() => {
                Err(SitemapError::Cut { at: self.before })
            }
            TextForm::Lines { .. } => {
                let ItemOutput { counts, .. } = output;
                if counts.pages == 0 && counts.refused > 0 { Err(not_a_url_list()) } else { Ok(()) }
            }
            TextForm::Xml(_) => Ok(()),
        }
    }

    /// Reads the complete parts of the buffered text.
    pub(super) fn flush(
        &mut self,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        self.read(false, output, sink)
    }

    fn read(
        &mut self,
        last: bool,
        output: &mut ItemOutput,
        sink: &mut impl FnMut(Item),
    ) -> Result<(), SitemapError> {
        if matches!(self.form, TextForm::Unknown) {
            let skipped = start_of_document(&self.pending);
            match self.pending[skipped..].chars().next() {
                None => {}
                Some('<') => self.form = TextForm::Xml(Box::default()),
                Some(_) => self.form = TextForm::Lines { skipping: false },
            }
            self.consume(skipped);
        }
        match &mut self.form {
            TextForm::Unknown => {}
            TextForm::Xml(elements) => {
                // Only the end of a tag is a safe place to cut; a reference may be incomplete elsewhere.
                let end = if last { None } else { self.pending.rfind('>').map(|at| at + 1) };
                let end = end.unwrap_or(if last { self.pending.len() } else { 0 });
                let (read, result) =
                    elements.read(&self.pending[..end], self.before, last, output, sink);
                self.consume(read);
                result?;
            }
            TextForm::Lines { skipping } => {
                let end = self.pending.rfind(['\n', '\r']).map_or(0, |at| at + 1);
                let end = if last { self.pending.len() } else { end };
                let whole = &self.pending[..end];
                for line in whole.split_inclusive(['\n', '\r']) {
                    if std::mem::take(skipping) {
                        continue;
                    }
                    let line = trim_invisible(line);
                    if line.len() > MAX_URL_LEN {
                        output.count_refused();
                    } else if !line.is_empty() {
                        output.emit(EntryKind::Page, line, "", EntryBase::Absolute, sink)?;
                    }
                    if output.counts.pages == 0 && output.counts.refused >= MAX_NON_URL_LINES {
                        return Err(not_a_url_list());
                    }
                }
                if self.pending.len() - end > MAX_URL_LEN {
                    if !std::mem::replace(skipping, true) {
                        output.count_refused();
                    }
                    self.before += self.pending.len() as u64;
                    self.pending.clear();
                } else {
                    self.consume(end);
                }
            }
        }
        Ok(())
    }

    fn consume(&mut self, bytes: usize) {
        self.pending.drain(..bytes);
        self.before += bytes as u64;
    }
}

/// Where the document begins: at the XML declaration, if there is one near the start, else behind white
/// space and byte order marks.
fn start_of_document(text: &str) -> usize {
    let near = &text[..text.floor_char_boundary(DECLARATION_SEARCHED)];
    let declaration = near.match_indices("<?xml").map(|(at, _)| at);
    let mut declaration =
        declaration.filter(|at| near[at + 5..].starts_with(|c: char| c.is_ascii_whitespace()));
    declaration.next().unwrap_or_else(|| {
        let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
        text.len() - text.trim_start_matches(is_space).len()
    })
}

fn not_a_url_list() -> SitemapError {
    SitemapError::NotASitemap { found: "text that is no list of URLs".into() }
}
