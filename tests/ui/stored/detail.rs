//! The promise: a detail lists every page that links to it and says where it was found, in whatever run, and so do
//! failures on the Deck.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crawldeck::crawl::protocol::snapshot::{PageView, RecentFailure, Snapshot};
use crawldeck::model::ids::page_id;
use crossterm::event::{KeyCode, KeyEvent};

use super::desk::{CRAWL, Desk, Fake, SITE};

/// A page of this run, found on a page of an earlier one.
fn found_earlier(snapshot: &mut Snapshot, found_on: Option<i64>) {
    let newest = PageView {
        found_on: None,
        found_on_id: found_on,
        links: Vec::new(),
        ..PageView::clone(&snapshot.recent[0])
    };
    snapshot.recent = [Arc::new(newest)].into();
}

#[tokio::test(start_paused = true)]
async fn a_detail_lists_all_pages_that_link_to_it_with_their_texts() {
    let fake = Fake::new(450, 430);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    desk.settle().await;
    desk.press("jj\n");
    let screen = desk.settle().await;
    assert!(screen.contains("page 448"), "{screen}");
    assert!(screen.contains(&format!("found on    {SITE}/p/0001")), "{screen}");
    assert!(screen.contains(&format!("{SITE}/leads/to")), "{screen}");
    assert!(screen.contains("linked from 200 pages so far, more below"), "{screen}");
    insta::assert_snapshot!("stored_detail", screen);
    let mut seen = std::collections::BTreeSet::new();
    let (url, text) = (regex::Regex::new(r"/from/(\d{4})").unwrap(), "“to");
    let mut texts = 0;
    for _ in 0..80 {
        desk.app.key(KeyEvent::from(KeyCode::PageDown), &desk.snapshot);
        let screen = desk.settle().await;
        assert!(!screen.contains('\x1b') && !screen.contains('\u{202e}'), "{screen}");
        texts = texts.max(screen.matches(text).count());
        seen.extend(url.captures_iter(&screen).map(|found| found[1].parse::<u32>().unwrap()));
    }
    assert_eq!(seen, (1..=430).collect());
    assert!(texts > 5, "every second link has a text");
    for _ in 0..80 {
        desk.app.key(KeyEvent::from(KeyCode::PageUp), &desk.snapshot);
        desk.screen();
    }
    let screen = desk.screen();
    assert!(screen.contains("linked from 430 pages"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn a_detail_says_why_there_are_no_links() {
    for (stored, words) in
        [(false, "not stored: --store-links no"), (true, "no page that is saved")]
    {
        let mut desk = Desk::new(&Fake::new(5, 0));
        desk.app.stored.links = stored;
        desk.press("4B");
        desk.settle().await;
        desk.press("\n");
        let screen = desk.settle().await;
        assert!(screen.contains(words), "{screen}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_found_on_one_of_an_earlier_run_says_on_which() {
    let url = format!("{SITE}/p/0012");
    for (found_on, reading, read) in [
        (Some(page_id(CRAWL, 12)), "reading…", url.as_str()),
        (Some(page_id(CRAWL, 99_999)), "reading…", "page 99,999, which is not stored"),
        (None, "no page: a seed, or from a sitemap", "no page: a seed, or from a sitemap"),
    ] {
        let fake = Fake::new(30, 0);
        fake.gate.send_replace(false);
        let mut desk = Desk::new(&fake);
        found_earlier(&mut desk.snapshot, found_on);
        desk.press("4\n");
        let screen = desk.settle().await;
        assert!(screen.contains(&format!("found on    {reading}")), "{screen}");
        fake.gate.send_replace(true);
        let screen = desk.settle().await;
        assert!(screen.contains(&format!("found on    {read}")), "{screen}");
    }
    // Nor does a database that is away make a blank of it.
    let fake = Fake::new(30, 0);
    fake.away.store(true, Ordering::SeqCst);
    let mut desk = Desk::new(&fake);
    found_earlier(&mut desk.snapshot, Some(page_id(CRAWL, 12)));
    desk.press("4\n");
    let screen = desk.settle().await;
    assert!(screen.contains("found on    page 12"), "{screen}");
    assert!(screen.contains("linked from cannot be read: "), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn failures_name_the_page_of_an_earlier_run_they_were_found_on() {
    let fake = Fake::new(30, 0);
    fake.gate.send_replace(false);
    let mut desk = Desk::new(&fake);
    let failure = |url: &str, found_on| {
        Arc::new(RecentFailure {
            at_s: 160.0,
            url: format!("{SITE}{url}").into(),
            what: "404".to_owned(),
            attempt: 1,
            attempts: 3,
            next_at_s: None,
            found_on: None,
            found_on_id: Some(page_id(CRAWL, found_on)),
        })
    };
    desk.snapshot.failures = [failure("/gone", 12), failure("/lost", 999)].into();
    desk.size = (160, 40);
    let screen = desk.settle().await;
    assert!(screen.contains("linked from page 12"), "{screen}");
    fake.gate.send_replace(true);
    let screen = desk.settle().await;
    assert!(screen.contains("linked from /p/0012"), "{screen}");
    assert!(screen.contains("linked from page 999"), "{screen}");
    // It is asked once, not with each snapshot.
    let asked = fake.asked.lock().unwrap().len();
    desk.snapshot.seq += 1;
    desk.settle().await;
    assert_eq!((asked, fake.asked.lock().unwrap().len()), (2, 2));
}
