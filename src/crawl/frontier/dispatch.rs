//! Which URL goes out next, and what becomes of it until its request is over.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::frontier::front::Frontier;
use crate::crawl::frontier::state::FrontierState;
use crate::crawl::hosts::{DelayedTask, FetchPurpose, Outcome, OutcomeEffect, Taken, UrlTask};
use crate::crawl::protocol::snapshot::RecentFailure;
use crate::model::ids::PageId;
use crate::model::page_state::PageState;
use crate::store::PostponedRow;

/// Maximum number of URLs that wait for a retry, all hosts together, before no fresh URL is
/// started.
const MAX_RETRIES_WAITING: usize = 50_000;
/// Maximum number of pages in the pending batch before no URL is handed out: those that end without
/// a request take nothing of the byte budget.
pub(super) const MAX_UNSAVED: usize = 20_000;

/// What the producer should do now.
#[derive(Debug)]
pub enum Next {
    /// Hand this out.
    UrlTask(Box<UrlTask>),
    /// Call again: something was done that takes time.
    Retry,
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

impl Frontier {
    /// What the producer should do now.
    pub fn next(&self, now: Instant) -> Next {
        let mut state = self.lock();
        let next = state.next(now);
        let drained = state.is_drained();
        drop(state);
        if matches!(next, Next::Retry) {
            // URLs ended without a request: nothing else notifies the saver, or tells that it was the last.
            self.wake_saver();
            if drained {
                self.signal_drained();
            }
        }
        next
    }

    /// Whether a URL that was handed out may still be requested at `target`; if so, and its host
    /// has no gap, its request has started.
    pub fn start(&self, task: &UrlTask, target: &str) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let may = state.may_start(task, target, now);
        if may && task.gap.is_zero() {
            state.hosts.started(target, now);
        }
        may
    }

    /// A URL that was handed out may not be requested now: it goes back to the head of its queue.
    pub fn put_back(&self, task: Box<UrlTask>) {
        let mut state = self.lock();
        state.hosts.ended(task.target(), None, None, Instant::now());
        let newest = state.newest();
        state.hosts.push(task, true, newest);
        drop(state);
        self.wake_producer();
    }

    /// A request has actually started; `gap_follows` tells whether the time of the next one follows
    /// from it.
    pub fn started(&self, url: &str, gap_follows: bool) {
        self.lock().hosts.started(url, Instant::now());
        if gap_follows {
            self.wake_producer();
        }
    }

    /// A URL handed out is no longer in flight. `began` is when its request started; `None` when it
    /// never did. `outcome` is what the host did; `None` when the crawl gave the request up.
    pub fn ended(
        &self,
        url: &str,
        began: Option<Instant>,
        outcome: Option<Outcome>,
    ) -> OutcomeEffect {
        let effect = self.lock().hosts.ended(url, began, outcome, Instant::now());
        self.wake_producer();
        effect
    }

    /// Puts a URL at the head of the queue of the host that is requested next: a redirect continues
    /// there, or a request is sent again. `latency` is that of the hop before.
    pub fn requeue(&self, task: Box<UrlTask>, latency: Option<Duration>) {
        let mut state = self.lock();
        if let Some(latency) = latency {
            state.latencies.record(latency);
        }
        let newest = state.newest();
        state.hosts.push(task, true, newest);
        drop(state);
        self.wake_producer();
    }

    /// Lets a URL wait for `pause`; that is no attempt.
    pub fn wait(&self, task: Box<UrlTask>, pause: Duration) {
        self.lock().delay(task, Instant::now() + pause);
        self.wake_producer();
    }

    /// Puts a URL back for another attempt after `pause`. `now_ms` is in ms since 1970, UTC.
    pub fn postpone(
        &self,
        mut task: Box<UrlTask>,
        pause: Duration,
        latency: Option<Duration>,
        failure: Option<Arc<RecentFailure>>,
        now_ms: i64,
    ) {
        let mut state = self.lock();
        if task.purpose == FetchPurpose::Page {
            let requests = task.requests();
            state.count_postponed(task.saved, requests);
            task.saved = requests;
            state.batch.postponed(PostponedRow {
                id: task.id,
                attempts: requests.attempts,
                resent: requests.resent,
                not_before_ms: now_ms.saturating_add(pause.as_millis() as i64),
            });
        }
        if let Some(latency) = latency {
            state.latencies.record(latency);
        }
        if let Some(failure) = failure {
            state.recent.failure(failure);
        }
        state.delay(task, Instant::now() + pause);
        drop(state);
        self.wake_both();
    }
}

impl FrontierState {
    fn next(&mut self, now: Instant) -> Next {
        const NOTHING: Next = Next::Wait { throttled: false, due: None };
        if self.stopping {
            return NOTHING;
        }
        self.wake_retries(now);
        let next_retry = self.retries.peek().map(|Reverse(DelayedTask(due, _))| *due);
        if self.retries.len() >= MAX_RETRIES_WAITING {
            return Next::Wait { throttled: true, due: next_retry };
        }
        if self.batch.pages() >= MAX_UNSAVED {
            return Next::Wait { throttled: true, due: None };
        }
        match self.hosts.take(now) {
            Taken::UrlTask(task) => self.hand_out(task, now),
            Taken::Refill { host, after, limit } => {
                Next::Refill { host, after, limit, commits: self.commits }
            }
            Taken::Abandoned(tasks) => {
                for (task, give_up) in tasks {
                    self.end_abandoned(&task, &give_up, now);
                }
                Next::Retry
            }
            Taken::Throttled(due) => {
                Next::Wait { throttled: true, due: due.into_iter().chain(next_retry).min() }
            }
            Taken::Empty if next_retry.is_some() => Next::Wait { throttled: true, due: next_retry },
            Taken::Empty => NOTHING,
        }
    }

    /// Hands a URL out, unless it is excluded or looks like a trap by now.
    fn hand_out(&mut self, task: Box<UrlTask>, now: Instant) -> Next {
        if let Some(reason) = self.excluded_by(&task).cloned() {
            self.hosts.ended(task.target(), None, None, now);
            if task.purpose == FetchPurpose::Page {
                self.exclusions.count(&reason, 1);
                self.withdraw(&task, reason.to_string());
            } else {
                self.set_aside_sitemap(task);
            }
            return Next::Retry;
        }
        if let Some(reason) = self.is_trap_by_now(&task) {
            self.hosts.ended(task.target(), None, None, now);
            self.end_unfetched(&task, PageState::Skipped, reason);
            return Next::Retry;
        }
        Next::UrlTask(task)
    }

    /// Lets a URL wait until `due`.
    pub(super) fn delay(&mut self, task: Box<UrlTask>, due: Instant) {
        self.hosts.retrying(task.target(), true, self.newest());
        self.retries.push(Reverse(DelayedTask(due, task)));
    }

    fn wake_retries(&mut self, now: Instant) {
        while let Some(Reverse(DelayedTask(due, _))) = self.retries.peek() {
            if *due > now {
                break;
            }
            if let Some(Reverse(DelayedTask(_, task))) = self.retries.pop() {
                let newest = self.newest();
                self.hosts.retrying(task.target(), false, newest);
                // What failed as its host's probe lets another one try.
                let first = task.uncounted_failures == 0;
                self.hosts.push(task, first, newest);
            }
        }
    }
}
