//! Promise: endless sites are left after a bounded number of URLs, and ordinary ones never.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crawldeck::settings::TrapSettings;
use crawldeck::web::traps::{FetchedPage, TrapHit, TrapKind, Traps};
use proptest::prelude::*;

const HOST: &str = "site.test:81";

fn traps(change: impl FnOnce(&mut TrapSettings)) -> Traps {
    let mut settings = TrapSettings::default();
    change(&mut settings);
    Traps::in_year(&settings, 2026)
}

/// Nothing is a trap, whatever it looks like.
fn nothing() -> TrapSettings {
    TrapSettings {
        repeats: 0,
        segments: 0,
        length: 0,
        queries: 0,
        dates: 0,
        years_ahead: 0,
        sessions: 0,
        same_content: 0,
        growth: 0,
    }
}

fn judge(traps: &mut Traps, path: &str) -> Option<TrapHit> {
    traps.judge(&format!("http://{HOST}{path}"), HOST)
}

fn kind(traps: &mut Traps, path: &str) -> Option<TrapKind> {
    judge(traps, path).map(|caught| caught.kind)
}

/// The place of the first of `paths` that is caught.
fn first(traps: &mut Traps, paths: impl IntoIterator<Item = String>) -> Option<(usize, TrapKind)> {
    paths.into_iter().enumerate().find_map(|(n, path)| Some((n, kind(traps, &path)?)))
}

#[test]
fn paths_that_repeat_or_grow_are_caught() {
    use TrapKind::{Depth, Length, Repeats};
    let deep = |n: usize| (0..n).fold(String::new(), |path, n| format!("{path}/s{n}"));
    let table = [
        ("/a/a/a".to_owned(), None),
        ("/a/a/a/a".into(), Some(Repeats)),
        ("/a/b/a/b/a/b".into(), None),
        ("/x/a/b/a/b/a/b/a/b/y".into(), Some(Repeats)),
        ("/a/b/a/c/b/a/d/a/".into(), Some(Repeats)),
        ("/1/2/1/2/1/2/1/2/x".into(), Some(Repeats)),
        ("/tiles/0/0/0/0/0/0.png".into(), None),
        ("/2020/01/01/01/01/x".into(), None),
        ("/a///".into(), None),
        ("/a//////b".into(), Some(Repeats)),
        (deep(32), None),
        (format!("{}/", deep(32)), None),
        (deep(33), Some(Depth)),
        (format!("/{}", "x".repeat(4000)), None),
        (format!("/{}", "x".repeat(4096)), Some(Length)),
        ("/?q=/a/a/a/a/a/a/a".into(), None),
    ];
    for (path, expected) in table {
        assert_eq!(kind(&mut traps(|_| ()), &path), expected, "{path}");
    }
    // Pages whose relative links lead one deeper each time.
    let mut watch = traps(|_| ());
    let mut path = String::from("/about");
    let caught = (0..100).find_map(|n| {
        path.push_str(["/news", "/team"][n % 2]);
        judge(&mut watch, &path)
    });
    let caught = caught.unwrap();
    assert_eq!(caught.reason(), "trap: repeated path at site.test:81/about/news/team/…");
    let more = judge(&mut watch, &format!("{path}/news")).unwrap();
    assert_eq!((more.pattern, more.count), (caught.pattern, 2));
}

#[test]
fn combinations_of_a_few_values_are_caught_and_threads_are_not() {
    let facets = |n: u32| {
        let brand = n / 100 % 10;
        format!("/shop?color={}&size={}&sort={brand}&brand={}", n % 10, n / 10 % 10, n / 1000)
    };
    let mut watch = traps(|t| t.queries = 400);
    let (at, kind) = first(&mut watch, (0..10_000).map(facets)).unwrap();
    assert_eq!(kind, TrapKind::Queries);
    assert!((1_000..3_000).contains(&at), "{at}");
    // Twelve filters, each on or off: few values, many combinations.
    let filters = |n: u32| {
        let on = (0..12).filter(|bit| n >> bit & 1 == 1).map(|bit| format!("&f{bit}=1"));
        format!("/on?x=1{}", on.collect::<String>())
    };
    assert_eq!(first(&mut watch, (0..4_096).map(filters)), Some((400, TrapKind::Queries)));
    assert_eq!(
        judge(&mut watch, &facets(9_999)).unwrap().pattern,
        "site.test:81/shop?color=*&size=*&sort=*&brand=*"
    );
    // Another path and another host have their own count.
    assert_eq!(judge(&mut watch, "/shop/x?color=1"), None);
    assert_eq!(watch.judge("http://b.test/shop?color=1", "b.test"), None);

    let thread = |n: u32| format!("/showthread.php?t={}&page={}", n / 4, n % 4);
    let mut watch = traps(|t| t.queries = 400);
    assert_eq!(first(&mut watch, (0..19_900).map(thread)), None);
    // Values without end are endless as well, just later.
    let (at, _) = first(&mut watch, (19_900..21_000).map(thread)).unwrap();
    assert_eq!(19_900 + at, 20_000);
}

