//! Connections that are cut: nothing that was answered is lost, and what is written again because
//! nobody knows whether it was written is there once.

use super::*;
use crate::cutting_proxy::{Cut, CuttingProxy};
use crawldeck::store::{OpenMode, open};

/// Each on the servers; a file has no connection.
macro_rules! on_servers {
    ($($promise:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            #[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
            async fn $promise() {
                crate::contract::kept(crate::contract::Place::postgres().await, super::$promise).await;
            })+
        }
        mod on_mysql {
            $(#[tokio::test]
            #[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
            async fn $promise() {
                crate::contract::kept(crate::contract::Place::mysql().await, super::$promise).await;
            })+
        }
    };
}

on_servers![
    a_commit_whose_answer_is_lost_counts_once,
    a_commit_that_comes_late_counts_once,
    cut_anywhere_every_batch_is_written_once,
    a_state_whose_answer_is_lost_is_set_once,
];

/// What there is to know of a crawl, but for the times of the table `crawls`.
const EVERYTHING: [&str; 7] = [
    "SELECT * FROM scraped_pages ORDER BY id",
    "SELECT * FROM links ORDER BY from_id, to_id",
    "SELECT * FROM frontier ORDER BY id",
    "SELECT * FROM hosts ORDER BY host",
    "SELECT * FROM changes ORDER BY seq",
    "SELECT * FROM sitemaps ORDER BY url",
    "SELECT id, state, totals FROM crawls",
];

/// All rows, by table and by names of columns: their order is each database's own.
async fn everything(store: &Arc<dyn Store>) -> Vec<Vec<Vec<(String, Value)>>> {
    let mut tables = Vec::new();
    for sql in EVERYTHING {
        let mut table = Vec::new();
        let mut sink = |columns: &Columns, row: &[Value]| {
            let mut row: Vec<_> = columns.0.iter().cloned().zip(row.iter().cloned()).collect();
            row.sort_by(|a, b| a.0.cmp(&b.0));
            table.push(row);
            true
        };
        store.select(sql, &mut sink).await.unwrap();
        tables.push(table);
    }
    tables
}

/// Another one each time; shown when the test fails, and given again in `CRAWLDECK_TEST_SEED`.
#[expect(clippy::print_stderr, reason = "shown when the test fails")]
pub(super) fn seed() -> u64 {
    let given = std::env::var("CRAWLDECK_TEST_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("CRAWLDECK_TEST_SEED={seed}");
    seed
}

/// The batches of a crawl that finds, fetches, postpones, skips and restores, a step each.
pub(super) fn batches(crawl: CrawlId, seed: u64, count: u32) -> Vec<Batch> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut batches = Vec::new();
    let (mut open, mut skipped, mut next): (Vec<u32>, Vec<u32>, u32) = (Vec::new(), Vec::new(), 1);
    for step in 0..count {
        let mut batch = Batch {
            totals: Some(format!("{{\"step\":{step}}}")),
            settings: Some(format!("{{\"permits\":{step}}}")),
            changes: vec![change(u64::from(step / 2), &format!("step {step}"))],
            sitemaps: vec![sitemap(&format!("http://h/{}.xml", step % 3))],
            hosts: vec![HostRow {
                host: HOST.into(),
                robots: random.bool().then(|| format!("rules of {step}")),
                incidents: step,
            }],
            ..Batch::default()
        };
        // It never runs dry.
        while open.len() < 40 {
            batch.discovered.push(open_url(crawl, next));
            open.push(next);
            next += 1;
        }
        let found = batch.discovered.len();
        for seq in std::mem::take(&mut open) {
            match random.u8(..10) {
                0 => {
                    batch.postponed.push(postponed(crawl, seq, step, AT + i64::from(step)));
                    open.push(seq);
                }
                1 => open.push(seq),
                2 | 3 => {
                    let skip = Some("excluded".to_owned());
                    let row =
                        PageRow { state: PageState::Skipped, error: skip, ..page(crawl, seq) };
                    batch.pages.push(row);
                    skipped.push(seq);
                }
                4 => batch.pages.push(PageRow { state: PageState::Failed, ..page(crawl, seq) }),
                _ => {
                    batch.pages.push(page(crawl, seq));
                    for _ in 0..random.u32(..4) {
                        batch.links.push(link(crawl, seq, random.u32(1..next)));
                    }
                    for _ in 0..random.u32(..5) {
                        batch.discovered.push(open_url(crawl, next));
                        batch.links.push(link(crawl, seq, next));
                        next += 1;
                    }
                }
            }
        }
        // Not what was skipped just now.
        let last = skipped.len() - batch.pages.iter().filter(|p| p.error.is_some()).count();
        if last > 3 {
            let again: Vec<_> = skipped.drain(..last).collect();
            batch.restored = again.iter().map(|&seq| open_url(crawl, seq)).collect();
            open.extend(again);
        }
        open.extend(batch.discovered[found..].iter().map(|row| (row.id & 0xffff_ffff) as u32));
        open.truncate(200);
        batches.push(batch);
    }
    batches
}

