//! The frontier: every URL known and not yet done, and the books about all of them.
//!
//! It is a store, not a channel: putting a URL in never waits. A bounded
//! [`Window`](crate::crawl::hosts::HostQueues) of it is in memory; what does not fit stays in the database
//! and is read back in order of discovery.
//! One short lock guards seen-set, window, retries, outbox and counters together, so "mark seen"
//! is one step with "insert", and completion (`open == 0`) is decided under that lock.

mod completion;
mod exclude;
pub mod exclusions;
mod intake;
pub mod seen;
mod site_files;
pub mod sitemaps;
pub mod state;
pub mod write_batch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use url::Url;

use crate::crawl::frontier::exclusions::Exclusions;
use crate::crawl::frontier::sitemaps::Sitemaps;
use crate::crawl::frontier::state::{Found, FrontierState};
use crate::crawl::frontier::write_batch::{BatchCost, BatchReady};
use crate::crawl::hosts::host::{After, Outcome, Pace};
use crate::crawl::hosts::url_task::UrlTask;
use crate::crawl::protocol::snapshot::{PageView, RecentFailure, Totals};
use crate::lock::Lock;
use crate::model::ids::{CrawlId, PageId};
use crate::model::url_identity::UrlHash;
use crate::settings::{HostRule, TrapSettings};
use crate::store::{FrontierRow, OpenHost, PageRow};
use crate::web::robots::RobotsPolicy;
use crate::web::traps::Traps;

/// URLs waiting for a retry at most, all hosts together, before no fresh URL is started.
pub const MOST_RETRIES: usize = 50_000;
/// Pages in the outbox at most, before no URL is handed out: those that end without a request
/// take nothing of the byte budget.
pub const MOST_UNSAVED: usize = 20_000;

/// Seeds taken in under one hold of the lock.
const SEEDS_AT_ONCE: usize = 1_000;

/// A link found on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// URL text.
    pub url: Arc<str>,
    /// Its identity.
    pub hash: UrlHash,
    /// Text of the link, where it has one.
    pub anchor: Option<Arc<str>>,
}

impl Link {
    /// One without text.
    #[must_use]
    pub const fn bare(url: Arc<str>, hash: UrlHash) -> Self {
        Self { url, hash, anchor: None }
    }
}

/// What bounds the URLs that are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admission {
    /// Links from a seed at most.
    pub depth: Option<u32>,
    /// URLs fetched at most.
    pub max_pages: Option<u64>,
}

/// What the producer should do now.
#[derive(Debug)]
pub enum Next {
    /// Hand this out.
    UrlTask(Box<UrlTask>),
    /// Ask again: something was done that takes time.
    Again,
    /// Read at most `limit` rows of this host above `after` from the store and give them to
    /// [`Frontier::refilled`].
    Refill {
        /// Host with port.
        host: Arc<str>,
        /// Last id already read.
        after: PageId,
        /// Rows wanted.
        limit: u32,
        /// How many batches were committed so far; goes back with the rows.
        commits: u64,
    },
    /// Nothing may be handed out before `due`, or before something changes.
    Wait {
        /// Whether URLs wait for their hosts or their retry; otherwise there are none.
        throttled: bool,
        /// When the first of them may go, if that is known.
        due: Option<Instant>,
    },
}

/// A page in its final state, with all that follows from it.
#[derive(Debug)]
pub struct Finished {
    /// Its row.
    pub row: PageRow,
    /// The same for viewers.
    pub view: Arc<PageView>,
    /// Links found on it, distinct.
    pub links: Vec<Link>,
    /// Redirects followed.
    pub redirects: u32,
    /// How long the last request took, when it was answered.
    pub latency: Option<Duration>,
    /// KiB of the byte budget taken for it.
    pub kib: u32,
    /// A line for the troubles, when it failed.
    pub trouble: Option<Arc<RecentFailure>>,
    /// Whether the queue was empty when it ended: then the saver need not wait for company.
    pub queue_empty: bool,
    /// Where a redirect led: that page is linked to, if it is known.
    pub led_to: Option<UrlHash>,
    /// Whether its body was not sent, because it is as it was in the crawl looked at again.
    pub unmodified: bool,
    /// Hash of its content, where another page with the same would be telling.
    pub same_as: Option<u64>,
    /// Whether it is a page of its own that was fetched well.
    pub is_page: bool,
}

/// The frontier. See the module's page.
#[derive(Debug)]
pub struct Frontier {
    ledger: Mutex<FrontierState>,
    /// Something changed that the producer may wait for.
    pub changed: Notify,
    /// Something changed that the saver may wait for.
    pub outbox_changed: Notify,
    /// The last open URL was saved.
    pub drained: Notify,
    /// Batches committed.
    commits: watch::Sender<u64>,
}

