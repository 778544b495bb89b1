//! A database with an odd crawl in it, and exports of it.

use crate::crawl_rows;
use crawldeck::model::ids::{host_id, page_id};
use crawldeck::model::page_state::PageState;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::{self, Batch, CrawlState, FrontierRow, OpenMode, PageRow, SitemapRow};
use tempfile::TempDir;

use crate::support::database::Database;
use crate::support::{Ended, Running, crawldeck, wait};

/// Titles that are hard to write down: what a spreadsheet would run, and what forms have to escape.
pub const TITLES: [&str; 13] = [
    "=HYPERLINK(\"http://h:1/?\"&A1)",
    "+1",
    "-1+2",
    "@SUM(A1:A9)",
    "\t=1",
    "  =1",
    "＝1",
    "a,b;\"c\"\r\nd",
    "🦀 𝔘𝔫𝔦 \u{202E}drawkcab",
    "'quoted",
    "</title>\\u0041",
    "",
    "x;=HYPERLINK(A1)",
];

/// First number of the pages with these titles.
pub const FIRST: u32 = 5_000;

/// Times that depend on when the test runs, as they would be.
const TIMES: &str = "UPDATE crawls SET created_at = '2026-11-01 12:00:00.000', \
                     updated_at = '2026-11-04 12:01:00.000'";

pub struct TestDb {
    pub database: Database,
    pub folder: TempDir,
}

impl TestDb {
    /// Fills a database with one crawl.
    pub fn on(database: Database) -> Self {
        wait(async {
            let store = store::open(&database.url(), OpenMode::CreateIfMissing).await.unwrap();
            let crawl = crawl_rows::fill(&*store).await;
            store.open_crawl(Some(crawl)).await.unwrap();
            let url = |n: u32| format!("http://h:1/title/{n}");
            let title = |(n, title): (usize, &&str)| PageRow {
                title: Some((*title).to_owned()),
                ..crawl_rows::page(crawl, FIRST + n as u32, &url(n as u32))
            };
            let waiting = |n: u32| FrontierRow {
                id: page_id(crawl, FIRST + 100 + n),
                url: format!("http://h:1/waits/{n}?a=1&b=<2>").into(),
                url_hash: UrlHash([n as u8; 16]),
                depth: 3,
                attempts: n,
                resent: 2 * n,
                not_before_ms: 0,
                found_on: Some(page_id(crawl, 1)),
                host_id: host_id("h:1"),
                lastmod_ms: None,
            };
            let sitemap = SitemapRow {
                url: "http://h:1/sitemap.xml".into(),
                url_hash: UrlHash([9; 16]),
                state: PageState::Ok,
                status: Some(200),
                urls: 7,
                sitemaps: 2,
                depth: 0,
                error: None,
                created_at_ms: crawl_rows::AT,
            };
            let batch = Batch {
                pages: TITLES.iter().enumerate().map(title).collect(),
                discovered: (0..3).map(waiting).collect(),
                sitemaps: vec![sitemap],
                ..Batch::default()
            };
            store.commit(crawl, &batch).await.unwrap();
            store.set_state(crawl, CrawlState::Stopped).await.unwrap();
            store.close().await;
        });
        database.execute(TIMES);
        Self { database, folder: tempfile::tempdir().unwrap() }
    }

    /// Adds another crawl; returns its number.
    pub fn on_again(&self) -> i64 {
        wait(async {
            let url = self.database.url();
            let store = store::open(&url, OpenMode::MustExist).await.unwrap();
            let crawl = crawl_rows::fill(&*store).await;
            store.close().await;
            crawl
        })
    }

    pub fn new() -> Self {
        Self::on(Database::sqlite())
    }

    /// Runs an export to its end.
    pub fn export(&self, arguments: &[&str]) -> Ended {
        let mut command = crawldeck(self.folder.path());
        command.args(["export", &self.database.url()]).args(arguments);
        Running::start(&mut command).end()
    }

    /// What a good one writes to standard output.
    pub fn exported(&self, arguments: &[&str]) -> String {
        self.export(arguments).exits(0).stdout
    }
}

/// Records of CSV by the names of their columns, read by a reader that is not ours.
pub fn records(csv: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let record = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.unwrap();
        names.iter().zip(&record).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    };
    reader.records().map(record).collect()
}

/// One column.
pub fn column(csv: &str, name: &str) -> Vec<String> {
    let of = |record: Vec<(String, String)>| record.into_iter().find(|(n, _)| n == name).unwrap().1;
    records(csv).into_iter().map(of).collect()
}
