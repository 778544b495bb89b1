//! The pending batch: what waits to be saved, gathered into the next transaction as it comes.
//!
//! It is guarded by the frontier's lock, so the order of commits is the order of hand-ins: a URL's
//! own row can never be committed before the page on which it was found.

use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::timeline_rows::WaitingRows;
use crate::store::{
    Batch, ChangeRow, FrontierRow, HostRow, LinkRow, PageRow, PostponedRow, SitemapRow, TimelineRow,
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
    timeline: WaitingRows,
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

    /// What was measured; it goes with a batch that is written anyway, or with the last one.
    pub fn timeline(&mut self, row: TimelineRow) {
        self.timeline.add(row);
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

    /// Whether nothing waits that is to be written soon.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    /// Takes the batch if its time has come.
    pub fn take(&mut self, now: Instant) -> BatchReady {
        match self.oldest {
            Some(oldest) if !self.is_due() && now < oldest + MAX_BATCH_WAIT => {
                return BatchReady::At(oldest + MAX_BATCH_WAIT);
            }
            Some(_) => {}
            None if self.closed && !self.timeline.is_empty() => {}
            None => {
                self.flush = false;
                return if self.closed { BatchReady::Closed } else { BatchReady::Nothing };
            }
        }
        self.flush = false;
        self.oldest = None;
        self.batch.timeline = self.timeline.take();
        BatchReady::Batch(Box::new(std::mem::take(&mut self.batch)), std::mem::take(&mut self.cost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(seq: u64) -> TimelineRow {
        TimelineRow { seq, ..TimelineRow::default() }
    }

    fn seqs(ready: BatchReady) -> Option<Vec<u64>> {
        match ready {
            BatchReady::Batch(batch, _) => Some(batch.timeline.iter().map(|row| row.seq).collect()),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_measured_waits_for_a_batch_that_is_written_anyway() {
        let mut pending = PendingBatch::default();
        pending.timeline(measured(1));
        assert!(pending.is_empty());
        pending.flush();
        let later = Instant::now() + 100 * MAX_BATCH_WAIT;
        assert!(matches!(pending.take(later), BatchReady::Nothing));
        pending.timeline(measured(2));
        pending.add_cost(1);
        assert!(matches!(pending.take(Instant::now()), BatchReady::At(_)));
        assert_eq!(seqs(pending.take(later)), Some(vec![1, 2]));
        assert!(matches!(pending.take(later), BatchReady::Nothing));
        // The last batch may hold nothing else.
        pending.timeline(measured(3));
        pending.close();
        assert_eq!(seqs(pending.take(Instant::now())), Some(vec![3]));
        assert!(matches!(pending.take(later), BatchReady::Closed));
    }
}
