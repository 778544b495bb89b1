//! For tests of a running crawl: a place to run it, a database that can be made slow, short of
//! space or unwilling, and the database as a kill at this very moment would leave it.
#![allow(dead_code, reason = "no test file uses everything")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crawldeck::crawl::Crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::model::ids::{CrawlId, PageId};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store;
use crawldeck::store::{
    Batch, CrawlInfo, CrawlState, FrontierRow, OpenHost, OpenMode, PreviousLink, PreviousPage,
    RowSink, SeenSink, Store, StoreAdmin, StoreError, StoreReader, StoreWriter, StoredCrawl,
    StoredPages, TimelineRow,
};
use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, FromRow};
use tokio::sync::watch;
use url::Url;

/// Far more than anything here takes; a test that comes here has failed.
const TOO_LONG: Duration = Duration::from_mins(1);

/// A folder with a database in it.
pub struct TestDb(tempfile::TempDir);

impl TestDb {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn db(&self) -> PathBuf {
        self.0.path().join("stand.db")
    }

    pub async fn store(&self) -> Arc<dyn Store> {
        store::open(self.db().to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap()
    }

    /// The database as it would be had the process been killed now.
    pub async fn killed(&self) -> Self {
        let image = Self::new();
        let mut connection = connect(&self.db()).await;
        let vacuum = format!("VACUUM INTO '{}'", image.db().display());
        sqlx::query(AssertSqlSafe(vacuum)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        image
    }

    pub async fn rows<T>(&self, sql: &'static str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut connection = connect(&self.db()).await;
        let rows = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        self.rows::<(i64,)>(sql).await[0].0
    }

    /// The settings stored with the newest crawl.
    pub async fn settings(&self) -> Settings {
        let sql = "SELECT settings FROM crawls ORDER BY id DESC LIMIT 1";
        serde_json::from_str(&self.rows::<(String,)>(sql).await[0].0).unwrap()
    }

    /// The journal in words, oldest first.
    pub async fn journal(&self) -> Vec<String> {
        let rows: Vec<(String,)> = self.rows("SELECT what FROM changes ORDER BY seq").await;
        rows.into_iter().map(|row| row.0).collect()
    }

    /// Waits until a query answers with this number.
    pub async fn until(&self, what: &str, sql: &'static str, holds: impl Fn(i64) -> bool) {
        let end = tokio::time::Instant::now() + TOO_LONG;
        while !holds(self.number(sql).await) {
            assert!(tokio::time::Instant::now() < end, "never happened: {what}");
            tokio::task::yield_now().await;
        }
    }

    /// Nothing is lost and nothing doubled.
    pub async fn assert_whole(&self) {
        let db = self.db();
        tokio::task::spawn_blocking(move || crate::support::assert_whole(&db)).await.unwrap();
    }
}

async fn connect(db: &Path) -> sqlx::SqliteConnection {
    SqliteConnectOptions::new()
        .filename(db)
        .busy_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap()
}

/// Settings of a crawl of this place, without sitemaps and robots.txt: requests are counted.
pub fn settings(seed: &str) -> Settings {
    Settings {
        seeds: vec![Url::parse(seed).unwrap()],
        scope: ScopeKind::Any,
        backoff: Duration::ZERO,
        ignore_robots: true,
        sitemaps: false,
        ..Settings::default()
    }
}

/// Host with port of a URL.
pub fn host(url: &str) -> Arc<str> {
    Url::parse(url).unwrap()[url::Position::BeforeHost..url::Position::AfterPort].into()
}

/// Waits for a snapshot of which `holds` is true, and returns it.
pub async fn seen(
    crawl: &mut Crawl,
    what: &str,
    holds: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let wanted = crawl.snapshots.wait_for(|snapshot| holds(snapshot));
    match tokio::time::timeout(TOO_LONG, wanted).await {
        Ok(Ok(snapshot)) => Arc::clone(&snapshot),
        other => {
            let ended = matches!(other, Ok(Err(_)));
            drop(other);
            let mut last = Snapshot::clone(&crawl.snapshots.borrow());
            (last.workers, last.recent) = (Vec::new(), Arc::default());
            panic!("{what}: never seen (ended: {ended}): {last:#?}")
        }
    }
}

/// Waits for so many further snapshots.
pub async fn later(crawl: &mut Crawl, snapshots: u64) -> Arc<Snapshot> {
    let seq = crawl.snapshots.borrow().seq;
    seen(crawl, "later snapshots", |s| s.seq >= seq + snapshots).await
}

pub async fn give(crawl: &Crawl, command: Command) {
    crawl.commands.send((command, Origin::Key)).await.unwrap();
}

/// Gives a command and waits until it is in the journal.
pub async fn done(crawl: &mut Crawl, command: Command, what: &str) -> Arc<Snapshot> {
    // The very first snapshot does not yet hold the journal of a resumed crawl.
    let s = seen(crawl, "a snapshot", |s| s.seq > 0).await;
    let before = s.changes.first().map_or(0, |change| change.seq);
    give(crawl, command).await;
    let s = seen(crawl, what, |s| s.changes.first().is_some_and(|c| c.seq > before)).await;
    // The crawl itself can have made a further change since.
    let given = s.changes.iter().rev().find(|change| change.seq > before);
    assert_eq!(given.map(|change| change.what.to_string()).as_deref(), Some(what));
    s
}

/// Gives a command and waits for the word with which it is refused.
pub async fn refused(crawl: &mut Crawl, command: Command) -> String {
    let before = crawl.snapshots.borrow().seq;
    give(crawl, command).await;
    let s = seen(crawl, "a refusal", |s| s.seq > before && s.notice.is_some()).await;
    s.notice.as_deref().unwrap().to_owned()
}

pub async fn stopped(crawl: Crawl, command: Command) -> Summary {
    give(&crawl, command).await;
    ended(crawl).await
}

pub async fn ended(crawl: Crawl) -> Summary {
    tokio::time::timeout(TOO_LONG, crawl.wait()).await.expect("it ends")
}

/// A store that does as the test wants.
pub struct Fickle {
    pub inner: Arc<dyn Store>,
    /// Commits wait while this is true.
    pub stuck: watch::Sender<bool>,
    /// What is stuck gets an answer every 5 s while this is true.
    pub answering: watch::Sender<bool>,
    /// Commits that wait for that.
    pub held: AtomicU64,
    /// Commits fail while this is true.
    pub unwilling: AtomicBool,
    /// How many commits failed.
    pub refused: AtomicU64,
    /// Bytes free on the disk.
    pub free: AtomicU64,
    /// How many more reads of skipped rows, and of the frontier, go through; others wait for it.
    pub skipped_reads: watch::Sender<u64>,
    pub frontier_reads: watch::Sender<u64>,
    /// Likewise, of pages of an earlier crawl.
    pub previous_reads: watch::Sender<u64>,
    /// Maximum rows of one such read.
    pub at_once: u32,
}

impl Fickle {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            stuck: watch::Sender::new(false),
            answering: watch::Sender::new(false),
            held: AtomicU64::new(0),
            unwilling: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            skipped_reads: watch::Sender::new(u64::MAX),
            frontier_reads: watch::Sender::new(u64::MAX),
            previous_reads: watch::Sender::new(u64::MAX),
            at_once: u32::MAX,
        }
    }
}

