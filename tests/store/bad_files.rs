//! What is not a database of ours is refused in one clear line and left byte for byte as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::doc_markdown, reason = "SQLite is a name, not code")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crawldeck::model::ids::page_id;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::{Batch, FrontierRow, OpenMode, Store, StoreError, open};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

use OpenMode::{CreateIfMissing, MustExist};

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn try_open(path: &Path, mode: OpenMode) -> Result<std::sync::Arc<dyn Store>, StoreError> {
    open(path.to_str().unwrap(), mode).await
}

/// All files of a directory with their bytes and times of change. Of SQLite's shared memory only
/// the name counts: taking a lock writes to it.
fn contents(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, Option<std::time::SystemTime>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let what = if path.is_file() && !path.to_str().unwrap().ends_with("-shm") {
                let changed = fs::metadata(&path).unwrap().modified().unwrap();
                (fs::read(&path).unwrap(), Some(changed))
            } else {
                (Vec::new(), None)
            };
            (path, what)
        })
        .collect()
}

/// Opening `path` fails with a message that contains `said`, is one line that begins with the
/// file's name or says what cannot be done with it, and changes nothing in `dir`.
async fn refused_in(dir: &Path, path: &Path, mode: OpenMode, said: &str) {
    let before = contents(dir);
    let error = try_open(path, mode).await.err().expect("is refused").to_string();
    assert!(error.contains(said), "{error}");
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(!error.contains('\n') && error.contains(": "), "{error}");
    assert!(contents(dir) == before, "something was written: {error}");
}

/// In either mode.
async fn refused(dir: &TempDir, path: &Path, said: &str) {
    for mode in [MustExist, CreateIfMissing] {
        refused_in(dir.path(), path, mode, said).await;
    }
}

/// A connection as another program would make it.
async fn other_program(path: &Path, journal: SqliteJournalMode) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.journal_mode(journal).connect().await.unwrap()
}

async fn run(db: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

/// A database of ours, with a crawl, closed.
async fn ours(dir: &TempDir) -> PathBuf {
    let path = dir.path().join("crawl.db");
    let store = try_open(&path, CreateIfMissing).await.unwrap();
    let crawl = store.create_crawl("{}").await.unwrap();
    store.commit(crawl, &found(crawl, 1..3000)).await.unwrap();
    store.close().await;
    path
}

fn found(crawl: i64, seqs: std::ops::Range<u32>) -> Batch {
    let discovered = seqs
        .map(|seq| FrontierRow {
            id: page_id(crawl, seq),
            url: format!("http://127.0.0.1/{seq}").into(),
            url_hash: UrlHash(u128::from(seq).to_be_bytes()),
            depth: 0,
            attempts: 0,
            resent: 0,
            not_before_ms: 0,
            found_on: None,
            host_id: 0,
            lastmod_ms: None,
        })
        .collect();
    Batch { discovered, ..Batch::default() }
}

#[tokio::test]
async fn missing_file() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    refused_in(dir.path(), &path, MustExist, "does not exist: check the name").await;
}

#[tokio::test]
async fn missing_directory() {
    let dir = dir();
    let path = dir.path().join("no/such/crawl.db");
    refused_in(dir.path(), &path, MustExist, "does not exist").await;
    refused_in(dir.path(), &path, CreateIfMissing, "there is no directory").await;
    // Nor is a file one.
    fs::write(dir.path().join("file"), "x").unwrap();
    refused(&dir, &dir.path().join("file/crawl.db"), "there is no directory").await;
}

#[tokio::test]
async fn directory() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    fs::create_dir(&path).unwrap();
    refused(&dir, &path, "is a directory: name a file in it").await;
}

#[tokio::test]
async fn pipe() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    // No such program on this system, no such file.
    if made.is_ok_and(|status| status.success()) {
        refused(&dir, &path, "is not a regular file").await;
    }
}

#[tokio::test]
async fn not_sqlite() {
    for bytes in [&b"x"[..], b"SQLite format 3", b"SQLite format 4\0and more", &[0; 8192]] {
        let dir = dir();
        let path = dir.path().join("crawl.db");
        fs::write(&path, bytes).unwrap();
        refused(&dir, &path, "is not a SQLite database").await;
    }
}

