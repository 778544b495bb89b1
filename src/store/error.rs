//! What can go wrong with a database, each with what to do.
//!
//! Every message is one line: the database, the cause, the way out. None shows a password.

use thiserror::Error;

use super::CrawlId;

/// A database error. `db` is the name the user gave, without secrets.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The name is not one of a database.
    #[error(
        "`{db}` names no database ({why}): write a file name or sqlite://FILE, such as sqlite://crawldeck.db"
    )]
    Usage {
        /// The name given.
        db: String,
        /// What is wrong with it.
        why: String,
    },
    /// A kind of database that is not built in.
    #[error(
        "{kind} databases are not supported yet: use a SQLite file, such as sqlite://crawldeck.db"
    )]
    Unsupported {
        /// `postgres` or `mysql`.
        kind: &'static str,
    },
    /// No such file, where one is needed.
    #[error("{db} does not exist: check the name, or start with `crawldeck crawl URL --db {db}`")]
    Missing {
        /// The file.
        db: String,
    },
    /// A file of zero bytes, where a database is needed.
    #[error("{db} is empty: check the name, or start with `crawldeck crawl URL --db {db}`")]
    Empty {
        /// The file.
        db: String,
    },
    /// The file's directory does not exist.
    #[error("cannot create {db}: there is no directory {dir}: create it, or use another file")]
    MissingDirectory {
        /// The file.
        db: String,
        /// The directory.
        dir: String,
    },
    /// A directory, not a file.
    #[error("{db} is a directory: name a file in it, such as {db}/crawldeck.db")]
    Directory {
        /// The directory.
        db: String,
    },
    /// A device, pipe or socket.
    #[error("{db} is not a regular file: use another file")]
    NotAFile {
        /// The thing.
        db: String,
    },
    /// A file of another kind.
    #[error("{db} is not a SQLite database, and was left as it is: use another file")]
    NotSqlite {
        /// The file.
        db: String,
    },
    /// A SQLite database without crawldeck's tables.
    #[error("{db} is a database of another program, and was left as it is: use another file")]
    Foreign {
        /// The file.
        db: String,
    },
    /// A schema from the future.
    #[error(
        "{db} was written by a newer crawldeck (schema {theirs}, this one knows {ours}): upgrade crawldeck or use another file"
    )]
    Newer {
        /// The file.
        db: String,
        /// Its schema.
        theirs: i64,
        /// The newest schema known.
        ours: i64,
    },
    /// A schema of before the first release.
    #[error(
        "{db} was written by a crawldeck of before the first release, and was left as it is: crawl again into another file, or use the crawldeck that wrote it"
    )]
    Unreleased {
        /// The file.
        db: String,
    },
    /// A schema that could not be brought up to date.
    #[error(
        "cannot bring {db} up to date ({why}): use another file, or the crawldeck that wrote it"
    )]
    Schema {
        /// The file.
        db: String,
        /// What the migration said.
        why: String,
    },
    /// File, directory or connection cannot be written.
    #[error(
        "{db} cannot be written ({why}): change its permissions, or use a file in another directory"
    )]
    ReadOnly {
        /// The file.
        db: String,
        /// What cannot be written.
        why: String,
    },
    /// Somebody else holds the write lock.
    #[error(
        "{db} is locked by another process: close the program that uses it, or use another file"
    )]
    Locked {
        /// The file.
        db: String,
    },
    /// The file contradicts itself.
    #[error("{db} is damaged ({why}): restore a copy, or use another file")]
    Corrupt {
        /// The file.
        db: String,
        /// What SQLite said.
        why: String,
    },
    /// No room left.
    #[error("no room left to write {db}: free some disk space, then `crawldeck resume {db}`")]
    Full {
        /// The file.
        db: String,
    },
    /// The file cannot be opened or read.
    #[error("cannot open {db} ({why}): check the name and its permissions")]
    CannotOpen {
        /// The file.
        db: String,
        /// What the system said.
        why: String,
    },
    /// There is nothing to resume.
    #[error("{db} has no unfinished crawl: start a new one with `crawldeck crawl URL --db {db}`")]
    NoUnfinishedCrawl {
        /// The file.
        db: String,
    },
    /// No crawl of that number.
    #[error("{db} has no crawl {crawl}: leave out the number to take the newest")]
    NoSuchCrawl {
        /// The file.
        db: String,
        /// The number.
        crawl: CrawlId,
    },
    /// A complete crawl was to be resumed.
    #[error(
        "crawl {crawl} in {db} is complete: start a new one with `crawldeck crawl URL --db {db}`"
    )]
    CrawlComplete {
        /// The file.
        db: String,
        /// The number.
        crawl: CrawlId,
    },
    /// There is nothing to look at again.
    #[error(
        "{db} has no complete crawl to look at again: finish one with `crawldeck resume {db}`, or leave out `--again`"
    )]
    NoCompleteCrawl {
        /// The file.
        db: String,
    },
    /// A partial crawl was to be looked at again.
    #[error(
        "crawl {crawl} in {db} is not complete, so it cannot be looked at again: finish it with `crawldeck resume {db}`, or leave out the number to take the newest complete one"
    )]
    CrawlIncomplete {
        /// The file.
        db: String,
        /// The number.
        crawl: CrawlId,
    },
    /// Anything else the driver said.
    #[error("database error in {db}: {source}: try again, or use another file")]
    Driver {
        /// The file.
        db: String,
        /// What the driver said.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Turns what SQLite said into what the user can do about it, by its primary result code
    /// (<https://www.sqlite.org/rescode.html>).
    pub(super) fn from_sqlite(db: &str, source: sqlx::Error) -> Self {
        let db = db.to_owned();
        let Some(code) = sqlite_code(&source) else {
            return Self::Driver { db, source };
        };
        let why = || match &source {
            sqlx::Error::Database(error) => one_line(error.message()),
            other => one_line(&other.to_string()),
        };
        match code & 0xff {
            5 | 6 => Self::Locked { db },
            8 => Self::ReadOnly { why: why(), db },
            11 | 26 => Self::Corrupt { why: why(), db },
            13 => Self::Full { db },
            14 => Self::CannotOpen { why: why(), db },
            _ => Self::Driver { db, source },
        }
    }
}

/// SQLite's extended result code, if the error is SQLite's.
pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    match error {
        sqlx::Error::Database(error) => error.code()?.parse().ok(),
        _ => None,
    }
}

/// Text that may hold anything, fit for one line of an error.
pub(super) fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
