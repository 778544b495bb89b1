//! Promise: hosts and the frontier are steered while the crawl runs: every command acts at once, is
//! in the journal, can be undone where that makes sense, and is in force again after a resume.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::config::Settings;
use crawldeck::crawl::command::{Command, HostCommand, Origin as By};
use crawldeck::crawl::snapshot::{HostView, RunState, Snapshot};
use crawldeck::crawl::summary::Summary;
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::origin::{Content, Origin, OriginConfig};
use crawldeck::store::{self, OpenMode, Store};
use url::Url;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("commands.db")
    }

    async fn store(&self) -> Arc<dyn Store> {
        store::open(self.db().to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap()
    }

    async fn start(&self, seeds: &[&Origin], turn: impl FnOnce(&mut Settings)) -> Crawl {
        let mut settings = Settings {
            seeds: seeds.iter().map(|origin| Url::parse(origin.url()).unwrap()).collect(),
            sitemaps: false,
            max_links: 20_000,
            backoff: Duration::ZERO,
            ..Settings::default()
        };
        turn(&mut settings);
        crawl::start(settings, self.store().await).await.unwrap()
    }

    async fn resume(&self) -> Crawl {
        crawl::resume(self.store().await, None, |_| {}).await.unwrap()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let db = self.db();
        common::wait_in_thread(move || common::number(&db, sql)).await
    }
}

async fn origin(pages: u32, latency: Duration) -> Origin {
    let config =
        OriginConfig { content: Content::Pages(pages), latency, ..OriginConfig::default() };
    Origin::start(config).await.unwrap()
}

fn host(origin: &Origin) -> Arc<str> {
    origin.url().trim_start_matches("http://").trim_end_matches('/').into()
}

async fn seen(crawl: &mut Crawl, what: &str, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let wanted = crawl.snapshots.wait_for(|snapshot| holds(snapshot));
    match tokio::time::timeout(Duration::from_mins(1), wanted).await {
        Ok(Ok(snapshot)) => Arc::clone(&snapshot),
        other => {
            drop(other);
            let last = Arc::clone(&crawl.snapshots.borrow());
            panic!("never seen: {what}: {:#?} {:#?} {:#?}", last.totals, last.frontier, last.hosts)
        }
    }
}

async fn give(crawl: &Crawl, command: Command) {
    crawl.commands.send((command, By::User)).await.unwrap();
}

async fn on(crawl: &Crawl, host: &Arc<str>, command: HostCommand) {
    give(crawl, Command::Host(Arc::clone(host), command)).await;
}

async fn ended(crawl: Crawl) -> Summary {
    tokio::time::timeout(Duration::from_mins(1), crawl.wait()).await.expect("it ends")
}

async fn stopped(crawl: Crawl) {
    give(&crawl, Command::StopNow).await;
    assert_eq!(ended(crawl).await.state, RunState::Stopped);
}

async fn faster(crawl: &Crawl) {
    use crawldeck::crawl::command::Setting;
    for setting in [Setting::Permits(300), Setting::Workers(300)] {
        give(crawl, Command::Set(setting)).await;
    }
}

fn view<'s>(snapshot: &'s Snapshot, host: &str) -> &'s HostView {
    snapshot.hosts.iter().find(|view| &*view.host == host).expect("the host is known")
}

/// More than a host has room for in memory, so that part of them is on disk.
const MANY: u32 = 7_000;

