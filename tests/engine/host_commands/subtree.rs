//! A subtree excluded while the crawl runs goes from memory and disk, comes back when it is undone, and
//! survives a kill in the middle of either.

use super::*;

/// Nine of ten pages, some of them in memory, most on disk only.
const PATTERN: &str = r"/page/\d*[1-9]$";
const EXCLUDED: &str = r"SELECT count(*) FROM scraped_pages
    WHERE state = 'skipped' AND error = 'excluded: /page/\d*[1-9]$'";
const PAGES: u32 = 12_000;

/// A crawl that has just found all pages of a large site.
async fn large(
    test_db: &TestDb,
    store: Arc<dyn Store>,
) -> (TestOrigin, (TestOrigin, Arc<str>), Crawl) {
    let site = origin(PAGES, 10).await;
    let mut given = Settings { max_links: 20_000, ..settings(site.url()) };
    let keeper = keeper(&mut given).await;
    let mut crawl = crawl::start(given, store).await.unwrap();
    seen(&mut crawl, "all is known", |s| s.totals.discovered == u64::from(PAGES) + 2).await;
    let waits = "SELECT count(*) FROM frontier";
    test_db.until("more than ten thousand wait", waits, |rows| rows > 10_000).await;
    (site, keeper, crawl)
}

fn exclude() -> Command {
    Command::Exclude(PATTERN.into())
}

