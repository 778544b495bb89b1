//! A database that a crawl of the whole program goes to, in whichever of the three, and what must
//! hold of it afterwards: the same questions to each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, FromRow, MySqlConnection, PgConnection,
    SqliteConnection,
};
use tempfile::TempDir;
use url::Url;

use super::{LabProcess, wait};

/// Where a crawl is kept.
pub struct Database {
    kind: Kind,
    /// What lives as long as it does.
    _folder: Option<TempDir>,
    /// The server that it is taken away from in the end.
    server: Option<Url>,
}

enum Kind {
    Sqlite(PathBuf),
    Postgres(Url),
    MySql(Url),
}

/// Runs a piece of asynchronous code over a connection of whichever kind.
macro_rules! on_connection {
    ($database:expr, $connection:ident => $work:expr) => {
        wait(async {
            match &$database.kind {
                Kind::Sqlite(path) => {
                    let mut $connection = read_only(path).await?;
                    let done = $work;
                    $connection.close().await?;
                    Ok(done)
                }
                Kind::Postgres(url) => {
                    let mut $connection = PgConnection::connect(url.as_str()).await?;
                    let done = $work;
                    $connection.close().await?;
                    Ok(done)
                }
                Kind::MySql(url) => {
                    let mut $connection = MySqlConnection::connect(url.as_str()).await?;
                    let done = $work;
                    $connection.close().await?;
                    Ok(done)
                }
            }
        })
    };
}

impl Database {
    /// A file, somebody else's.
    pub fn file(path: &Path) -> Self {
        Self { kind: Kind::Sqlite(path.to_owned()), _folder: None, server: None }
    }

