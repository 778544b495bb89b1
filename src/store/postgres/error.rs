//! Errors of PostgreSQL, as what the user can do about them.
//!
//! By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): texts depend on the
//! server's language.

use crate::store::error::{StoreError, one_line};

/// An error of a statement of crawldeck.
pub(super) fn from_postgres(db: &str, source: sqlx::Error) -> StoreError {
    let db = db.to_owned();
    let Some(error) = source.as_database_error() else { return from_driver(db, source) };
    let (code, why) = (error.code().unwrap_or_default(), one_line(error.message()));
    match &*code {
        "3D000" => StoreError::NoDatabase { db },
        // Disk full. Other resources may be free in a moment.
        "53100" => StoreError::Full { db },
        "25006" => StoreError::ReadOnly { db, why },
        // Rights; also a schema that is not there, because it is not to be seen.
        "42501" | "3F000" => StoreError::Refused { db, why },
        // Serialisation, deadlock, lock, cancelled by an administrator or a time-out.
        "40001" | "40P01" | "55P03" | "55006" | "57014" => StoreError::Busy { db, why },
        // An administrator, a crash, a start or an end; idle for too long.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => {
            StoreError::Unreachable { db, why }
        }
        // No such table, no such column.
        "42P01" | "42703" => StoreError::Altered { db, why },
        "XX001" | "XX002" => StoreError::Corrupt { db, why },
        _ => match code.get(..2) {
            Some("08") => StoreError::Unreachable { db, why },
            Some("28") => StoreError::Refused { db, why },
            // Memory, connections.
            Some("53") => StoreError::Busy { db, why },
            _ => StoreError::Driver { db, source },
        },
    }
}

/// Likewise, of a query that the user gave.
pub(super) fn from_postgres_query(db: &str, source: sqlx::Error) -> StoreError {
    match source.as_database_error() {
        Some(error) => {
            let code = error.code().unwrap_or_default();
            // Missing rights are no error of the query. Else: syntax and names, values, what is not built in,
            // a subquery of several rows, a transaction that cannot write.
            let query = code != "42501"
                && ["0A", "21", "22", "2F", "34", "42", "P0", "25006"]
                    .iter()
                    .any(|class| code.starts_with(class));
            if query {
                StoreError::Query { db: db.to_owned(), why: one_line(error.message()) }
            } else {
                from_postgres(db, source)
            }
        }
        None => from_postgres(db, source),
    }
}

/// An error that does not come from the server.
fn from_driver(db: String, source: sqlx::Error) -> StoreError {
    let why = match &source {
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        sqlx::Error::Io(error) => one_line(&error.to_string()),
        sqlx::Error::Tls(error) => format!("TLS: {}", one_line(&error.to_string())),
        sqlx::Error::PoolClosed => "it was closed here".to_owned(),
        _ => return StoreError::Driver { db, source },
    };
    StoreError::Unreachable { db, why }
}