/// It holds what it would hold, had nothing been cut.
pub(super) async fn as_it_should_be(store: &Arc<dyn Store>, batches: &[Batch]) {
    let db = Db::at(Place::sqlite()).await;
    let crawl = db.create_crawl("{}").await.unwrap();
    for batch in batches {
        db.commit(crawl, batch).await.unwrap();
    }
    let (there, here) = (everything(store).await, everything(&db).await);
    for ((sql, there), here) in EVERYTHING.iter().zip(there).zip(here) {
        assert!(!here.is_empty(), "{sql}");
        assert_eq!(there.len(), here.len(), "{sql}");
        for (there, here) in there.into_iter().zip(here) {
            assert_eq!(there, here, "{sql}");
        }
    }
    db.close().await;
}

/// Commits as the saver does: the same batch again, until it is said to be saved.
async fn insist(store: &Arc<dyn Store>, crawl: CrawlId, batch: &Batch) -> u32 {
    let mut refused = 0;
    while let Err(error) = store.commit(crawl, batch).await {
        assert!(error.is_transient(), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
        refused += 1;
        assert!(refused < 50, "{error}");
    }
    refused
}

async fn relayed(store: &Db) -> (CuttingProxy, Arc<dyn Store>) {
    let direct = store.place.url();
    let relay = CuttingProxy::to(&url::Url::parse(&direct).unwrap()).await;
    let through = open(&relay.url(&direct), OpenMode::MustExist).await.unwrap();
    (relay, through)
}

/// The server has it, or it has not; the next try does not make it two.
async fn a_commit_whose_answer_is_lost_counts_once(store: &Db) {
    let (relay, through) = relayed(store).await;
    let crawl = through.create_crawl("{}").await.unwrap();
    let batches = batches(crawl, 1, 24);
    for (n, batch) in batches.iter().enumerate() {
        let cut = [Cut::AfterCommit, Cut::BeforeCommit, Cut::Never][n % 3];
        relay.cut(cut);
        let before = relay.cuts();
        assert_eq!(insist(&through, crawl, batch).await, u32::from(cut != Cut::Never));
        assert_eq!(relay.cuts() - before, u32::from(cut != Cut::Never));
    }
    as_it_should_be(store, &batches).await;
    let opened = through.open_crawl(None).await.unwrap();
    assert_eq!(opened.totals.as_deref(), Some("{\"step\":23}"));
    assert_eq!(json(&opened.settings), json("{\"permits\":23}"));
    through.close().await;
}

/// The first try still runs on the server when the second begins: one waits for the other, whether the
/// first succeeds at last or not.
async fn a_commit_that_comes_late_counts_once(store: &Db) {
    let (relay, through) = relayed(store).await;
    let crawl = through.create_crawl("{}").await.unwrap();
    let batches = batches(crawl, 2, 6);
    for (n, batch) in batches.iter().enumerate() {
        relay.cut([Cut::CommitLate, Cut::NoCommit][n % 2]);
        let error = through.commit(crawl, batch).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        let again = async {
            insist(&through, crawl, batch).await;
        };
        let late = async {
            waiting_for_a_lock(store).await;
            relay.let_go().await;
        };
        tokio::join!(again, late);
    }
    assert_eq!(relay.cuts(), 6);
    as_it_should_be(store, &batches).await;
    through.close().await;
}

/// Returns when some connection of this database waits for a lock.
async fn waiting_for_a_lock(store: &Db) {
    let sql = match store.place {
        Place::Postgres(..) => {
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            // The table of transactions shows what was, for as long as somebody keeps looking.
            "SELECT count(*) FROM information_schema.processlist WHERE db = database() \
             AND id <> connection_id() AND command <> 'Sleep' AND info LIKE '%crawls%'"
        }
    };
    while rows(store, sql).await[0][0] == Value::Int(0) {}
}

/// At any byte of the questions and of the answers, on connecting, in the middle of a row, at the end.
async fn cut_anywhere_every_batch_is_written_once(store: &Db) {
    let (relay, through) = relayed(store).await;
    let crawl = through.create_crawl("{}").await.unwrap();
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let batches = batches(crawl, seed, 60);
    for batch in &batches {
        for _ in 0..3 {
            // Small ones hit the handshake after a cut, large ones the rows.
            let most = [300, 3_000, 30_000, 150_000][random.usize(..4)];
            relay.cut_after(random.usize(1..most));
            if let Err(error) = through.commit(crawl, batch).await {
                assert!(error.is_transient(), "{error}");
            }
        }
        relay.hold_together();
        insist(&through, crawl, batch).await;
    }
    assert!(relay.cuts() > 40, "{}", relay.cuts());
    as_it_should_be(store, &batches).await;
    through.close().await;
}

/// Ending a crawl twice is ending it once, wherever the first try was cut.
async fn a_state_whose_answer_is_lost_is_set_once(store: &Db) {
    let (relay, through) = relayed(store).await;
    let mut refused = 0;
    for bytes in (1..1000).step_by(23) {
        let state = [CrawlState::Stopped, CrawlState::Complete, CrawlState::Failed][bytes % 3];
        let crawl = through.create_crawl("{}").await.unwrap();
        relay.cut_after(bytes);
        if let Err(error) = through.set_state(crawl, state).await {
            assert!(error.is_transient(), "{error}");
            refused += 1;
        }
        relay.hold_together();
        for _ in 0..2 {
            through.set_state(crawl, state).await.unwrap();
        }
        let sql = format!("SELECT state, holder_token FROM crawls WHERE id = {crawl}");
        assert_eq!(rows(store, &sql).await, [[text(state.name()), Value::Null]]);
    }
    assert!(refused > 3, "{refused}");
    through.close().await;
}
