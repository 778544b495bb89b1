//! Traps that pages show: the same content under many URLs, and copies that a page names.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crawldeck::web::traps::{FetchedPage, TrapHit, TrapKind};

use super::{HOST, traps};

fn page(url: &str) -> FetchedPage<'_> {
    FetchedPage { url, body: None, canonical: None, title: None, length: 500, links: 5 }
}

#[test]
fn pages_addressed_by_hash_pass_while_they_differ() {
    let at = |n: u64, rest: &str| {
        let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("http://{HOST}/repo/blob/{id:016x}/{rest}")
    };
    for (same, hit) in [(false, false), (true, true)] {
        let mut detector = traps(|_| ());
        let mut judged = Vec::new();
        for n in 1..400 {
            for rest in ["a.rs", "b.rs", "c/d.rs"] {
                let url = at(n, rest);
                judged.push(detector.judge(&url, HOST).map(|hit| hit.kind));
                let length = if same { 500 } else { 500 + n };
                let copy = detector.page(&FetchedPage { length, ..page(&url) }, HOST);
                assert_eq!(copy, None);
            }
        }
        let first = judged.iter().position(Option::is_some);
        assert_eq!(first.is_some(), hit, "{first:?}");
        assert!(first.is_none_or(|at| at < 40 && judged[at] == Some(TrapKind::Session)));
        // A page not yet seen under any id is fetched once.
        assert_eq!(detector.judge(&at(1, "new.rs"), HOST), None);
        assert_eq!(detector.judge(&at(2, "new.rs"), HOST).is_some(), hit);
    }
}

#[test]
fn copies_are_recognized_by_body_or_by_canonical_and_title() {
    let words = ["north", "south", "east", "west", "red", "green", "blue", "gray"];
    let url = |n: usize| format!("http://{HOST}/{}/{}/", words[n % 8], words[n / 8 % 8]);
    let home = format!("http://{HOST}/home");
    let run = |look: &dyn Fn(usize) -> (Option<u64>, bool, Option<String>)| {
        let mut detector = traps(|_| ());
        (0..64).find_map(|n| {
            let (url, (body, named, title)) = (url(n), look(n));
            let canonical = named.then_some(&*home);
            let page = FetchedPage { body, canonical, title: title.as_deref(), ..page(&url) };
            detector.page(&page, HOST).map(|hit| (n, hit.pattern))
        })
    };
    assert_eq!(run(&|_| (Some(7), false, None)), Some((25, url(0))));
    assert_eq!(
        run(&|n| (Some(n as u64), true, Some(format!("Copy {n}")))),
        Some((25, home.clone()))
    );
    // Different pages, and pages of a site that declares its home page as canonical by mistake.
    assert_eq!(run(&|n| (Some(n as u64), false, None)), None);
    let own = |n: usize| Some(format!("About {} {}", words[n % 8], words[n / 8]));
    assert_eq!(run(&|n| (Some(n as u64), true, own(n))), None);
    // Bodies too short to compare do not count.
    assert_eq!(run(&|_| (None, false, None)), None);
    let mut detector = traps(|_| ());
    let copy = TrapHit { kind: TrapKind::Copy, pattern: url(0), count: 0 };
    detector.on_copy(&url(1), &copy);
    let second = detector.on_copy(&url(2), &copy);
    assert_eq!(
        second.reason(),
        format!("trap: found on a page with the same content as {}", url(0))
    );
    assert_eq!(
        (detector.hits(), detector.views()[0].count, &detector.views()[0].pattern),
        (2, 2, &url(0))
    );
}

#[test]
fn a_pattern_whose_pages_are_all_the_same_is_left() {
    let url = |n: u32| format!("http://{HOST}/item/{n}?from=list");
    let mut detector = traps(|_| ());
    for n in 0..25 {
        assert_eq!(detector.content(&url(n), HOST, 7), None, "{n}");
        assert_eq!(detector.judge(&url(1000 + n), HOST), None);
    }
    let found = detector.content(&url(25), HOST, 7).unwrap();
    assert_eq!((found.kind, found.count), (TrapKind::SameContent, 0));
    let hit = detector.judge(&url(26), HOST).unwrap();
    assert_eq!(hit.reason(), "trap: same content at site.test:81/item/#?from=*");
    assert_eq!(hit.count, 1);
    assert_eq!(detector.content(&url(27), HOST, 8), None);
    assert!(detector.judge(&url(28), HOST).is_some());
    assert_eq!(detector.judge(&format!("http://{HOST}/other/1"), HOST), None);

    // A shop in which every third page says that it is sold out.
    let mut detector = traps(|_| ());
    for n in 0..3_000 {
        let hash = if n % 3 == 0 { 7 } else { 100 + u64::from(n) };
        assert_eq!(detector.content(&url(n), HOST, hash), None);
    }
    // A pattern with a single URL is no trap.
    for _ in 0..100 {
        assert_eq!(detector.content(&format!("http://{HOST}/about"), HOST, 7), None);
    }
}