/// What a frontier begins with.
#[derive(Debug)]
pub struct FrontierStart {
    /// Number of the crawl.
    pub crawl: CrawlId,
    /// Bounds on what is taken in.
    pub admission: Admission,
    /// Politeness.
    pub pace: Pace,
    /// What the user has said about single hosts.
    pub rules: HashMap<Arc<str>, HostRule>,
    /// What was excluded while the crawl ran.
    pub pruned: Exclusions,
    /// What looks like a trap.
    pub traps: Traps,
    /// Sitemaps.
    pub sitemaps: Sitemaps,
    /// Hosts with URLs on disk.
    pub hosts: Vec<OpenHost>,
    /// The next URL number to give out, from 1.
    pub next_seq: u32,
    /// Rows on disk that are open.
    pub open: u64,
    /// Counts so far.
    pub totals: Totals,
}

impl Default for FrontierStart {
    fn default() -> Self {
        Self {
            crawl: 0,
            admission: Admission::default(),
            pace: Pace::default(),
            rules: HashMap::new(),
            pruned: Exclusions::default(),
            traps: Traps::new(&TrapSettings::default()),
            sitemaps: Sitemaps::default(),
            hosts: Vec::new(),
            next_seq: 1,
            open: 0,
            totals: Totals::default(),
        }
    }
}

impl Frontier {
    /// The frontier of a new or resumed crawl.
    #[must_use]
    pub fn new(begin: FrontierStart) -> Self {
        Self {
            ledger: Mutex::new(FrontierState::new(begin)),
            changed: Notify::new(),
            outbox_changed: Notify::new(),
            drained: Notify::new(),
            commits: watch::Sender::new(0),
        }
    }

    /// Runs `look` under the lock. Keep it short.
    pub fn with<R>(&self, look: impl FnOnce(&mut FrontierState) -> R) -> R {
        look(&mut self.ledger.locked())
    }

    /// A host is to be left alone for so long, because an earlier run was told so.
    pub fn goes_on_resting(&self, host: &str, rest: Duration) {
        self.with(|ledger| ledger.goes_on_resting(host, Instant::now() + rest));
    }

    /// Takes in URLs that an earlier run has seen.
    pub fn remember(&self, known: &[(UrlHash, PageId)]) {
        self.with(|ledger| ledger.remember(known));
    }

    /// Takes in seeds.
    pub fn seed(&self, seeds: impl IntoIterator<Item = Link>) {
        let mut seeds = seeds.into_iter();
        loop {
            let piece: Vec<Link> = seeds.by_ref().take(SEEDS_AT_ONCE).collect();
            let last = piece.len() < SEEDS_AT_ONCE;
            self.with(|ledger| {
                for seed in piece {
                    ledger.seed(seed);
                }
                ledger.outbox.flush();
            });
            self.changed.notify_one();
            self.outbox_changed.notify_one();
            if last {
                return;
            }
        }
    }

    /// What the producer should do now.
    pub fn next(&self, now: Instant) -> Next {
        let next = self.with(|ledger| ledger.next(now));
        if matches!(next, Next::Again) {
            // URLs ended without a request: nobody else tells the saver.
            self.outbox_changed.notify_one();
        }
        next
    }

    /// Takes in rows of a host read back from disk, in order of id.
    pub fn refilled(
        &self,
        host: &str,
        rows: Vec<FrontierRow>,
        commits: u64,
        now: Instant,
        now_ms: i64,
    ) {
        self.with(|ledger| ledger.refilled(host, rows, commits, now, now_ms));
        // What is on disk but not yet committed should be.
        self.outbox_changed.notify_one();
    }

    /// Whether a URL that was handed out may still be asked at `target`; if so, and its host has no
    /// gap, its request has started.
    pub fn start(&self, entry: &UrlTask, target: &str) -> bool {
        self.with(|ledger| {
            let now = Instant::now();
            let may = ledger.may_start(entry, target, now);
            if may && entry.gap.is_zero() {
                ledger.started(target, now);
            }
            may
        })
    }

    /// A URL that was handed out may not be asked now.
    pub fn put_back(&self, entry: Box<UrlTask>) {
        self.with(|ledger| ledger.put_back(entry, Instant::now()));
        self.changed.notify_one();
    }

    /// A request has actually started; `due` tells whether the next one's time follows from it.
    pub fn started(&self, url: &str, due: bool) {
        self.with(|ledger| ledger.started(url, Instant::now()));
        if due {
            self.changed.notify_one();
        }
    }

    /// A URL taken is no longer in flight. `began` is when its request started; `None` when it
    /// never did. `outcome` is what the host did; `None` when we gave the request up.
    pub fn ended(&self, url: &str, began: Option<Instant>, outcome: Option<Outcome>) -> After {
        let after = self.with(|ledger| ledger.ended(url, began, outcome, Instant::now()));
        self.changed.notify_one();
        after
    }

