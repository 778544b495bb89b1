//! SQLite, as the shared code speaks to it. All times are by SQLite's clock, which is the system's.

use sqlx::sqlite::{SqliteQueryResult, SqliteRow};
use sqlx::{Row, Sqlite};

use super::read;
use crate::store::sql::question_marks::COMMON;
use crate::store::sql::{CommonStatements, Dialect, Done, OwnStatements, Spelling};

impl Dialect for Sqlite {
    const COMMON: CommonStatements = COMMON;
    const OWN: OwnStatements = read::OWN;
    const SPELLING: Spelling = Spelling {
        now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
        silent_ms: "CAST((julianday('now') - julianday(beat_at)) * 86400000 AS INTEGER)",
        time: |column| column.to_owned(),
        open: "SELECT count(*) FROM frontier \
               WHERE frontier.id >> 16 BETWEEN crawls.id << 16 AND (crawls.id << 16) + 65535",
        // The transaction has the write lock.
        for_update: "",
        returning: false,
        numbered: false,
    };
    /// Takes the write lock at once: a transaction that first reads and then writes could fail
    /// half-way.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const SNAPSHOT: &'static str = "BEGIN";

    fn small_int(row: &SqliteRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn time(row: &SqliteRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        row.try_get(column)
    }

    fn done(result: &SqliteQueryResult) -> Done {
        Done { rows: result.rows_affected(), inserted_id: Some(result.last_insert_rowid()) }
    }
}
