//! PostgreSQL fails: the errors shown, and that the saver continues when it works again.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use super::*;
use crate::closed_port::ClosedPort;
use crawldeck::store::{OpenMode, open};
use sqlx::{Connection, PgConnection};

macro_rules! on_postgres {
    ($($test:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            #[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
            async fn $test() {
                crate::contract::kept(crate::contract::Place::postgres().await, super::$test).await;
            })+
        }
    };
}

on_postgres![
    every_connection_ended_by_an_administrator,
    many_open_an_empty_database_at_once,
    names_that_lead_nowhere_say_why,
    no_right_to_make_tables,
    texts_of_the_url_are_never_shown,
];

fn one_page(crawl: CrawlId, seq: u32) -> Batch {
    Batch {
        pages: vec![page(crawl, seq)],
        links: vec![link(crawl, seq, 1)],
        discovered: vec![open_url(crawl, seq + 1)],
        ..Batch::default()
    }
}

/// The message, which is one line, ends with a way out and repeats no password.
fn line(error: &StoreError) -> String {
    let line = error.to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.contains(": ") && !line.contains("secret"), "{line}");
    line
}

async fn refused(url: &str, mode: OpenMode) -> StoreError {
    match open(url, mode).await {
        Ok(store) => panic!("{} was opened", store.describe()),
        Err(error) => error,
    }
}

/// The URL of the test's database with something else about it.
fn changed(store: &Db, change: impl FnOnce(&mut url::Url)) -> String {
    let mut url = url::Url::parse(&store.place.url()).unwrap();
    change(&mut url);
    url.into()
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// All find the tables, none finds half of them.
async fn many_open_an_empty_database_at_once(store: &Db) {
    store.place.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    let url = store.place.url();
    let opening = (0..12).map(|_| async {
        let store = open(&url, OpenMode::CreateIfMissing).await.unwrap();
        let crawl = store.create_crawl("{}").await.unwrap();
        store.commit(crawl, &one_page(crawl, 1)).await.unwrap();
        store.close().await;
        crawl
    });
    let mut crawls = futures_util::future::join_all(opening).await;
    crawls.sort_unstable();
    assert_eq!(crawls, (1..=12).collect::<Vec<_>>());
}

async fn names_that_lead_nowhere_say_why(store: &Db) {
    let closed = ClosedPort::new();
    // Takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    for (url, said, transient) in [
        (changed(store, |url| url.set_path("no_such")), "no_such does not exist on its", false),
        (changed(store, |url| url.set_port(Some(closed.port())).unwrap()), "refused", true),
        (
            changed(store, |url| url.set_port(Some(silent_port)).unwrap()),
            "no response within",
            true,
        ),
        (changed(store, |url| url.set_host(Some("no-such.invalid")).unwrap()), "no-such", true),
        (changed(store, |url| url.set_username("nobody").unwrap()), "refuses access", true),
        (changed(store, |url| url.set_query(Some("sslmode=require"))), "TLS", true),
        (changed(store, |url| url.set_query(Some("sslmode=secret1"))), "names no database", false),
        (changed(store, |url| url.set_query(Some("colour=red"))), "unknown option `colour`", false),
    ] {
        let mut with_password = url::Url::parse(&url).unwrap();
        with_password.set_password(Some("secret")).unwrap();
        let error = refused(with_password.as_str(), OpenMode::CreateIfMissing).await;
        let line = error.to_string();
        assert!(line.contains(said), "{url}: {line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(!line.replace("secret1", "").contains("secret"), "{line}");
        assert_eq!(error.is_transient(), transient, "{line}");
    }
}

async fn no_right_to_make_tables(store: &Db) {
    let role = format!("r{:016x}", fastrand::u64(..));
    store
        .place
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'secret';
             DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        ))
        .await;
    let url = changed(store, |url| {
        url.set_username(&role).unwrap();
        url.set_password(Some("secret")).unwrap();
    });
    for more in ["", "GRANT USAGE ON SCHEMA public TO"] {
        if !more.is_empty() {
            store.place.execute(&format!("{more} {role}")).await;
        }
        let error = refused(&url, OpenMode::CreateIfMissing).await;
        assert!(line(&error).contains("refuses access"), "{error}");
    }
    store.place.execute(&format!("GRANT CREATE ON SCHEMA public TO {role}")).await;
    let allowed = open(&url, OpenMode::CreateIfMissing).await.unwrap();
    let crawl = allowed.create_crawl("{}").await.unwrap();
    allowed.commit(crawl, &one_page(crawl, 1)).await.unwrap();
    // Its tables belong to it; another role may not write to them.
    allowed.close().await;
    store.place.execute(&format!("REASSIGN OWNED BY {role} TO CURRENT_USER")).await;
    let allowed = open(&url, OpenMode::MustExist).await;
    let error = match allowed {
        Ok(store) => store.create_crawl("{}").await.unwrap_err(),
        Err(error) => error,
    };
    assert!(line(&error).contains("refuses access"), "{error}");
    store.place.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// Whatever is known of a database, its password is not.
