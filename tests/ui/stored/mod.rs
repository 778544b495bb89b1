//! The promise: the Pages tab shows every stored page, and what is read from the database is told while it is read,
//! when it is not there, and when it cannot be read.

mod desk;
mod detail;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crawldeck::store::{PageFilter, StoredPage};

use self::desk::{Desk, Fake, page};
use crate::fixtures;
use crate::keyboard::said;

#[tokio::test(start_paused = true)]
async fn the_frame_names_the_source_and_the_key_to_the_other() {
    let fake = Fake::new(30, 0);
    let mut desk = Desk::new(&fake);
    let screen = desk.press("4");
    assert!(screen.contains("this run, last 40") && screen.contains("B all stored"), "{screen}");
    desk.press("B");
    let screen = desk.settle().await;
    assert!(screen.contains(" all stored   30 ") && screen.contains("B this run"), "{screen}");
    desk.size = (120, 24);
    insta::assert_snapshot!("stored_pages", desk.screen());
    desk.size = (80, 24);
    insta::assert_snapshot!("stored_pages_narrow", desk.screen());
    let screen = desk.press("B");
    assert!(screen.contains("this run, last 40"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn reading_is_told_and_holds_up_no_key() {
    let fake = Fake::new(30, 0);
    fake.gate.send_replace(false);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    let screen = desk.settle().await;
    assert!(screen.contains("reading…") && !screen.contains("/p/0030"), "{screen}");
    // The database is silent, and every key is answered.
    assert!(desk.press("1").contains("limited by"));
    assert!(desk.press("4").contains("reading…"));
    fake.gate.send_replace(true);
    let screen = desk.settle().await;
    assert!(screen.contains("/p/0030") && !screen.contains("reading…"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn scrolling_beyond_the_end_reads_the_next_page() {
    let fake = Fake::new(450, 0);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    let screen = desk.settle().await;
    assert!(screen.contains("200 so far"), "{screen}");
    // Nobody has scrolled: nothing more is read.
    assert_eq!(desk.rows().len(), 200);
    for rows in [400, 450] {
        desk.press("G");
        desk.settle().await;
        assert_eq!(desk.rows().len(), rows);
    }
    assert_eq!(desk.rows(), (1..=450).rev().collect::<Vec<_>>());
    let screen = desk.press("G");
    assert!(screen.contains("/p/0001") && !screen.contains("so far"), "{screen}");
    // From the top it is read anew, newest first.
    desk.press("g");
    desk.settle().await;
    assert_eq!(desk.rows().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_filter_is_the_database_s_and_only_the_newest_answer_counts() {
    let fake = Fake::new(450, 0);
    fake.gate.send_replace(false);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    desk.settle().await;
    // Typed while the first answer is on its way.
    for key in ["/", "4", "0", "4", "\n"] {
        desk.press(key);
        desk.link.want(desk.app.wanted(&desk.snapshot));
    }
    assert!(desk.rows().is_empty());
    fake.gate.send_replace(true);
    let screen = desk.settle().await;
    assert!(screen.contains("filter 404") && screen.contains("all stored   45"), "{screen}");
    assert_eq!(desk.rows(), (1..=45).rev().map(|n| n * 10).collect::<Vec<_>>());
    assert_eq!(fake.asked.lock().unwrap().last().unwrap().0, PageFilter::new("404"));
    desk.press("\x1b");
    assert_eq!(desk.settle().await.matches("filter 404").count(), 0);
    assert_eq!(desk.rows().len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_takes_long_shows_what_it_has_and_how_much_is_left() {
    // Each step looks through a window of ids: so many pages need several.
    let mut fake = Fake::new(0, 0);
    let found = |seq| StoredPage { status: Some(503), ..page(seq) };
    Arc::get_mut(&mut fake).unwrap().pages = [3_000_000, 2_999_999, 7].map(found).to_vec();
    let mut desk = Desk::new(&fake);
    desk.press("4B/503\n");
    desk.link.want(desk.app.wanted(&desk.snapshot));
    let first = desk.link.answer().await.unwrap();
    desk.app.receive(first);
    let screen = desk.screen();
    assert_eq!(desk.rows(), [3_000_000, 2_999_999]);
    assert!(screen.contains("reading… 2,991,8"), "{screen}");
    assert!(screen.contains("pages to look through"), "{screen}");
    let screen = desk.settle().await;
    assert_eq!(desk.rows(), [3_000_000, 2_999_999, 7]);
    assert!(!screen.contains("reading…"), "{screen}");
    let asked = fake.asked.lock().unwrap();
    assert!(asked.len() > 5, "{asked:?}");
    for pair in asked.windows(2) {
        // No id is looked at twice, and none is left out.
        assert_eq!(pair[1].1.below, pair[0].1.above + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_told_and_read_again() {
    let fake = Fake::new(30, 0);
    fake.away.store(true, Ordering::SeqCst);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    let screen = desk.settle().await;
    assert!(screen.contains("reads again: ") && screen.contains("refused"), "{screen}");
    assert!(!screen.contains('\x1b'), "{screen}");
    fake.away.store(false, Ordering::SeqCst);
    desk.press("g");
    let screen = desk.settle().await;
    assert!(screen.contains("/p/0030") && !screen.contains("reads again"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn nothing_stored_and_nothing_found_are_told() {
    let mut desk = Desk::new(&Fake::new(0, 0));
    desk.press("4B");
    assert!(desk.settle().await.contains("no page is stored yet"));
    desk.press("/xyz\n");
    assert!(desk.settle().await.contains("no stored page passes the filter"));
    desk.press("\n");
    assert_eq!(said(&desk.app, &desk.snapshot), "no page to open");
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_nothing_there_say_why() {
    let mut desk = Desk::new(&Fake::new(5, 0));
    desk.press("B");
    assert_eq!(said(&desk.app, &desk.snapshot), "stored pages are shown on the Pages tab");
    desk.press("4B");
    desk.settle().await;
    desk.press("s");
    assert!(said(&desk.app, &desk.snapshot).contains("stand in one order"));
    desk.app.stored.readable = false;
    desk.press("BB");
    assert_eq!(said(&desk.app, &desk.snapshot), "the database cannot be read here");
}

#[tokio::test(start_paused = true)]
async fn it_works_when_the_crawl_is_over() {
    let fake = Fake::new(30, 3);
    let mut desk = Desk::new(&fake);
    desk.snapshot = fixtures::complete();
    desk.press("4B");
    assert!(desk.settle().await.contains("/p/0030"));
    desk.press("\n");
    assert!(desk.settle().await.contains("linked from 3 pages"));
}

#[tokio::test(start_paused = true)]
async fn the_connection_is_closed_with_the_dashboard() {
    let fake = Fake::new(30, 0);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    desk.settle().await;
    assert!(!fake.closed.load(Ordering::SeqCst));
    let Desk { link, task, .. } = desk;
    drop(link);
    task.ended().await;
    assert!(fake.closed.load(Ordering::SeqCst));
    // Nor does a silent database keep anyone waiting.
    let fake = Fake::new(30, 0);
    fake.gate.send_replace(false);
    let mut desk = Desk::new(&fake);
    desk.press("4B");
    desk.settle().await;
    let Desk { link, task, .. } = desk;
    drop(link);
    let since = tokio::time::Instant::now();
    task.ended().await;
    assert!(since.elapsed() <= Duration::from_secs(1));
}
