//! The same rows give the same report, whatever the database.

use crawldeck::report::{gather, render};
use crawldeck::store::{self, OpenMode};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};

use crate::html::Html;
use crate::rows::fill;

/// Times that depend on when the test runs, as they would be.
const TIMES: &str = "UPDATE crawls SET created_at = '2026-11-01 12:00:00.000', \
                     updated_at = '2026-11-04 12:01:00.000'";

macro_rules! execute {
    ($connection:ty, $url:expr, $sql:expr) => {{
        let mut connection = <$connection>::connect($url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe($sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }};
}

/// The report of a database that is filled here, without the database's name.
async fn report(url: &str) -> String {
    let store = store::open(url, OpenMode::CreateIfMissing).await.unwrap();
    fill(&*store).await;
    match url.split_once(':').unwrap().0 {
        "postgres" => execute!(PgConnection, url, TIMES),
        "mysql" => execute!(MySqlConnection, url, TIMES),
        _ => execute!(SqliteConnection, url, TIMES),
    }
    let html = render(&gather(&store, None).await.unwrap());
    let name = store.describe();
    store.close().await;
    assert!(html.contains(&name), "{name}");
    Html::read(&html);
    html.replace(&name, "DB")
}

async fn sqlite() -> String {
    let folder = tempfile::tempdir().unwrap();
    report(&format!("sqlite://{}/rows.db", folder.path().display())).await
}

/// The server that a variable names, and a database that nobody has.
fn place(variable: &str) -> (url::Url, String) {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server"));
    let name = format!("crawldeck_report_{:016x}", fastrand::u64(..));
    (url::Url::parse(&url).unwrap(), name)
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn postgres_gives_the_same_report() {
    let (mut server, name) = place("CRAWLDECK_TEST_POSTGRES");
    server.set_path("postgres");
    let admin = server.to_string();
    execute!(PgConnection, &admin, format!("CREATE DATABASE {name} TEMPLATE template0"));
    server.set_path(&name);
    let html = report(server.as_str()).await;
    execute!(PgConnection, &admin, format!("DROP DATABASE {name} WITH (FORCE)"));
    assert_eq!(html, sqlite().await);
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
async fn mysql_gives_the_same_report() {
    let (mut server, name) = place("CRAWLDECK_TEST_MYSQL");
    let admin = server.to_string();
    execute!(MySqlConnection, &admin, format!("CREATE DATABASE {name}"));
    server.set_path(&name);
    let html = report(server.as_str()).await;
    execute!(MySqlConnection, &admin, format!("DROP DATABASE {name}"));
    assert_eq!(html, sqlite().await);
}
