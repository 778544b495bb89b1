//! Calls of the database that are under way: how long each has been open, and when the database was
//! last heard.
//!
//! A connection that swallows packets reports no error for a minute or more. What is waited for is
//! named meanwhile, and a stop does not wait for it.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::lock::Lock;

/// A call that has been open for so long is named.
pub const NAMED_AFTER: Duration = Duration::from_secs(3);
/// After a stop, the database may be silent for so long. Service managers kill after 90 s, and the
/// requests in flight need their time too.
pub const PATIENCE: Duration = Duration::from_secs(14);
/// After a stop at once, what can be saved in this time is saved.
pub const SAVE_AFTER_STOP_AT_ONCE: Duration = Duration::from_secs(1);

/// For each of the last two steps, to record the end and to close the database, however long it was waited
/// for before.
pub const LAST_STEP: Duration = Duration::from_millis(300);

/// Why the database is waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatienceOver {
    /// It completed no call for so many seconds.
    Silent(u64),
    /// The user wants to stop at once.
    StopAtOnce,
}

impl fmt::Display for PatienceOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(seconds) => {
                write!(f, "the database has completed nothing for {seconds} s")
            }
            Self::StopAtOnce => f.write_str("stopped at once, before all was saved"),
        }
    }
}

/// Calls that are long with no more than this time between them are one slow time.
const SLOW_TIME: Duration = Duration::from_secs(5);
/// Events of a call after one that failed, which say nothing of the database: a pool without a free
/// connection, a connection that was made to a server that stays silent, a timer. Any other event is an
/// answer.
const EVENTS_OF_CONNECTING: u32 = 3;

/// A call of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseCall {
    /// `reading` or `writing`.
    verb: &'static str,
    /// What of: `the frontier`.
    what: &'static str,
    /// Whether it takes as long as it takes, rows arriving all the time: only silence counts then.
    streams: bool,
    /// Whether it says nothing of the others: a heartbeat may succeed while a batch waits for a lock.
    aside: bool,
}

impl DatabaseCall {
    /// A read that ends soon.
    #[must_use]
    pub const fn read(what: &'static str) -> Self {
        Self { verb: "reading", what, streams: false, aside: false }
    }

    /// A read of many rows, which arrive all the time.
    #[must_use]
    pub const fn stream(what: &'static str) -> Self {
        Self { verb: "reading", what, streams: true, aside: false }
    }

    /// A write beside all others.
    #[must_use]
    pub const fn aside(what: &'static str) -> Self {
        Self { verb: "writing", what, streams: false, aside: true }
    }

    /// A write.
    #[must_use]
    pub const fn write(what: &'static str) -> Self {
        Self { verb: "writing", what, streams: false, aside: false }
    }
}

impl fmt::Display for DatabaseCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.what)
    }
}

/// A call that has been open for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongCall {
    /// What is done.
    pub call: DatabaseCall,
    /// Since when.
    pub since: Instant,
    /// Whether the database has said nothing for as long.
    pub silent: bool,
}

impl LongCall {
    /// What there is to say about it: `silent while writing a batch`.
    #[must_use]
    pub fn text(&self) -> String {
        let how = if self.silent { "silent" } else { "slow" };
        format!("{how} while {}", self.call)
    }
}

#[derive(Debug)]
struct OpenCall {
    call: DatabaseCall,
    began: Instant,
    /// When the database was last heard in it, in ms since `began`.
    heard_ms: AtomicU64,
}

impl OpenCall {
    /// Whether the database was heard in it at all.
    fn is_heard(&self) -> bool {
        self.heard_ms.load(Relaxed) > 0
    }

    /// When it was last heard; when the call began, if it was not.
    fn heard(&self) -> Instant {
        self.began + Duration::from_millis(self.heard_ms.load(Relaxed))
    }
}

/// The calls of a run.
#[derive(Debug, Default)]
pub struct DatabaseCalls {
    open: Mutex<Vec<Arc<OpenCall>>>,
    answers: Mutex<Answers>,
    /// The calls that were long lately.
    slow: Mutex<Option<SlowTime>>,
}

/// A time in which calls are long, one after the other.
#[derive(Debug, Clone, Copy)]
struct SlowTime {
    call: DatabaseCall,
    since: Instant,
    /// When one was last seen to be long.
    seen: Instant,
}

/// What became of the calls so far, those aside not counted.
#[derive(Debug, Default)]
struct Answers {
    /// Since when there has been a call without an answer; `None` after one that succeeded, while no
    /// other is under way.
    unanswered: Option<Instant>,
    /// When a call last succeeded.
    answered: Option<Instant>,
    /// Whether the last call that ended failed.
    failed: bool,
}