#[tokio::test]
async fn other_programs() {
    for journal in [SqliteJournalMode::Delete, SqliteJournalMode::Wal] {
        for schema in [
            "CREATE TABLE notes (text)",
            "CREATE TABLE crawls (id); CREATE TABLE scraped_pages (id)",
            "CREATE TABLE notes (text); CREATE TABLE _sqlx_migrations (version BIGINT)",
            "CREATE TABLE _sqlx_migrations (version BIGINT);
             INSERT INTO _sqlx_migrations VALUES (20260101000000)",
        ] {
            let dir = dir();
            let path = dir.path().join("crawl.db");
            let mut db = other_program(&path, journal).await;
            run(&mut db, schema).await;
            // While it is open, in WAL mode with its log beside it, and when it is closed.
            refused(&dir, &path, "is a database of another program").await;
            db.close().await.unwrap();
            assert_eq!(contents(dir.path()).len(), 1);
            refused(&dir, &path, "is a database of another program").await;
        }
    }
}

#[tokio::test]
async fn newer_schema() {
    let dir = dir();
    let path = ours(&dir).await;
    let mut db = other_program(&path, SqliteJournalMode::Wal).await;
    run(
        &mut db,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (7, 'later', TRUE, x'00', 0)",
    )
    .await;
    db.close().await.unwrap();
    let said = "was written by a newer crawldeck (schema 7, this one knows 5): \
                upgrade crawldeck or use another file";
    refused(&dir, &path, said).await;
}

/// The same number of schema, but other tables: as development made them.
#[tokio::test]
async fn schema_of_before_the_release() {
    let dir = dir();
    let path = ours(&dir).await;
    let said = "was written by a crawldeck of before the first release, and was left as it is: \
                crawl again into another file";
    let mut db = other_program(&path, SqliteJournalMode::Wal).await;
    run(
        &mut db,
        "DROP TABLE sitemaps; UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1",
    )
    .await;
    // With its log beside it, and closed.
    refused(&dir, &path, said).await;
    db.close().await.unwrap();
    assert_eq!(contents(dir.path()).len(), 1);
    refused(&dir, &path, said).await;
}

#[tokio::test]
async fn read_only_file() {
    let dir = dir();
    let path = ours(&dir).await;
    set_readonly(&path, true);
    refused(&dir, &path, "cannot be written (the file is read-only)").await;
    set_readonly(&path, false);

    let name = format!("sqlite://{}?mode=ro", path.display());
    let error = open(&name, MustExist).await.err().unwrap().to_string();
    assert!(error.contains("cannot be written (its name says `mode=ro`)"), "{error}");
    try_open(&path, MustExist).await.unwrap().close().await;
}

#[tokio::test]
async fn read_only_directory() {
    let dir = dir();
    let path = ours(&dir).await;
    set_readonly(dir.path(), true);
    refused(&dir, &path, "cannot be written (directory ").await;
    let other = dir.path().join("new.db");
    refused_in(dir.path(), &other, CreateIfMissing, "cannot be written (directory ").await;
    set_readonly(dir.path(), false);
}

fn set_readonly(path: &Path, readonly: bool) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_readonly(readonly);
    fs::set_permissions(path, permissions).unwrap();
}

#[tokio::test]
async fn locked_exclusively() {
    let dir = dir();
    let path = ours(&dir).await;
    let mut db = other_program(&path, SqliteJournalMode::Delete).await;
    run(&mut db, "BEGIN EXCLUSIVE").await;
    refused_in(dir.path(), &path, MustExist, "is locked by another process: close").await;
    run(&mut db, "ROLLBACK").await;
    try_open(&path, MustExist).await.unwrap().close().await;
}

#[tokio::test]
async fn locked_by_a_transaction() {
    let dir = dir();
    let path = ours(&dir).await;
    let mut db = other_program(&path, SqliteJournalMode::Wal).await;
    run(&mut db, "BEGIN IMMEDIATE").await;
    refused_in(dir.path(), &path, MustExist, "is locked by another process: close").await;
    run(&mut db, "ROLLBACK").await;
    try_open(&path, MustExist).await.unwrap().close().await;
}

