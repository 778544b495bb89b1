//! Commands in any order, as fast as they come, with a stop in the middle: in the end all is undone. Then
//! nothing of the seeds that were added meanwhile is requested, until they are added again; and in the end
//! every URL was requested once.

use std::sync::Arc;

use crawldeck::crawl;
use crawldeck::crawl::Crawl;
use crawldeck::crawl::protocol::command::{Command, HostCommand};
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::settings::Settings;
use crawldeck::settings::scope_kind::ScopeKind;
use url::Url;

use super::{keeper, only_keeper, origin, release, requests};
use crate::test_db::{Fickle, TestDb, ended, give, host, later, settings, stopped};

const PATTERNS: [&str; 4] =
    [r"/page/\d*[13]$", r"/page/\d*[5-9]$", r"/page/[1-3]", r"/page/\d{4}$"];
/// Of the large site, more than there is room for in memory; of the small one; and of those that are
/// added.
const PAGES: (u32, u32, [u32; 2]) = (6_500, 300, [5_500, 200]);
const STEPS: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn every_url_is_requested_once_whatever_is_excluded_skipped_and_undone() {
    for (seed, scope) in [(1, ScopeKind::Host), (2, ScopeKind::Prefix), (3, ScopeKind::Any)] {
        whatever(seed, scope).await;
    }
}

async fn whatever(seed: u64, scope: ScopeKind) {
    let mut random = fastrand::Rng::with_seed(seed);
    let test_db = TestDb::new();
    let store = || async {
        // In small pieces, so that much comes between them.
        Arc::new(Fickle { at_once: 400, ..Fickle::new(test_db.store().await) })
    };
    let (large, small) = (origin(PAGES.0, 20).await, origin(PAGES.1, 20).await);
    let added = [origin(PAGES.2[0], 20).await, origin(PAGES.2[1], 20).await];
    // A page, the site that it is on, and another site.
    let seeds = [format!("{}page/7", added[0].url()), added[0].url().into(), added[1].url().into()]
        .map(|url: String| Url::parse(&url).unwrap());
    let mut given =
        Settings { scope, max_links: 20_000, permits: 40, workers: 40, ..settings(large.url()) };
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
        let command = match random.u8(0..14) {
            0..=3 => Command::Exclude(PATTERNS[random.usize(0..PATTERNS.len())].into()),
            4 => Command::Host(name, HostCommand::SkipRemaining),
            5 => Command::Host(name, HostCommand::ToggleHold),
            6..=7 => Command::AddSeed(seeds[random.usize(0..seeds.len())].clone()),
            8 => Command::Redo,
            _ => Command::Undo,
        };
        give(&crawl, command).await;
    }
    db.stuck.send_replace(false);
    undo_all(&mut crawl).await;
    only_keeper(&mut crawl).await;
    let of_seeds = || added.iter().map(requests).sum::<u64>();
    let before = of_seeds();
    later(&mut crawl, 3).await;
    assert_eq!(of_seeds(), before, "seed {seed}: out of scope");
    let settings = test_db.settings().await;
    assert!(settings.added_seeds.is_empty(), "seed {seed}: {:?}", settings.added_seeds);
    for url in &seeds {
        // The page is known already where its site brought it.
        give(&crawl, Command::AddSeed(url.clone())).await;
        later(&mut crawl, 1).await;
    }
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    let all = u64::from(PAGES.0 + PAGES.1 + PAGES.2[0] + PAGES.2[1]) + 5;
    let end = (summary.state, summary.pages, summary.ok, summary.skipped);
    assert_eq!(end, (RunState::Complete, all, all, 0), "seed {seed}");
    assert_eq!((requests(&large), requests(&small)), (6_501, 301), "seed {seed}");
    assert_eq!(added.each_ref().map(requests), [5_501, 201], "seed {seed}");
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
