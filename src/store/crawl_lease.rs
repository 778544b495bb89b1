//! The lease of a crawl: a row of `crawls` names the store that runs the crawl, and only that store
//! may write to it.
//!
//! Each open store is an owner of its own. What it writes carries its token, so a store whose lease
//! was taken over cannot write any more, however late its write arrives. This module queries no
//! database.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, gethostname};

use super::error::{StoreError, one_line};
use crate::model::ids::CrawlId;

/// An owner that sent no heartbeat for so long is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(30);

/// Tokens of the stores open in this process.
static LIVE: LazyLock<Mutex<HashSet<i64>>> = LazyLock::new(Mutex::default);

fn live() -> std::sync::MutexGuard<'static, HashSet<i64>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open store, as it writes itself into `crawls`. Dropped, it counts as dead.
#[derive(Debug)]
pub struct LeaseOwner {
    /// This machine's name.
    pub host: String,
    /// This process.
    pub pid: u32,
    /// What no other store has; never 0.
    pub token: i64,
}

impl LeaseOwner {
    /// A new owner, alive.
    #[must_use]
    pub fn new() -> Self {
        let host = gethostname()
            .map_or_else(|_| "localhost".to_owned(), |name| one_line(&name.to_string_lossy()));
        let pid = std::process::id();
        // Keyed by the system's randomness, and another key each time.
        let token = ((RandomState::new().hash_one(pid) >> 1) as i64).max(1);
        live().insert(token);
        Self { host, pid, token }
    }

    /// From now on it counts as dead.
    pub fn retire(&self) {
        live().remove(&self.token);
    }

    /// Whether the lease belongs to another owner who is alive.
    ///
    /// On this machine, a process that has ended is dead at once, and so is a store of this process
    /// that was closed. Otherwise an owner is dead after [`DEAD_AFTER`] without a heartbeat, by the
    /// database's clock; a heartbeat from the future counts as none.
    #[must_use]
    pub fn is_blocked_by(&self, other: &CrawlLease) -> bool {
        if other.token == self.token
            || other.silent_ms.unsigned_abs() >= DEAD_AFTER.as_millis() as u64
        {
            return false;
        }
        if other.host != self.host {
            return true;
        }
        if other.pid == self.pid {
            return live().contains(&other.token);
        }
        exists(other.pid)
    }
}

impl Default for LeaseOwner {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LeaseOwner {
    fn drop(&mut self) {
        self.retire();
    }
}

/// Whether there is such a process.
fn exists(pid: u32) -> bool {
    // 0 and what is negative stand for groups of processes.
    match i32::try_from(pid) {
        Ok(pid) if pid > 0 => kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH),
        _ => false,
    }
}

/// The lease that a row of `crawls` describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlLease {
    /// Machine.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// Store.
    pub token: i64,
    /// Since when: `YYYY-MM-DD HH:MM:SS.mmm`, UTC.
    pub since: String,
    /// Age of the last heartbeat, in ms by the database's clock.
    pub silent_ms: i64,
}

impl CrawlLease {
    /// The lease, if none of its columns is null.
    #[must_use]
    pub fn of(
        host: Option<String>,
        pid: Option<i64>,
        token: Option<i64>,
        since: Option<String>,
        silent_ms: Option<i64>,
    ) -> Option<Self> {
        Some(Self {
            host: host?,
            pid: u32::try_from(pid?).ok()?,
            token: token?,
            since: since?,
            silent_ms: silent_ms?,
        })
    }

    /// The error for another store that wants the crawl.
    #[must_use]
    pub fn held_error(self, db: &str, crawl: CrawlId) -> StoreError {
        // Seconds are enough for people.
        let since = self.since.split('.').next().unwrap_or_default().to_owned();
        StoreError::Held { db: db.to_owned(), crawl, host: self.host, pid: self.pid, since }
    }

    /// Logs that the lease was taken over.
    pub fn log_takeover(&self, crawl: CrawlId) {
        tracing::warn!(
            crawl,
            host = self.host,
            pid = self.pid,
            since = self.since,
            "taken over from a process that is gone"
        );
    }
}

/// Why a write found no row of `crawls` with the token of its store.
#[must_use]
#[allow(clippy::option_option, reason = "no row, a row without a lease, a row with one")]
pub fn lease_lost(db: &str, crawl: CrawlId, row: Option<Option<CrawlLease>>) -> StoreError {
    let db = db.to_owned();
    match row {
        None => StoreError::NoSuchCrawl { db, crawl },
        Some(None) => StoreError::NotHeld { db, crawl },
        Some(Some(CrawlLease { host, pid, .. })) => StoreError::TakenOver { db, crawl, host, pid },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(by: &LeaseOwner) -> CrawlLease {
        CrawlLease {
            host: by.host.clone(),
            pid: by.pid,
            token: by.token,
            since: "2026-11-01 12:00:00.250".to_owned(),
            silent_ms: 10,
        }
    }

    #[test]
    fn tokens_differ_and_are_never_zero() {
        let owners: Vec<_> = (0..1000).map(|_| LeaseOwner::new()).collect();
        let tokens: HashSet<_> = owners.iter().map(|owner| owner.token).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| *token > 0));
    }

    #[test]
    fn a_store_of_this_process_is_alive_until_it_is_closed() {
        let (ours, other) = (LeaseOwner::new(), LeaseOwner::new());
        assert!(ours.is_blocked_by(&lease(&other)));
        assert!(!ours.is_blocked_by(&lease(&ours)));
        let row = lease(&other);
        other.retire();
        assert!(!ours.is_blocked_by(&row));
        let dropped = lease(&LeaseOwner::new());
        assert!(!ours.is_blocked_by(&dropped));
    }

    #[test]
    fn another_process_is_alive_while_it_exists_and_speaks() {
        let ours = LeaseOwner::new();
        // Process 1 is always there, and may not be signalled by everybody.
        let one = CrawlLease { pid: 1, token: 7, ..lease(&ours) };
        assert!(ours.is_blocked_by(&one));
        for silent_ms in [30_000, i64::MAX, -30_000, i64::MIN] {
            assert!(!ours.is_blocked_by(&CrawlLease { silent_ms, ..one.clone() }));
        }
        assert!(ours.is_blocked_by(&CrawlLease { silent_ms: 29_999, ..one.clone() }));
        for pid in [0, u32::MAX, i32::MAX as u32] {
            assert!(!ours.is_blocked_by(&CrawlLease { pid, ..one.clone() }), "{pid}");
        }
    }

    #[test]
    fn elsewhere_only_silence_tells() {
        let ours = LeaseOwner::new();
        let there =
            CrawlLease { host: "elsewhere.test".to_owned(), pid: 0, token: 7, ..lease(&ours) };
        assert!(ours.is_blocked_by(&there));
        assert!(!ours.is_blocked_by(&CrawlLease { silent_ms: 30_000, ..there }));
    }
}