impl DatabaseCalls {
    /// Waits for a call.
    pub async fn watch<T, E>(
        &self,
        call: DatabaseCall,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let open = Arc::new(OpenCall { call, began: Instant::now(), heard_ms: AtomicU64::new(0) });
        self.open.locked().push(Arc::clone(&open));
        let connects = {
            let mut answers = self.answers.locked();
            if !call.aside {
                answers.unanswered.get_or_insert(open.began);
            }
            answers.failed
        };
        let over = CallOver { calls: self, open: &open };
        let done = listen(&open, if connects { EVENTS_OF_CONNECTING } else { 0 }, work).await;
        drop(over);
        if !call.aside {
            let others = self.open.locked().iter().any(|open| !open.call.aside);
            let mut answers = self.answers.locked();
            answers.failed = done.is_err();
            if done.is_ok() {
                let now = Instant::now();
                (answers.answered, answers.unanswered) = (Some(now), others.then_some(now));
            }
        }
        done
    }

    /// The call that has been open longest, if it has been for long, and for a while after it: every
    /// transaction of a slow database begins anew. To be asked all the time.
    #[must_use]
    pub fn long(&self, now: Instant) -> Option<LongCall> {
        let open = self.longest_open(now);
        let mut slow = self.slow.locked();
        let before = slow.filter(|slow| now.saturating_duration_since(slow.seen) < SLOW_TIME);
        if let Some(open) = open {
            let since = before.map_or(open.since, |slow| slow.since.min(open.since));
            *slow = Some(SlowTime { call: open.call, since, seen: now });
            return Some(if open.silent { open } else { LongCall { since, ..open } });
        }
        before.map(|slow| LongCall { call: slow.call, since: slow.since, silent: false })
    }

    /// The call that has been open longest, if it has been for long; a heartbeat only when there is no
    /// other.
    fn longest_open(&self, now: Instant) -> Option<LongCall> {
        let answered = self.answers.locked().answered;
        let long = |open: &Arc<OpenCall>| {
            let silent_for = now.saturating_duration_since(open.heard());
            let since = match open.call {
                DatabaseCall { streams: true, .. } => open.heard(),
                // It waits for the others.
                DatabaseCall { aside: true, .. } => {
                    answered.map_or(open.began, |at| at.max(open.began))
                }
                _ => open.began,
            };
            let is_long = now.saturating_duration_since(since) >= NAMED_AFTER;
            let silent = silent_for >= NAMED_AFTER;
            is_long.then_some(LongCall { call: open.call, since, silent })
        };
        self.open.locked().iter().filter_map(long).min_by_key(|long| (long.call.aside, long.since))
    }

    /// Since when no call has succeeded, although there was one; `None` when the last one did.
    #[must_use]
    pub fn unanswered_since(&self) -> Option<Instant> {
        self.answers.locked().unanswered
    }

    /// Since when the database has been silent although it was called; `None` when it answered the last
    /// call. What is heard in a call that fails later does not count.
    #[must_use]
    pub fn silent_since(&self) -> Option<Instant> {
        let unanswered = self.unanswered_since()?;
        let open = self.open.locked();
        let heard = open.iter().filter(|open| !open.call.aside && open.is_heard());
        Some(heard.map(|open| open.heard()).fold(unanswered, Instant::max))
    }
}

/// Takes a call from the list, also when its future is dropped.
struct CallOver<'a> {
    calls: &'a DatabaseCalls,
    open: &'a Arc<OpenCall>,
}

impl Drop for CallOver<'_> {
    fn drop(&mut self) {
        self.calls.open.locked().retain(|open| !Arc::ptr_eq(open, self.open));
    }
}

/// Wakes the task of a call, and knows that it did.
#[derive(Debug, Default)]
struct Bell {
    rang: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Relaxed);
        self.task.wake();
    }
}

/// Polls `work` when it asked for it, and only then, and notes each time but the first `connecting`: its
/// events come from the connection.
async fn listen<F: Future>(open: &OpenCall, connecting: u32, work: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut work = pin!(work);
    let mut events = 0_u32;
    let mut first = true;
    std::future::poll_fn(move |context| {
        bell.task.register(context.waker());
        let rang = bell.rang.swap(false, Relaxed);
        if !rang && !first {
            return Poll::Pending;
        }
        if !first {
            events = events.saturating_add(1);
            if events > connecting {
                open.heard_ms.store(open.began.elapsed().as_millis() as u64, Relaxed);
            }
        }
        first = false;
        work.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

#[cfg(test)]
mod tests;