/// The excluded pages that were requested since times were forgotten.
fn trespasses(site: &TestOrigin) -> usize {
    let excluded = |path: &str| path.starts_with("/page/") && !path.ends_with('0');
    site.times().requests.iter().filter(|came| excluded(&came.path)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excluded_subtree_goes_from_memory_and_disk() {
    let test_db = TestDb::new();
    let (site, (_keeper, kept), mut crawl) = large(&test_db, test_db.store().await).await;
    let before = crawl.snapshots.borrow().frontier.open;
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    let asked = requests(&site);
    site.reset_times();
    let s =
        seen(&mut crawl, "pruned", |s| s.exclusions.iter().all(|pruning| !pruning.running)).await;
    assert!(s.frontier.open < before - 5_000, "{} of {before}", s.frontier.open);
    assert_eq!(refused(&mut crawl, exclude()).await, "excluded already");
    assert!(refused(&mut crawl, Command::Exclude("(".into())).await.contains("unclosed"));
    assert!(refused(&mut crawl, Command::Exclude("".into())).await.contains("everything"));
    only_keeper(&mut crawl).await;
    let seed = Command::AddSeed(Url::parse(site.url()).unwrap().join("/page/77777").unwrap());
    assert_eq!(refused(&mut crawl, seed).await, format!("that URL is excluded: {PATTERN}"));
    let s = later(&mut crawl, 2).await;
    let gone = test_db.number(EXCLUDED).await as u64;
    assert!(gone > 5_000, "{gone}");
    assert_eq!((s.totals.skipped, s.exclusions[0].urls), (gone, gone));
    // Those that were in flight were requested, those in the queue were not.
    assert!(trespasses(&site) <= 10, "{}", trespasses(&site));
    assert_eq!(asked + requests(&site), 12_001 - gone);
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 12_002 - gone));
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_is_undone_to_the_last_row() {
    let test_db = TestDb::new();
    let (site, (_keeper, kept), mut crawl) = large(&test_db, test_db.store().await).await;
    // At once, while rows are still being read from disk, and once more.
    for _ in 0..2 {
        done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
        done(&mut crawl, Command::Undo, &format!("no longer exclude {PATTERN}")).await;
    }
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    seen(&mut crawl, "pruned", |s| s.exclusions.iter().all(|pruning| !pruning.running)).await;
    done(&mut crawl, Command::Undo, &format!("no longer exclude {PATTERN}")).await;
    let s = seen(&mut crawl, "all are back", |s| {
        s.exclusions.iter().all(|pruning| pruning.undoing && !pruning.running)
    })
    .await;
    assert_eq!(s.totals.skipped, 0);
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    stopped(crawl, Command::Stop).await;
    assert_eq!(test_db.settings().await.live_exclusions, [PATTERN]);

    site.reset_times();
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    only_keeper(&mut crawl).await;
    assert_eq!(trespasses(&site), 0);
    assert!(test_db.number(EXCLUDED).await > 1_000);
    done(&mut crawl, Command::Undo, &format!("no longer exclude {PATTERN}")).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, 12_002, 0));
    let asked = "SELECT sum(attempts) FROM scraped_pages";
    assert_eq!(test_db.number(asked).await, 12_002, "each page was requested once");
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_an_undo_leaves_no_row_behind() {
    let test_db = TestDb::new();
    let store = Arc::new(Fickle { at_once: 1_000, ..Fickle::new(test_db.store().await) });
    let (_site, (_keeper, kept), mut crawl) = large(&test_db, Arc::clone(&store) as _).await;
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    only_keeper(&mut crawl).await;
    let gone = test_db.number(EXCLUDED).await;
    store.skipped_reads.send_replace(2);
    done(&mut crawl, Command::Undo, &format!("no longer exclude {PATTERN}")).await;
    test_db.until("some are back", EXCLUDED, |rows| rows == gone - 2_000).await;
    let killed = test_db.killed().await;
    store.skipped_reads.send_replace(u64::MAX);
    stopped(crawl, Command::StopNow).await;

    assert_eq!(killed.settings().await.restoring, [format!("excluded: {PATTERN}")]);
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    let s = seen(&mut crawl, "the rest comes back", |s| {
        s.exclusions.first().is_some_and(|pruning| pruning.undoing && !pruning.running)
    })
    .await;
    assert_eq!(s.exclusions[0].urls, gone as u64 - 2_000);
    only_keeper(&mut crawl).await;
    let journaled = later(&mut crawl, 3).await;
    assert!(journaled.exclusions[0].undoing);
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, 12_002, 0));
    assert!(killed.settings().await.restoring.is_empty());
    killed.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_an_exclusion_spares_no_row() {
    let test_db = TestDb::new();
    let store = Arc::new(Fickle { at_once: 500, ..Fickle::new(test_db.store().await) });
    let (site, (_keeper, kept), mut crawl) = large(&test_db, Arc::clone(&store) as _).await;
    // Held, its rows are read by the pruning alone.
    let name = host(site.url());
    let hold = Command::Host(Arc::clone(&name), HostCommand::ToggleHold);
    done(&mut crawl, hold, &format!("hold {name}")).await;
    store.frontier_reads.send_replace(4);
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    support::wait_until("it is in the middle", || *store.frontier_reads.borrow() == 0);
    test_db.until("some are gone", EXCLUDED, |rows| rows > 100).await;
    let killed = test_db.killed().await;
    store.frontier_reads.send_replace(u64::MAX);
    stopped(crawl, Command::StopNow).await;

    let waits = "SELECT count(*) FROM frontier WHERE url NOT LIKE '%0'";
    assert!(killed.number(waits).await > 100, "the kill came too late");
    site.reset_times();
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    release(&mut crawl, &name).await;
    only_keeper(&mut crawl).await;
    assert_eq!(trespasses(&site), 0);
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    let gone = killed.number(EXCLUDED).await as u64;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, gone));
    assert_eq!(summary.ok, 12_002 - gone);
    killed.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_not_read_from_disk_while_a_pruning_of_it_is_not_committed() {
    let test_db = TestDb::new();
    let store = Arc::new(Fickle::new(test_db.store().await));
    let (site, (_keeper, kept), mut crawl) = large(&test_db, Arc::clone(&store) as _).await;
    let name = host(site.url());
    let hold = Command::Host(Arc::clone(&name), HostCommand::ToggleHold);
    done(&mut crawl, hold.clone(), &format!("hold {name}")).await;
    seen(&mut crawl, "it is left alone", |s| of(s, &name).unwrap().in_flight == 0).await;
    store.frontier_reads.send_replace(3);
    done(&mut crawl, exclude(), &format!("exclude {PATTERN}")).await;
    // The third piece is of rows on disk alone; it, or the next one, is not committed.
    support::wait_until("it is at the third piece", || *store.frontier_reads.borrow() == 0);
    store.stuck.send_replace(true);
    store.frontier_reads.send_replace(1);
    done(&mut crawl, hold, &format!("release {name}")).await;
    let s = later(&mut crawl, 10).await;
    assert!(s.frontier.in_window < 1_000, "{:?}", s.frontier);
    store.stuck.send_replace(false);
    store.frontier_reads.send_replace(u64::MAX);
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    let gone = test_db.number(EXCLUDED).await as u64;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, gone));
    assert_eq!((summary.ok, requests(&site)), (12_002 - gone, 12_001 - gone));
    test_db.assert_whole().await;
}
