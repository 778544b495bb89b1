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
/// Events of a call that say nothing of the database: a pool without a free connection, a connection
/// that was made to a server that stays silent, a timer. From then on each event is an answer.
const EVENTS_BEFORE_ANSWERS: u32 = 3;

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
    /// Since when there has been a call without an answer; `None` after one that succeeded, while no
    /// other is under way.
    unanswered: Mutex<Option<Instant>>,
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
        if !call.aside {
            self.unanswered.locked().get_or_insert(open.began);
        }
        let ended = CallOver { calls: self, open: &open };
        let done = listen(&open, work).await;
        drop(ended);
        if done.is_ok() && !call.aside {
            let others = self.open.locked().iter().any(|open| !open.call.aside);
            *self.unanswered.locked() = others.then(Instant::now);
        }
        done
    }

    /// The call that has been open longest, if it has been for long; a heartbeat only when there is no
    /// other.
    #[must_use]
    pub fn long(&self, now: Instant) -> Option<LongCall> {
        let long = |open: &Arc<OpenCall>| {
            let silent_for = now.saturating_duration_since(open.heard());
            let since = if open.call.streams { open.heard() } else { open.began };
            let is_long = now.saturating_duration_since(since) >= NAMED_AFTER;
            let silent = silent_for >= NAMED_AFTER;
            is_long.then_some(LongCall { call: open.call, since, silent })
        };
        self.open.locked().iter().filter_map(long).min_by_key(|long| (long.call.aside, long.since))
    }

    /// Since when the database has been silent although it was called; `None` when it answered the last
    /// call. What is heard in a call that fails later does not count.
    #[must_use]
    pub fn silent_since(&self) -> Option<Instant> {
        let unanswered = (*self.unanswered.locked())?;
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

/// Polls `work` when it asked for it, and only then, and notes each time: its events come from the
/// connection.
async fn listen<F: Future>(open: &OpenCall, work: F) -> F::Output {
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
            if events > EVENTS_BEFORE_ANSWERS {
                open.heard_ms.store(open.began.elapsed().as_millis() as u64, Relaxed);
            }
        }
        first = false;
        work.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    const CALL: DatabaseCall = DatabaseCall::write("a batch");

    #[tokio::test(start_paused = true)]
    async fn a_silent_call_is_named_with_its_age() {
        let calls = Arc::new(DatabaseCalls::default());
        let begin = Instant::now();
        let silent = calls.watch(CALL, std::future::pending::<Result<(), ()>>());
        let silent = tokio::time::timeout(Duration::from_secs(10), silent);
        let look = async {
            tokio::time::sleep(Duration::from_millis(2_900)).await;
            assert_eq!(calls.long(Instant::now()), None);
            tokio::time::sleep(Duration::from_millis(200)).await;
            let long = calls.long(Instant::now()).unwrap();
            assert_eq!(
                (long.since, long.text()),
                (begin, "silent while writing a batch".to_owned())
            );
        };
        let (ended, ()) = tokio::join!(silent, look);
        assert!(ended.is_err());
        assert_eq!(calls.long(Instant::now()), None);
        assert_eq!(calls.silent_since(), Some(begin));
    }

    /// Answers once a second, `answers` times.
    async fn slow(answers: u32) -> Result<(), ()> {
        for _ in 0..answers {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_call_is_heard_while_it_is_open() {
        let calls = DatabaseCalls::default();
        let begin = Instant::now();
        let look = async {
            tokio::time::sleep(Duration::from_millis(6_500)).await;
            let long = calls.long(Instant::now()).unwrap();
            assert_eq!(long.text(), "slow while writing a batch");
            assert_eq!(calls.silent_since().unwrap().duration_since(begin).as_secs(), 6);
        };
        // Other branches of the same task make no difference: they are no events of the call.
        let _ = tokio::join!(calls.watch(CALL, slow(8)), look, slow(100));
        assert_eq!(calls.silent_since(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_to_a_silent_server_is_no_answer() {
        let calls = DatabaseCalls::default();
        let begin = Instant::now();
        let failed = async {
            slow(4).await?;
            Err::<(), ()>(())
        };
        assert_eq!(calls.watch(CALL, failed).await, Err(()));
        assert_eq!(calls.silent_since(), Some(begin));
        let again = calls.watch(CALL, std::future::pending::<Result<(), ()>>());
        assert!(tokio::time::timeout(Duration::from_secs(1), again).await.is_err());
        assert_eq!(calls.silent_since(), Some(begin), "that it is tried again is no answer");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_named_only_when_no_row_arrives() {
        let calls = DatabaseCalls::default();
        let stream = DatabaseCall::stream("what is known");
        let rows = async {
            slow(10).await?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok::<(), ()>(())
        };
        let look = async {
            tokio::time::sleep(Duration::from_millis(9_500)).await;
            assert_eq!(calls.long(Instant::now()), None);
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(
                calls.long(Instant::now()).unwrap().text(),
                "silent while reading what is known"
            );
        };
        let _ = tokio::join!(calls.watch(stream, rows), look);
    }
}
