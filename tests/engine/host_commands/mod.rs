//! Promise: what is said about a host, a subtree or a further seed while the crawl runs holds at
//! once, is journaled, can be undone, and holds again after a kill.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod at_random;
mod seeds;
mod subtree;

use crate::support;
use std::sync::Arc;
use std::time::Duration;

use crate::test_db::{
    Fickle, TestDb, done, ended, give, host, later, refused, seen, settings, stopped,
};
use crawldeck::crawl::protocol::command::{Command, HostCommand};
use crawldeck::crawl::protocol::snapshot::{
    BreakerState, HostView, RunState, Snapshot, WaitReason,
};
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::response_faults::{Busy, ResponseFaults, RetryAfter};
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::settings::{BreakerSettings, HostRule, Settings};
use crawldeck::store::Store;
use url::Url;

async fn origin(pages: u32, latency_ms: u64) -> TestOrigin {
    let latency = Duration::from_millis(latency_ms);
    let config = TestOriginConfig {
        content: OriginContent::Pages(pages),
        latency,
        ..TestOriginConfig::default()
    };
    TestOrigin::start(config).await.unwrap()
}

/// What is seen of a host.
fn of<'a>(s: &'a Snapshot, name: &str) -> Option<&'a HostView> {
    s.hosts.iter().find(|view| &*view.host == name)
}

fn limit(n: Option<u32>) -> HostCommand {
    HostCommand::SetLimit(n)
}

async fn reset(lab: &Lab) {
    let url = format!("{}load.json?reset=1", lab.urls()[0]);
    tokio::task::spawn_blocking(move || support::get_json(&url)).await.unwrap();
}

