//! Errors of a driver that have no meaning of their own here: whether they may pass.

/// Errors of connections may pass; that a row cannot be written or read does not.
pub(super) fn may_recover(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            use sqlx::error::ErrorKind;
            matches!(error.kind(), ErrorKind::Other) && !is_permanent(&**error)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    }
}

/// Whether the same statement with the same values will be refused for as long as it is tried.
fn is_permanent(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_MISUSE, SQLITE_RANGE.
        return matches!(&*code, "18" | "20" | "21" | "25");
    }
    // Classes of SQLSTATE: not built in, number of columns, values, constraints, syntax and names,
    // limits of the program.
    ["0A", "21", "22", "23", "42", "54"].iter().any(|class| code.starts_with(class))
}