#[tokio::test]
async fn damaged() {
    let dir = dir();
    let path = ours(&dir).await;
    let whole = fs::read(&path).unwrap();

    // Cut off in the middle; the header alone; the first page overwritten; other sizes claimed.
    let half = whole[..whole.len() / 2].to_vec();
    let header = whole[..60].to_vec();
    let mut scribbled = whole.clone();
    scribbled[100..4096].fill(0xa5);
    let mut sizes = whole.clone();
    sizes[16..18].copy_from_slice(&[0x12, 0x34]);
    for bytes in [half, header, scribbled, sizes] {
        fs::write(&path, bytes).unwrap();
        refused(&dir, &path, "is damaged (").await;
    }
    fs::write(&path, whole).unwrap();
    try_open(&path, MustExist).await.unwrap().close().await;
}

#[tokio::test]
async fn empty_files_are_new() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    fs::write(&path, "").unwrap();
    refused_in(dir.path(), &path, MustExist, "is empty: check the name").await;
    let store = try_open(&path, CreateIfMissing).await.unwrap();
    assert_eq!(store.create_crawl("{}").await.unwrap(), 1);
    store.close().await;

    // A database without tables, and one whose first process died at its first statement.
    for schema in [
        "PRAGMA user_version = 3",
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
         checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
    ] {
        let path = dir.path().join(format!("{}.db", schema.len()));
        let mut db = other_program(&path, SqliteJournalMode::Delete).await;
        run(&mut db, schema).await;
        db.close().await.unwrap();
        try_open(&path, MustExist).await.unwrap().close().await;
    }
}

/// What a killed process leaves: the file with its log, and no lock.
#[tokio::test]
async fn a_log_left_behind_is_ours() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    let store = try_open(&path, CreateIfMissing).await.unwrap();
    let crawl = store.create_crawl("{}").await.unwrap();
    store.commit(crawl, &found(crawl, 1..100)).await.unwrap();

    let left = self::dir();
    for file in ["crawl.db", "crawl.db-wal"] {
        fs::copy(dir.path().join(file), left.path().join(file)).unwrap();
    }
    store.close().await;
    let store = try_open(&left.path().join("crawl.db"), MustExist).await.unwrap();
    assert_eq!(store.open_crawl(None).await.unwrap().open, 99);
    store.close().await;
}

/// Another program died in a transaction: rolling that back is its own business.
#[tokio::test]
async fn a_journal_left_behind_by_another_program() {
    let dir = dir();
    let path = dir.path().join("crawl.db");
    let mut db = other_program(&path, SqliteJournalMode::Delete).await;
    run(&mut db, "PRAGMA cache_size = 1; CREATE TABLE notes (text)").await;
    run(&mut db, "INSERT INTO notes SELECT hex(randomblob(2000)) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n)")
        .await;
    run(&mut db, "BEGIN; UPDATE notes SET text = hex(randomblob(2000))").await;
    let left = self::dir();
    for file in ["crawl.db", "crawl.db-journal"] {
        fs::copy(dir.path().join(file), left.path().join(file)).unwrap();
    }
    db.close().await.unwrap();
    let path = left.path().join("crawl.db");
    refused(&left, &path, "is a database of another program").await;
}

#[tokio::test]
async fn odd_names() {
    let dir = dir();
    for name in ["file:crawl.db", "a b%20?mode=ro.db", "ü🦀.db", "x#y.db"] {
        let path = dir.path().join(name);
        for mode in [CreateIfMissing, MustExist] {
            let store = try_open(&path, mode).await.unwrap();
            store.close().await;
        }
        assert!(path.is_file());
    }
    assert_eq!(contents(dir.path()).len(), 4);
}

#[tokio::test]
async fn other_databases() {
    for (name, said) in [
        // Nobody listens on port 1.
        (
            "postgres://user:secret@127.0.0.1:1/db",
            "no connection to postgres://user@127.0.0.1:1/db",
        ),
        ("mysql://user:secret@127.0.0.1:1/db", "no connection to mysql://user@127.0.0.1:1/db"),
        ("http://user:secret@host/db", "names no database (unknown kind of database)"),
    ] {
        let error = open(name, CreateIfMissing).await.err().unwrap().to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
    }
}