fn pruned(snapshot: &Snapshot, undoing: bool) -> Option<u64> {
    let pruning = snapshot.prunings.first()?;
    (pruning.undoing == undoing && !pruning.running).then_some(pruning.urls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subtree_is_excluded_in_memory_and_on_disk_and_comes_back() {
    let site = origin(MANY, Duration::from_millis(30)).await;
    let bench = Bench::new();
    let mut crawl = bench.start(&[&site], |s| s.permits = 4).await;
    seen(&mut crawl, "the links are found", |s| s.totals.discovered > u64::from(MANY)).await;
    give(&crawl, Command::Exclude("/page/[0-9]*7$".into())).await;
    let after = seen(&mut crawl, "pruned", |s| pruned(s, false).is_some()).await;
    let gone = pruned(&after, false).unwrap();
    // Every tenth, but for those that were fetched or on their way.
    assert!((500..=700).contains(&gone), "{gone}");
    assert!(after.frontier.open < u64::from(MANY) - 400, "{:?}", after.frontier);
    // A bad pattern changes nothing and says why.
    give(&crawl, Command::Exclude("(".into())).await;
    seen(&mut crawl, "a notice", |s| s.notice.as_ref().is_some_and(|n| n.contains("regex"))).await;
    stopped(crawl).await;
    let skipped = "SELECT count(*) FROM scraped_pages WHERE state = 'skipped' \
                   AND error = 'excluded: /page/[0-9]*7$'";
    assert!(bench.count(skipped).await >= gone as i64);

    // It holds after a resume, and can be undone there.
    let mut crawl = bench.resume().await;
    faster(&crawl).await;
    seen(&mut crawl, "some more pages", |s| s.totals.ok > 2_000).await;
    assert_eq!(bench.count("SELECT count(*) FROM changes WHERE what LIKE 'exclude %'").await, 1);
    // Workers, permits, and then what was done before the stop.
    for _ in 0..3 {
        give(&crawl, Command::Undo).await;
    }
    faster(&crawl).await;
    let back = seen(&mut crawl, "brought back", |s| pruned(s, true).is_some()).await;
    assert!(pruned(&back, true).unwrap() >= gone, "{:?}", back.prunings);
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, 0));
    assert_eq!((summary.ok, summary.pages), (u64::from(MANY) + 1, u64::from(MANY) + 1));
    assert_eq!(bench.count("SELECT count(*) FROM frontier").await, 0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_limited_held_and_skipped_and_all_of_it_undone() {
    let (one, two) =
        (origin(40, Duration::ZERO).await, origin(400, Duration::from_millis(20)).await);
    let (one_host, two_host) = (host(&one), host(&two));
    let bench = Bench::new();
    let mut crawl = bench.start(&[&one, &two], |s| (s.permits, s.workers) = (30, 30)).await;
    seen(&mut crawl, "links", |s| s.totals.discovered > 440).await;
    on(&crawl, &two_host, HostCommand::SetLimit(Some(1))).await;
    let limited = seen(&mut crawl, "its limit", |s| {
        view(s, &two_host).limit == Some(1) && view(s, &two_host).in_flight <= 1
    })
    .await;
    let seq = limited.seq;
    let later = seen(&mut crawl, "a while", |s| s.seq > seq + 5).await;
    assert!(view(&later, &two_host).in_flight <= 1);
    on(&crawl, &two_host, HostCommand::ToggleHold).await;
    seen(&mut crawl, "held and quiet", |s| {
        view(s, &two_host).held && view(s, &two_host).in_flight == 0
    })
    .await;
    let asked = two.times().requests.len();
    // The rest goes on, to its end, and the crawl waits.
    let waiting = seen(&mut crawl, "the other is done", |s| {
        view(s, &one_host).queued == 0 && view(s, &one_host).in_flight == 0
    })
    .await;
    assert_eq!(waiting.run, RunState::Running);
    let seq = waiting.seq;
    seen(&mut crawl, "a while", |s| s.seq > seq + 5).await;
    assert_eq!(two.times().requests.len(), asked, "a held host is asked");
    stopped(crawl).await;

    // Limit and hold are in force again.
    let mut crawl = bench.resume().await;
    seen(&mut crawl, "limited and held", |s| {
        s.hosts.iter().any(|v| v.host == two_host && v.held && v.limit == Some(1))
    })
    .await;
    on(&crawl, &"nobody:1".into(), HostCommand::ToggleHold).await;
    seen(&mut crawl, "a notice", |s| s.notice.as_ref().is_some_and(|n| n.contains("nobody"))).await;
    assert_eq!(two.times().requests.len(), asked);
    // The rest of it is skipped; the crawl would be over, but for the undo.
    let skipped_before = crawl.snapshots.borrow().totals.skipped;
    assert_eq!(skipped_before, 0);
    // Something else keeps the crawl open meanwhile.
    let three = origin(1, Duration::from_secs(2)).await;
    give(&crawl, Command::AddSeed(Url::parse(three.url()).unwrap())).await;
    on(&crawl, &two_host, HostCommand::SkipRest).await;
    seen(&mut crawl, "skipped", |s| s.totals.skipped > 0 && view(s, &two_host).queued == 0).await;
    for _ in 0..2 {
        give(&crawl, Command::Undo).await;
    }
    // Undone: the skip, then the hold.
    let back = seen(&mut crawl, "back", |s| {
        s.hosts.iter().any(|v| v.host == two_host && !v.held && !v.skipped) && s.totals.skipped == 0
    })
    .await;
    assert_eq!(view(&back, &two_host).limit, Some(1));
    give(&crawl, Command::Undo).await;
    seen(&mut crawl, "no limit", |s| view(s, &two_host).limit.is_none()).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, 0));
    // What was taken back is not stored either.
    let rules = "SELECT count(*) FROM crawls, json_each(settings, '$.hosts')";
    assert_eq!(bench.count(rules).await, 0);
    // Two sites, and the third that was added, with its scope.
    assert_eq!(summary.ok, 41 + 401 + 2);
    for origin in [one, two, three] {
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_seed_stays_in_scope_after_a_resume() {
    let (one, two) =
        (origin(5, Duration::from_millis(50)).await, origin(300, Duration::from_millis(20)).await);
    let bench = Bench::new();
    let mut crawl = bench.start(&[&one], |s| s.permits = 2).await;
    give(&crawl, Command::AddSeed(Url::parse(two.url()).unwrap())).await;
    seen(&mut crawl, "its links", |s| s.totals.discovered > 300).await;
    give(&crawl, Command::AddSeed(Url::parse(two.url()).unwrap())).await;
    seen(&mut crawl, "a notice", |s| s.notice.as_ref().is_some_and(|n| n.contains("known"))).await;
    stopped(crawl).await;
    let crawl = bench.resume().await;
    faster(&crawl).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 6 + 301));
    let settings: Vec<(String,)> = common::wait_in_thread({
        let db = bench.db();
        move || common::rows(&db, "SELECT json_extract(settings, '$.added_seeds[0]') FROM crawls")
    })
    .await;
    assert_eq!(settings, [(two.url().to_owned(),)]);
    for origin in [one, two] {
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_was_cut_short_goes_on_after_a_resume() {
    let site = origin(MANY, Duration::from_millis(50)).await;
    let bench = Bench::new();
    let mut crawl = bench.start(&[&site], |s| s.permits = 2).await;
    seen(&mut crawl, "the links are found", |s| s.totals.discovered > u64::from(MANY)).await;
    give(&crawl, Command::Exclude("/page/".into())).await;
    // Something must be left to do, or the crawl is over.
    give(&crawl, Command::TogglePause).await;
    seen(&mut crawl, "some are pruned", |s| s.totals.skipped > 1_000).await;
    give(&crawl, Command::Undo).await;
    seen(&mut crawl, "the undo begins", |s| s.prunings.first().is_some_and(|p| p.undoing)).await;
    stopped(crawl).await;
    let crawl = bench.resume().await;
    faster(&crawl).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, 0));
    assert_eq!(summary.ok, u64::from(MANY) + 1);
    let left = "SELECT json_array_length(settings, '$.reviving') FROM crawls";
    assert_eq!(bench.count(left).await, 0);
    site.stop().await;
}