    /// Puts the next hop of a redirect into the queue of its host.
    pub fn redirected(&self, entry: Box<UrlTask>, latency: Option<Duration>) {
        self.with(|ledger| ledger.redirected(entry, latency));
        self.changed.notify_one();
    }

    /// A robots.txt is known, or could not be had.
    pub fn robots(&self, url: &str, https: bool, fate: RobotsPolicy) {
        self.with(|ledger| ledger.robots(url, https, fate, Instant::now()));
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// Nothing of the host of `url` may be asked.
    pub fn refuse(&self, url: &str, reason: &str) {
        self.with(|ledger| ledger.window.refuse(url, reason));
        self.changed.notify_one();
    }

    /// A host was found to be down.
    pub fn incident(&self, host: &str) {
        self.with(|ledger| ledger.incident(host));
    }

    /// A sitemap was found.
    pub fn add_sitemap(&self, url: &Url, depth: u32) {
        self.with(|ledger| ledger.add_sitemap(url, depth));
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// URLs were found in a sitemap; `kib` of the byte budget were taken for them.
    pub fn found(&self, pages: Vec<Found>, kib: u32) {
        self.with(|ledger| {
            let before = ledger.totals.discovered;
            for page in pages {
                ledger.discover(page);
            }
            ledger.sitemaps.view.found += ledger.totals.discovered - before;
            ledger.outbox.weigh(kib);
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// Takes in URLs that an earlier crawl knew; false when there is no room for more.
    pub fn found_again(&self, pages: Vec<Found>) -> bool {
        let room = self.with(|ledger| {
            for page in pages {
                if ledger.known(&page.hash).is_none() && !ledger.is_full() {
                    ledger.discover(page);
                }
            }
            !ledger.is_full()
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
        room
    }

    /// Something that kept the crawl from its end is over; see [`FrontierState::hold`].
    pub fn let_go(&self) {
        self.with(|ledger| {
            ledger.let_go();
            ledger.outbox.flush();
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
        if self.is_drained() {
            self.drained.notify_one();
        }
    }

    /// Hands in a page in its final state.
    pub fn finish(&self, page: Finished) {
        let (new, wake, evicted) = self.with(|ledger| ledger.finish(page));
        drop(evicted);
        if new {
            self.changed.notify_one();
        }
        if wake {
            self.outbox_changed.notify_one();
        }
    }

    /// Puts a URL back for another attempt after `pause`.
    pub fn postpone(
        &self,
        entry: Box<UrlTask>,
        pause: Duration,
        latency: Option<Duration>,
        trouble: Option<Arc<RecentFailure>>,
        now_ms: i64,
    ) {
        self.with(|ledger| {
            ledger.postpone(entry, pause, latency, trouble, now_ms);
        });
        self.changed.notify_one();
        self.outbox_changed.notify_one();
    }

    /// Waits for the next batch; `None` when the outbox is closed and empty. The counters that
    /// go with the batch are in it.
    pub async fn next_batch(&self) -> Option<(Box<crate::store::Batch>, BatchCost)> {
        loop {
            let changed = self.outbox_changed.notified();
            let due = self.with(|ledger| {
                let due = ledger.outbox.take(Instant::now());
                if let BatchReady::Batch(mut batch, weight) = due {
                    batch.totals = serde_json::to_string(&ledger.totals).ok();
                    ledger.departed();
                    return BatchReady::Batch(batch, weight);
                }
                due
            });
            match due {
                BatchReady::Batch(batch, weight) => return Some((batch, weight)),
                BatchReady::Closed => return None,
                BatchReady::Nothing => changed.await,
                BatchReady::At(due) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    /// A batch is in the database.
    pub fn committed(&self, weight: BatchCost) {
        let (drained, waits, commits) = self.with(|ledger| {
            let refill_waits = ledger.committed(weight);
            (ledger.is_drained(), refill_waits, ledger.commits().0)
        });
        self.commits.send_replace(commits);
        if waits {
            self.changed.notify_one();
        }
        if drained {
            self.drained.notify_one();
        }
    }

    /// Waits until all that was handed in so far is in the database.
    pub async fn flushed(&self) {
        let all = self.with(|ledger| {
            ledger.outbox.flush();
            ledger.commits().1
        });
        self.outbox_changed.notify_one();
        let mut commits = self.commits.subscribe();
        // The sender lives as long as this.
        let _ = commits.wait_for(|commits| *commits >= all).await;
    }

    /// Whether every known URL is in a final state and saved.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.with(|ledger| ledger.is_drained())
    }

    /// No URL goes out any more.
    pub fn stop(&self) {
        self.with(FrontierState::stop);
        self.changed.notify_one();
    }

    /// Nothing will be handed in any more: the saver writes what there is and ends.
    pub fn close(&self) {
        self.with(|ledger| ledger.outbox.close());
        self.outbox_changed.notify_one();
    }
}