#[test]
fn calendars_end() {
    use TrapKind::Calendar;
    for path in [
        "/2031/05",
        "/cal/2031/5/17/",
        "/events/9999/12",
        "/on/2031-05-17",
        "/cal?year=2031&month=5",
        "/x?date=20310517",
        "/x?y=2029&m=1",
    ] {
        assert_eq!(kind(&mut traps(|_| ()), path), Some(Calendar), "{path}");
        assert_eq!(kind(&mut traps(|t| t.years_ahead = 0), path), None, "{path}");
    }
    for path in
        ["/2028/12/31", "/forum/4711/2", "/2031/", "/id/20310517", "/x?page=2031", "/0999/12"]
    {
        assert_eq!(kind(&mut traps(|_| ()), path), None, "{path}");
    }
    // Forwards month by month, by the year; backwards, by the number.
    let months = |from: u32| (from..).map(|n| format!("/c/{}/{}", n / 12, 1 + n % 12));
    let mut watch = traps(|_| ());
    assert_eq!(first(&mut watch, months(2026 * 12)), Some((36, Calendar)));
    assert_eq!(
        judge(&mut watch, "/c/2029/2").unwrap().reason(),
        "trap: calendar at site.test:81/c/#/#"
    );
    let mut watch = traps(|t| t.dates = 500);
    let back = (0..5_000).map(|n| format!("/c/{}/{}", 2026 - n / 12, 1 + n % 12));
    assert_eq!(first(&mut watch, back), Some((500, Calendar)));
    // Many pages about few dates are no calendar.
    let mut watch = traps(|t| t.dates = 20);
    let pages = (0..2_000).map(|n| format!("/c/2020/05/{:02}/?page={n}", 1 + n % 12));
    assert_eq!(first(&mut watch, pages), None);
    // What has a page 13 is no calendar.
    let mut watch = traps(|t| t.dates = 20);
    assert_eq!(first(&mut watch, (0..9_000).map(|n| format!("/thread/{}/{}", n / 3, n % 3))), None);
}

