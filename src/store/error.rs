//! What can go wrong with a database, each with what to do.
//!
//! Every message is one line: the database, the cause, the way out. None shows a password.

use thiserror::Error;

use super::driver_error::may_recover;
use crate::model::ids::CrawlId;

/// A database error. `db` is the name the user gave, without secrets.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The name is not one of a database.
    #[error(
        "`{db}` names no database ({why}): write a file name, sqlite://FILE, postgres://USER@HOST/NAME or mysql://USER@HOST/NAME"
    )]
    Usage {
        /// The name given.
        db: String,
        /// What is wrong with it.
        why: String,
    },
    /// A database whose support was left out when this was built.
    #[error(
        "{db} cannot be used: this build has no {database} support (feature `{feature}`): build with it, or use a SQLite file"
    )]
    NotBuilt {
        /// The database.
        db: String,
        /// Its kind.
        database: &'static str,
        /// The feature of this crate that supports it.
        feature: &'static str,
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
    /// Another process has the write lock.
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
    /// The process may not make a file larger.
    #[error(
        "no room left to write {db}, which is as large as `ulimit -f` allows: raise that, then `crawldeck resume {db}`"
    )]
    FileLimit {
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
    /// There is no complete crawl for a recrawl.
    #[error(
        "{db} has no complete crawl to look at again: finish one with `crawldeck resume {db}`, or leave out `--recrawl`"
    )]
    NoCompleteCrawl {
        /// The file.
        db: String,
    },
    /// A recrawl of a partial crawl.
    #[error(
        "crawl {crawl} in {db} is not complete, so it cannot be recrawled: finish it with `crawldeck resume {db}`, or leave out the number to take the newest complete one"
    )]
    CrawlIncomplete {
        /// The file.
        db: String,
        /// The number.
        crawl: CrawlId,
    },
    /// Another live store has the lease of the crawl.
    #[error(
        "crawl {crawl} in {db} is being run by pid {pid} on {host} since {since} UTC: stop it, or wait until it ends"
    )]
    Held {
        /// The database.
        db: String,
        /// The crawl.
        crawl: CrawlId,
        /// Machine of the owner of the lease.
        host: String,
        /// Process of the owner of the lease.
        pid: u32,
        /// Since when: `YYYY-MM-DD HH:MM:SS`, UTC.
        since: String,
    },
    /// Another store has taken the lease over.
    #[error(
        "crawl {crawl} in {db} was taken over by pid {pid} on {host}, which found no sign of life here: nothing more is saved here, look there"
    )]
    TakenOver {
        /// The database.
        db: String,
        /// The crawl.
        crawl: CrawlId,
        /// Machine of the owner of the lease.
        host: String,
        /// Process of the owner of the lease.
        pid: u32,
    },
    /// The lease was taken over and released again, or was never acquired.
    #[error(
        "crawl {crawl} in {db} is not held here any more, somebody else has ended it: nothing more is saved here, see `crawldeck list {db}`"
    )]
    NotHeld {
        /// The database.
        db: String,
        /// The crawl.
        crawl: CrawlId,
    },
    /// The removal of a crawl was begun.
    #[error(
        "crawl {crawl} in {db} is half removed: remove what is left with `crawldeck rm {db} {crawl}`"
    )]
    HalfRemoved {
        /// The database.
        db: String,
        /// The crawl.
        crawl: CrawlId,
    },
    /// The server cannot be reached, or the connection to it was lost.
    #[error("no connection to {db} ({why}): check that the server runs and can be reached")]
    Unreachable {
        /// The database.
        db: String,
        /// What the system or the driver said.
        why: String,
    },
    /// The server has no such database.
    #[error(
        "{db} does not exist on its server: check the name, or make it there with `CREATE DATABASE`"
    )]
    NoDatabase {
        /// The database.
        db: String,
    },
    /// The server refuses the login, or a right that is needed.
    #[error("{db} refuses access ({why}): check user, password and rights")]
    Refused {
        /// The database.
        db: String,
        /// What the server said.
        why: String,
    },
    /// A lock was not free in time, or two transactions were in a deadlock.
    #[error("{db} is busy ({why}): it is tried again")]
    Busy {
        /// The database.
        db: String,
        /// What the server said.
        why: String,
    },
    /// The code that talks to the database panicked.
    #[error("internal error at {db} ({why}): please report it; `crawldeck resume` continues")]
    Internal {
        /// The database.
        db: String,
        /// The panic.
        why: String,
    },
    /// A query that the database cannot run.
    #[error("{db} cannot answer that ({why}): check the query")]
    Query {
        /// The database.
        db: String,
        /// What the database said.
        why: String,
    },
    /// The file is not where it was opened.
    #[error(
        "{db} was {how} while it was in use, so nothing more is saved: put it back and `crawldeck resume {db}`, or start again"
    )]
    Gone {
        /// The file.
        db: String,
        /// What was done to it.
        how: &'static str,
    },
    /// A table or a column is missing.
    #[error(
        "{db} is not as crawldeck made it ({why}), so nothing more is saved: restore a copy, or use another database"
    )]
    Altered {
        /// The database.
        db: String,
        /// What the database said.
        why: String,
    },
    /// A version of a server that lacks what is needed.
    #[error("{db} is {found}, which is too old: {needed} or newer is needed")]
    TooOld {
        /// The database.
        db: String,
        /// What it is, with its version.
        found: String,
        /// What is needed, likewise.
        needed: &'static str,
    },
    /// A row, with its texts, larger than the server takes at once.
    #[error("{db} does not take it ({why}): raise `max_allowed_packet` of the server")]
    TooBig {
        /// The database.
        db: String,
        /// What is too large, and the limit.
        why: String,
    },
    /// Anything else the driver said.
    #[error("database error in {db}: {source}: try again, or use another database")]
    Driver {
        /// The file.
        db: String,
        /// What the driver said.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Whether a retry may succeed without a change of the program or the command: the connection, the
    /// server or the disk can come back, a right can be granted again. A table, a database or a file that
    /// was deleted does not come back by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::ReadOnly { .. }
            | Self::Locked { .. }
            | Self::Full { .. }
            | Self::FileLimit { .. }
            | Self::CannotOpen { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::TooBig { .. }
            | Self::Internal { .. }
            | Self::Busy { .. } => true,
            Self::Driver { source, .. } => may_recover(source),
            _ => false,
        }
    }

    /// What is wrong, without what to do: for where the program retries by itself.
    #[must_use]
    pub fn in_short(&self) -> String {
        let whole = self.to_string();
        whole.rsplit_once(": ").map_or(whole.as_str(), |(wrong, _)| wrong).to_owned()
    }
}

/// Text that may hold anything, fit for one line of an error.
pub(super) fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
