//! Promise: the frontier hands out every URL exactly once, in memory or from disk, within its
//! limit of memory, and knows by its counts alone when all is done.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::frontier::{
    Admission, BatchCost, Finished, FoundLink, Frontier, FrontierStart, MAX_BATCH_WAIT, Next,
};
use crawldeck::crawl::hosts::{MAX_IN_MEMORY, MAX_IN_MEMORY_PER_HOST, UrlTask};
use crawldeck::crawl::protocol::snapshot::{PageView, RecentFailure};
use crawldeck::model::ids::{CrawlId, host_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::store;
use crawldeck::store::{OpenMode, PageRow, Store};
use tokio::time::Instant;
use url::Url;

fn link(n: usize) -> FoundLink {
    let url = Url::parse(&format!("http://h{}.test/{n}", n % 3)).unwrap();
    FoundLink::bare(url.as_str().into(), UrlHash::of(&url))
}

async fn new_crawl() -> (tempfile::TempDir, Arc<dyn Store>, CrawlId) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = serde_json::to_string(&Settings::default()).unwrap();
    let crawl = store.create_crawl(&settings).await.unwrap();
    (folder, store, crawl)
}

fn frontier(crawl: CrawlId, admission: Admission) -> Frontier {
    Frontier::new(FrontierStart { crawl, admission, ..FrontierStart::default() })
}

fn finished(task: &UrlTask, links: Vec<FoundLink>) -> Finished {
    let row = PageRow {
        id: task.id,
        url: Arc::clone(&task.url),
        url_hash: task.hash,
        host: "h".into(),
        state: PageState::Ok,
        status: Some(200),
        content_length: 1,
        content_type: None,
        title: None,
        depth: task.depth,
        elapsed_ms: 1,
        attempts: task.requests().attempts,
        resent: task.requests().resent,
        final_url: None,
        redirects: None,
        error: None,
        found_on: task.found_on,
        links_found: links.len() as u32,
        created_at_ms: 0,
        content: None,
        lastmod_ms: None,
        change: None,
    };
    let view = PageView {
        id: row.id,
        at_s: 0.0,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        url: Arc::clone(&row.url),
        state: row.state,
        status: row.status,
        content_length: 1,
        content_type: None,
        title: None,
        depth: row.depth,
        elapsed_ms: 1,
        attempts: 1,
        final_url: None,
        redirects: Vec::new(),
        error: None,
        not_parsed: None,
        found_on: None,
        found_on_id: None,
        links_found: row.links_found,
        links: Vec::new(),
    };
    Finished {
        row,
        saved_requests: task.saved,
        view: Arc::new(view),
        links,
        redirects: 0,
        latency: None,
        kib: 0,
        failure: None,
        queue_empty: true,
        redirect_target: None,
        unmodified: false,
        content_hash: None,
        is_page: false,
    }
}

/// Plays saver: writes what is due.
async fn save(frontier: &Frontier, store: &dyn Store, crawl: CrawlId) {
    frontier.flush();
    let (batch, cost) = frontier.next_batch().await.unwrap();
    store.commit(crawl, &batch).await.unwrap();
    frontier.committed(cost);
}

