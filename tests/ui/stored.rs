//! The promise: the Pages tab shows every stored page, a detail every page that links to it, and what is read
//! from the database is told while it is read, when it is not there, and when it cannot be read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawldeck::crawl::protocol::snapshot::{PageView, RecentFailure, Snapshot};
use crawldeck::model::ids::{PageId, page_id, seq_of};
use crawldeck::model::page_state::PageState;
use crawldeck::store::{
    Between, InboundLink, PageFilter, PagesRead, PreviousLink, StoreError, StoredPage, StoredPages,
};
use crawldeck::ui::app::App;
use crawldeck::ui::stored::reading::{ReadingTask, StoredLink, start};
use crossterm::event::{KeyCode, KeyEvent};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::fixtures;
use crate::keyboard::{press, said};
use crate::screen::render;

const CRAWL: i64 = 7;
const SITE: &str = "http://127.0.0.1:8700";

/// A database in memory. It answers once its gate is open, and not while it is away.
struct Fake {
    pages: Vec<StoredPage>,
    links: Vec<InboundLink>,
    gate: watch::Sender<bool>,
    away: AtomicBool,
    closed: AtomicBool,
    /// Filters and ranges that were asked for.
    asked: Mutex<Vec<(PageFilter, Between)>>,
}

/// A page, of which every tenth failed.
fn page(seq: u32) -> StoredPage {
    let failed = seq.is_multiple_of(10);
    StoredPage {
        id: page_id(CRAWL, seq),
        url: format!("{SITE}/p/{seq:04}").into(),
        state: if failed { PageState::Failed } else { PageState::Ok },
        status: Some(if failed { 404 } else { 200 }),
        content_length: 20_480,
        content_type: Some("text/html".to_owned()),
        title: Some(format!("Page {seq}")),
        depth: 2,
        elapsed_ms: 120,
        attempts: 1,
        final_url: None,
        redirects: None,
        error: None,
        not_parsed: None,
        found_on: (seq > 1).then(|| page_id(CRAWL, 1)),
        links_found: 3,
        created_at_ms: 1_793_534_400_000 + i64::from(seq) * 1000,
    }
}

impl Fake {
    fn new(pages: u32, links: u32) -> Arc<Self> {
        let link = |seq| InboundLink {
            from: page_id(CRAWL, seq),
            url: format!("{SITE}/from/{seq:04}").into(),
            anchor: (seq % 2 == 1).then(|| format!("to \u{202e}page\x1b {seq}").into()),
        };
        Arc::new(Self {
            pages: (1..=pages).rev().map(page).collect(),
            links: (1..=links).map(link).collect(),
            gate: watch::Sender::new(true),
            away: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            asked: Mutex::default(),
        })
    }

    async fn answers<T>(&self, answer: T) -> Result<T, StoreError> {
        let _ = self.gate.subscribe().wait_for(|open| *open).await;
        if self.away.load(Ordering::SeqCst) {
            let why = "connection \x1b[31mrefused".to_owned();
            return Err(StoreError::Unreachable { db: "postgres://h/c".to_owned(), why });
        }
        Ok(answer)
    }
}

impl StoredPages for Fake {
    fn newest(&self) -> BoxFuture<'_, Result<Option<PageId>, StoreError>> {
        Box::pin(self.answers(self.pages.first().map(|page| page.id)))
    }

    fn pages<'a>(
        &'a self,
        ids: Between,
        filter: &'a PageFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<PagesRead, StoreError>> {
        self.asked.lock().unwrap().push((filter.clone(), ids));
        let within = self.pages.iter().filter(|page| page.id > ids.above && page.id < ids.below);
        let passing = within.filter(|page| filter.passes(page.filtered()));
        let pages: Vec<_> = passing.take(limit as usize).cloned().collect();
        let full = pages.len() == limit as usize;
        let ended_at = pages.last().filter(|_| full).map(|page| page.id);
        Box::pin(self.answers(PagesRead { pages, ended_at }))
    }

    fn links_to(
        &self,
        _: PageId,
        ids: Between,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<InboundLink>, StoreError>> {
        let within =
            self.links.iter().filter(|link| link.from > ids.above && link.from < ids.below);
        Box::pin(self.answers(within.take(limit as usize).cloned().collect()))
    }

    fn links_from(
        &self,
        _: PageId,
        _: u32,
    ) -> BoxFuture<'_, Result<Vec<PreviousLink>, StoreError>> {
        let link = PreviousLink { url: format!("{SITE}/leads/to").into(), anchor: None };
        Box::pin(self.answers(vec![link]))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.closed.store(true, Ordering::SeqCst);
        Box::pin(async {})
    }
}

/// A dashboard with the task that reads for it.
struct Desk {
    app: App,
    snapshot: Snapshot,
    link: StoredLink,
    task: ReadingTask,
    size: (u16, u16),
}

impl Desk {
    fn new(fake: &Arc<Fake>) -> Self {
        let (link, task) = start(Arc::clone(fake) as Arc<dyn StoredPages>);
        let mut app = App::new();
        (app.stored.readable, app.stored.links) = (true, true);
        Self { app, snapshot: fixtures::permits_limited(), link, task, size: (120, 40) }
    }

    /// The screen, line by line.
    fn screen(&mut self) -> String {
        let buffer = render(&mut self.app, &self.snapshot, self.size);
        let rows = buffer.content.chunks(self.size.0.into());
        let row = |row: &[ratatui::buffer::Cell]| -> String {
            let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            text.trim_end().to_owned() + "\n"
        };
        rows.map(row).collect()
    }

    /// Presses keys, then draws, as the loop of the dashboard does.
    fn press(&mut self, keys: &str) -> String {
        press(&mut self.app, &self.snapshot, keys);
        self.screen()
    }

    /// Takes in what is read until nothing more comes, drawing each time; the screen then.
    async fn settle(&mut self) -> String {
        loop {
            self.link.want(self.app.wanted(&self.snapshot));
            // The clock is paused: it runs on when all tasks wait.
            let answer = tokio::time::timeout(Duration::from_secs(1), self.link.answer()).await;
            let Ok(answer) = answer else { return self.screen() };
            self.app.receive(answer.unwrap());
            self.screen();
        }
    }

    /// Numbers of the rows read so far.
    fn rows(&self) -> Vec<u32> {
        self.app.stored.list.rows().iter().map(|page| seq_of(page.id)).collect()
    }
}

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
