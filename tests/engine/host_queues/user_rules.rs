//! What the user says of a host or a pattern holds for all that waits, in memory and on disk, and
//! can be taken back.

use std::collections::HashMap;
use std::sync::Arc;

use crawldeck::crawl::frontier::{FoundLink, Frontier, FrontierStart, Next, excluded_reason};
use crawldeck::crawl::hosts::MAX_IN_MEMORY_PER_HOST;
use crawldeck::crawl::protocol::host_view::WaitReason;
use crawldeck::model::ids::host_id;
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::{Batch, FrontierRow, PageRow};
use futures_util::FutureExt;
use tokio::time::Instant;
use url::Url;

use super::host_model::*;

fn link(host: &str, n: usize) -> FoundLink {
    let url = Url::parse(&format!("http://{host}/{n}")).unwrap();
    FoundLink::bare(url.as_str().into(), UrlHash::of(&url))
}

/// A frontier with the database that it believes to have.
struct Stage {
    frontier: Frontier,
    rows: HashMap<i64, FrontierRow>,
    pages: HashMap<i64, PageRow>,
}

impl Stage {
    fn new() -> Self {
        let frontier = Frontier::new(FrontierStart::default());
        Self { frontier, rows: HashMap::new(), pages: HashMap::new() }
    }

    /// Plays saver.
    fn save(&mut self) {
        loop {
            self.frontier.flush();
            // After a flush a batch is ready at once, unless nothing waits.
            let Some(batch) = self.frontier.next_batch().now_or_never() else { return };
            let (batch, cost) = batch.unwrap();
            let Batch { discovered, pages, .. } = *batch;
            for row in discovered {
                self.rows.insert(row.id, row);
            }
            for page in pages {
                self.rows.remove(&page.id);
                self.pages.insert(page.id, page);
            }
            self.frontier.committed(cost);
        }
    }

    /// Plays producer until nothing comes any more; returns the URLs handed out.
    fn drain(&mut self, now: Instant) -> Vec<Arc<str>> {
        let mut out = Vec::new();
        loop {
            match self.frontier.next(now) {
                Next::UrlTask(task) => {
                    self.frontier.ended(&task.url, None, None);
                    out.push(task.url);
                }
                Next::Retry => {}
                Next::Refill { host, after, limit, commits } => {
                    self.save();
                    let of_host = host_id(&host);
                    let mut rows: Vec<_> = self
                        .rows
                        .values()
                        .filter(|row| row.id > after && row.host_id == of_host)
                        .cloned()
                        .collect();
                    rows.sort_by_key(|row| row.id);
                    rows.truncate(limit as usize);
                    self.frontier.refilled(&host, rows, commits, now, 0);
                }
                Next::Wait { .. } => {
                    self.save();
                    if matches!(self.frontier.next(now), Next::Wait { .. }) {
                        return out;
                    }
                }
            }
        }
    }

    fn skipped(&self) -> usize {
        self.pages.values().filter(|page| page.state == PageState::Skipped).count()
    }
}

const MORE: usize = MAX_IN_MEMORY_PER_HOST + 3_000;

