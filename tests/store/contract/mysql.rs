//! What is MySQL's own: its schema and rights, packets, connections that are lost.

use std::path::Path;

use super::*;
use crate::closed_port::ClosedPort;
use crawldeck::store::{OpenMode, open};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

/// A database that nobody has opened yet, gone afterwards.
async fn in_new_database(test: impl AsyncFnOnce(&Place)) {
    let place = Place::mysql().await;
    let outcome =
        futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(&place))).await;
    place.drop_database().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn opened(place: &Place) -> Arc<dyn Store> {
    open(&place.url(), OpenMode::CreateIfMissing).await.unwrap()
}

async fn refused(url: &str, mode: OpenMode) -> StoreError {
    let Err(error) = open(url, mode).await else { panic!("{url} was opened") };
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    error
}

/// Answers of the server itself, as texts.
async fn ask(place: &Place, sql: &str) -> Vec<Vec<String>> {
    use sqlx::Row;
    let mut connection = MySqlConnection::connect(&place.url()).await.unwrap();
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let text = |row: &sqlx::mysql::MySqlRow, n| {
        row.try_get_unchecked::<Option<&[u8]>, _>(n)
            .unwrap()
            .map_or("NULL".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect()
}

/// Tables, columns, keys and views, as the server describes them.
async fn schema(place: &Place) -> Vec<Vec<String>> {
    let mut all = ask(
        place,
        "SELECT table_name, column_name, column_type, is_nullable, collation_name, extra \
         FROM information_schema.columns WHERE table_schema = database() \
         ORDER BY table_name, ordinal_position",
    )
    .await;
    all.extend(
        ask(
            place,
            "SELECT table_name, index_name, seq_in_index, column_name, non_unique \
             FROM information_schema.statistics WHERE table_schema = database() \
             ORDER BY table_name, index_name, seq_in_index",
        )
        .await,
    );
    all
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn a_migration_cut_short_is_run_again() {
    let migrations = Migrator::new(Path::new("src/store/mysql/migrations")).await.unwrap();
    let first = migrations.iter().next().unwrap();
    let mut whole = None;
    let statements: Vec<&str> =
        first.sql.as_str().split(";\n").filter(|sql| !sql.trim().is_empty()).collect();
    assert!(statements.len() > 10);
    // Nothing done, not even noted; then one statement more each time.
    for done in [None].into_iter().chain((0..=statements.len()).step_by(3).map(Some)) {
        in_new_database(async |place| {
            if let Some(done) = done {
                let ours = opened(place).await;
                ours.close().await;
                whole.get_or_insert(schema(place).await);
                for table in [
                    "crawls, scraped_pages, links, frontier, changes, hosts, sitemaps, timeline",
                    "broken_links, redirects, slow_pages, duplicates, by_status, by_host",
                ] {
                    let kind = if table.starts_with("crawls") { "TABLE" } else { "VIEW" };
                    place.execute(&format!("DROP {kind} {table}")).await;
                }
                place.execute("UPDATE _sqlx_migrations SET success = FALSE").await;
                // With the collation that it was to have, it is the same.
                let collation = collation(place).await;
                for statement in &statements[..done] {
                    place.execute(&statement.replace("{collation}", &collation)).await;
                }
            } else {
                place
                    .execute(
                        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, \
                         description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT \
                         CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
                         execution_time BIGINT NOT NULL)",
                    )
                    .await;
            }
            let store = opened(place).await;
            let crawl = store.create_crawl("{}").await.unwrap();
            let batch = Batch { pages: vec![page(crawl, 1)], ..Batch::default() };
            store.commit(crawl, &batch).await.unwrap();
            assert_eq!(rows(&store, "SELECT pages FROM by_host").await, [[Value::Int(1)]]);
            store.close().await;
            assert_eq!(&schema(place).await, whole.get_or_insert(schema(place).await));
            let noted = ask(place, "SELECT version, success FROM _sqlx_migrations").await;
            assert_eq!(noted, [["1", "1"], ["2", "1"], ["3", "1"], ["4", "1"]]);
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn an_added_column_is_not_added_twice() {
    let migrations = Migrator::new(Path::new("src/store/mysql/migrations")).await.unwrap();
    in_new_database(async |place| {
        opened(place).await.close().await;
        let whole = schema(place).await;
        let collation = collation(place).await;
        let links: &[&str] = &[migrated::LINKS_TAKEN_BACK];
        let taken_back = [links, migrated::TAKEN_BACK[1], migrated::TAKEN_BACK[2]];
        for (version, taken_back) in (2..=4).rev().zip(taken_back) {
            let migration = migrations.iter().find(|migration| migration.version == version);
            let sql = migration.unwrap().sql.as_str().replace("{collation}", &collation);
            let statements: Vec<&str> =
                sql.split(";\n").filter(|statement| !statement.trim().is_empty()).collect();
            for done in 0..=statements.len() {
                for sql in taken_back {
                    place.execute(sql).await;
                }
                let failed = "UPDATE _sqlx_migrations SET success = FALSE WHERE version";
                place.execute(&format!("{failed} = {version}")).await;
                if done > 0 {
                    place.execute(&statements[..done].join(";\n")).await;
                }
                opened(place).await.close().await;
                assert_eq!(schema(place).await, whole, "{version}: after {done} statements");
            }
        }
    })
    .await;
}

/// The collation of every text in a database on this server.
async fn collation(place: &Place) -> String {
    let version = ask(place, "SELECT version()").await.concat().concat();
    let kind = if version.contains("MariaDB") { "nopad" } else { "0900" };
    format!("utf8mb4_{kind}_bin")
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn many_that_open_a_new_database_at_once_all_can() {
    in_new_database(async |place| {
        let opening = (0..8).map(|_| opened(place));
        let stores = futures_util::future::join_all(opening).await;
        let mut crawls = Vec::new();
        for store in &stores {
            crawls.push(store.create_crawl("{}").await.unwrap());
        }
        assert_eq!(crawls, (1..=8).collect::<Vec<_>>());
        for store in stores {
            store.close().await;
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn what_is_not_ours_is_refused_and_left_as_it_is() {
    in_new_database(async |place| {
        let error = refused(&place.url(), OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::Empty { .. }), "{error}");
        place.execute("CREATE TABLE notes (text TEXT)").await;
        let error = refused(&place.url(), OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert_eq!(ask(place, "SHOW TABLES").await, [["notes"]]);
        place.execute("DROP TABLE notes").await;

        let store = opened(place).await;
        store.create_crawl("{}").await.unwrap();
        store.close().await;
        let before = schema(place).await;
        place
            .execute(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (99, 'later', TRUE, 'x', 0)",
            )
            .await;
        let error = refused(&place.url(), OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Newer { theirs: 99, ours: 4, .. }), "{error}");
        place.execute("DELETE FROM _sqlx_migrations WHERE version = 99").await;
        place.execute("UPDATE _sqlx_migrations SET checksum = 'x'").await;
        let error = refused(&place.url(), OpenMode::CreateIfMissing).await;
        assert!(matches!(error, StoreError::Unreleased { .. }), "{error}");
        assert_eq!(schema(place).await, before);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn a_database_that_is_missing_is_made_when_it_may_be() {
    in_new_database(async |place| {
        let Place::MySql(_, name) = place else { panic!() };
        place.execute(&format!("DROP DATABASE {name}")).await;
        let error = refused(&place.url(), OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::NoDatabase { .. }), "{error}");
        let store = opened(place).await;
        assert_eq!(store.create_crawl("{}").await.unwrap(), 1);
        store.close().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn a_database_of_latin_letters_keeps_all_others_too() {
    for hashes in [true, false] {
        in_new_database(async |place| {
            let Place::MySql(server, name) = place else { panic!() };
            let latin = "CHARACTER SET latin1 COLLATE latin1_swedish_ci";
            place.execute(&format!("ALTER DATABASE {name} {latin}")).await;
            let db = Db::at(Place::MySql(server.clone(), name.clone())).await;
            if hashes {
                texts::hashes_tell_urls_apart_and_texts_do_not(&db).await;
            } else {
                texts::odd_text_survives(&db).await;
                texts::links_have_texts_of_any_kind(&db).await;
            }
            db.close().await;
        })
        .await;
    }
}

/// The URL of the database for another user.
fn url_for(place: &Place, user: &str, password: &str) -> String {
    let mut url = url::Url::parse(&place.url()).unwrap();
    url.set_username(user).unwrap();
    url.set_password(Some(password)).unwrap();
    url.into()
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn whoever_may_only_read_can_look_and_no_more() {
    in_new_database(async |place| {
        let Place::MySql(_, name) = place else { panic!() };
        let store = opened(place).await;
        let crawl = store.create_crawl("{}").await.unwrap();
        store.set_state(crawl, CrawlState::Stopped).await.unwrap();
        store.close().await;
        let user = format!("r{}", &name[name.len() - 12..]);
        let secret = "pass-Word9!";
        // Of both, because nobody at all at localhost would come before anybody anywhere.
        let users = ["%", "localhost"].map(|host| format!("'{user}'@'{host}'"));
        for reads in &users {
            place.execute(&format!("CREATE USER {reads} IDENTIFIED BY '{secret}'")).await;
            place.execute(&format!("GRANT SELECT ON {name}.* TO {reads}")).await;
        }

        let reader = open(&url_for(place, &user, secret), OpenMode::MustExist).await.unwrap();
        assert_eq!(reader.crawls().await.unwrap().len(), 1);
        assert_eq!(rows(&reader, "SELECT count(*) FROM crawls").await, [[Value::Int(1)]]);
        let error = reader.open_crawl(None).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert!(error.is_transient() && !error.to_string().contains(secret), "{error}");
        reader.close().await;
        let error = refused(&url_for(place, &user, "Secret7?"), OpenMode::MustExist).await;
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
        assert!(!error.to_string().contains("Secret7?"), "{error}");
        for reads in users {
            place.execute(&format!("DROP USER {reads}")).await;
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn a_server_that_is_not_there_is_said_so() {
    let closed = ClosedPort::new();
    let url = format!("mysql://me:secret@{}/crawl", closed.address());
    let error = refused(&url, OpenMode::CreateIfMissing).await;
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.is_transient());
    let line = error.to_string();
    assert!(line.contains("refused") && !line.contains("secret"), "{line}");
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn what_is_longer_than_a_packet_is_cut_between_rows() {
    in_new_database(async |place| {
        let store = opened(place).await;
        let crawl = store.create_crawl("{}").await.unwrap();
        let most: usize = ask(place, "SELECT @@max_allowed_packet").await[0][0].parse().unwrap();
        // Together longer than two packets.
        let long = |seq: u32, bytes| PageRow { title: Some("t".repeat(bytes)), ..page(crawl, seq) };
        let pages = (1..=9).map(|seq| long(seq, most / 4)).collect();
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
        let lengths = "SELECT count(*), min(char_length(title)) FROM scraped_pages";
        assert_eq!(rows(&store, lengths).await, [[Value::Int(9), Value::Int(most as i64 / 4)]]);

        // One row is too long: nothing of its batch is written, and the next batch is.
        let pages = vec![page(crawl, 20), long(21, most)];
        let error = store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap_err();
        assert!(matches!(error, StoreError::TooBig { .. }), "{error}");
        assert!(error.is_transient() && error.to_string().lines().count() == 1, "{error}");
        let pages = vec![page(crawl, 22)];
        store.commit(crawl, &Batch { pages, ..Batch::default() }).await.unwrap();
        assert_eq!(rows(&store, "SELECT count(*) FROM scraped_pages").await, [[Value::Int(10)]]);
        store.close().await;
    })
    .await;
}

/// A row that somebody else has locked is waited for, then it is said so; later it goes through.
#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn locks_of_others_are_waited_for_and_then_reported() {
    in_new_database(async |place| {
        let store = opened(place).await;
        let crawl = store.create_crawl("{}").await.unwrap();
        let mut other = MySqlConnection::connect(&place.url()).await.unwrap();
        let lock = "START TRANSACTION; SELECT id FROM crawls FOR UPDATE";
        sqlx::raw_sql(lock).execute(&mut other).await.unwrap();
        let batch = Batch { pages: vec![page(crawl, 1)], ..Batch::default() };
        let error = store.commit(crawl, &batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Busy { .. }) && error.is_transient(), "{error}");
        assert!(seen(&store, crawl).await.is_empty());
        other.close().await.unwrap();
        store.commit(crawl, &batch).await.unwrap();
        assert_eq!(seen(&store, crawl).await.len(), 1);
        store.close().await;
    })
    .await;
}

/// Connections that the server ends are made anew, each after a maximum of one error.
#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn connections_that_are_killed_are_made_anew() {
    in_new_database(async |place| {
        let Place::MySql(_, name) = place else { panic!() };
        let store = opened(place).await;
        let crawl = store.create_crawl("{}").await.unwrap();
        for seq in 1..=5 {
            frontier(&store, crawl).await;
            let ours = format!(
                "SELECT id FROM information_schema.processlist \
                 WHERE db = '{name}' AND id <> connection_id()"
            );
            for id in ask(place, &ours).await {
                // It may have ended by itself.
                let mut connection = MySqlConnection::connect(&place.url()).await.unwrap();
                let kill = AssertSqlSafe(format!("KILL {}", id[0]));
                let _ = sqlx::raw_sql(kill).execute(&mut connection).await;
            }
            let batch = Batch { pages: vec![page(crawl, seq)], ..Batch::default() };
            if let Err(error) = store.commit(crawl, &batch).await {
                assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
                assert!(error.is_transient());
                store.commit(crawl, &batch).await.unwrap();
            }
            assert_eq!(seen(&store, crawl).await.len(), seq as usize);
        }
        store.close().await;
    })
    .await;
}
