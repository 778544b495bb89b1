//! What the frontier's lock guards.
//!
//! Nothing here waits or wakes anybody: [`Frontier`](crate::crawl::frontier::Frontier) does that
//! once the lock is released.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;

use crate::crawl::frontier::exclusions::Exclusions;
use crate::crawl::frontier::seen::Seen;
use crate::crawl::frontier::sitemaps::Sitemaps;
use crate::crawl::frontier::start::{Admission, FrontierStart};
use crate::crawl::frontier::write_batch::PendingBatch;
use crate::crawl::hosts::{DelayedTask, HostQueues};
use crate::crawl::measure::meter::Latencies;
use crate::crawl::measure::recent_pages::RecentPages;
use crate::crawl::protocol::snapshot::Totals;
use crate::model::ids::{CrawlId, PageId, page_id};
use crate::model::url_identity::UrlHash;
use crate::web::traps::Traps;

/// All that the frontier's lock guards.
#[derive(Debug)]
pub(super) struct FrontierState {
    pub(super) crawl: CrawlId,
    pub(super) admission: Admission,
    /// Whether the links of a page are stored.
    pub(super) store_links: bool,
    pub(super) seen: Seen,
    pub(super) next_seq: u32,
    /// Hosts, and the URLs in memory.
    pub(super) hosts: HostQueues,
    pub(super) retries: BinaryHeap<Reverse<DelayedTask>>,
    /// Batches committed, so that a refill can tell whether one came in between.
    pub(super) commits: u64,
    /// A batch is in the saver's hands.
    pub(super) in_transit: bool,
    /// URLs that are not in a final state and saved.
    pub(super) open: u64,
    /// Background work that must be over before the crawl is, besides open URLs: sitemaps,
    /// exclusions.
    pub(super) background: u64,
    /// Pages in the pending batch and in the saver's hands.
    pub(super) unsaved: u64,
    pub(super) saved: u64,
    pub(super) stopping: bool,
    /// What was excluded while the crawl runs.
    pub(super) exclusions: Exclusions,
    /// What looks like a trap.
    pub(super) traps: Traps,
    pub(super) sitemaps: Sitemaps,
    pub(super) totals: Totals,
    /// What waits to be saved.
    pub(super) batch: PendingBatch,
    /// Request latencies.
    pub(super) latencies: Latencies,
    /// Pages and failures for viewers.
    pub(super) recent: RecentPages,
    /// When this run began.
    pub(super) start: Instant,
}

impl FrontierState {
    /// The state of a new or resumed crawl.
    pub(super) fn new(start: FrontierStart) -> Self {
        let mut hosts = HostQueues::new(start.pace, start.rules);
        hosts.restore(&start.hosts, page_id(start.crawl, 0));
        Self {
            crawl: start.crawl,
            admission: start.admission,
            store_links: start.store_links,
            seen: Seen::default(),
            next_seq: start.next_seq,
            hosts,
            retries: BinaryHeap::new(),
            commits: 0,
            in_transit: false,
            open: start.open,
            background: 0,
            unsaved: 0,
            saved: start.totals.pages,
            stopping: false,
            exclusions: start.exclusions,
            traps: start.traps,
            sitemaps: start.sitemaps,
            totals: start.totals,
            batch: PendingBatch::default(),
            latencies: Latencies::default(),
            recent: RecentPages::default(),
            start: Instant::now(),
        }
    }

    /// The id of a URL that is known.
    pub(super) fn known(&self, hash: &UrlHash) -> Option<PageId> {
        self.seen.get(hash).map(|seq| page_id(self.crawl, seq))
    }

    /// The highest id given out.
    pub(super) const fn newest(&self) -> PageId {
        page_id(self.crawl, self.next_seq - 1)
    }

    /// Whether every known URL is in a final state and saved, and no background work is running.
    pub(super) const fn is_drained(&self) -> bool {
        self.open == 0 && self.background == 0
    }

    /// Background work begins that must be over before the crawl is.
    pub(super) const fn begin_background(&mut self) {
        self.background += 1;
    }

    /// Such work is over.
    pub(super) const fn end_background(&mut self) {
        self.background = self.background.saturating_sub(1);
    }
}