#[tokio::test(start_paused = true)]
async fn a_held_host_waits_and_the_others_go_on() {
    let now = Instant::now();
    let mut queues = queues(free());
    fill(&mut queues, "a.test", 1..=3);
    fill(&mut queues, "b.test", 1..=3);
    assert!(!queues.change_rule("a.test", |rule| rule.held = true).held);
    assert!(all_taken(&mut queues, now).iter().all(|task| task.url.contains("b.test")));
    assert_eq!(due(&mut queues, now), None);
    assert_eq!(view(&queues, "a.test", now).wait.unwrap().why, WaitReason::Held);
    // What is found for it waits as well, even when the time of a cooldown would be over.
    fill(&mut queues, "a.test", 4..=6);
    assert!(taken(&mut queues, now + 600 * S).is_none());
    assert!(queues.change_rule("a.test", |rule| rule.held = false).held);
    assert_eq!(all_taken(&mut queues, now).len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_of_a_host_not_yet_known_holds() {
    let now = Instant::now();
    let mut queues = queues(free());
    queues.change_rule("a.test", |rule| rule.held = true);
    queues.change_rule("b.test", |rule| rule.per_host = Some(2));
    fill(&mut queues, "a.test", 1..=9);
    fill(&mut queues, "b.test", 1..=9);
    assert_eq!(all_taken(&mut queues, now).len(), 2);
    assert_eq!(view(&queues, "b.test", now).wait.unwrap().why, WaitReason::Limit);
    queues.change_rule("b.test", |rule| rule.per_host = Some(5));
    assert_eq!(all_taken(&mut queues, now).len(), 3, "at once");
}

#[tokio::test(start_paused = true)]
async fn the_remaining_urls_of_a_host_are_skipped_in_memory_and_on_disk() {
    let now = Instant::now();
    let mut stage = Stage::new();
    stage.frontier.seed((0..MORE).map(|n| link("a.test", n)));
    stage.frontier.seed((0..5).map(|n| link("b.test", n)));
    let view = stage.frontier.view();
    assert!(view.pending > view.in_window, "some on disk");
    assert!(stage.frontier.edit(|edit| edit.skip_host("a.test", true)).is_none());
    let out = stage.drain(now);
    assert_eq!(out.len(), 5, "{out:?}");
    assert_eq!((stage.skipped(), stage.rows.len()), (MORE, 5));
    assert!(stage.pages.values().all(|page| page.error.as_ref().unwrap().contains("a.test")));
    let totals = stage.frontier.totals();
    assert_eq!((totals.skipped, totals.discovered), (MORE as u64, MORE as u64 + 5));
    // Later ones, too; and not any more when it is taken back.
    stage.frontier.seed([link("a.test", MORE)]);
    assert!(stage.drain(now).is_empty());
    assert!(stage.frontier.edit(|edit| edit.skip_host("a.test", false)).is_some());
    stage.frontier.seed([link("a.test", MORE + 1)]);
    assert_eq!(stage.drain(now).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_excluded_pattern_goes_from_memory_and_disk_and_comes_back() {
    let now = Instant::now();
    let mut stage = Stage::new();
    stage.frontier.seed((0..MORE).map(|n| link("a.test", n)));
    stage.save();
    let pattern = "/[0-9]*7$";
    let hits = (0..MORE).filter(|n| n % 10 == 7).count();
    let from_memory = stage.frontier.edit(|edit| edit.exclude(pattern)).unwrap();
    assert_eq!(from_memory as usize, MAX_IN_MEMORY_PER_HOST / 10);
    let regex = regex::Regex::new(pattern).unwrap();
    let mut rows: Vec<_> = stage.rows.values().filter(|row| regex.is_match(&row.url)).collect();
    rows.sort_by_key(|row| row.id);
    let from_disk = stage.frontier.exclude_rows(&excluded_reason(pattern), &rows).unwrap();
    assert_eq!((from_memory + from_disk) as usize, hits, "each once");
    assert_eq!(stage.frontier.excluded_count(&excluded_reason(pattern)), Some(hits as u64));
    stage.save();
    let out = stage.drain(now);
    assert_eq!(out.len(), MORE - hits);
    assert!(out.iter().all(|url| !regex.is_match(url)));
    assert_eq!(stage.skipped(), hits);
    // Undone: all of them, and once.
    let gone: Vec<_> = stage
        .pages
        .values()
        .map(|page| FrontierRow {
            id: page.id,
            url: Arc::clone(&page.url),
            url_hash: page.url_hash,
            depth: page.depth,
            attempts: 0,
            resent: 0,
            not_before_ms: 0,
            found_on: None,
            host_id: host_id("a.test"),
            lastmod_ms: None,
        })
        .collect();
    let restoration = stage.frontier.edit(|edit| edit.undo_exclusion(pattern));
    assert_eq!(stage.frontier.excluded_count(&excluded_reason(pattern)), None);
    assert_eq!(stage.frontier.restore_rows(restoration.ticket, gone), Some(hits as u64));
    let mut back = stage.drain(now);
    back.sort();
    back.dedup();
    assert_eq!(back.len(), hits);
    let totals = stage.frontier.totals();
    assert_eq!((totals.pages, totals.skipped), (0, 0));
}
