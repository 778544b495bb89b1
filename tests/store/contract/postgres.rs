//! What is PostgreSQL's own: opening, refusing, and what its errors mean.

use super::*;
use crate::closed_port::ClosedPort;
use std::panic::{AssertUnwindSafe, resume_unwind};

use crawldeck::store::{OpenMode, open};
use futures_util::FutureExt;
use sqlx::{Connection, PgConnection};

/// Why a database is not opened, in one line.
async fn refused(url: &str, mode: OpenMode) -> StoreError {
    let error = open(url, mode).await.err().unwrap_or_else(|| panic!("{url} was opened"));
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    error
}

/// The same server with something else in its URL.
fn other(place: &Place, change: impl FnOnce(&mut url::Url)) -> String {
    let mut url = url::Url::parse(&place.url()).unwrap();
    change(&mut url);
    url.into()
}

/// A database that nothing was done to yet, taken away afterwards.
async fn untouched(promise: impl AsyncFnOnce(&Place)) {
    let place = Place::postgres().await;
    let outcome = AssertUnwindSafe(promise(&place)).catch_unwind().await;
    place.drop_database().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Tables and views in a database.
async fn tables(place: &Place) -> Vec<String> {
    let mut db = PgConnection::connect(&place.url()).await.unwrap();
    let names = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         AND relkind IN ('r', 'v') ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    db.close().await.unwrap();
    names
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn what_cannot_be_reached_says_why() {
    untouched(async |place: &Place| {
        let closed = ClosedPort::new();
        let port = closed.port();
        let nobody = other(place, |url| {
            url.set_port(Some(port)).unwrap();
            url.set_password(Some("secret")).unwrap();
        });
        let error = refused(&nobody, OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(error.is_transient());
        for said in ["refused", &format!("127.0.0.1:{port}/"), "check that the server runs"] {
            assert!(error.to_string().contains(said), "{error}");
        }

        let error =
            refused(&other(place, |url| url.set_path("no_such")), OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::NoDatabase { .. }), "{error}");
        assert!(!error.is_transient());

        let unknown = other(place, |url| {
            url.set_username("nobody_of_that_name").unwrap();
            url.set_password(Some("secret")).unwrap();
        });
        let error = refused(&unknown, OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("check user, password and rights"), "{error}");

        // Options that nobody knows, with what may be a secret in them, and values that are none.
        for (option, said) in [
            ("passwort=secret", "unknown option `passwort`"),
            ("sslmode=maybe", "(unknown value \"maybe\" for `ssl_mode`)"),
            ("sslmode=verify-full", "TLS"),
        ] {
            let error =
                refused(&other(place, |url| url.set_query(Some(option))), OpenMode::MustExist)
                    .await;
            assert!(error.to_string().contains(said), "{option}: {error}");
        }
        assert!(tables(place).await.is_empty());
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn what_is_not_ours_is_left_as_it_is() {
    untouched(async |place: &Place| {
        let error = refused(&place.url(), OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::Empty { .. }), "{error}");
        assert!(tables(place).await.is_empty());

        // Somebody else's table; then one that looks like the driver's own.
        for create in [
            "CREATE TABLE customers (id int)",
            "CREATE TABLE _sqlx_migrations (version bigint, checksum bytea, success bool);
             INSERT INTO _sqlx_migrations VALUES (20240101, '\\x00', true)",
        ] {
            place.execute(create).await;
            let before = tables(place).await;
            let error = refused(&place.url(), OpenMode::CreateIfMissing).await;
            assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
            assert_eq!(tables(place).await, before);
        }

        // A schema of one's own, as PostgreSQL has them, is as good as a database of one's own.
        place.execute("CREATE SCHEMA crawls").await;
        let own = other(place, |url| url.set_query(Some("options=-c%20search_path=crawls")));
        let store = open(&own, OpenMode::CreateIfMissing).await.unwrap();
        let crawl = store.create_crawl("{}").await.unwrap();
        let batch = Batch { pages: vec![page(crawl, 1)], ..Batch::default() };
        store.commit(crawl, &batch).await.unwrap();
        assert_eq!(rows(&store, "SELECT count(*) FROM scraped_pages").await, [[Value::Int(1)]]);
        store.close().await;
        assert_eq!(tables(place).await, ["_sqlx_migrations", "customers"]);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn another_encoding_is_refused() {
    let place = Place::postgres().await;
    place.drop_database().await;
    let sql =
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", place.name());
    place.on_server(&sql).await;
    let error = refused(&place.url(), OpenMode::CreateIfMissing).await;
    place.drop_database().await;
    assert!(error.to_string().contains("its encoding is LATIN1"), "{error}");
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn a_schema_from_the_future_is_refused_and_an_older_one_is_not() {
    kept(Place::postgres().await, async |store: &Db| {
        store
            .place
            .execute("INSERT INTO _sqlx_migrations VALUES (99, 'later', now(), true, '\\x00', 1)")
            .await;
        let error = refused(&store.place.url(), OpenMode::CreateIfMissing).await;
        let StoreError::Newer { theirs: 99, ours, .. } = error else { panic!("{error}") };
        assert!(ours < 99);
        store.place.execute("DELETE FROM _sqlx_migrations WHERE version = 99").await;
        store.another().await.close().await;
        // Made by other migrations of the same numbers.
        store.place.execute("UPDATE _sqlx_migrations SET checksum = '\\x00'").await;
        let error = refused(&store.place.url(), OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Unreleased { .. }), "{error}");
    })
    .await;
}

/// A user who may only read gets an error, and a database that is up to date is not touched.
#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn rights_that_are_missing_are_named() {
    untouched(async |place: &Place| {
        let user = format!("{}_reader", place.name());
        place.execute(&format!("CREATE ROLE {user} LOGIN")).await;
        let reader = other(place, |url| url.set_username(&user).unwrap());
        let error = refused(&reader, OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("permission denied"), "{error}");

        let store = open(&place.url(), OpenMode::CreateIfMissing).await.unwrap();
        let crawl = store.create_crawl("{}").await.unwrap();
        store.set_state(crawl, CrawlState::Complete).await.unwrap();
        store.close().await;
        place.execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}")).await;
        let store = open(&reader, OpenMode::MustExist).await.unwrap();
        assert_eq!(store.crawls().await.unwrap().len(), 1);
        let error = store.create_crawl("{}").await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        store.close().await;
        place.execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}")).await;
    })
    .await;
}

/// What comes between a batch and the database is said in words, may pass, and when it has passed the
/// same store continues.
#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn what_passes_is_waited_for() {
    kept(Place::postgres().await, async |store: &Db| {
        let crawl = store.create_crawl("{}").await.unwrap();
        let one = |seq| Batch { pages: vec![page(crawl, seq)], ..Batch::default() };
        store.commit(crawl, &one(1)).await.unwrap();
        let fails = async |seq| {
            let error = store.commit(crawl, &one(seq)).await.unwrap_err();
            assert!(error.is_transient(), "{error}");
            assert_eq!(error.to_string().lines().count(), 1);
            error
        };
        let name = store.place.name();

        // An administrator ends all connections.
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        store.place.on_server(&end).await;
        store.commit(crawl, &one(2)).await.unwrap();
        assert_eq!(frontier(store, crawl).await, []);

        // The database becomes read-only, for new connections.
        let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only");
        store.place.on_server(&format!("{read_only} = on")).await;
        store.place.on_server(&end).await;
        let error = fails(3).await;
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        store.place.on_server(&format!("{read_only} = off")).await;
        store.commit(crawl, &one(3)).await.unwrap();

        // Somebody locks the table.
        let mut somebody = PgConnection::connect(&store.place.url()).await.unwrap();
        let mut locking = somebody.begin().await.unwrap();
        sqlx::query("LOCK TABLE links").execute(&mut *locking).await.unwrap();
        let linked = Batch { links: vec![link(crawl, 1, 2)], ..one(4) };
        let error = store.commit(crawl, &linked).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy { .. }) && error.is_transient(), "{error}");
        assert!(error.to_string().contains("lock"), "{error}");
        locking.rollback().await.unwrap();
        store.commit(crawl, &linked).await.unwrap();
        somebody.close().await.unwrap();

        // No new connections, then again.
        store.place.on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        store.place.on_server(&end).await;
        let error = fails(5).await;
        assert!(error.to_string().contains("not currently accepting connections"), "{error}");
        store.place.on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        store.commit(crawl, &one(5)).await.unwrap();
        assert_eq!(seen(store, crawl).await.len(), 5);
    })
    .await;
}

/// The slowest query ends when it is not wanted any more.
#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn a_select_without_end_can_be_left() {
    kept(Place::postgres().await, async |store: &Db| {
        let mut count = 0;
        let mut sink = |_: &Columns, row: &[Value]| {
            count += 1;
            assert_eq!(row[0], Value::Int(count));
            count < 10_000
        };
        let sql = "SELECT generate_series(1, 1000000000000) -- all of them";
        store.select(sql, &mut sink).await.unwrap();
        assert_eq!(count, 10_000);
        // Neither a way out of the transaction nor a second statement.
        for sql in
            ["SELECT 1; COMMIT", "COMMIT", "VALUES (1); DROP TABLE links", "TABLE links; SELECT 1"]
        {
            let mut sink = |_: &Columns, _: &[Value]| true;
            let error = store.select(sql, &mut sink).await.expect_err(sql);
            assert!(matches!(error, StoreError::Query { .. }), "{sql}: {error}");
        }
        assert_eq!(rows(store, "VALUES (1);").await, [[Value::Int(1)]]);
        assert_eq!(rows(store, "SELECT '{1,2}'::int[], '1 day'::interval").await.len(), 1);
    })
    .await;
}