    /// A file in a folder of its own, which is not there yet.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kind = Kind::Sqlite(folder.path().join("crawldeck.db"));
        Self { kind, _folder: Some(folder), server: None }
    }

    /// An empty database on the server that `CRAWLDECK_TEST_POSTGRES` names.
    pub fn postgres() -> Self {
        Self::on_postgres(&of_environment("CRAWLDECK_TEST_POSTGRES"))
    }

    /// A database on the server that `CRAWLDECK_TEST_MYSQL` names, which is not there yet.
    pub fn mysql() -> Self {
        Self::on_mysql(&of_environment("CRAWLDECK_TEST_MYSQL"))
    }

    /// An empty database on a server.
    pub fn on_postgres(server: &Url) -> Self {
        let (name, url) = new_name(server);
        execute_on(server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Self { kind: Kind::Postgres(url), _folder: None, server: Some(server.clone()) }
    }

    /// A database on a server, which is not there yet.
    pub fn on_mysql(server: &Url) -> Self {
        let (_, url) = new_name(server);
        Self { kind: Kind::MySql(url), _folder: None, server: Some(server.clone()) }
    }

    /// What `--db` takes.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite(path) => format!("sqlite://{}", path.display()),
            Kind::Postgres(url) | Kind::MySql(url) => url.to_string(),
        }
    }

    /// Its name on its server; that of the file.
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Sqlite(path) => path.display().to_string(),
            Kind::Postgres(url) | Kind::MySql(url) => url.path()[1..].to_owned(),
        }
    }

    /// What people call its kind.
    pub const fn kind(&self) -> &'static str {
        match &self.kind {
            Kind::Sqlite(_) => "SQLite",
            Kind::Postgres(_) => "PostgreSQL",
            Kind::MySql(_) => "MariaDB",
        }
    }

    /// The number that a `SELECT count(*)` answers with; an error while there is no such table, or
    /// no database at all.
    pub fn try_number(&self, sql: &str) -> sqlx::Result<i64> {
        on_connection!(self, connection => sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut connection)
            .await?)
    }

    /// Likewise, of a database that is there.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        self.try_number(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Likewise, 0 while it is unknown.
    pub fn number_so_far(&self, sql: &str) -> u64 {
        self.try_number(sql).map_or(0, |number| number as u64)
    }

    /// The texts that a query answers with.
    #[track_caller]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let texts: sqlx::Result<Vec<String>> = on_connection!(self, connection =>
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await?);
        texts.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The counters last saved.
    #[track_caller]
    pub fn totals(&self) -> Value {
        let text = self.texts("SELECT totals FROM crawls ORDER BY id DESC LIMIT 1");
        serde_json::from_str(&text[0]).unwrap()
    }

    /// What must hold at every moment, whichever process dies: no row doubled, no link that leads nowhere, and
    /// every URL discovered is open or done, once.
    #[track_caller]
    pub fn assert_sound(&self) {
        for (what, sql) in [
            ("hashes", "SELECT url_hash FROM scraped_pages GROUP BY crawl_id, url_hash"),
            ("URLs", "SELECT url FROM scraped_pages GROUP BY crawl_id, url"),
            ("open hashes", "SELECT url_hash FROM frontier GROUP BY crawl_id, url_hash"),
            ("links", "SELECT from_id FROM links GROUP BY from_id, to_id"),
        ] {
            let doubled = format!("SELECT count(*) FROM ({sql} HAVING count(*) > 1) AS doubled");
            assert_eq!(self.number(&doubled), 0, "{what} doubled");
        }
        self.none("open and done", "frontier, scraped_pages WHERE frontier.id = scraped_pages.id");
        self.none(
            "open and done by hash",
            "frontier JOIN scraped_pages ON frontier.crawl_id = scraped_pages.crawl_id \
             AND frontier.url_hash = scraped_pages.url_hash",
        );
        let known = "SELECT id FROM scraped_pages UNION ALL SELECT id FROM frontier";
        self.none(
            "links from or to what is not there",
            &format!("links WHERE from_id NOT IN ({known}) OR to_id NOT IN ({known})"),
        );
        self.none(
            "pages found on what is not there",
            "scraped_pages WHERE found_on IS NOT NULL \
             AND found_on NOT IN (SELECT id FROM scraped_pages)",
        );
        self.none("odd states", "scraped_pages WHERE state NOT IN ('ok', 'failed', 'skipped')");
        self.none(
            "hosts whose sums are not those of their pages",
            "hosts LEFT JOIN (SELECT crawl_id, host, count(*) AS pages, \
               sum(CASE WHEN state = 'ok' THEN 1 ELSE 0 END) AS ok, \
               sum(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS failed, \
               sum(CASE WHEN state = 'skipped' THEN 1 ELSE 0 END) AS skipped, \
               sum(content_length) AS bytes FROM scraped_pages GROUP BY crawl_id, host) AS sums \
             ON sums.crawl_id = hosts.crawl_id AND sums.host = hosts.host \
             WHERE hosts.pages <> coalesce(sums.pages, 0) OR hosts.ok <> coalesce(sums.ok, 0) \
             OR hosts.failed <> coalesce(sums.failed, 0) \
             OR hosts.skipped <> coalesce(sums.skipped, 0) \
             OR hosts.bytes <> coalesce(sums.bytes, 0)",
        );
        self.none(
            "pages of hosts that are not there",
            "scraped_pages LEFT JOIN hosts ON hosts.crawl_id = scraped_pages.crawl_id \
             AND hosts.host = scraped_pages.host WHERE hosts.host IS NULL",
        );
    }

    #[track_caller]
    fn none(&self, what: &str, rows: &str) {
        assert_eq!(self.number(&format!("SELECT count(*) FROM {rows}")), 0, "{what}");
    }

    /// The counters of the one crawl are those of its rows.
    #[track_caller]
    pub fn assert_counted(&self) {
        let totals = self.totals();
        let count = |what: &str| totals[what].as_i64().unwrap();
        let rows = |table: &str| self.number(&format!("SELECT count(*) FROM {table}"));
        for state in ["ok", "failed", "skipped"] {
            let of_state = rows(&format!("scraped_pages WHERE state = '{state}'"));
            assert_eq!(count(state), of_state, "{state}: {totals}");
        }
        let pages = rows("scraped_pages");
        assert_eq!(count("pages"), pages, "{totals}");
        assert_eq!(count("discovered"), pages + rows("frontier"), "{totals}");
        assert_eq!(count("links"), rows("links"), "{totals}");
    }

    /// Nothing is lost and nothing doubled: what must hold of every database with one crawl that is
    /// complete.
    #[track_caller]
    pub fn assert_whole(&self) {
        self.assert_sound();
        self.assert_counted();
        self.none("open", "frontier");
        assert_eq!(self.texts("SELECT state FROM crawls"), ["complete"]);
        self.none("held", "crawls WHERE holder_token IS NOT NULL OR holder_pid IS NOT NULL");
    }

    /// Every URL that can be reached in the lab is there, under its final status.
    #[track_caller]
    pub fn assert_found(&self, lab: &LabProcess) {
        let truth = lab.truth();
        let rows =
            |which: &str| self.number(&format!("SELECT count(*) FROM scraped_pages {which}"));
        assert_eq!(rows(""), truth["pages"].as_i64().unwrap());
        assert_eq!(rows("WHERE state = 'skipped'"), truth["skipped"].as_i64().unwrap());
        for (status, count) in truth["by_status"].as_object().unwrap() {
            let of_status = rows(&format!("WHERE state <> 'skipped' AND status = {status}"));
            assert_eq!(of_status, count.as_i64().unwrap(), "{status}");
        }
        // Depth 0 is the seed's alone, and every other page was found on a page that links to it.
        assert_eq!(rows("WHERE depth = 0"), 1);
        assert_eq!(rows("WHERE depth = 0 AND found_on IS NOT NULL"), 0);
        let not_linked = "WHERE depth > 0 AND (found_on IS NULL OR NOT EXISTS (SELECT 1 FROM links \
                          WHERE from_id = scraped_pages.found_on AND to_id = scraped_pages.id))";
        assert_eq!(rows(not_linked), 0, "found on a page that does not link to it");
    }

    /// Requests that the rows tell of: all attempts, those resent, and the hops of redirects.
    #[track_caller]
    pub fn requests(&self) -> u64 {
        self.sum("scraped_pages", "attempts", 1) + self.resent() + self.sum("redirects", "hops", 1)
    }

    /// Requests that do not count as attempts.
    #[track_caller]
    pub fn resent(&self) -> u64 {
        self.sum("scraped_pages", "resent", 1)
    }

    /// Attempts after the first.
    #[track_caller]
    pub fn retries(&self) -> u64 {
        self.sum("scraped_pages", "attempts", 2)
    }

    /// By how much the numbers of a column reach `from`, or are above it, in all.
    #[track_caller]
    fn sum(&self, table: &str, column: &str, from: u32) -> u64 {
        let at_least =
            |n| self.number(&format!("SELECT count(*) FROM {table} WHERE {column} >= {n}")) as u64;
        (from..=u32::MAX).map(at_least).take_while(|count| *count > 0).sum()
    }

    /// Runs statements as another program would.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs statements as the administrator of the server, in another database.
    #[track_caller]
    pub fn execute_on_server(&self, sql: &str) {
        execute_on(self.server.as_ref().expect("a server"), sql);
    }

    /// Runs statements in it, with what the database said.
    pub fn try_execute(&self, sql: &str) -> sqlx::Result<()> {
        match &self.kind {
            Kind::Sqlite(path) => wait(async {
                let mut connection = SqliteConnectOptions::new().filename(path).connect().await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }),
            Kind::Postgres(url) | Kind::MySql(url) => try_execute_on(url, sql),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(server) = &self.server else { return };
        let sql = match &self.kind {
            Kind::Postgres(_) => format!("DROP DATABASE {} WITH (FORCE)", self.name()),
            _ => format!("DROP DATABASE IF EXISTS {}", self.name()),
        };
        // A server of the test's own may be gone before.
        let _ = try_execute_on(server, &sql);
    }
}

