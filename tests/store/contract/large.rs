//! How long a viewer waits for the pages of a crawl with ten million links: printed by `tests/long.sh pages`.
//! `PAGES=N` makes it larger or smaller; `WITHOUT_INDEX=1` only saves, without the index of links by target.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::{Duration, Instant};

use crawldeck::model::ids::seq_of;
use crawldeck::store::PageFilter;
use crawldeck::ui::stored::reading::{StoredLink, start};
use crawldeck::ui::stored::wanted::{
    DetailPart, DetailQuestion, ListQuestion, SearchProgress, StoredAnswer, Wanted,
};

use super::*;

/// Pages, unless `PAGES` says how many, and links of each: ten million.
const PAGES: u32 = 333_334;
const LINKS: u32 = 30;
/// Pages that every page may link to.
const HUBS: u32 = 20;
/// One page of so many is not found.
const BROKEN: u32 = 5_000;

/// A page of a site of articles; the URL of each is told by its number.
fn article(crawl: CrawlId, seq: u32) -> PageRow {
    let broken = seq.is_multiple_of(BROKEN);
    PageRow {
        state: if broken { PageState::Failed } else { PageState::Ok },
        status: Some(if broken { 404 } else { 200 }),
        title: Some(format!("An article about the subject with the number {seq}")),
        error: broken.then(|| "404 Not Found".to_owned()),
        content_type: Some("text/html; charset=utf-8".to_owned()),
        found_on: (seq > 1).then(|| page_id(crawl, seq / 8 + 1)),
        links_found: LINKS,
        ..page(crawl, seq)
    }
}

/// The links of a page: some to the hubs, the others anywhere among what is known.
fn links(crawl: CrawlId, from: u32, pages: u32, rng: &mut fastrand::Rng) -> Vec<LinkRow> {
    let known = pages.min(from.saturating_mul(8) + 1).max(HUBS);
    let mut targets: Vec<u32> = (0..LINKS / 5).map(|_| rng.u32(1..=HUBS)).collect();
    targets.extend((targets.len() as u32..LINKS).map(|_| rng.u32(1..=known)));
    targets.sort_unstable();
    targets.dedup();
    let row =
        |to| LinkRow { anchor: Some(format!("article {to}").into()), ..link(crawl, from, to) };
    targets.into_iter().map(row).collect()
}

async fn fill(store: &Db, pages: u32) -> CrawlId {
    let crawl = store.create_crawl("{}").await.unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut count, mut saving) = (0, Duration::ZERO);
    for from in (1..=pages).step_by(500) {
        let to = (from + 500).min(pages + 1);
        let batch = Batch {
            pages: (from..to).map(|seq| article(crawl, seq)).collect(),
            links: (from..to).flat_map(|seq| links(crawl, seq, pages, &mut rng)).collect(),
            ..Batch::default()
        };
        count += batch.links.len();
        let since = Instant::now();
        store.commit(crawl, &batch).await.unwrap();
        saving += since.elapsed();
    }
    println!(
        "{count} links of {pages} pages saved in {:.0} s: {:.0} links/s",
        saving.as_secs_f64(),
        count as f64 / saving.as_secs_f64()
    );
    crawl
}

/// How long the first answer took, the first with rows, and the last; how many rows.
#[derive(Default)]
struct Took {
    first: Option<Duration>,
    rows: Option<Duration>,
    last: Duration,
    count: usize,
}

impl Took {
    fn part(&mut self, since: Instant, rows: usize) {
        let now = since.elapsed();
        self.first.get_or_insert(now);
        if rows > 0 {
            self.rows.get_or_insert(now);
        }
        (self.last, self.count) = (now, self.count + rows);
    }

    fn print(&self, name: &str) {
        let ms = |took: Option<Duration>| {
            took.map_or_else(
                || "-".to_owned(),
                |took| format!("{:.1} ms", took.as_secs_f64() * 1e3),
            )
        };
        println!(
            "| {name:<38} | {:>9} | {:>10} | {:>10} | {:>4} |",
            ms(self.first),
            ms(self.rows),
            ms(Some(self.last)),
            self.count
        );
    }
}

/// Asks for a page of the list; where the next one begins.
async fn list(
    link: &mut StoredLink,
    number: &mut u64,
    (name, typed): (&str, &str),
    below: Option<PageId>,
) -> PageId {
    *number += 1;
    let question = ListQuestion { number: *number, filter: PageFilter::new(typed), below };
    let since = Instant::now();
    link.want(Wanted { list: Some(question), ..Wanted::default() });
    let mut took = Took::default();
    loop {
        let Some(StoredAnswer::List(answered, Ok(part))) = link.answer().await else {
            panic!("{name}")
        };
        assert_eq!(answered, *number);
        took.part(since, part.rows.len());
        if part.progress != SearchProgress::Searching {
            took.print(name);
            return part.below;
        }
    }
}

/// Asks for the detail of a page.
async fn detail(link: &mut StoredLink, number: &mut u64, name: &str, page: PageId) -> usize {
    *number += 1;
    let found_on = Some(page - 1);
    let question = DetailQuestion { number: *number, page, found_on, above: None };
    let since = Instant::now();
    link.want(Wanted { detail: Some(question), ..Wanted::default() });
    let mut took = Took::default();
    loop {
        match link.answer().await {
            Some(StoredAnswer::Detail(_, Ok(DetailPart::Head { found_on, .. }))) => {
                assert!(found_on.is_some());
                took.part(since, 0);
            }
            Some(StoredAnswer::Detail(_, Ok(DetailPart::Links { links, progress, .. }))) => {
                took.part(since, links.len());
                if progress != SearchProgress::Searching {
                    took.print(name);
                    return took.count;
                }
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

pub(super) async fn times(store: &Db) {
    let pages = std::env::var("PAGES").map_or(PAGES, |pages| pages.parse().unwrap());
    if std::env::var_os("WITHOUT_INDEX").is_some() {
        // What saving costs without it, for comparison.
        let drop = if matches!(store.place, Place::MySql(..)) { " ON links" } else { "" };
        store.place.execute(&format!("DROP INDEX links_by_target{drop}")).await;
        fill(store, pages).await;
        return;
    }
    let crawl = fill(store, pages).await;
    let (mut link, task) = start(store.stored_pages(crawl));
    let number = &mut 0;
    println!("| question | first answer | first rows | whole | rows |\n|---|---|---|---|---|");
    let next = list(&mut link, number, ("first page", ""), None).await;
    let next = list(&mut link, number, ("next page", ""), Some(next)).await;
    assert_eq!(seq_of(next), pages - 399);
    list(&mut link, number, ("a page in the middle", ""), Some(page_id(crawl, pages / 2))).await;
    list(&mut link, number, ("text that many have", "subject"), None).await;
    list(&mut link, number, ("text that one old page has", "/page/77777"), None).await;
    list(&mut link, number, ("text that none has", "no such text"), None).await;
    list(&mut link, number, ("text beyond ASCII that none has", "größe"), None).await;
    list(&mut link, number, ("status 404, one of 5,000", "404"), None).await;
    list(&mut link, number, ("status 418, none", "418"), None).await;
    list(&mut link, number, ("class 4xx", "4xx"), None).await;
    detail(&mut link, number, "links to a page, few", page_id(crawl, pages / 2)).await;
    detail(&mut link, number, "links to a page of the first", page_id(crawl, 1_000)).await;
    let hub =
        detail(&mut link, number, "links to a page that many link to", page_id(crawl, 5)).await;
    assert_eq!(hub, 200);
    drop(link);
    task.ended().await;
}
