//! Commands in any order, as fast as they come, with a stop in the middle: in the end all is undone,
//! and every URL was requested once.

use std::sync::Arc;

use crawldeck::crawl;
use crawldeck::crawl::Crawl;
use crawldeck::crawl::protocol::command::{Command, HostCommand};
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::settings::Settings;
use url::Url;

use super::{keeper, only_keeper, origin, release, requests};
use crate::test_db::{Fickle, TestDb, ended, give, host, later, settings, stopped};

const PATTERNS: [&str; 4] =
    [r"/page/\d*[13]$", r"/page/\d*[5-9]$", r"/page/[1-3]", r"/page/\d{4}$"];
/// Of the large site, more than there is room for in memory; and of the small one.
const PAGES: (u32, u32) = (9_000, 400);
const STEPS: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn every_url_is_requested_once_whatever_is_excluded_skipped_and_undone() {
    for seed in [1, 2, 3] {
        whatever(seed).await;
    }
}

async fn whatever(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let test_db = TestDb::new();
    let store = || async {
        // In small pieces, so that much comes between them.
        Arc::new(Fickle { at_once: 400, ..Fickle::new(test_db.store().await) })
    };
    let (large, small) = (origin(PAGES.0, 20).await, origin(PAGES.1, 20).await);
    let mut given =
        Settings { max_links: 20_000, permits: 40, workers: 40, ..settings(large.url()) };
    given.seeds.push(Url::parse(small.url()).unwrap());
    let (_keeper, kept) = keeper(&mut given).await;
    let names = [host(large.url()), host(small.url())];
    let mut db = store().await;
    let mut crawl = crawl::start(given, Arc::clone(&db) as _).await.unwrap();
    for step in 0..STEPS {
        later(&mut crawl, random.u64(0..6)).await;
        // What was handed in and is not committed is where the counts could differ.
        db.stuck.send_replace(step != STEPS / 2 && random.bool());
        if step == STEPS / 2 {
            let summary = stopped(crawl, Command::Stop).await;
            assert_eq!(summary.state, RunState::Stopped, "seed {seed}");
            db = store().await;
            crawl = crawl::resume(Arc::clone(&db) as _, None, |_| {}).await.unwrap();
        }
        let name = Arc::clone(&names[random.usize(0..2)]);
        let command = match random.u8(0..10) {
            0..=3 => Command::Exclude(PATTERNS[random.usize(0..PATTERNS.len())].into()),
            4 => Command::Host(name, HostCommand::SkipRemaining),
            5 => Command::Host(name, HostCommand::ToggleHold),
            _ => Command::Undo,
        };
        give(&crawl, command).await;
    }
    db.stuck.send_replace(false);
    undo_all(&mut crawl).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    let all = u64::from(PAGES.0 + PAGES.1) + 3;
    let end = (summary.state, summary.pages, summary.ok, summary.skipped);
    assert_eq!(end, (RunState::Complete, all, all, 0), "seed {seed}");
    assert_eq!((requests(&large), requests(&small)), (9_001, 401), "seed {seed}");
    test_db.assert_whole().await;
}

async fn undo_all(crawl: &mut Crawl) {
    loop {
        give(crawl, Command::Undo).await;
        let s = later(crawl, 1).await;
        if s.notice.as_deref() == Some("nothing to undo") {
            return;
        }
    }
}
