//! Traps that URLs show: repetitions, query combinations, calendars, session ids, growth.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crawldeck::settings::TrapSettings;
use crawldeck::web::traps::{TrapHit, TrapKind, Traps};
use proptest::prelude::*;

use super::{HOST, first, judge, kind, traps};

/// Settings that turn every rule off.
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
    // Pages whose relative links lead one level deeper each time.
    let mut detector = traps(|_| ());
    let mut path = String::from("/about");
    let hit = (0..100).find_map(|n| {
        path.push_str(["/news", "/team"][n % 2]);
        judge(&mut detector, &path)
    });
    let hit = hit.unwrap();
    assert_eq!(hit.reason(), "trap: repeated path at site.test:81/about/news/team/…");
    let more = judge(&mut detector, &format!("{path}/news")).unwrap();
    assert_eq!((more.pattern, more.count), (hit.pattern, 2));
}

#[test]
fn combinations_of_a_few_values_are_caught_and_threads_are_not() {
    let facets = |n: u32| {
        let brand = n / 100 % 10;
        format!("/shop?color={}&size={}&sort={brand}&brand={}", n % 10, n / 10 % 10, n / 1000)
    };
    let mut detector = traps(|t| t.queries = 400);
    let (at, kind) = first(&mut detector, (0..10_000).map(facets)).unwrap();
    assert_eq!(kind, TrapKind::Queries);
    assert!((1_000..3_000).contains(&at), "{at}");
    // Twelve filters, each on or off: few values, many combinations.
    let filters = |n: u32| {
        let on = (0..12).filter(|bit| n >> bit & 1 == 1).map(|bit| format!("&f{bit}=1"));
        format!("/on?x=1{}", on.collect::<String>())
    };
    assert_eq!(first(&mut detector, (0..4_096).map(filters)), Some((400, TrapKind::Queries)));
    assert_eq!(
        judge(&mut detector, &facets(9_999)).unwrap().pattern,
        "site.test:81/shop?color=*&size=*&sort=*&brand=*"
    );
    // Another path and another host have their own count.
    assert_eq!(judge(&mut detector, "/shop/x?color=1"), None);
    assert_eq!(detector.judge("http://b.test/shop?color=1", "b.test"), None);

    let thread = |n: u32| format!("/showthread.php?t={}&page={}", n / 4, n % 4);
    let mut detector = traps(|t| t.queries = 400);
    assert_eq!(first(&mut detector, (0..19_900).map(thread)), None);
    // Endless new values are a trap too, only later.
    let (at, _) = first(&mut detector, (19_900..21_000).map(thread)).unwrap();
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
    // Month by month forwards, limited by the year; backwards, limited by the number of dates.
    let months = |from: u32| (from..).map(|n| format!("/c/{}/{}", n / 12, 1 + n % 12));
    let mut detector = traps(|_| ());
    assert_eq!(first(&mut detector, months(2026 * 12)), Some((36, Calendar)));
    assert_eq!(
        judge(&mut detector, "/c/2029/2").unwrap().reason(),
        "trap: calendar at site.test:81/c/#/#"
    );
    let mut detector = traps(|t| t.dates = 500);
    let back = (0..5_000).map(|n| format!("/c/{}/{}", 2026 - n / 12, 1 + n % 12));
    assert_eq!(first(&mut detector, back), Some((500, Calendar)));
    // Many pages about few dates are no calendar.
    let mut detector = traps(|t| t.dates = 20);
    let pages = (0..2_000).map(|n| format!("/c/2020/05/{:02}/?page={n}", 1 + n % 12));
    assert_eq!(first(&mut detector, pages), None);
    // A pattern with a page 13 is no calendar.
    let mut detector = traps(|t| t.dates = 20);
    assert_eq!(
        first(&mut detector, (0..9_000).map(|n| format!("/thread/{}/{}", n / 3, n % 3))),
        None
    );
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
            let mut detector = traps(|t| t.sessions = allowed);
            let found = first(&mut detector, (1..10).map(|n| form(&id(n))));
            assert_eq!(found, Some((allowed as usize, TrapKind::Session)), "{}", form("x"));
            // Another page of the same site.
            assert_eq!(judge(&mut detector, &form(&id(99)).replace("page", "other")), None);
        }
    }
    let mut detector = traps(|_| ());
    judge(&mut detector, "/page;jsessionid=1");
    let hit = judge(&mut detector, "/page;jsessionid=2").unwrap();
    assert_eq!(hit.reason(), "trap: session id at site.test:81/page;jsessionid=*");
}