#[test]
fn a_page_is_fetched_under_one_session_id() {
    let id = |n: u32| {
        format!("{:032x}", u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    };
    let forms: [fn(&str) -> String; 4] = [
        |id| format!("/page;jsessionid={id}?a=b"),
        |id| format!("/(S({id}))/page"),
        |id| format!("/page?PHPSESSID={id}&a=b"),
        |id| format!("/page?a=b&sid={id}"),
    ];
    for form in forms {
        for allowed in [1, 3] {
            let mut watch = traps(|t| t.sessions = allowed);
            let found = first(&mut watch, (1..10).map(|n| form(&id(n))));
            assert_eq!(found, Some((allowed as usize, TrapKind::Session)), "{}", form("x"));
            // Another page of the same site.
            assert_eq!(judge(&mut watch, &form(&id(99)).replace("page", "other")), None);
        }
    }
    let mut watch = traps(|_| ());
    judge(&mut watch, "/page;jsessionid=1");
    let caught = judge(&mut watch, "/page;jsessionid=2").unwrap();
    assert_eq!(caught.reason(), "trap: session id at site.test:81/page;jsessionid=*");
}

#[test]
fn a_pattern_whose_pages_are_all_the_same_is_left() {
    let url = |n: u32| format!("http://{HOST}/item/{n}?from=list");
    let mut watch = traps(|_| ());
    for n in 0..25 {
        assert_eq!(watch.content(&url(n), HOST, 7), None, "{n}");
        assert_eq!(watch.judge(&url(1000 + n), HOST), None);
    }
    let found = watch.content(&url(25), HOST, 7).unwrap();
    assert_eq!((found.kind, found.count), (TrapKind::SameContent, 0));
    let caught = watch.judge(&url(26), HOST).unwrap();
    assert_eq!(caught.reason(), "trap: same content at site.test:81/item/#?from=*");
    assert_eq!(caught.count, 1);
    assert_eq!(watch.content(&url(27), HOST, 8), None);
    assert!(watch.judge(&url(28), HOST).is_some());
    assert_eq!(watch.judge(&format!("http://{HOST}/other/1"), HOST), None);

    // A shop in which every third page says that it is sold out.
    let mut watch = traps(|_| ());
    for n in 0..3_000 {
        let hash = if n % 3 == 0 { 7 } else { 100 + u64::from(n) };
        assert_eq!(watch.content(&url(n), HOST, hash), None);
    }
    // A page that is there once cannot repeat.
    for _ in 0..100 {
        assert_eq!(watch.content(&format!("http://{HOST}/about"), HOST, 7), None);
    }
}

#[test]
fn zero_turns_a_rule_off() {
    let mut watch = Traps::in_year(&nothing(), 2026);
    for n in 0..5_000 {
        let path =
            format!("/a{}/{}/12;jsessionid=1?a={}&b={}", "/a".repeat(70), 2000 + n, n % 9, n % 7);
        assert_eq!(judge(&mut watch, &path), None, "{path}");
        assert_eq!(watch.content(&format!("http://{HOST}{path}"), HOST, 7), None);
    }
    assert_eq!((watch.caught(), watch.views().len()), (0, 0));
}

#[test]
fn the_screen_sees_a_bounded_list() {
    let mut watch = traps(|t| t.length = 50);
    for n in 0..2_000 {
        judge(&mut watch, &format!("/w{}/{}", (b'a' + (n % 26) as u8) as char, "x".repeat(60)));
        judge(&mut watch, &format!("/v/v{}x/{}", "y".repeat(n % 70), "x".repeat(5_000)));
    }
    let views = watch.views();
    assert_eq!((views.len(), watch.caught()), (50, 4_000));
    assert!(views.is_sorted_by_key(|view| std::cmp::Reverse(view.count)));
    assert!(views.iter().all(|v| v.pattern.len() <= 120 && v.example.len() <= 200));
    let json = serde_json::to_value(&views[0]).unwrap();
    assert_eq!(
        (json["kind"].as_str(), json["count"].as_u64()),
        (Some("length"), Some(views[0].count))
    );
    assert!(views.iter().any(|view| view.pattern == "site.test:81/wa/…"
        || view.pattern.starts_with("site.test:81/wa/xxx")));
}

#[test]
fn ordinary_sites_pass() {
    let mut watch = traps(|_| ());
    let mut pass = |path: String| assert_eq!(judge(&mut watch, &path), None, "{path}");
    // Documentation, by version and language, with generated API pages.
    for version in ["stable", "latest", "0.3.31", "v1.2", "2023.05"] {
        for n in 0..400 {
            pass(format!("/{version}/en/api/module{n}/struct.Type{n}.html"));
            pass(format!("/{version}/en/guide/part-{}/chapter-{n}/", n / 20));
            pass(format!("/{version}/src/core/core/src/core_arch/src/x{n}/mod.rs.html"));
        }
    }
    // The first pages of a few threads with four digits, which need no year.
    for n in [2005, 2019, 2219, 2030, 9_999] {
        pass(format!("/go/{n}/1"));
    }
    // A shop with facets below the limit, and tracking of where one came from.
    for (color, size, page) in
        (0..10).flat_map(|c| (0..10).flat_map(move |s| (0..15).map(move |p| (c, s, p))))
    {
        pass(format!("/shop/shoes?color={color}&size={size}&page={page}"));
    }
    for n in 0..20_000 {
        pass(format!("/product/{n}/red-shoe-{n}?ref=list"));
    }
    // A blog of 20 years: years, months, days with a post, posts, pages.
    for year in 2006..2026 {
        pass(format!("/blog/{year}/"));
        for month in 1..=12 {
            pass(format!("/blog/{year}/{month:02}/"));
            for day in (1..=28).step_by(3) {
                pass(format!("/blog/{year}/{month:02}/{day:02}/"));
                pass(format!("/blog/{year}/{month:02}/{day:02}/a-post-{day}/"));
            }
        }
    }
    for n in 0..600 {
        pass(format!("/blog/page/{n}/"));
        pass(format!("/?p={n}&preview=true"));
    }
    // A wiki with long titles, revisions and histories.
    for n in 0..6_000 {
        let title = format!("{}_{n}_(disambiguation)", "A_rather_long_title,_with_words".repeat(4));
        pass(format!("/wiki/{title}"));
        pass(format!("/w/index.php?title={title}&action=history"));
        pass(format!("/w/index.php?title={title}&oldid={}", 9_000_000 + n));
    }
    for n in 0..500 {
        pass(format!("/wiki/%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82_{n}"));
    }
    // A forum: threads, pages, posts.
    for thread in 1..6_000 {
        for page in 1..=3 {
            pass(format!("/showthread.php?t={thread}&page={page}"));
        }
        pass(format!("/forum/{thread}/2"));
        pass(format!("/forum/{thread}/11"));
    }
    // One whose pages are numbers in the query, and a shop with pages and orders.
    for (id, page) in (0..100).flat_map(|id| (0..50).map(move |page| (id, page))) {
        pass(format!("/t?id={id}&page={page}"));
        for sort in ["price", "name", "new"] {
            pass(format!("/list?category={}&page={page}&sort={sort}", id % 40));
        }
        for action in ["view", "raw", "edit"] {
            pass(format!("/w/page?title=T{id}&oldid={}&action={action}", 50 * id + page));
        }
        pass(format!("/search?q=word{id}&page={page}"));
    }
    for n in 0..60_000 {
        pass(format!("/article.php?id={n}"));
    }
    // Web interfaces of git.
    for n in 0..4_000_u64 {
        let sha = format!(
            "{:040x}",
            u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
        );
        pass(format!("/user/repo/commit/{sha}"));
        pass(format!("/cgit/repo.git/commit/?id={sha}"));
        pass(format!("/gitweb/?p=repo.git;a=commit;h={sha}"));
        pass(format!("/user/repo/blob/{sha}/src/main/java/com/test/src/test/Main{n}.java"));
    }
    // Tiles of a map, and pictures in folders by number.
    for n in 0..500 {
        pass(format!("/tiles/{}/{}/{}.png", n % 19, n % 17, n % 13));
        pass(format!("/img/{:02}/{:02}/{n:08}.jpg", n % 100, n / 100));
    }
}

fn page(url: &str) -> FetchedPage<'_> {
    FetchedPage { url, body: None, canonical: None, title: None, length: 500, links: 5 }
}

