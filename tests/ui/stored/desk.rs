//! A dashboard with a database in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::model::ids::{PageId, page_id, seq_of};
use crawldeck::model::page_state::PageState;
use crawldeck::store::{
    Between, InboundLink, PageFilter, PagesRead, PreviousLink, StoreError, StoredPage, StoredPages,
};
use crawldeck::ui::app::App;
use crawldeck::ui::stored::reading::{ReadingTask, StoredLink, start};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::fixtures;
use crate::keyboard::press;
use crate::screen::render;

pub(super) const CRAWL: i64 = 7;
pub(super) const SITE: &str = "http://127.0.0.1:8700";

/// A database in memory. It answers once its gate is open, and not while it is away.
pub(super) struct Fake {
    pub(super) pages: Vec<StoredPage>,
    pub(super) links: Vec<InboundLink>,
    pub(super) gate: watch::Sender<bool>,
    pub(super) away: AtomicBool,
    pub(super) closed: AtomicBool,
    /// Filters and ranges that were asked for.
    pub(super) asked: Mutex<Vec<(PageFilter, Between)>>,
}

/// A page, of which every tenth failed.
pub(super) fn page(seq: u32) -> StoredPage {
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
    pub(super) fn new(pages: u32, links: u32) -> Arc<Self> {
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
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) snapshot: Snapshot,
    pub(super) link: StoredLink,
    pub(super) task: ReadingTask,
    pub(super) size: (u16, u16),
}

impl Desk {
    pub(super) fn new(fake: &Arc<Fake>) -> Self {
        let (link, task) = start(Arc::clone(fake) as Arc<dyn StoredPages>);
        let mut app = App::new();
        (app.stored.readable, app.stored.links) = (true, true);
        Self { app, snapshot: fixtures::permits_limited(), link, task, size: (120, 40) }
    }

    /// The screen, line by line.
    pub(super) fn screen(&mut self) -> String {
        let buffer = render(&mut self.app, &self.snapshot, self.size);
        let rows = buffer.content.chunks(self.size.0.into());
        let row = |row: &[ratatui::buffer::Cell]| -> String {
            let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            text.trim_end().to_owned() + "\n"
        };
        rows.map(row).collect()
    }

    /// Presses keys, then draws, as the loop of the dashboard does.
    pub(super) fn press(&mut self, keys: &str) -> String {
        press(&mut self.app, &self.snapshot, keys);
        self.screen()
    }

    /// Takes in what is read until nothing more comes, drawing each time; the screen then.
    pub(super) async fn settle(&mut self) -> String {
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
    pub(super) fn rows(&self) -> Vec<u32> {
        self.app.stored.list.rows().iter().map(|page| seq_of(page.id)).collect()
    }
}
