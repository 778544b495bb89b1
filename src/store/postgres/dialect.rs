//! PostgreSQL, as the shared code speaks to it. All times are the server's.

use sqlx::postgres::{PgQueryResult, PgRow};
use sqlx::{Postgres, Row};

use super::read;
use crate::store::sql::numbered::COMMON;
use crate::store::sql::{CommonStatements, Dialect, Done, OwnStatements, Spelling};

impl Dialect for Postgres {
    const COMMON: CommonStatements = COMMON;
    const OWN: OwnStatements = read::OWN;
    const SPELLING: Spelling = Spelling {
        now: "now()",
        silent_ms: "(extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint",
        time: |column| format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.MS')"),
        open: "SELECT count(*) FROM frontier \
               WHERE frontier.id BETWEEN crawls.id << 32 AND (crawls.id << 32) + 4294967295",
        for_update: " FOR UPDATE",
        returning: true,
        numbered: true,
    };
    const BEGIN: &'static str = "BEGIN";
    const SNAPSHOT: &'static str = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

    fn small_int(row: &PgRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        Ok(row.try_get::<Option<i32>, _>(column)?.map(i64::from))
    }

    fn time(row: &PgRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        row.try_get(column)
    }

    fn done(result: &PgQueryResult) -> Done {
        Done { rows: result.rows_affected(), inserted_id: None }
    }
}
