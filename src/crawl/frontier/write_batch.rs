//! The pending batch: what waits to be saved, gathered into the next transaction as it comes.
//!
//! It is guarded by the frontier's lock, so the order of commits is the order of hand-ins: a URL's
//! own row can never be committed before the page on which it was found.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::{
    Batch, ChangeRow, FrontierRow, HostRow, LinkRow, PageRow, PostponedRow, SitemapRow,
};

/// A batch is full at this many pages,
const FULL_PAGES: usize = 1000;
/// or this many links,
const FULL_LINKS: usize = 25_000;
/// or this many new URLs,
const FULL_DISCOVERED: usize = 10_000;
/// or when its oldest row has waited this long.
pub const MAX_BATCH_WAIT: Duration = Duration::from_millis(250);

/// What a batch costs and counts, to be settled when it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCost {
    /// KiB of the byte budget to give back.
    pub kib: u32,
    /// Pages in it that were open.
    pub pages: u32,
    /// Pages in it that were saved before and are open again.
    pub restored: u32,
}

/// The next batch.
#[derive(Debug, Default)]
pub struct PendingBatch {
    batch: Batch,
    cost: BatchCost,
    oldest: Option<Instant>,
    flush: bool,
    closed: bool,
}

/// What the saver should do now.
#[derive(Debug)]
pub enum BatchReady {
    /// Write this.
    Batch(Box<Batch>, BatchCost),
    /// Something waits, but may wait until then to fill the batch.
    At(Instant),
    /// Nothing waits.
    Nothing,
    /// Nothing waits and nothing will come.
    Closed,
}

impl PendingBatch {
    fn touch(&mut self) {
        self.oldest.get_or_insert_with(Instant::now);
    }

    /// A finished page; `kib` of the byte budget were taken for it, and it is one open URL less
    /// once committed.
    pub fn page(&mut self, row: PageRow, kib: u32) {
        self.batch.pages.push(row);
        self.cost.kib += kib;
        self.cost.pages += 1;
        self.touch();
    }

    /// A link.
    pub fn link(&mut self, link: LinkRow) {
        self.batch.links.push(link);
    }

    /// A new URL.
    pub fn discovered(&mut self, row: FrontierRow) {
        self.batch.discovered.push(row);
        self.touch();
    }

    /// A URL to be tried again.
    pub fn postponed(&mut self, row: PostponedRow) {
        self.batch.postponed.push(row);
        self.touch();
    }

    /// A URL that was skipped and is open again.
    pub fn restored(&mut self, row: FrontierRow) {
        self.batch.restored.push(row);
        self.cost.restored += 1;
        self.touch();
    }

    /// A sitemap that was read, or could not be.
    pub fn sitemap(&mut self, row: SitemapRow) {
        self.batch.sitemaps.push(row);
        self.touch();
    }

    /// What is known of a host.
    pub fn host(&mut self, host: &str, robots: Option<String>, incidents: u32) {
        self.batch.hosts.push(HostRow { host: host.into(), robots, incidents });
        self.touch();
    }

    /// `kib` of the byte budget were taken for what is in it.
    pub fn add_cost(&mut self, kib: u32) {
        self.cost.kib += kib;
        self.touch();
    }

    /// A journal entry.
    pub fn change(&mut self, row: ChangeRow) {
        self.batch.changes.push(row);
        self.touch();
    }

    /// The settings now in force; see [`Batch::settings`].
    pub fn settings(&mut self, patch: String) {
        self.batch.settings = Some(patch);
        self.touch();
    }

    /// Requests the next batch at once, however small.
    pub fn flush(&mut self) {
        self.flush = true;
    }

    /// Nothing will come any more.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Pages waiting.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.batch.pages.len()
    }

    /// Whether the batch is full, or is to go as it is.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.flush
            || self.closed
            || self.batch.pages.len() >= FULL_PAGES
            || self.batch.links.len() >= FULL_LINKS
            || self.batch.discovered.len() >= FULL_DISCOVERED
            || self.batch.restored.len() >= FULL_DISCOVERED
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    /// Takes the batch if its time has come.
    pub fn take(&mut self, now: Instant) -> BatchReady {
        let Some(oldest) = self.oldest else {
            self.flush = false;
            return if self.closed { BatchReady::Closed } else { BatchReady::Nothing };
        };
        let due = oldest + MAX_BATCH_WAIT;
        if !self.is_due() && now < due {
            return BatchReady::At(due);
        }
        self.flush = false;
        self.oldest = None;
        BatchReady::Batch(Box::new(std::mem::take(&mut self.batch)), std::mem::take(&mut self.cost))
    }
}
