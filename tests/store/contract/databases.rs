//! A database of its own for each test, on every kind of server.
//!
//! SQLite needs nothing. The others are run with `--ignored` (`--run-ignored all` in nextest) when
//! `CRAWLDECK_TEST_POSTGRES` and `CRAWLDECK_TEST_MYSQL` hold the URL of a server whose user may make
//! databases, such as `postgres://postgres@127.0.0.1:5544`.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};

use crawldeck::store::{OpenMode, open};
use futures_util::FutureExt;
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::*;

/// Where a database is.
pub(super) enum Place {
    /// A file in a folder of its own.
    Sqlite(TempDir),
    /// The server, and the name of the database on it.
    Postgres(url::Url, String),
    /// Likewise.
    MySql(url::Url, String),
}

impl Place {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(super) async fn postgres() -> Self {
        let (server, name) = server("CRAWLDECK_TEST_POSTGRES");
        let place = Self::Postgres(server, name);
        place.on_server(&format!("CREATE DATABASE {} TEMPLATE template0", place.name())).await;
        place
    }

    pub(super) async fn mysql() -> Self {
        let (server, name) = server("CRAWLDECK_TEST_MYSQL");
        let place = Self::MySql(server, name);
        place.on_server(&format!("CREATE DATABASE {}", place.name())).await;
        place
    }

    /// What `--db` would be given.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite://{}/crawl.db", dir.path().display()),
            Self::Postgres(server, name) | Self::MySql(server, name) => named(server, name),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Sqlite(_) => "crawl.db",
            Self::Postgres(_, name) | Self::MySql(_, name) => name,
        }
    }

    /// Runs a statement as another program would.
    pub(super) async fn execute(&self, sql: &str) {
        self.execute_at(&self.url(), sql).await;
    }

    pub(super) async fn on_server(&self, sql: &str) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(server, _) => self.execute_at(&named(server, "postgres"), sql).await,
            Self::MySql(server, _) => self.execute_at(server.as_str(), sql).await,
        }
    }

    async fn execute_at(&self, url: &str, sql: &str) {
        macro_rules! run {
            ($connection:ty) => {{
                let mut connection = <$connection>::connect(url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }};
        }
        match self {
            Self::Sqlite(_) => run!(sqlx::SqliteConnection),
            Self::Postgres(..) => run!(sqlx::PgConnection),
            Self::MySql(..) => run!(sqlx::MySqlConnection),
        }
    }

    pub(super) async fn drop_database(&self) {
        let name = self.name();
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(..) => {
                self.on_server(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
            Self::MySql(..) => self.on_server(&format!("DROP DATABASE {name}")).await,
        }
    }
}

/// The server that a variable names, and a name for a database that nobody has.
fn server(variable: &str) -> (url::Url, String) {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no server"));
    let random = fastrand::Rng::new().u64(..);
    (url::Url::parse(&url).unwrap(), format!("crawldeck_test_{random:016x}"))
}

fn named(server: &url::Url, name: &str) -> String {
    let mut url = server.clone();
    url.set_path(name);
    url.into()
}

/// An open database.
pub(super) struct Db {
    pub(super) place: Place,
    store: Arc<dyn Store>,
}

impl Db {
    pub(super) async fn at(place: Place) -> Self {
        let store = open(&place.url(), OpenMode::CreateIfMissing).await.unwrap();
        Self { place, store }
    }

    /// Opens it once more, as another process would.
    pub(super) async fn another(&self) -> Arc<dyn Store> {
        open(&self.place.url(), OpenMode::MustExist).await.unwrap()
    }
}

impl Db {
    /// Closes it and takes it away.
    pub(super) async fn gone(self) {
        self.store.close().await;
        self.place.drop_database().await;
    }
}

impl Deref for Db {
    type Target = Arc<dyn Store>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

/// Keeps a promise to the test: the database is gone afterwards, however it ends.
pub(super) async fn kept(place: Place, promise: impl AsyncFnOnce(&Db)) {
    let db = Db::at(place).await;
    let outcome = AssertUnwindSafe(promise(&db)).catch_unwind().await;
    db.gone().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// The tests, for each kind of database.
macro_rules! contract {
    ($($room:ident :: $promise:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $promise() {
                super::kept(super::Place::sqlite(), super::$room::$promise).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            #[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
            async fn $promise() {
                super::kept(super::Place::postgres().await, super::$room::$promise).await;
            })+
        }
        mod on_mysql {
            $(#[tokio::test]
            #[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
            async fn $promise() {
                super::kept(super::Place::mysql().await, super::$room::$promise).await;
            })+
        }
    };
}
pub(super) use contract;
