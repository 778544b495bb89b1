//! The text of a sitemap: put together until something whole can be read, as XML or as lines.

use super::item::{Item, SitemapError};
use super::output::{EntryKind, ItemOutput};
use super::xml::Elements;
use crate::web::url::MAX_URL_LEN;

/// So much is waited for before it is read.
const BATCH: usize = 32 << 10;
/// Longest tag, comment or line; a longer one is malformed.
const MAX_PART: usize = 256 << 10;
/// So many lines that are no URL, and none that is, are no list of URLs.
const ALIEN_LINES: u32 = 20;

#[derive(Debug, Default)]
enum TextForm {
    #[default]
    Unknown,
    Xml(Elements),
    Lines {
        /// Whether the rest of a line that is too long is passed over.
        skipping: bool,
    },
}

/// The text that is not read yet, and how it is to be read.
#[derive(Debug, Default)]
pub(super) struct Text {
    form: TextForm,
    pending: String,
    /// Length from which `pending` is read.
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
        // What is not whole is not looked at again before it has doubled.
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
            TextForm::Unknown => Err(SitemapError::Alien { found: "an empty file".into() }),
            TextForm::Xml(elements) if !elements.closed() => {
                Err(SitemapError::Cut { at: self.before })
            }
            TextForm::Lines { .. } => {
                let ItemOutput { counts, .. } = output;
                if counts.pages == 0 && counts.refused > 0 { Err(no_list()) } else { Ok(()) }
            }
            TextForm::Xml(_) => Ok(()),
        }
    }

    /// Reads what is whole.
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
            let start =
                self.pending.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let skipped = self.pending.len() - start.len();
            match start.chars().next() {
                None => {}
                Some('<') => self.form = TextForm::Xml(Elements::default()),
                Some(_) => self.form = TextForm::Lines { skipping: false },
            }
            self.pass(skipped);
        }
        match &mut self.form {
            TextForm::Unknown => {}
            TextForm::Xml(elements) => {
                // A reference or a character may be cut anywhere but behind a tag.
                let end = if last { None } else { self.pending.rfind('>').map(|at| at + 1) };
                let end = end.unwrap_or(if last { self.pending.len() } else { 0 });
                let (read, result) =
                    elements.read(&self.pending[..end], self.before, last, output, sink);
                self.pass(read);
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
                    let line = line.trim();
                    if line.len() > MAX_URL_LEN {
                        output.refuse();
                    } else if !line.is_empty() {
                        output.take(EntryKind::Page, line, "", false, sink)?;
                    }
                    if output.counts.pages == 0 && output.counts.refused >= ALIEN_LINES {
                        return Err(no_list());
                    }
                }
                if self.pending.len() - end > MAX_URL_LEN {
                    if !std::mem::replace(skipping, true) {
                        output.refuse();
                    }
                    self.before += self.pending.len() as u64;
                    self.pending.clear();
                } else {
                    self.pass(end);
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, bytes: usize) {
        self.pending.drain(..bytes);
        self.before += bytes as u64;
    }
}

fn no_list() -> SitemapError {
    SitemapError::Alien { found: "text that is no list of URLs".into() }
}
