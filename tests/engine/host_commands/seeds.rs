//! A seed that is undone takes back what it brought, and nothing else; added again, all of it comes back.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Condvar, Mutex};

use super::*;
use crate::support::{Web, html};

/// Pages of the site that is added: more than there is room for in memory.
const PAGES: u32 = 9_000;
/// Pages of the site that a crawl begins with.
const FIRST: u64 = 4;
const SKIPPED: &str = "SELECT count(*) FROM scraped_pages
    WHERE state = 'skipped' AND error LIKE 'seed undone: http://%'";
const WAITS: &str = "SELECT count(*) FROM frontier";

/// A crawl of one small host that does not end, and the settings it was started with.
async fn small(scope: ScopeKind) -> (Settings, TestOrigin, TestOrigin, Arc<str>) {
    let first = origin(3, 0).await;
    let mut given = Settings { scope, max_links: 20_000, ..settings(first.url()) };
    let (keeper, kept) = keeper(&mut given).await;
    (given, first, keeper, kept)
}

fn seed(url: &str) -> (Command, String, String) {
    let url = Url::parse(url).unwrap();
    let (added, undone) = (format!("seed {url}"), format!("no longer seed {url}"));
    (Command::AddSeed(url), added, undone)
}

/// Waits until nothing is restored or skipped any more.
async fn settled(crawl: &mut Crawl) -> Arc<Snapshot> {
    seen(crawl, "settled", |s| s.exclusions.iter().all(|exclusion| !exclusion.running)).await
}

/// How often each path was requested, at most.
fn most_often(origin: &TestOrigin) -> usize {
    let mut times: HashMap<String, usize> = HashMap::new();
    for request in origin.times().requests {
        *times.entry(request.path).or_default() += 1;
    }
    times.into_values().max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_undone_is_requested_no_more_until_it_is_redone() {
    let test_db = TestDb::new();
    let (given, _first, _keeper, kept) = small(ScopeKind::Host).await;
    let added = origin(PAGES, 10).await;
    let (add, added_words, undone) = seed(added.url());
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    done(&mut crawl, add, &added_words).await;
    let all = u64::from(PAGES) + 6;
    seen(&mut crawl, "all is known", |s| s.totals.discovered == all).await;
    test_db.until("more wait than are in memory", WAITS, |rows| rows > 8_000).await;
    let s = done(&mut crawl, Command::Undo, &undone).await;
    assert!(!s.changes[0].what.is_undoable() && s.changes[1].undone);
    let s = only_keeper(&mut crawl).await;
    let gone = test_db.number(SKIPPED).await as u64;
    assert!(gone > 5_000, "{gone}");
    let shown = &s.exclusions[0];
    assert_eq!((&*shown.what, shown.undoing, shown.urls), (&*undone, false, gone));
    assert_eq!(s.totals.skipped, gone);
    // What was fetched stays.
    assert_eq!((s.totals.ok, s.totals.ok + gone), (4 + requests(&added), all - 1));
    assert_eq!(refused(&mut crawl, Command::Undo).await, "nothing to undo");
    let stored = test_db.settings().await;
    assert!(stored.added_seeds.is_empty());
    assert_eq!(stored.undone_seeds.len(), 1);

    // A resumed crawl does not know it.
    stopped(crawl, Command::Stop).await;
    let before = requests(&added);
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    later(&mut crawl, 5).await;
    assert_eq!(requests(&added), before);

    // Redone, and undone while its rows are being restored; then redone by hand.
    done(&mut crawl, Command::Redo, &added_words).await;
    done(&mut crawl, Command::Undo, &undone).await;
    settled(&mut crawl).await;
    let (add, ..) = seed(added.url());
    done(&mut crawl, add.clone(), &added_words).await;
    assert_eq!(refused(&mut crawl, add).await, "that URL is known already");
    settled(&mut crawl).await;
    stopped(crawl, Command::Stop).await;
    let stored = test_db.settings().await;
    assert_eq!((stored.added_seeds.len(), stored.undone_seeds.len()), (1, 0));

    // A resumed crawl knows it.
    let mut crawl = crawl::resume(test_db.store().await, None, |_| {}).await.unwrap();
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, all, 0));
    assert_eq!(requests(&added), u64::from(PAGES) + 1, "each page was requested once");
    assert_eq!(test_db.number(SKIPPED).await, 0);
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_undo_or_redo_leaves_nothing_half_done() {
    let test_db = TestDb::new();
    let store = Arc::new(Fickle { at_once: 1_000, ..Fickle::new(test_db.store().await) });
    let (given, _first, _keeper, kept) = small(ScopeKind::Host).await;
    let added = origin(PAGES, 10).await;
    let (add, added_words, undone) = seed(added.url());
    let mut crawl = crawl::start(given, Arc::clone(&store) as _).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    done(&mut crawl, add, &added_words).await;
    test_db.until("more wait than are in memory", WAITS, |rows| rows > 8_000).await;
    store.frontier_reads.send_replace(2);
    done(&mut crawl, Command::Undo, &undone).await;
    test_db.until("some are gone", SKIPPED, |rows| rows > 100).await;
    let killed = test_db.killed().await;
    store.frontier_reads.send_replace(u64::MAX);
    stopped(crawl, Command::StopNow).await;

    added.reset_times();
    let store = Arc::new(Fickle { at_once: 1_000, ..Fickle::new(killed.store().await) });
    let mut crawl = crawl::resume(Arc::clone(&store) as _, None, |_| {}).await.unwrap();
    only_keeper(&mut crawl).await;
    assert_eq!(requests(&added), 0, "it was undone");
    let gone = killed.number(SKIPPED).await;
    store.skipped_reads.send_replace(2);
    done(&mut crawl, Command::Redo, &added_words).await;
    killed.until("some are back", SKIPPED, |rows| rows == gone - 2_000).await;
    let killed = killed.killed().await;
    store.skipped_reads.send_replace(u64::MAX);
    stopped(crawl, Command::StopNow).await;

    assert_eq!(killed.settings().await.restoring, [format!("seed undone: {}", added.url())]);
    let mut crawl = crawl::resume(killed.store().await, None, |_| {}).await.unwrap();
    settled(&mut crawl).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    let all = u64::from(PAGES) + 6;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, all, 0));
    killed.assert_whole().await;
}