#[test]
fn pages_addressed_by_hash_pass_while_they_differ() {
    let at = |n: u64, rest: &str| {
        let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("http://{HOST}/repo/blob/{id:016x}/{rest}")
    };
    for (same, caught) in [(false, false), (true, true)] {
        let mut watch = traps(|_| ());
        let mut judged = Vec::new();
        for n in 1..400 {
            for rest in ["a.rs", "b.rs", "c/d.rs"] {
                let url = at(n, rest);
                judged.push(watch.judge(&url, HOST).map(|caught| caught.kind));
                let length = if same { 500 } else { 500 + n };
                let copy = watch.page(&FetchedPage { length, ..page(&url) }, HOST);
                assert_eq!(copy, None);
            }
        }
        let first = judged.iter().position(Option::is_some);
        assert_eq!(first.is_some(), caught, "{first:?}");
        assert!(first.is_none_or(|at| at < 40 && judged[at] == Some(TrapKind::Session)));
        // A page that was never seen under any id is fetched once.
        assert_eq!(watch.judge(&at(1, "new.rs"), HOST), None);
        assert_eq!(watch.judge(&at(2, "new.rs"), HOST).is_some(), caught);
    }
}

#[test]
fn copies_are_told_by_body_or_by_canonical_and_title() {
    let words = ["north", "south", "east", "west", "red", "green", "blue", "gray"];
    let url = |n: usize| format!("http://{HOST}/{}/{}/", words[n % 8], words[n / 8 % 8]);
    let home = format!("http://{HOST}/home");
    let run = |look: &dyn Fn(usize) -> (Option<u64>, bool, Option<String>)| {
        let mut watch = traps(|_| ());
        (0..64).find_map(|n| {
            let (url, (body, named, title)) = (url(n), look(n));
            let canonical = named.then_some(&*home);
            let page = FetchedPage { body, canonical, title: title.as_deref(), ..page(&url) };
            watch.page(&page, HOST).map(|caught| (n, caught.pattern))
        })
    };
    assert_eq!(run(&|_| (Some(7), false, None)), Some((25, url(0))));
    assert_eq!(
        run(&|n| (Some(n as u64), true, Some(format!("Copy {n}")))),
        Some((25, home.clone()))
    );
    // Other pages, and those of a site that names its home as canonical by mistake.
    assert_eq!(run(&|n| (Some(n as u64), false, None)), None);
    let own = |n: usize| Some(format!("About {} {}", words[n % 8], words[n / 8]));
    assert_eq!(run(&|n| (Some(n as u64), true, own(n))), None);
    // Short ones say nothing.
    assert_eq!(run(&|_| (None, false, None)), None);
    let mut watch = traps(|_| ());
    let copy = TrapHit { kind: TrapKind::Copy, pattern: url(0), count: 0 };
    watch.on_copy(&url(1), &copy);
    let second = watch.on_copy(&url(2), &copy);
    assert_eq!(
        second.reason(),
        format!("trap: found on a page with the same content as {}", url(0))
    );
    assert_eq!(
        (watch.caught(), watch.views()[0].count, &watch.views()[0].pattern),
        (2, 2, &url(0))
    );
}