/// The most requests that the site saw at once while a hundred pages came.
async fn peak(lab: &Lab, crawl: &mut Crawl, most: u64) -> u64 {
    support::wait_until("no more than that are in flight", || lab.load().in_flight <= most);
    reset(lab).await;
    let at = crawl.snapshots.borrow().totals.pages;
    seen(crawl, "a hundred pages more", |s| s.totals.pages > at + 100).await;
    lab.load().peak
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_at_once_for_what_waits_in_the_queue_as_well() {
    let test_db = TestDb::new();
    let faults = Faults::NONE.with(Fault::Latency, 30.0);
    let lab =
        Lab::start(LabConfig { pages: 30_000, faults, ..LabConfig::default() }).await.unwrap();
    let name = host(&lab.urls()[0]);
    let turned = Settings { scope: ScopeKind::Host, ..settings(&lab.urls()[0]) };
    let mut crawl = crawl::start(turned, test_db.store().await).await.unwrap();
    seen(&mut crawl, "full", |s| s.gate.in_use == 10 && s.queue.len == 100).await;
    let command = Command::Host(Arc::clone(&name), limit(Some(2)));
    done(&mut crawl, command, &format!("{name} limit off → 2")).await;
    // What was in flight may end; what was in the queue goes back.
    let at = crawl.snapshots.borrow().totals.pages;
    let s = seen(&mut crawl, "few are on their way", |s| {
        of(s, &name).is_some_and(|host| host.in_flight <= 2) && s.queue.len <= 2
    })
    .await;
    assert!(s.totals.pages - at <= 14, "{} pages came meanwhile", s.totals.pages - at);
    assert_eq!(peak(&lab, &mut crawl, 2).await, 2);
    let nudge = Command::Host(Arc::clone(&name), HostCommand::NudgeLimit(2));
    done(&mut crawl, nudge, &format!("{name} limit 2 → 4")).await;
    let high = peak(&lab, &mut crawl, 4).await;
    assert!((3..=4).contains(&high), "peak {high}");
    let again = Command::Host(Arc::clone(&name), limit(Some(4)));
    assert_eq!(refused(&mut crawl, again).await, format!("{name} has limit 4 already"));
    // Two undos in a row take both back.
    done(&mut crawl, Command::Undo, &format!("{name} limit 4 → 2")).await;
    done(&mut crawl, Command::Undo, &format!("{name} limit 2 → off")).await;
    seen(&mut crawl, "full again", |s| s.gate.in_use == 10).await;
    assert_eq!(refused(&mut crawl, Command::Undo).await, "nothing to undo");
    let unknown = Command::Host("nowhere:1".into(), limit(Some(1)));
    assert_eq!(refused(&mut crawl, unknown).await, "no host nowhere:1 is known now");

    let command = Command::Host(Arc::clone(&name), limit(Some(3)));
    done(&mut crawl, command, &format!("{name} limit off → 3")).await;
    let saved = "SELECT count(*) FROM changes";
    test_db.until("the journal is saved", saved, |rows| rows == 5).await;
    let killed = test_db.killed().await;
    stopped(crawl, Command::StopNow).await;
    assert_eq!(killed.settings().await.hosts[&*name].per_host, Some(3));
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    let high = peak(&lab, &mut crawl, 3).await;
    assert!((2..=3).contains(&high), "peak {high} after a kill");
    done(&mut crawl, Command::Undo, &format!("{name} limit 3 → off")).await;
    seen(&mut crawl, "full again", |s| s.gate.in_use == 10).await;
    give(&crawl, Command::Stop).await;
    let command = Command::Host(Arc::clone(&name), limit(Some(1)));
    assert_eq!(refused(&mut crawl, command).await, "the crawl is stopping");
    ended(crawl).await;
    assert!(killed.settings().await.hosts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_host_keeps_the_crawl_open_until_it_is_released() {
    let test_db = TestDb::new();
    let (free, held) = (origin(50, 5).await, origin(400, 20).await);
    let name = host(held.url());
    let mut both = settings(free.url());
    both.seeds.push(Url::parse(held.url()).unwrap());
    let mut crawl = crawl::start(both, test_db.store().await).await.unwrap();
    let hold = Command::Host(Arc::clone(&name), HostCommand::ToggleHold);
    seen(&mut crawl, "its pages are known", |s| of(s, &name).is_some_and(|h| h.queued > 100)).await;
    done(&mut crawl, hold.clone(), &format!("hold {name}")).await;
    let before = held.times().requests.len();
    seen(&mut crawl, "it is left alone", |s| {
        let view = of(s, &name).unwrap();
        view.in_flight == 0 && s.frontier.open == view.queued && s.saver.backlog_pages == 0
    })
    .await;
    let more = held.times().requests.len() - before;
    assert!(more <= 10, "{more} requests after the hold");
    held.reset_times();
    // All that is left is held: the crawl waits.
    let s = later(&mut crawl, 10).await;
    assert_eq!((s.run, held.times().requests.len()), (RunState::Running, 0));
    // Undone and held again, by another command.
    done(&mut crawl, Command::Undo, &format!("release {name}")).await;
    done(&mut crawl, hold.clone(), &format!("hold {name}")).await;
    let summary = stopped(crawl, Command::Stop).await;
    assert!(summary.state == RunState::Stopped && summary.open > 0, "{summary:?}");

    assert!(test_db.settings().await.hosts[&*name].held);
    held.reset_times();
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    let s = later(&mut crawl, 10).await;
    assert_eq!((s.run, held.times().requests.len()), (RunState::Running, 0));
    done(&mut crawl, hold, &format!("release {name}")).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 452));
    test_db.assert_whole().await;
}

/// A host that is held from the beginning, so that the crawl continues until it is released.
async fn keeper(settings: &mut Settings) -> (TestOrigin, Arc<str>) {
    let keeper = origin(0, 0).await;
    let name = host(keeper.url());
    settings.seeds.push(Url::parse(keeper.url()).unwrap());
    let held = HostRule { held: true, ..HostRule::default() };
    settings.hosts.insert(name.to_string(), held);
    (keeper, name)
}

async fn release(crawl: &mut Crawl, keeper: &Arc<str>) {
    let command = Command::Host(Arc::clone(keeper), HostCommand::ToggleHold);
    done(crawl, command, &format!("release {keeper}")).await;
}

/// Waits until nothing but the keeper is left, all saved.
async fn only_keeper(crawl: &mut Crawl) -> Arc<Snapshot> {
    seen(crawl, "only the keeper is left", |s| {
        s.frontier.open == 1 && s.exclusions.iter().all(|pruning| !pruning.running)
    })
    .await
}

fn requests(origin: &TestOrigin) -> u64 {
    let times = origin.times();
    times.dropped + times.requests.len() as u64
}

const SKIPPED_BY_HOST: &str =
    "SELECT count(*) FROM scraped_pages WHERE error LIKE 'rest of % skipped'";

#[tokio::test(flavor = "multi_thread")]
async fn the_remaining_urls_of_a_host_are_skipped_and_restored() {
    let test_db = TestDb::new();
    let site = origin(7_000, 10).await;
    let mut given = Settings { max_links: 20_000, ..settings(site.url()) };
    let (_keeper, kept) = keeper(&mut given).await;
    let name = host(site.url());
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "all is known", |s| s.totals.discovered == 7_002).await;
    let skip = Command::Host(Arc::clone(&name), HostCommand::SkipRemaining);
    let (skips, skips_no_more) =
        (format!("skip all URLs of {name}"), format!("no longer skip {name}"));
    done(&mut crawl, skip.clone(), &skips).await;
    let s = only_keeper(&mut crawl).await;
    assert!(s.totals.skipped > 1_000, "{:?}", s.totals);
    assert_eq!(test_db.number(SKIPPED_BY_HOST).await as u64, s.totals.skipped);
    assert_eq!((&*s.exclusions[0].what, s.exclusions[0].undoing), (&*skips, false));
    assert!(refused(&mut crawl, skip.clone()).await.contains("are skipped already"));
    assert_eq!(s.totals.skipped + requests(&site), 7_001);

    done(&mut crawl, Command::Undo, &skips_no_more).await;
    let back = seen(&mut crawl, "all are back", |s| {
        s.exclusions.first().is_some_and(|pruning| pruning.undoing && !pruning.running)
    })
    .await;
    assert_eq!(back.exclusions[0].urls, s.totals.skipped);
    assert_eq!(back.totals.skipped, 0);
    // Skipped once more, and undone by the next run.
    done(&mut crawl, skip, &skips).await;
    let s = only_keeper(&mut crawl).await;
    assert!(s.totals.skipped > 500, "{:?}", s.totals);
    assert_eq!(stopped(crawl, Command::Stop).await.state, RunState::Stopped);
    let stored = test_db.settings().await;
    assert!(stored.hosts[&*name].skipped && stored.restoring.is_empty());
    let before = requests(&site);
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    later(&mut crawl, 3).await;
    assert_eq!(requests(&site), before);
    done(&mut crawl, Command::Undo, &skips_no_more).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, 7_002, 0));
    assert_eq!(requests(&site), 7_001, "each page was requested once");
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cooldown_and_the_rules_of_a_host_outlive_a_kill() {
    let test_db = TestDb::new();
    let busy = Busy { every: 1, status: 429, retry_after: RetryAfter::Seconds(300) };
    let faults = ResponseFaults { busy: Some(busy), ..ResponseFaults::default() };
    let config = TestOriginConfig {
        content: OriginContent::Pages(50),
        faults,
        ..TestOriginConfig::default()
    };
    let site = TestOrigin::start(config).await.unwrap();
    let idle = origin(2, 0).await;
    let mut given = settings(site.url());
    given.seeds.push(Url::parse(idle.url()).unwrap());
    let (_keeper, kept) = keeper(&mut given).await;
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    let (name, done_with) = (host(site.url()), host(idle.url()));
    seen(&mut crawl, "it cools down, the other is done", |s| {
        let cools_down =
            of(s, &name).is_some_and(|h| h.wait.is_some_and(|w| w.for_s > Some(200.0)));
        cools_down && s.totals.ok == 3
    })
    .await;
    let hold = Command::Host(Arc::clone(&done_with), HostCommand::ToggleHold);
    done(&mut crawl, hold.clone(), &format!("hold {done_with}")).await;
    let noted = "SELECT count(*) FROM crawls, json_each(settings, '$.cooling_down')";
    test_db.until("its cooldown is saved", noted, |hosts| hosts == 1).await;
    let held = "SELECT count(*) FROM changes";
    test_db.until("the hold is saved", held, |rows| rows == 1).await;
    let killed = test_db.killed().await;
    stopped(crawl, Command::StopNow).await;

    site.reset_times();
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    let s = later(&mut crawl, 5).await;
    assert_eq!(requests(&site), 0, "inside the cooldown it demanded");
    let wait = of(&s, &name).unwrap().wait.unwrap();
    assert!(wait.why == WaitReason::RetryAfter && wait.for_s > Some(200.0), "{wait:?}");
    // A host with nothing to do, but held, is there to be released.
    assert!(of(&s, &done_with).unwrap().held && of(&s, &kept).unwrap().held);
    done(&mut crawl, hold, &format!("release {done_with}")).await;
    stopped(crawl, Command::StopNow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_is_closed_by_hand() {
    let test_db = TestDb::new();
    let site = origin(300, 5).await;
    let name = host(site.url());
    let mut given = settings(site.url());
    given.breaker = BreakerSettings {
        min_requests: 4,
        cooldown: Duration::from_hours(1),
        max_cooldown: Duration::from_hours(1),
        ..BreakerSettings::default()
    };
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "under way", |s| s.totals.pages > 20).await;
    site.set_down(true);
    let open = |s: &Snapshot| {
        of(s, &name).is_some_and(|host| host.breaker == BreakerState::Open && host.in_flight == 0)
    };
    seen(&mut crawl, "its breaker is open", open).await;
    site.set_down(false);
    site.reset_times();
    let s = later(&mut crawl, 5).await;
    assert_eq!((s.totals.failed, requests(&site)), (0, 0), "it is left alone");
    let reset = Command::Host(Arc::clone(&name), HostCommand::ResetBreaker);
    done(&mut crawl, reset, &format!("reset the breaker of {name}")).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 301));
    let journal = test_db.journal().await;
    assert_eq!(journal, [format!("reset the breaker of {name}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_added_brings_its_host_into_the_scope_for_good() {
    let test_db = TestDb::new();
    let first = origin(3, 0).await;
    let listed = "<urlset><url><loc>{origin}/hidden</loc></url></urlset>";
    let mut files = vec![("/sitemap.xml".to_owned(), listed.to_owned())];
    let links: Vec<_> = (1..=200).map(|n| format!("<a href=/p/{n}>{n}</a>")).collect();
    files.push(("/".into(), links.concat()));
    files.extend((1..=200).map(|n| (format!("/p/{n}"), format!("<a href=/deep/{n}>on</a>"))));
    files.extend((1..=200).map(|n| (format!("/deep/{n}"), format!("text {n}"))));
    files.push(("/hidden".into(), "only in the sitemap".into()));
    let latency = Duration::from_millis(20);
    let config =
        TestOriginConfig { content: OriginContent::Files(files), latency, ..Default::default() };
    let added = TestOrigin::start(config).await.unwrap();
    let mut given = settings(first.url());
    (given.scope, given.sitemaps) = (ScopeKind::Host, true);
    let (_keeper, kept) = keeper(&mut given).await;
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok == 4).await;
    let url = Url::parse(added.url()).unwrap();
    done(&mut crawl, Command::AddSeed(url.clone()), &format!("seed {url}")).await;
    let word = refused(&mut crawl, Command::AddSeed(url.clone())).await;
    assert_eq!(word, "that URL is known already");
    let some = "SELECT count(*) FROM scraped_pages WHERE url LIKE '%/p/%'";
    test_db.until("some of its pages are saved", some, |rows| rows > 5).await;
    let killed = test_db.killed().await;
    stopped(crawl, Command::StopNow).await;

    assert_eq!(killed.settings().await.added_seeds, [url]);
    assert!(killed.number("SELECT count(*) FROM frontier").await > 100);
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok), (RunState::Complete, 4 + 402 + 1));
    killed.assert_whole().await;
}
