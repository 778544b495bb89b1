//! Errors of SQLite, as what the user can do about them: by primary result code
//! (<https://www.sqlite.org/rescode.html>).

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

use crate::store::error::{StoreError, one_line};

/// What SQLite says when a file cannot be made larger, of the kind SQLITE_IOERR: of a write, of a change of
/// the size, of the shared memory beside the log. A full disk it tells from these, a limit of sizes not.
const FILE_GROWS: [i32; 3] = [778, 1546, 4874];

impl StoreError {
    /// Turns what SQLite said into what the user can do about it.
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
            10 if FILE_GROWS.contains(&code) && has_file_limit() => Self::FileLimit { db },
            5 | 6 => Self::Locked { db },
            8 => Self::ReadOnly { why: why(), db },
            11 | 26 => Self::Corrupt { why: why(), db },
            13 => Self::Full { db },
            14 => Self::CannotOpen { why: why(), db },
            // SQLITE_ERROR says nothing by itself.
            1 if is_missing(&why()) => Self::Altered { why: why(), db },
            _ => Self::Driver { db, source },
        }
    }

    /// Likewise, of a query that the user gave.
    pub(super) fn from_sqlite_query(db: &str, source: sqlx::Error) -> Self {
        match &source {
            // SQLITE_ERROR, SQLITE_READONLY.
            sqlx::Error::Database(error)
                if matches!(sqlite_code(&source).map(|code| code & 0xff), Some(1 | 8)) =>
            {
                Self::Query { db: db.to_owned(), why: one_line(error.message()) }
            }
            _ => Self::from_sqlite(db, source),
        }
    }
}

/// Whether SQLite says that something of the schema is not there.
fn is_missing(why: &str) -> bool {
    ["no such table", "no such column", "has no column named"].iter().any(|said| why.contains(said))
}

/// Whether files of this process have a limit of their size.
fn has_file_limit() -> bool {
    getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|(limit, _)| limit != RLIM_INFINITY)
}

/// SQLite's extended result code, if the error is SQLite's.
pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    match error {
        sqlx::Error::Database(error) => error.code()?.parse().ok(),
        _ => None,
    }
}