/// A site whose pages wait until it is opened.
struct Closed {
    web: Web,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Closed {
    fn start(pages: Vec<(String, String)>) -> Self {
        let open = Arc::<(Mutex<bool>, Condvar)>::default();
        let gate = Arc::clone(&open);
        let web = Web::start_with_robots(move |request, stream| {
            let is_open = gate.0.lock().unwrap();
            drop(gate.1.wait_while(is_open, |open| !*open).unwrap());
            let found = pages.iter().find(|(path, _)| *path == request.path);
            let answer = found.map_or_else(|| html(404, "none"), |(_, body)| html(200, body));
            let _ = stream.write_all(&answer);
        });
        Self { web, open }
    }

    fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_links_of_a_page_in_flight_are_there_when_its_seed_is_redone() {
    let test_db = TestDb::new();
    let (given, _first, _keeper, kept) = small(ScopeKind::Host).await;
    let links: Vec<_> = (1..=5).map(|n| format!("<a href=/p/{n}>{n}</a>")).collect();
    let mut pages = vec![("/".to_owned(), links.concat())];
    pages.extend((1..=5).map(|n| (format!("/p/{n}"), format!("text {n}"))));
    let added = Closed::start(pages);
    let (add, added_words, undone) = seed(&added.web.url("/"));
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    done(&mut crawl, add, &added_words).await;
    let web = &added.web;
    support::wait_until("its page is in flight", || web.requests().len() == 1);
    done(&mut crawl, Command::Undo, &undone).await;
    added.open();
    let s = only_keeper(&mut crawl).await;
    assert_eq!((s.totals.ok, s.totals.skipped), (5, 5), "the page stays, its links are skipped");
    assert_eq!(s.exclusions[0].urls, 5);
    done(&mut crawl, Command::Redo, &added_words).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.ok, summary.skipped), (11, 0));
    assert_eq!(web.paths(), ["/", "/p/1", "/p/2", "/p/3", "/p/4", "/p/5"]);
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_came_into_the_scope_the_seed_alone_is_skipped() {
    let test_db = TestDb::new();
    let (mut given, first, _keeper, kept) = small(ScopeKind::Any).await;
    let other = origin(0, 0).await;
    let name = host(other.url());
    let held = HostRule { held: true, ..HostRule::default() };
    given.hosts.insert(name.to_string(), held);
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    for path in ["one", "two"] {
        let (add, words, _) = seed(&format!("{}{path}", other.url()));
        done(&mut crawl, add, &words).await;
    }
    let (_, _, undone) = seed(&format!("{}two", other.url()));
    done(&mut crawl, Command::Undo, &undone).await;
    settled(&mut crawl).await;
    // Another one of the same host makes no difference.
    let (add, words, _) = seed(&format!("{}three", other.url()));
    done(&mut crawl, add, &words).await;
    release(&mut crawl, &name).await;
    only_keeper(&mut crawl).await;
    let paths = |site: &TestOrigin| -> Vec<_> {
        let mut paths: Vec<_> = site.times().requests.into_iter().map(|r| r.path).collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(&other), ["/one", "/three"]);
    let (add, words, _) = seed(&format!("{}two", other.url()));
    done(&mut crawl, add, &words).await;
    settled(&mut crawl).await;
    only_keeper(&mut crawl).await;
    assert_eq!(paths(&other), ["/one", "/three", "/two"]);
    assert_eq!(requests(&first), 4);
    release(&mut crawl, &kept).await;
    assert_eq!(ended(crawl).await.skipped, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_seed_of_the_host_brings_its_pages_back() {
    let test_db = TestDb::new();
    let (given, _first, _keeper, kept) = small(ScopeKind::Prefix).await;
    let page = |links: &[&str]| -> String {
        links.iter().flat_map(|link| ["<a href=", link, ">on</a>"]).collect()
    };
    let files = [
        ("/", page(&["/a/", "/b/"])),
        ("/a/", page(&["/a/1", "/a/2", "/a/b/1", "/b/"])),
        ("/a/1", page(&[])),
        ("/a/2", page(&[])),
        ("/a/b/", page(&["/a/b/1", "/a/b/2"])),
        ("/a/b/1", page(&[])),
        ("/a/b/2", page(&[])),
        ("/b/", page(&[])),
    ];
    let files = files.map(|(path, body)| (path.to_owned(), body)).to_vec();
    let (content, latency) = (OriginContent::Files(files), Duration::from_millis(5));
    let site = TestOrigin::start(TestOriginConfig { content, latency, ..Default::default() })
        .await
        .unwrap();
    let name = host(site.url());
    let mut given = given;
    given.hosts.insert(name.to_string(), HostRule { per_host: Some(1), ..HostRule::default() });
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    let hold = Command::Host(Arc::clone(&name), HostCommand::ToggleHold);
    let (add, words, undone_a) = seed(&format!("{}a/", site.url()));
    done(&mut crawl, add, &words).await;
    seen(&mut crawl, "its links are known", |s| s.totals.discovered >= 9).await;
    done(&mut crawl, hold, &format!("hold {name}")).await;
    // The directory above it absorbs it.
    let (add, words, undone) = seed(site.url());
    done(&mut crawl, add, &words).await;
    done(&mut crawl, Command::Undo, &undone).await;
    settled(&mut crawl).await;
    let totals = later(&mut crawl, 2).await.totals;
    assert_eq!((totals.discovered, totals.skipped), (10, 1), "the root alone is skipped");
    done(&mut crawl, Command::Undo, &format!("release {name}")).await;
    done(&mut crawl, Command::Undo, &undone_a).await;
    only_keeper(&mut crawl).await;
    // A part of it comes back, then another part stays away.
    let (add, words, undone_b) = seed(&format!("{}a/b/", site.url()));
    done(&mut crawl, add, &words).await;
    settled(&mut crawl).await;
    only_keeper(&mut crawl).await;
    let paths = |site: &TestOrigin| -> Vec<_> {
        let mut paths: Vec<_> = site.times().requests.into_iter().map(|r| r.path).collect();
        paths.sort();
        paths
    };
    assert!(paths(&site).iter().filter(|path| path.starts_with("/a/b/")).count() == 3);
    done(&mut crawl, Command::Undo, &undone_b).await;
    let (add, words, _) = seed(site.url());
    done(&mut crawl, add, &words).await;
    settled(&mut crawl).await;
    only_keeper(&mut crawl).await;
    let all = ["/", "/a/", "/a/1", "/a/2", "/a/b/", "/a/b/1", "/a/b/2", "/b/"];
    assert_eq!(paths(&site), all, "each once");
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.skipped), (RunState::Complete, 0));
    test_db.assert_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemaps_of_a_seed_undone_wait_until_it_is_redone() {
    let test_db = TestDb::new();
    let (mut given, _first, _keeper, kept) = small(ScopeKind::Host).await;
    given.sitemaps = true;
    let listed = "<urlset><url><loc>{origin}/hidden</loc></url></urlset>";
    let files = OriginContent::files(&[("/sitemap.xml", listed), ("/", ""), ("/hidden", "text")]);
    let site = TestOrigin::start(TestOriginConfig { content: files, ..Default::default() });
    let site = site.await.unwrap();
    let name = host(site.url());
    given.hosts.insert(name.to_string(), HostRule { held: true, ..HostRule::default() });
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok >= FIRST).await;
    let (add, words, undone) = seed(site.url());
    let s = done(&mut crawl, add, &words).await;
    assert_eq!(s.sitemaps.waiting, 2, "{:?}", s.sitemaps);
    done(&mut crawl, Command::Undo, &undone).await;
    let s = only_keeper(&mut crawl).await;
    assert_eq!(s.sitemaps.waiting, 1, "that of the keeper: {:?}", s.sitemaps);
    done(&mut crawl, Command::Redo, &words).await;
    release(&mut crawl, &name).await;
    seen(&mut crawl, "its sitemap is read", |s| s.sitemaps.found == 1).await;
    only_keeper(&mut crawl).await;
    assert_eq!(most_often(&site), 1);
    assert_eq!(requests(&site), 3);
    release(&mut crawl, &kept).await;
    let summary = ended(crawl).await;
    assert_eq!((summary.state, summary.ok, summary.skipped), (RunState::Complete, 7, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_of_a_seed_undone_gets_no_secrets() {
    let test_db = TestDb::new();
    let other = Web::of_pages(&[("/a", ""), ("/b", ""), ("/c", "")]);
    let link = |path: &str| format!("<a href={}>on</a>", other.url(path));
    let own = Web::of_pages(&[("/", "text"), ("/1", &link("/b")), ("/2", &link("/c"))]);
    let mut given = settings(&own.url("/"));
    let (_keeper, kept) = keeper(&mut given).await;
    given.fetch.credentials.headers = vec![("X-Key".into(), "hunter2".into())];
    let mut crawl = crawl::start(given, test_db.store().await).await.unwrap();
    seen(&mut crawl, "the first is done", |s| s.totals.ok == 1).await;
    let (add, words, undone) = seed(&other.url("/a"));
    done(&mut crawl, add, &words).await;
    only_keeper(&mut crawl).await;
    done(&mut crawl, Command::Undo, &undone).await;
    let (add, words, undone) = seed(&own.url("/1"));
    done(&mut crawl, add, &words).await;
    only_keeper(&mut crawl).await;
    // Undone, the crawl's own origin is a seed's still.
    done(&mut crawl, Command::Undo, &undone).await;
    let (add, words, _) = seed(&own.url("/2"));
    done(&mut crawl, add, &words).await;
    only_keeper(&mut crawl).await;
    release(&mut crawl, &kept).await;
    ended(crawl).await;
    let keys = |web: &Web| -> Vec<_> {
        let has_key = |head: &str| head.to_lowercase().contains("x-key: hunter2");
        web.requests().into_iter().map(|r| (r.path.clone(), has_key(&r.head))).collect()
    };
    let pair = |path: &str, key: bool| (path.to_owned(), key);
    assert_eq!(keys(&other), [pair("/a", true), pair("/b", false), pair("/c", false)]);
    assert_eq!(keys(&own), [pair("/", true), pair("/1", true), pair("/2", true)]);
}