async fn pass(left: &watch::Sender<u64>) {
    let mut changes = left.subscribe();
    let _ = changes.wait_for(|left| *left > 0).await;
    left.send_modify(|left| *left -= 1);
}

/// Methods of a store that pass everything on to the inner one.
macro_rules! passed_on {
    ($(fn $name:ident($($value:ident: $kind:ty),*) -> $read:ty;)*) => {
        $(#[allow(clippy::elidable_lifetime_names, clippy::needless_lifetimes, reason = "some name it")]
        fn $name<'a>(
            &'a self,
            $($value: $kind),*
        ) -> BoxFuture<'a, Result<$read, StoreError>> {
            self.inner.$name($($value),*)
        })*
    };
}

impl StoreReader for Fickle {
    passed_on! {
        fn frontier_of_host(crawl: CrawlId, host: i64, after: PageId, limit: u32)
            -> Vec<FrontierRow>;
        fn open_hosts(crawl: CrawlId) -> Vec<OpenHost>;
        fn complete_crawl(crawl: Option<CrawlId>) -> (CrawlId, String);
        fn links_of(page: PageId, limit: u32) -> Vec<PreviousLink>;
        fn ok_pages(crawl: CrawlId, after: PageId, limit: u32) -> Vec<FrontierRow>;
        fn count_ok(crawl: CrawlId) -> u64;
        fn timeline(crawl: CrawlId, limit: u32) -> Vec<TimelineRow>;
        fn seen(crawl: CrawlId, sink: SeenSink<'a>) -> ();
        fn crawls() -> Vec<CrawlInfo>;
        fn select(sql: &'a str, sink: RowSink<'a>) -> ();
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn previous_page(
        &self,
        crawl: CrawlId,
        url: UrlHash,
    ) -> BoxFuture<'_, Result<Option<PreviousPage>, StoreError>> {
        Box::pin(async move {
            pass(&self.previous_reads).await;
            self.inner.previous_page(crawl, url).await
        })
    }

    fn frontier_after(
        &self,
        crawl: CrawlId,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<FrontierRow>, StoreError>> {
        Box::pin(async move {
            pass(&self.frontier_reads).await;
            self.inner.frontier_after(crawl, after, limit.min(self.at_once)).await
        })
    }

    fn skipped_because<'a>(
        &'a self,
        crawl: CrawlId,
        reason: &'a str,
        after: PageId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<FrontierRow>, StoreError>> {
        Box::pin(async move {
            pass(&self.skipped_reads).await;
            self.inner.skipped_because(crawl, reason, after, limit.min(self.at_once)).await
        })
    }

    fn stored_pages(&self, crawl: CrawlId) -> Arc<dyn StoredPages> {
        self.inner.stored_pages(crawl)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

impl StoreWriter for Fickle {
    passed_on! {
        fn create_crawl(settings: &'a str) -> CrawlId;
        fn open_crawl(crawl: Option<CrawlId>) -> StoredCrawl;
        fn set_state(crawl: CrawlId, state: CrawlState) -> ();
        fn heartbeat(crawl: CrawlId) -> ();
    }

    fn commit<'a>(
        &'a self,
        crawl: CrawlId,
        batch: &'a Batch,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            if self.unwilling.load(Ordering::SeqCst) {
                self.refused.fetch_add(1, Ordering::SeqCst);
                return Err(StoreError::Full { db: "a full one".into() });
            }
            let mut stuck = self.stuck.subscribe();
            self.held.fetch_add(1, Ordering::SeqCst);
            let mut answering = self.answering.subscribe();
            loop {
                let answers = *answering.borrow_and_update();
                tokio::select! {
                    _ = stuck.wait_for(|stuck| !stuck) => break,
                    _ = answering.changed() => {}
                    () = tokio::time::sleep(Duration::from_secs(5)), if answers => {}
                }
            }
            self.held.fetch_sub(1, Ordering::SeqCst);
            self.inner.commit(crawl, batch).await
        })
    }

    fn free_space(&self) -> Option<u64> {
        Some(self.free.load(Ordering::SeqCst))
    }
}

impl StoreAdmin for Fickle {
    passed_on! {
        fn remove(crawl: CrawlId) -> u64;
    }
}