async fn texts_of_the_url_are_never_shown(store: &Db) {
    let url = changed(store, |url| url.set_password(Some("secret")).unwrap());
    let open = open(&url, OpenMode::MustExist).await.unwrap();
    let shown = open.describe();
    assert!(shown.starts_with("postgres://crawldeck") && !shown.contains("secret"), "{shown}");
    for sql in ["SELECT * FROM nowhere", "SELECT 1/0", "DELETE FROM crawls", "SELECT 1; SELECT 2"] {
        let error = open.select(sql, &mut |_, _| true).await.unwrap_err();
        assert!(matches!(error, StoreError::Query { .. }), "{sql}: {error}");
        line(&error);
    }
    open.close().await;
}

/// Ends every connection to the database but the one that does it.
const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// How many batches are written while connections end.
const BATCHES: u32 = 100;

/// In the middle of batches and of streams, again and again: what was said to be saved is there.
async fn every_connection_ended_by_an_administrator(store: &Db) {
    let crawl = store.create_crawl("{}").await.unwrap();
    let mut administrator = connect(&store.place.url()).await;
    let saved = AtomicU32::new(0);
    let saving = async {
        let mut refused = 0;
        for n in 0..BATCHES {
            let batch = Batch {
                pages: (n * 20..n * 20 + 20).map(|seq| page(crawl, seq)).collect(),
                links: (n * 20..n * 20 + 20).map(|seq| link(crawl, seq, seq / 2)).collect(),
                discovered: vec![open_url(crawl, 1_000_000 + n)],
                ..Batch::default()
            };
            while let Err(error) = store.commit(crawl, &batch).await {
                assert!(error.is_transient(), "{error}");
                line(&error);
                refused += 1;
            }
            saved.fetch_add(1, SeqCst);
        }
        refused
    };
    let ending = async {
        let (mut ended, mut before) = (0, 0);
        while before < BATCHES {
            // Each time another batch got through, somewhere in the next.
            while saved.load(SeqCst) == before {
                tokio::task::yield_now().await;
            }
            before = saved.load(SeqCst);
            for _ in 0..fastrand::u32(..200) {
                tokio::task::yield_now().await;
            }
            let rows = sqlx::query(END_ALL).fetch_all(&mut administrator).await.unwrap();
            ended += rows.len();
            // Reading finds its way back as well, at the second try.
            if store.frontier_after(crawl, 0, 10).await.is_err() {
                let _ = store.open_hosts(crawl).await;
            }
        }
        ended
    };
    let (refused, ended) = tokio::join!(saving, ending);
    assert!(refused > 3 && ended > 20, "{refused} {ended}");
    let count = async |sql: &str| rows(store, sql).await.remove(0).remove(0);
    assert_eq!(
        count("SELECT count(*) FROM scraped_pages").await,
        Value::Int(20 * i64::from(BATCHES))
    );
    assert_eq!(count("SELECT count(*) FROM links").await, Value::Int(20 * i64::from(BATCHES)));
    assert_eq!(count("SELECT count(*) FROM frontier").await, Value::Int(i64::from(BATCHES)));
    assert_eq!(count("SELECT sum(pages) FROM hosts").await, Value::Int(20 * i64::from(BATCHES)));
    assert_eq!(store.count_ok(crawl).await.unwrap(), 20 * u64::from(BATCHES));
    administrator.close().await.unwrap();
}
