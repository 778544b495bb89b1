//! Servers that die in the middle of batches, and disks that are full.
//!
//! Each test has a server of its own, from `tests/servers.sh`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use super::lost::{as_it_should_be, batches, seed};
use super::*;
use crate::server::{Server, SmallDisk, open_to_all};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tokio::sync::watch;

/// How often a server is killed.
const KILLS: u32 = 10;

/// What was said to be saved is there, and what was not is there once when it is said at last.
async fn killed_in_the_middle_of_batches(name: &'static str, place: fn(url::Url) -> Place) {
    let server = Server::start(name);
    let db = Db::at(place(server.url.clone())).await;
    let store: &Arc<dyn Store> = &db;
    let crawl = store.create_crawl("{}").await.unwrap();
    let seed = seed();
    let batches = batches(crawl, seed, 200);
    let (saved, killed, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
    let (up, mut is_up) = watch::channel(true);
    let per_kill = batches.len() as u32 / (KILLS + 1);

    let saving = async {
        let mut refused = 0;
        for (n, batch) in batches.iter().enumerate() {
            while let Err(error) = store.commit(crawl, batch).await {
                assert!(error.is_transient(), "{error}");
                assert_eq!(error.to_string().lines().count(), 1, "{error}");
                refused += 1;
                is_up.wait_for(|up| *up).await.unwrap();
            }
            saved.store(n as u32 + 1, SeqCst);
        }
        done.store(true, SeqCst);
        refused
    };
    let killing = async {
        let mut random = fastrand::Rng::with_seed(seed);
        for n in 1..=KILLS {
            while saved.load(SeqCst) < n * per_kill {
                tokio::task::yield_now().await;
            }
            for _ in 0..random.u32(..300) {
                tokio::task::yield_now().await;
            }
            if done.load(SeqCst) {
                return;
            }
            up.send_replace(false);
            server.dies_and_comes_back().await;
            up.send_replace(true);
            killed.fetch_add(1, SeqCst);
        }
    };
    let (refused, ()) = tokio::join!(saving, killing);
    assert_eq!(killed.load(SeqCst), KILLS);
    assert!(refused > 0, "nobody noticed");
    as_it_should_be(store, &batches).await;
    db.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL, which it starts itself"]
async fn postgres_is_killed_in_the_middle_of_batches() {
    killed_in_the_middle_of_batches("postgres", |url| Place::Postgres(url, "postgres".to_owned()))
        .await;
}

#[tokio::test]
#[ignore = "needs MariaDB, which it starts itself"]
async fn mariadb_is_killed_in_the_middle_of_batches() {
    killed_in_the_middle_of_batches("mariadb", |url| Place::MySql(url, "killed".to_owned())).await;
}

/// Pages with much to say.
fn large(crawl: CrawlId, first: u32) -> Batch {
    let title = |seq: u32| {
        // Nothing that could be packed.
        let mut random = fastrand::Rng::with_seed(u64::from(seq));
        (0..2000).map(|_| random.alphanumeric()).collect::<String>()
    };
    let pages = first..first + 200;
    Batch {
        pages: pages
            .clone()
            .map(|seq| PageRow { title: Some(title(seq)), ..page(crawl, seq) })
            .collect(),
        links: pages.map(|seq| link(crawl, seq, 1)).collect(),
        discovered: vec![open_url(crawl, first + 1_000_000)],
        ..Batch::default()
    }
}

/// A full disk is reported as such; the batch goes in when there is room again, and is there once.
async fn no_room_until_there_is(place: Place, disk: &SmallDisk) {
    // Somebody else's.
    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![1; 8 << 20]).unwrap();

    let db = Db::at(place).await;
    let crawl = db.create_crawl("{}").await.unwrap();
    let mut saved = 0;
    let refused = loop {
        match db.commit(crawl, &large(crawl, saved * 200 + 1)).await {
            Ok(()) => saved += 1,
            Err(error) => break error,
        }
        assert!(saved < 100, "the disk has no end");
    };
    assert!(saved > 2, "{saved} {refused}");
    for _ in 0..3 {
        let error = db.commit(crawl, &large(crawl, saved * 200 + 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.is_transient() && error.to_string().lines().count() == 1, "{error}");
        assert!(error.to_string().contains("no room left to write"), "{error}");
    }
    // What was saved can be read meanwhile.
    let pages = async || rows(&db, "SELECT count(*) FROM scraped_pages").await.remove(0).remove(0);
    assert_eq!(pages().await, Value::Int(i64::from(saved) * 200));

    std::fs::remove_file(filler).unwrap();
    db.commit(crawl, &large(crawl, saved * 200 + 1)).await.unwrap();
    assert_eq!(pages().await, Value::Int(i64::from(saved + 1) * 200));
    let sums = rows(&db, "SELECT sum(pages), sum(ok) FROM hosts").await;
    assert_eq!(sums, [vec![Value::Int(i64::from(saved + 1) * 200); 2]]);
    db.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL, which it starts itself, and the right to mount"]
async fn postgres_has_no_room_until_it_has() {
    let server = Server::start("postgres");
    let folder = tempfile::tempdir().unwrap();
    let disk = server.small_disk(folder.path().to_owned(), 32);
    let tables = disk.0.join("tables");
    std::fs::create_dir(&tables).unwrap();
    open_to_all(&disk.0);
    open_to_all(&tables);
    server.give(&tables);
    let mut administrator = PgConnection::connect(server.url.as_str()).await.unwrap();
    for sql in [
        format!("CREATE TABLESPACE small LOCATION '{}'", tables.display()),
        "CREATE DATABASE full_up TABLESPACE small TEMPLATE template0".to_owned(),
    ] {
        administrator.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    administrator.close().await.unwrap();
    let place = Place::Postgres(server.url.clone(), "full_up".to_owned());
    no_room_until_there_is(place, &disk).await;
}

#[tokio::test]
#[ignore = "needs MariaDB, which it starts itself, and the right to mount"]
async fn mariadb_has_no_room_until_it_has() {
    let server = Server::start("mariadb");
    let mut administrator = MySqlConnection::connect(server.url.as_str()).await.unwrap();
    administrator.execute("CREATE DATABASE full_up").await.unwrap();
    administrator.close().await.unwrap();
    // A database is a folder, and each of its tables a file in it.
    let disk = server.small_disk(server.data().join("full_up"), 32);
    let place = Place::MySql(server.url.clone(), "full_up".to_owned());
    no_room_until_there_is(place, &disk).await;
}
