//! MySQL and MariaDB, as the shared code speaks to them. All times are by the server's clock, which
//! all clients share.

use sqlx::mysql::{MySqlQueryResult, MySqlRow};
use sqlx::{MySql, Row};

use super::{read, value};
use crate::store::sql::question_marks::COMMON;
use crate::store::sql::{CommonStatements, Dialect, Done, OwnStatements, Spelling};

impl Dialect for MySql {
    const COMMON: CommonStatements = COMMON;
    const OWN: OwnStatements = read::OWN;
    const SPELLING: Spelling = Spelling {
        now: "utc_timestamp(3)",
        silent_ms: "timestampdiff(MICROSECOND, beat_at, utc_timestamp(3)) DIV 1000",
        time: |column| column.to_owned(),
        open: "SELECT count(*) FROM frontier WHERE frontier.crawl_id = crawls.id",
        for_update: " FOR UPDATE",
        returning: false,
        numbered: false,
    };
    const BEGIN: &'static str = "START TRANSACTION";
    const SNAPSHOT: &'static str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

    fn small_int(row: &MySqlRow, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn time(row: &MySqlRow, column: usize) -> Result<Option<String>, sqlx::Error> {
        value::time(row, column)
    }

    fn done(result: &MySqlQueryResult) -> Done {
        let id = result.last_insert_id() as i64;
        Done { rows: result.rows_affected(), inserted_id: Some(id) }
    }
}