#[test]
fn zero_turns_a_rule_off() {
    let mut detector = Traps::in_year(&nothing(), 2026);
    for n in 0..5_000 {
        let path =
            format!("/a{}/{}/12;jsessionid=1?a={}&b={}", "/a".repeat(70), 2000 + n, n % 9, n % 7);
        assert_eq!(judge(&mut detector, &path), None, "{path}");
        assert_eq!(detector.content(&format!("http://{HOST}{path}"), HOST, 7), None);
    }
    assert_eq!((detector.hits(), detector.views().len()), (0, 0));
}

#[test]
fn the_screen_sees_a_bounded_list() {
    let mut detector = traps(|t| t.length = 50);
    for n in 0..2_000 {
        judge(&mut detector, &format!("/w{}/{}", (b'a' + (n % 26) as u8) as char, "x".repeat(60)));
        judge(&mut detector, &format!("/v/v{}x/{}", "y".repeat(n % 70), "x".repeat(5_000)));
    }
    let views = detector.views();
    assert_eq!((views.len(), detector.hits()), (50, 4_000));
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
    let mut detector = traps(|_| ());
    let mut pass = |path: String| assert_eq!(judge(&mut detector, &path), None, "{path}");
    // Documentation, by version and language, with generated API pages.
    for version in ["stable", "latest", "0.3.31", "v1.2", "2023.05"] {
        for n in 0..400 {
            pass(format!("/{version}/en/api/module{n}/struct.Type{n}.html"));
            pass(format!("/{version}/en/guide/part-{}/chapter-{n}/", n / 20));
            pass(format!("/{version}/src/core/core/src/core_arch/src/x{n}/mod.rs.html"));
        }
    }
    // The first pages of a few threads whose number has four digits and is no year.
    for n in [2005, 2019, 2219, 2030, 9_999] {
        pass(format!("/go/{n}/1"));
    }
    // A shop with facets below the limit, and a parameter for the referring page.
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
    // A forum with page numbers in the query, and a shop with pages and sort orders.
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

/// Crawls a site breadth first; returns the number of URLs found, and the first trap.
fn walk(detector: &mut Traps, links: impl Fn(&str) -> Vec<String>) -> (usize, Option<TrapHit>) {
    let mut all = vec![format!("http://{HOST}/")];
    let mut at = 0;
    while at < all.len() && all.len() < 20_000 {
        let from = all[at].clone();
        detector.fetched(&from, HOST);
        for url in links(&from) {
            if let Some(hit) = detector.judge_on(&url, HOST, Some(&from)) {
                return (all.len(), Some(hit));
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
    let (found, hit) =
        walk(&mut traps(|_| ()), |url| (0..2).map(|n| format!("{url}{}/", word(url, n))).collect());
    assert_eq!(hit.unwrap().kind, TrapKind::Growth);
    assert!(found < 1_100, "{found}");
    // Nested folders, twelve deep, each with files.
    let tree = |url: &str| {
        let depth = url.matches('/').count() - 3;
        if !url.ends_with('/') || depth >= 12 {
            return Vec::new();
        }
        let folders = (0..2).map(|n| format!("{url}{}/", word(url, n)));
        folders.chain((0..3).map(|n| format!("{url}{}.html", word(url, n)))).collect()
    };
    let (found, hit) = walk(&mut traps(|_| ()), tree);
    assert_eq!((found, hit), (20_000 + found % 5, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_url_makes_it_panic(urls in prop::collection::vec("(http://h)?[/?;&=%()S0-9a\u{e9}-]{0,40}.{0,5}", 1..20)) {
        let mut detector = traps(|t| { t.queries = 2; t.dates = 2; t.length = 40; t.same_content = 1; });
        for url in urls {
            if let Some(hit) = detector.judge(&url, "h") {
                prop_assert!(hit.reason().len() < 200);
            }
            let _ = detector.content(&url, "h", 7);
        }
        prop_assert!(detector.views().len() <= 50);
    }
}
