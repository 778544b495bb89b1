//! Pruning the frontier while the crawl runs, and undoing it.
//!
//! What is in memory goes at once, under the frontier's lock; what is on disk is read piece by
//! piece. Undone, the skipped rows come back as there is room for them. The crawl is not over
//! while one of these goes on.

use std::sync::Arc;
use std::time::Duration;

use super::lock::Lock;
use super::pruned::{excluded_reason, skipped_host_reason};
use super::shared::Shared;
use super::snapshot::Pruning;
use super::window::WINDOW;
use crate::store::{FrontierRow, page_id};

/// Rows read at a time.
const AT_ONCE: u32 = 2_000;
/// Prunings shown, at most.
const SHOWN: usize = 10;
/// Pause before the database is asked again after it refused.
const AGAIN: Duration = Duration::from_millis(500);

/// Skips what matches `pattern`; it is in force already. `gone` URLs went from memory.
pub fn exclude(shared: &Arc<Shared>, pattern: &Arc<str>, gone: u64) {
    let view = show(shared, format!("exclude {pattern}"), false, gone);
    let (shared, pattern) = (Arc::clone(shared), Arc::clone(pattern));
    let crew = shared.crew.clone();
    shared.frontier.with(super::ledger::Ledger::hold);
    crew.spawn(async move {
        prune_disk(&shared, &pattern, &view).await;
        end(&shared, &view);
    });
}

/// Brings back what was skipped because of `pattern`.
pub fn include(shared: &Arc<Shared>, pattern: &str) {
    bring_back(shared, excluded_reason(pattern));
}

/// Brings back what was skipped of a host.
pub fn release(shared: &Arc<Shared>, host: &str) {
    bring_back(shared, skipped_host_reason(host));
}

/// A host's rest is being skipped: the window does it, this shows it.
pub fn skip(shared: &Arc<Shared>, host: &str, queued: u64) {
    let view = show(shared, format!("skip the rest of {host}"), false, queued);
    change(shared, &view, |view| view.running = false);
}

fn show(shared: &Shared, what: String, undoing: bool, urls: u64) -> Arc<str> {
    let what: Arc<str> = what.into();
    let mut shown = shared.prunings.locked();
    shown.retain(|old| old.what != what);
    shown.insert(0, Pruning { what: Arc::clone(&what), undoing, urls, running: true });
    shown.truncate(SHOWN);
    what
}

fn change(shared: &Shared, what: &Arc<str>, change: impl FnOnce(&mut Pruning)) {
    if let Some(view) = shared.prunings.locked().iter_mut().find(|view| view.what == *what) {
        change(view);
    }
}

fn end(shared: &Shared, view: &Arc<str>) {
    change(shared, view, |view| view.running = false);
    shared.frontier.with(|ledger| {
        ledger.let_go();
        ledger.outbox.flush();
    });
    shared.frontier.changed.notify_one();
    shared.frontier.outbox_changed.notify_one();
    if shared.frontier.is_drained() {
        shared.frontier.drained.notify_one();
    }
}

/// Waits until what was handed in before is in the database, so that a read sees it; false when
/// the crawl is stopping.
async fn committed(shared: &Shared) -> bool {
    let mut before = None;
    loop {
        let (commits, all) = shared.frontier.with(|ledger| {
            ledger.outbox.flush();
            ledger.commits()
        });
        // The batch under way when this began, and the one after it.
        if all || before.is_some_and(|before| commits >= before + 2) {
            return true;
        }
        before.get_or_insert(commits);
        shared.frontier.outbox_changed.notify_one();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
            () = shared.queue.closed() => return false,
        }
    }
}

async fn prune_disk(shared: &Shared, pattern: &Arc<str>, view: &Arc<str>) {
    if !committed(shared).await {
        return;
    }
    let Ok(regex) = regex::Regex::new(pattern) else { return };
    let reason = excluded_reason(pattern);
    let mut after = page_id(shared.crawl, 0);
    while shared.frontier.with(|ledger| ledger.pruned.holds(pattern)) {
        let read = shared.store.frontier_after(shared.crawl, after, AT_ONCE).await;
        let Some(rows) = retried(shared, read).await else { return };
        let Some(rows) = rows else { continue };
        let Some(last) = rows.last() else { return };
        after = last.id;
        let hits: Vec<&FrontierRow> = rows.iter().filter(|row| regex.is_match(&row.url)).collect();
        let gone = shared
            .frontier
            .with(|ledger| hits.into_iter().filter(|row| ledger.prune_row(row, &reason)).count());
        shared.frontier.outbox_changed.notify_one();
        change(shared, view, |view| view.urls += gone as u64);
        if gone > 0 && !committed(shared).await {
            return;
        }
    }
}

/// What was read; `Some(None)` when it is to be tried again, `None` when the crawl is stopping.
async fn retried<T>(
    shared: &Shared,
    read: Result<T, crate::store::StoreError>,
) -> Option<Option<T>> {
    match read {
        Ok(rows) => Some(Some(rows)),
        Err(error) => {
            tracing::error!(%error, "the database cannot be read; trying again");
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => Some(None),
                () = shared.queue.closed() => None,
            }
        }
    }
}

/// Brings back what was skipped for `reason`.
pub fn bring_back(shared: &Arc<Shared>, reason: String) {
    let view = show(shared, reason.clone(), true, 0);
    shared.reviving.locked().push(reason.clone());
    let shared = Arc::clone(shared);
    let crew = shared.crew.clone();
    shared.frontier.with(super::ledger::Ledger::hold);
    crew.spawn(async move {
        if revive(&shared, &reason, &view).await {
            shared.reviving.locked().retain(|other| *other != reason);
        }
        end(&shared, &view);
    });
}

/// False when the crawl stopped before all were back.
async fn revive(shared: &Shared, reason: &str, view: &Arc<str>) -> bool {
    if !committed(shared).await {
        return false;
    }
    let mut after = page_id(shared.crawl, 0);
    loop {
        // Only as much as there is room for.
        while shared.frontier.with(|ledger| ledger.window.len()) > WINDOW / 2 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
                () = shared.queue.closed() => return false,
            }
        }
        let read = shared.store.skipped_because(shared.crawl, reason, after, AT_ONCE).await;
        let Some(rows) = retried(shared, read).await else { return false };
        let Some(rows) = rows else { continue };
        let Some(last) = rows.last() else { return true };
        after = last.id;
        change(shared, view, |view| view.urls += rows.len() as u64);
        shared.frontier.with(|ledger| {
            for row in rows {
                ledger.revive(row);
            }
        });
        shared.frontier.changed.notify_one();
        shared.frontier.outbox_changed.notify_one();
    }
}
