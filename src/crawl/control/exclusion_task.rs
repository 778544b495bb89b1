//! Excluding URLs from the frontier while the crawl runs, and undoing it.
//!
//! What is in memory goes at once, under the frontier's lock; what is on disk is read piece by
//! piece. Undone, the skipped rows come back as there is room for them. The crawl is not over
//! while one of these goes on.
//!
//! Who reads rows from disk and acts on them does so in a [`Turn`]: from the read until what
//! follows from it is committed, nobody else does. The hosts go on meanwhile with what is in
//! memory.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use tokio::sync::MutexGuard;

use crate::crawl::frontier::{Restoration, excluded_reason};
use crate::crawl::hosts::skipped_host_of;
use crate::crawl::pipeline::context::CrawlContext;
use crate::crawl::protocol::snapshot::ExclusionProgress;
use crate::lock::Lock;
use crate::model::ids::page_id;
use crate::store::FrontierRow;

/// Rows read at a time.
const AT_ONCE: u32 = 2_000;
/// Prunings shown, at most.
const SHOWN: usize = 10;

/// Skips what matches `pattern`; it is in force already, and memory is done with.
pub fn exclude(shared: &Arc<CrawlContext>, pattern: &Arc<str>) {
    let view = show(shared, exclusion(pattern), false, 0);
    recount(shared);
    let (shared, pattern) = (Arc::clone(shared), Arc::clone(pattern));
    let crew = shared.crew.clone();
    shared.frontier.begin_background();
    crew.spawn(async move {
        prune_disk(&shared, &pattern).await;
        end(&shared, &view);
    });
}

/// Restores the rows that were skipped for a reason.
pub fn bring_back(shared: &Arc<CrawlContext>, restoration: Restoration) {
    let Restoration { reason, ticket } = restoration;
    let view = show(shared, undone(&reason), true, 0);
    let shared = Arc::clone(shared);
    let crew = shared.crew.clone();
    shared.frontier.begin_background();
    crew.spawn(async move {
        if revive(&shared, &reason, ticket, &view).await.is_some() {
            shared.frontier.end_restoring(ticket);
        }
        end(&shared, &view);
    });
}

/// Goes on with what an earlier run was bringing back.
pub fn go_on(shared: &Arc<CrawlContext>) {
    for restoration in shared.frontier.restorations() {
        bring_back(shared, restoration);
    }
}

/// A host's rest is being skipped: the window does it, this shows it.
pub fn skip(shared: &Arc<CrawlContext>, host: &str, queued: u64) {
    let view = show(shared, skipping(host), false, queued);
    change(shared, &view, |view| view.running = false);
}

/// Brings what is shown of exclusions up to date: URLs are skipped by them wherever they are met.
pub fn recount(shared: &CrawlContext) {
    let mut shown = shared.exclusions.locked();
    for view in shown.iter_mut().filter(|view| !view.undoing) {
        let pattern = view.what.strip_prefix("exclude ").unwrap_or_default();
        if let Some(urls) = shared.frontier.excluded_count(pattern) {
            view.urls = urls;
        }
    }
}

fn exclusion(pattern: &str) -> String {
    format!("exclude {pattern}")
}

fn skipping(host: &str) -> String {
    format!("skip the rest of {host}")
}

/// What was done that left rows with `reason`.
fn undone(reason: &str) -> String {
    let pattern = reason.strip_prefix(&excluded_reason(""));
    pattern
        .map(exclusion)
        .or_else(|| skipped_host_of(reason).map(skipping))
        .unwrap_or_else(|| reason.to_owned())
}

/// A pruning that is shown: what, and whether it is undone.
type View = (Arc<str>, bool);

fn show(shared: &CrawlContext, what: String, undoing: bool, urls: u64) -> View {
    let what: Arc<str> = what.into();
    let mut shown = shared.exclusions.locked();
    shown.retain(|old| old.what != what);
    shown.insert(0, ExclusionProgress { what: Arc::clone(&what), undoing, urls, running: true });
    shown.truncate(SHOWN);
    (what, undoing)
}

fn change(
    shared: &CrawlContext,
    (what, undoing): &View,
    change: impl FnOnce(&mut ExclusionProgress),
) {
    let mut shown = shared.exclusions.locked();
    let view = shown.iter_mut().find(|view| view.what == *what && view.undoing == *undoing);
    if let Some(view) = view {
        change(view);
    }
}

fn end(shared: &CrawlContext, view: &View) {
    recount(shared);
    change(shared, view, |view| view.running = false);
    shared.frontier.end_background();
}

/// The rows on disk all to ourselves, as they are after all that was handed in before.
struct Turn<'a> {
    shared: &'a CrawlContext,
    _disk: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// Waits for it; `None` when the crawl is stopping.
    async fn of(shared: &'a CrawlContext) -> Option<Self> {
        let disk = tokio::select! {
            disk = shared.disk.lock() => disk,
            () = shared.queue.closed() => return None,
        };
        shared.frontier.pause_refills();
        let turn = Self { shared, _disk: disk };
        turn.flushed().await?;
        Some(turn)
    }

    /// Waits until all that was handed in is committed; `None` when the crawl is stopping.
    async fn flushed(&self) -> Option<()> {
        tokio::select! {
            () = self.shared.frontier.flushed() => Some(()),
            () = self.shared.queue.closed() => None,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.shared.frontier.resume_refills();
    }
}

/// `None` when the crawl is stopping, or the pattern is no longer in force.
async fn prune_disk(shared: &CrawlContext, pattern: &Arc<str>) -> Option<()> {
    let regex = Regex::new(pattern).ok()?;
    let mut after = page_id(shared.crawl, 0);
    loop {
        let turn = Turn::of(shared).await?;
        let read = || shared.store.frontier_after(shared.crawl, after, AT_ONCE);
        let rows = shared.read("the frontier", read).await.ok()?;
        let hits: Vec<&FrontierRow> = rows.iter().filter(|row| regex.is_match(&row.url)).collect();
        let gone = shared.frontier.exclude_rows(pattern, &hits)?;
        if gone > 0 {
            turn.flushed().await?;
        }
        after = rows.last()?.id;
    }
}

/// `None` when the crawl is stopping, or the rows shall be skipped after all.
async fn revive(shared: &CrawlContext, reason: &str, ticket: u64, view: &View) -> Option<()> {
    let mut after = page_id(shared.crawl, 0);
    loop {
        room(shared).await?;
        let turn = Turn::of(shared).await?;
        let read = || shared.store.skipped_because(shared.crawl, reason, after, AT_ONCE);
        let rows = shared.read("what was skipped", read).await.ok()?;
        let Some(last) = rows.last() else { return Some(()) };
        after = last.id;
        let count = rows.len() as u64;
        if !shared.frontier.restore_rows(ticket, rows) {
            return None;
        }
        change(shared, view, |view| view.urls += count);
        turn.flushed().await?;
    }
}

/// Waits until the window has room for what comes back; `None` when the crawl is stopping.
async fn room(shared: &CrawlContext) -> Option<()> {
    while !shared.frontier.has_room_to_restore() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = shared.queue.closed() => return None,
        }
    }
    Some(())
}