fn of_environment(variable: &str) -> Url {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server"));
    Url::parse(&url).unwrap()
}

/// A name that nobody has, and its URL.
fn new_name(server: &Url) -> (String, Url) {
    let name = format!("crawldeck_test_{:016x}", fastrand::Rng::new().u64(..));
    let mut url = server.clone();
    url.set_path(&name);
    (name, url)
}

#[track_caller]
fn execute_on(url: &Url, sql: &str) {
    try_execute_on(url, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn try_execute_on(url: &Url, sql: &str) -> sqlx::Result<()> {
    macro_rules! run {
        ($connection:ty) => {
            wait(async {
                let mut connection = <$connection>::connect(url.as_str()).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            })
        };
    }
    if url.scheme() == "mysql" { run!(MySqlConnection) } else { run!(PgConnection) }
}

/// Read-only, so that a log left behind by a kill stays for the program to recover from.
async fn read_only(path: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    options.busy_timeout(Duration::from_secs(30)).connect().await
}

// SQLite alone -------------------------------------------------------------------------------

/// All rows of a query.
#[track_caller]
pub fn rows<T>(db: &Path, sql: &'static str) -> Vec<T>
where
    T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    try_rows(db, sql).unwrap()
}

/// Likewise, of a database that may be in any state.
pub fn try_rows<T>(db: &Path, sql: &'static str) -> sqlx::Result<Vec<T>>
where
    T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
{
    wait(async {
        let mut connection = read_only(db).await?;
        let rows = sqlx::query_as(sql).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(rows)
    })
}

/// The one number a query answers with.
#[track_caller]
pub fn number(db: &Path, sql: &'static str) -> i64 {
    rows::<(i64,)>(db, sql)[0].0
}

/// See [`Database::assert_whole`].
#[track_caller]
pub fn assert_whole(db: &Path) {
    Database::file(db).assert_whole();
}

/// See [`Database::totals`].
#[track_caller]
pub fn totals(db: &Path) -> Value {
    Database::file(db).totals()
}