/// Plays producer until the frontier has nothing to give; returns what it gave.
async fn drain(frontier: &Frontier, store: &dyn Store, crawl: CrawlId) -> Vec<UrlTask> {
    let mut given = Vec::new();
    loop {
        assert!(frontier.view().in_window <= MAX_IN_MEMORY as u64);
        match frontier.next(Instant::now()) {
            Next::UrlTask(task) => given.push(*task),
            Next::Retry => {}
            Next::Refill { host, after, limit, commits } => {
                let rows =
                    store.frontier_of_host(crawl, host_id(&host), after, limit).await.unwrap();
                let uncommitted = rows.is_empty();
                frontier.refilled(&host, rows, commits, Instant::now(), 0);
                if uncommitted {
                    save(frontier, store, crawl).await;
                }
            }
            Next::Wait { .. } => return given,
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_into_the_window_comes_back_from_disk_in_order() {
    let (_folder, store, crawl) = new_crawl().await;
    let frontier = frontier(crawl, Admission::default());
    let all = 9 * MAX_IN_MEMORY_PER_HOST + 17;
    frontier.seed((0..all).map(link));
    let view = frontier.view();
    assert_eq!((view.pending, view.in_window), (all as u64, 3 * MAX_IN_MEMORY_PER_HOST as u64));
    let given = drain(&frontier, &*store, crawl).await;
    assert_eq!(given.len(), all);
    // Within a host, in order of discovery; each exactly once.
    for host in 0..3 {
        let name = format!("http://h{host}.");
        let ids: Vec<_> = given.iter().filter(|e| e.url.starts_with(&name)).map(|e| e.id).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
    assert_eq!(given.iter().map(|e| e.id).collect::<HashSet<_>>().len(), all);
    // Direct again once the disk part is used up.
    frontier.seed([link(all)]);
    assert_eq!(drain(&frontier, &*store, crawl).await.len(), 1);
}

#[tokio::test]
async fn all_is_done_only_when_the_last_row_is_saved() {
    let (_folder, store, crawl) = new_crawl().await;
    let frontier = frontier(crawl, Admission::default());
    assert!(frontier.is_drained());
    frontier.seed([link(0)]);
    let first = drain(&frontier, &*store, crawl).await.remove(0);
    assert!(!frontier.is_drained(), "in flight");
    // Known URLs, the page itself among them, are links but nothing new.
    frontier.finish(finished(&first, vec![link(0), link(1), link(1)]));
    frontier.ended(&first.url, Some(Instant::now()), None);
    let second = drain(&frontier, &*store, crawl).await;
    assert_eq!(second.len(), 1);
    assert_eq!((second[0].depth, second[0].found_on), (1, Some(first.id)));
    frontier.finish(finished(&second[0], vec![link(0)]));
    assert!(!frontier.is_drained(), "unsaved");
    save(&frontier, &*store, crawl).await;
    assert!(frontier.is_drained());
    let totals = frontier.totals();
    assert_eq!((totals.discovered, totals.pages, totals.links), (2, 2, 4));
    assert!(store.frontier_after(crawl, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retry_is_open_and_waits_its_time() {
    let (_folder, store, crawl) = new_crawl().await;
    let frontier = frontier(crawl, Admission::default());
    frontier.seed([link(0), link(1)]);
    let mut given = Vec::new();
    while let Next::UrlTask(task) = frontier.next(Instant::now()) {
        given.push(*task);
    }
    let mut task = given.remove(0);
    task.attempts = 1;
    let failure = RecentFailure {
        at_s: 0.0,
        url: Arc::clone(&task.url),
        what: "503".into(),
        attempt: 1,
        attempts: 3,
        next_at_s: Some(2.0),
        found_on: None,
        found_on_id: None,
    };
    frontier.ended(&task.url, Some(Instant::now()), None);
    let again = Box::new(task.clone());
    frontier.postpone(again, Duration::from_secs(2), None, Some(Arc::new(failure)), 1_000);
    frontier.finish(finished(&given[0], Vec::new()));
    save(&frontier, &*store, crawl).await;
    assert!(!frontier.is_drained());
    let row = store.frontier_after(crawl, 0, 10).await.unwrap().remove(0);
    assert_eq!((row.id, row.attempts, row.not_before_ms), (task.id, 1, 3_000));
    let now = Instant::now();
    let Next::Wait { throttled: true, due: Some(due) } = frontier.next(now) else {
        panic!("waits")
    };
    assert!(due > now);
    let Next::UrlTask(again) = frontier.next(due) else { panic!("is due") };
    assert_eq!((again.id, again.attempts), (task.id, 1));
}

/// Takes everything that may be requested by now or after its retry, in order of its ids.
async fn drain_all(frontier: &Frontier, store: &dyn Store, crawl: CrawlId) -> Vec<UrlTask> {
    let mut given = drain(frontier, store, crawl).await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    given.extend(drain(frontier, store, crawl).await);
    given.sort_by_key(|task| task.id);
    given
}

/// Retries and resent requests as the rows have them, beside the totals.
async fn assert_counted(frontier: &Frontier, store: &dyn Store, crawl: CrawlId, sums: (u64, u64)) {
    save(frontier, store, crawl).await;
    let mut rows = (0, 0);
    let sql = format!("SELECT attempts, resent FROM scraped_pages WHERE crawl_id = {crawl}");
    let mut sink = |_: &store::Columns, row: &[store::Value]| {
        let number = |at: usize| row[at].as_int().unwrap() as u64;
        rows = (rows.0 + number(0).saturating_sub(1), rows.1 + number(1));
        true
    };
    store.select(&sql, &mut sink).await.unwrap();
    for row in store.frontier_after(crawl, 0, 100).await.unwrap() {
        rows = (rows.0 + u64::from(row.attempts), rows.1 + u64::from(row.resent));
    }
    let totals = frontier.totals();
    assert_eq!((totals.retries, totals.resent), sums);
    assert_eq!(rows, sums, "rows");
}

#[tokio::test]
async fn retries_and_resent_requests_are_those_of_the_rows() {
    let (_folder, store, crawl) = new_crawl().await;
    let store = &*store;
    let first = frontier(crawl, Admission::default());
    let postpone = |frontier: &Frontier, task: &UrlTask, counts: bool| {
        let mut task = Box::new(task.clone());
        if counts {
            task.attempts += 1;
        } else {
            task.resent += 1;
        }
        frontier.ended(&task.url, Some(Instant::now()), None);
        frontier.postpone(task, Duration::from_millis(1), None, None, 0);
    };
    let finish = |frontier: &Frontier, task: &UrlTask| {
        let task = UrlTask { attempts: task.attempts + 1, ..task.clone() };
        frontier.ended(&task.url, Some(Instant::now()), None);
        frontier.finish(finished(&task, Vec::new()));
    };
    first.seed((0..5).map(link));
    let tasks = drain_all(&first, store, crawl).await;
    assert_eq!(tasks.len(), 5);
    finish(&first, &tasks[0]);
    postpone(&first, &tasks[1], true);
    postpone(&first, &tasks[2], false);
    postpone(&first, &tasks[3], true);
    postpone(&first, &tasks[4], false);
    assert_counted(&first, store, crawl, (2, 2)).await;

    // A URL that is excluded before its retry, and one whose request is lost: the process ends.
    let again = drain_all(&first, store, crawl).await;
    assert_eq!(again.len(), 4);
    postpone(&first, &again[0], false);
    finish(&first, &again[1]);
    postpone(&first, &again[2], true);
    first.edit(|edit| edit.exclude("/3$").unwrap());
    assert_counted(&first, store, crawl, (2, 3)).await;

    let stored = store.open_crawl(Some(crawl)).await.unwrap();
    let second = Frontier::new(FrontierStart {
        crawl,
        hosts: store.open_hosts(crawl).await.unwrap(),
        next_seq: stored.next_seq,
        open: stored.open,
        totals: first.totals(),
        ..FrontierStart::default()
    });
    let restoration = second.edit(|edit| edit.undo_exclusion("/3$"));
    let skipped = store.skipped_because(crawl, &restoration.reason, 0, 9).await.unwrap();
    assert_eq!((skipped.len(), skipped[0].attempts), (1, 2));
    assert_eq!(second.restore_rows(restoration.ticket, skipped), Some(1));
    second.end_restoring(restoration.ticket);
    assert_counted(&second, store, crawl, (3, 3)).await;

    let resumed = drain_all(&second, store, crawl).await;
    assert_eq!(resumed.iter().map(|task| task.attempts).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(resumed.iter().map(|task| task.earlier_resent).collect::<Vec<_>>(), [1, 0, 1]);
    for task in &resumed {
        finish(&second, task);
    }
    assert_counted(&second, store, crawl, (3, 3)).await;
    assert!(second.is_drained());
}

#[tokio::test]
async fn limits_make_skipped_rows_with_a_reason() {
    let (_folder, store, crawl) = new_crawl().await;
    let frontier = frontier(crawl, Admission { depth: Some(1), max_pages: Some(3) });
    frontier.seed([link(0)]);
    let seed = drain(&frontier, &*store, crawl).await.remove(0);
    frontier.finish(finished(&seed, (1..6).map(link).collect()));
    let next = drain(&frontier, &*store, crawl).await;
    assert_eq!(next.len(), 2, "the page limit admits three in all");
    frontier.finish(finished(&next[0], vec![link(50)]));
    frontier.finish(finished(&next[1], Vec::new()));
    save(&frontier, &*store, crawl).await;
    assert!(frontier.is_drained());
    let totals = frontier.totals();
    assert_eq!((totals.ok, totals.skipped, totals.pages), (3, 4, 7));
}

/// A page that leads to new URLs must start the saver's clock like any other.
#[tokio::test(start_paused = true)]
async fn a_single_page_is_saved_soon() {
    let frontier = frontier(1, Admission::default());
    frontier.seed([link(0)]);
    frontier.next_batch().await.unwrap();
    let Next::UrlTask(task) = frontier.next(Instant::now()) else { panic!("the seed") };
    let saver = frontier.next_batch();
    tokio::pin!(saver);
    assert!(futures_util::poll!(&mut saver).is_pending());
    let mut page = finished(&task, vec![link(1), link(2)]);
    page.queue_empty = false;
    frontier.finish(page);
    let soon = tokio::time::timeout(MAX_BATCH_WAIT, saver).await;
    let (batch, _) = soon.expect("within the longest wait").unwrap();
    assert_eq!((batch.pages.len(), batch.discovered.len()), (1, 2));
}

/// The commit that a refill would wait for may come while it reads.
#[test]
fn a_commit_during_a_refill_is_not_missed() {
    let frontier = frontier(1, Admission::default());
    frontier.seed((0..3 * MAX_IN_MEMORY_PER_HOST + 10).map(link));
    let mut read = None;
    while read.is_none() {
        match frontier.next(Instant::now()) {
            Next::UrlTask(_) | Next::Retry => {}
            Next::Refill { host, commits, .. } => read = Some((host, commits)),
            Next::Wait { .. } => panic!("a URL is on disk"),
        }
    }
    frontier.committed(BatchCost::default());
    let (host, commits) = read.unwrap();
    frontier.refilled(&host, Vec::new(), commits, Instant::now(), 0);
    let mut again = false;
    // Other hosts take their turns in between.
    for _ in 0..3 * MAX_IN_MEMORY_PER_HOST {
        match frontier.next(Instant::now()) {
            Next::Refill { host: other, .. } if other == host => {
                again = true;
                break;
            }
            Next::Refill { host: other, .. } => {
                frontier.refilled(&other, Vec::new(), commits + 1, Instant::now(), 0);
            }
            _ => {}
        }
    }
    assert!(again, "reads again");
}
