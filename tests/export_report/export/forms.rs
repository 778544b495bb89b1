//! CSV and lines of JSON, of every table.

use crawldeck::export::TABLES;
use crawldeck::store::{self, Columns, OpenMode};
use serde_json::Value;

use super::test_db::{TITLES, TestDb, column, records};
use crate::support::database::Database;
use crate::support::wait;

/// Rows of each, as counted by the database.
fn expected(test_db: &TestDb, table: &str) -> usize {
    let table = if table == "pages" { "scraped_pages" } else { table };
    test_db.database.number(&format!("SELECT count(*) FROM {table}")) as usize
}

#[test]
fn every_table_has_all_its_rows_in_both_forms() {
    let test_db = TestDb::new();
    for table in TABLES {
        let name = table.name;
        let csv = test_db.exported(&["--table", name]);
        let lines = test_db.exported(&["--table", name, "--format", "jsonl"]);
        let records = records(&csv);
        assert_eq!(records.len(), expected(&test_db, name), "{name}");
        assert!(!records.is_empty(), "{name}: nothing to compare");
        let objects: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(objects.len(), records.len(), "{name}");
        for (record, object) in records.iter().zip(&objects) {
            let names: Vec<&str> = record.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, table.columns, "{name}");
            let object = object.as_object().unwrap();
            assert_eq!(object.len(), names.len(), "{name}");
            for (column, cell) in record {
                same(cell, &object[column], column);
            }
        }
    }
}

/// A cell says what the JSON says.
fn same(cell: &str, json: &Value, column: &str) {
    match json {
        Value::Null => assert_eq!(cell, "", "{column}"),
        Value::Number(number) if number.is_f64() => {
            assert_eq!(cell.parse(), Ok(number.as_f64().unwrap()), "{column}");
        }
        Value::Number(number) => assert_eq!(cell, number.to_string(), "{column}"),
        // What was guarded says the same behind its guards.
        Value::String(text) => {
            assert_eq!(cell.replace('\'', ""), text.replace('\'', ""), "{column}");
        }
        nested => assert_eq!(&serde_json::from_str::<Value>(cell).unwrap(), nested, "{column}"),
    }
}

#[test]
fn titles_survive_and_none_of_them_is_a_formula() {
    let test_db = TestDb::new();
    let some = ["--where", "url LIKE 'http://h:1/title/%'"];
    let csv = test_db.exported(&some);
    let titles = column(&csv, "title");
    assert_eq!(titles.len(), TITLES.len());
    for (cell, title) in titles.iter().zip(TITLES) {
        let bare = cell.trim_start_matches(' ');
        assert!(!bare.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell:?}");
        assert_eq!(cell.replace('\'', ""), title.replace('\'', ""));
    }
    let lines = test_db.exported(&[some[0], some[1], "--format", "jsonl"]);
    for (line, title) in lines.lines().zip(TITLES) {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["title"], title);
    }
    assert_eq!(titles[7], "a,b;\"c\"\r\nd", "nothing is changed that need not be");
    assert_eq!(titles[12], "x;'=HYPERLINK(A1)", "some take ';' for the end of a cell");
    // Negative numbers are numbers.
    let hosts = test_db.exported(&["--table", "frontier", "--where", "attempts - 3 < 0"]);
    assert_eq!(records(&hosts).len(), 3);
}

#[test]
fn json_within_a_row_is_json_and_what_is_not_there_is_null() {
    let test_db = TestDb::new();
    let line = test_db.exported(&["--table", "redirects", "-f", "jsonl"]);
    let row: Value = serde_json::from_str(line.trim_end()).unwrap();
    assert_eq!(row["redirects"][1]["status"], 302);
    let line = test_db.exported(&["-f", "jsonl", "--where", "url = 'http://h:1/private/a'"]);
    let row: Value = serde_json::from_str(line.trim_end()).unwrap();
    assert_eq!((&row["status"], &row["redirects"]), (&Value::Null, &Value::Null));
    assert_eq!(row["url_hash"].as_str().unwrap().len(), 32);
    // How many sitemaps, a number, not JSON in a text.
    let line = test_db.exported(&["--table", "sitemaps", "-f", "jsonl"]);
    assert_eq!(serde_json::from_str::<Value>(line.trim_end()).unwrap()["sitemaps"], 2);
}

#[test]
fn links_name_both_ends_even_of_what_still_waits() {
    let test_db = TestDb::new();
    let csv = test_db.exported(&["--table", "links", "--where", "to_status = 404"]);
    assert_eq!(column(&csv, "to_url"), vec!["http://h:1/missing"; 40]);
    assert_eq!(column(&csv, "from_url")[6], "http://h:1/page/7");
    assert_eq!(column(&csv, "anchor")[0], "<b>here</b>");
}

