//! Errors of MySQL and MariaDB, as what the user can do about them.
//!
//! By error number: the two have the same ones for everything older than the fork
//! (<https://mariadb.com/kb/en/mariadb-error-code-reference/>,
//! <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>).

use sqlx::mysql::MySqlDatabaseError;

use crate::store::error::{StoreError, one_line};

/// Error number of the server, if the error is the server's.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    match error {
        sqlx::Error::Database(error) => {
            Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
        }
        _ => None,
    }
}

/// Turns what the driver said into what the user can do about it.
pub(super) fn from_mysql(db: &str, source: sqlx::Error) -> StoreError {
    let db = db.to_owned();
    let why = match &source {
        sqlx::Error::Database(error) => one_line(error.message()),
        sqlx::Error::Io(error) => one_line(&error.to_string()),
        sqlx::Error::PoolTimedOut => "no response in time".to_owned(),
        other => one_line(&other.to_string()),
    };
    let Some(number) = number(&source) else {
        return match source {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unreachable { db, why },
            _ => StoreError::Driver { db, source },
        };
    };
    match number {
        // Unknown database.
        1049 => StoreError::NoDatabase { db },
        // Access denied, to the server, the database, a table, a column or a right; host not allowed;
        // password expired; account locked; no such way to log in.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1524 | 1698 | 1820 | 1862 | 3118 | 4151 => {
            StoreError::Refused { db, why }
        }
        // Shutting down, or about to begin.
        1053 | 1077 | 1079 | 3169 | 3168
        // Connection broken or killed, statement killed, idle for too long.
        | 1152 | 1158..=1161 | 1184 | 1317 | 1927 | 4031 => StoreError::Unreachable { db, why },
        // Locks: not in time, too many, deadlock. Too many connections, too many prepared statements.
        // Out of memory or threads. The time for a statement is over.
        1461 | 1205 | 1206 | 1213 | 1040 | 1203 | 1226 | 1037 | 1038 | 1041 | 1135 | 1969 | 3024 | 3572 => {
            StoreError::Busy { db, why }
        }
        // Disk full, table full.
        1021 | 1114 => StoreError::Full { db },
        // Errors of files, of the log for replication, and of the engine: the message has the number of the system's error.
        3 | 20 | 1026 | 1030 | 1598 if is_full(&why) => StoreError::Full { db },
        // Server in a read-only mode, read-only table, read-only transaction.
        1036 | 1290 | 1792 | 1836 | 3989 => StoreError::ReadOnly { db, why },
        // No such column, no such table, none in the engine.
        1054 | 1146 | 1932 => StoreError::Altered { db, why },
        // Packets larger than the server takes.
        1153 => StoreError::TooBig { db, why },
        // Table or index broken.
        1034 | 1035 | 1194 | 1195 | 1712 | 1877 => StoreError::Corrupt { db, why },
        _ => StoreError::Driver { db, source },
    }
}

/// Whether a message speaks of ENOSPC (28) or EDQUOT (122).
fn is_full(why: &str) -> bool {
    [
        "No space left",
        "no space left",
        "Disk quota",
        "rror 28 ",
        "code: 28",
        "rror: 28",
        "rror: 122",
    ]
    .iter()
    .any(|said| why.contains(said))
}

/// Likewise, of a query that the user gave: what the server says of it is about the query.
pub(super) fn from_mysql_query(db: &str, source: sqlx::Error) -> StoreError {
    match (from_mysql(db, source), db.to_owned()) {
        (StoreError::ReadOnly { why, .. } | StoreError::Altered { why, .. }, db) => {
            StoreError::Query { db, why }
        }
        (StoreError::Driver { source: sqlx::Error::Database(error), .. }, db) => {
            StoreError::Query { db, why: one_line(error.message()) }
        }
        (error, _) => error,
    }
}