/// Walks a site breadth first; how many URLs were found, and the first that was caught.
fn walk(watch: &mut Traps, links: impl Fn(&str) -> Vec<String>) -> (usize, Option<TrapHit>) {
    let mut all = vec![format!("http://{HOST}/")];
    let mut at = 0;
    while at < all.len() && all.len() < 20_000 {
        let from = all[at].clone();
        watch.fetched(&from, HOST);
        for url in links(&from) {
            if let Some(caught) = watch.judge_on(&url, HOST, Some(&from)) {
                return (all.len(), Some(caught));
            }
            all.push(url);
        }
        at += 1;
    }
    (all.len(), None)
}

#[test]
fn urls_that_grow_without_end_are_caught_and_deep_sites_are_not() {
    let word = |of: &str, n: u64| {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(of.as_bytes(), n);
        (0..6).map(|at| char::from(b'a' + (hash >> (8 * at) & 15) as u8)).collect::<String>()
    };
    let (found, caught) =
        walk(&mut traps(|_| ()), |url| (0..2).map(|n| format!("{url}{}/", word(url, n))).collect());
    assert_eq!(caught.unwrap().kind, TrapKind::Growth);
    assert!(found < 1_100, "{found}");
    // Folders in folders, twelve deep, each with files.
    let tree = |url: &str| {
        let depth = url.matches('/').count() - 3;
        if !url.ends_with('/') || depth >= 12 {
            return Vec::new();
        }
        let folders = (0..2).map(|n| format!("{url}{}/", word(url, n)));
        folders.chain((0..3).map(|n| format!("{url}{}.html", word(url, n)))).collect()
    };
    let (found, caught) = walk(&mut traps(|_| ()), tree);
    assert_eq!((found, caught), (20_000 + found % 5, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_url_makes_it_panic(urls in prop::collection::vec("(http://h)?[/?;&=%()S0-9a\u{e9}-]{0,40}.{0,5}", 1..20)) {
        let mut watch = traps(|t| { t.queries = 2; t.dates = 2; t.length = 40; t.same_content = 1; });
        for url in urls {
            if let Some(caught) = watch.judge(&url, "h") {
                prop_assert!(caught.reason().len() < 200);
            }
            let _ = watch.content(&url, "h", 7);
        }
        prop_assert!(watch.views().len() <= 50);
    }
}