#[test]
fn conditions_are_conditions_and_nothing_else() {
    let test_db = TestDb::new();
    let count = |condition: &str| {
        records(&test_db.exported(&["--table", "by_status", "--where", condition])).len()
    };
    let all = count("1 = 1");
    assert_eq!((count("status IS NULL"), count("by_status.status = 404")), (1, 1));
    assert_eq!(count("pages > 100000"), 0);
    for bad in [
        "nothing = 1",
        "status =",
        "1=1; DELETE FROM links",
        "1=1) UNION SELECT 1,1,1,1,1 FROM crawls WHERE (1=1",
        "1=1) --",
        "1=1 -- all",
        "(1=1",
        "status = 'open",
        "",
    ] {
        let ended = test_db.export(&["--table", "by_status", "--where", bad]).exits(2);
        assert!(
            ended.stderr.starts_with("crawldeck: ") || ended.stderr.contains("--where"),
            "{bad}"
        );
        assert!(!ended.stderr.is_empty() && !ended.stderr.contains("panicked"), "{bad}");
    }
    assert_eq!(count("1 = 1"), all);
    // A word that is reserved in some databases, named with its table.
    assert_eq!(test_db.exported(&["--where", "pages.change = 'new'"]).lines().count(), 1);
}

#[test]
fn the_crawl_is_the_newest_or_the_one_that_is_named() {
    let test_db = TestDb::new();
    let said = test_db.export(&["--crawl", "2"]).exits(1).stderr;
    assert!(said.contains("has no crawl 2"), "{said}");
    let second = test_db.on_again();
    assert_eq!(second, 2);
    let ids = |arguments: &[&str]| column(&test_db.exported(arguments), "id");
    assert_eq!(ids(&["--table", "crawls"]), ["2"]);
    assert_eq!(ids(&["--table", "crawls", "--crawl", "1"]), ["1"]);
    assert!(ids(&["--crawl", "1"]).iter().all(|id| id.parse::<i64>().unwrap() >> 32 == 1));
}

#[test]
fn what_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::support::crawldeck(folder.path());
    let ended = crate::support::Running::start(command.args(["export", "none.db"])).end().exits(1);
    assert!(ended.stderr.contains("none.db does not exist"), "{ended:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let test_db = TestDb::new();
    let said = test_db.export(&["--table", "page"]).exits(2).stderr;
    assert!(TABLES.iter().all(|table| said.contains(table.name)), "{said}");
}

#[test]
fn large_tables_are_read_in_their_order_and_not_sorted() {
    let test_db = TestDb::new();
    for table in
        TABLES.iter().filter(|t| ["pages", "links", "frontier", "changes"].contains(&t.name))
    {
        let steps = wait(async {
            let store = store::open(&test_db.database.url(), OpenMode::MustExist).await.unwrap();
            let mut steps = Vec::new();
            let mut sink = |_: &Columns, row: &[store::Value]| {
                steps.push(row.last().unwrap().as_text().unwrap().to_owned());
                true
            };
            let plan = format!("EXPLAIN QUERY PLAN {}", table.query(1, Some("1 = 1")));
            store.select(&plan, &mut sink).await.unwrap();
            store.close().await;
            steps
        });
        assert!(steps.iter().all(|step| step.starts_with("SEARCH ")), "{table}: {steps:?}");
    }
}

/// All tables of a database in all forms.
fn everything(database: Database) -> Vec<(String, String)> {
    let test_db = TestDb::on(database);
    let mut all = vec![("sitemap".to_owned(), test_db.exported(&["-f", "sitemap"]))];
    for table in TABLES {
        for form in ["csv", "jsonl"] {
            let name = format!("{table} {form}");
            all.push((name, test_db.exported(&["--table", table.name, "-f", form])));
        }
    }
    let reserved = ["--where", "pages.change IS NULL AND title LIKE '%🦀%'"];
    all.push(("where".to_owned(), test_db.exported(&reserved)));
    all
}

fn same_everywhere(database: Database) {
    for ((name, theirs), (_, ours)) in
        everything(database).iter().zip(&everything(Database::sqlite()))
    {
        assert_eq!(theirs, ours, "{name}");
    }
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
fn postgres_gives_the_same_bytes() {
    same_everywhere(Database::postgres());
}

#[test]
#[ignore = "needs a server: CRAWLDECK_TEST_MYSQL=mysql://USER@HOST:PORT"]
fn mysql_gives_the_same_bytes() {
    same_everywhere(Database::mysql());
}
