//! How PostgreSQL answers the questions of a crawl with 1,000,000 open URLs and 1,000,000 done ones,
//! beside two other crawls: by an index, in its order, and never by reading a whole table.

#![allow(clippy::print_stdout, reason = "the plans and the times are shown")]

use super::*;
use crawldeck::store::postgres::{hosts, open, statements, write};
use crawldeck::store::{OpenMode, open as open_store};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

/// Rows of the large crawl in `frontier` and in `scraped_pages`.
const MILLION: i64 = 1_000_000;

/// The crawl in the middle.
const CRAWL: i64 = 2;

/// Rows as a crawl of 1,000 hosts leaves them, written by the server itself; half of the open URLs wait
/// for one host, and no host's URLs are together.
fn rows_of(crawl: i64, rows: i64) -> String {
    let first = page_id(crawl, 1);
    format!(
        "INSERT INTO crawls (id, state, settings, created_at, updated_at)
           OVERRIDING SYSTEM VALUE VALUES ({crawl}, 'stopped', '{{}}', now(), now());
         INSERT INTO scraped_pages (id, crawl_id, url_hash, state, status, depth, attempts,
           elapsed_ms, content_length, links_found, created_at, host, url, error)
         SELECT {first} + n, {crawl}, decode(md5('done' || {crawl} || n), 'hex'),
           CASE WHEN n % 100 = 0 THEN 'skipped' ELSE 'ok' END, 200, 3, 1, 40, 20000, 25, now(),
           'host-' || n % 1000, 'http://host-' || n % 1000 || '/articles/page-' || n || '.html',
           CASE WHEN n % 200 = 0 THEN 'excluded' WHEN n % 200 = 100 THEN 'robots.txt' END
         FROM generate_series(0, {rows} - 1) AS n;
         INSERT INTO frontier (id, crawl_id, url_hash, depth, attempts, not_before, host_id, url)
         SELECT {first} + {rows} + n, {crawl}, decode(md5('open' || {crawl} || n), 'hex'), 4, 0, 0,
           CASE WHEN n % 2 = 0 THEN 7 ELSE hashint8extended(n % 1000, 0) END,
           'http://host-' || n % 1000 || '/articles/open-' || n || '.html'
         FROM generate_series(0, {rows} - 1) AS n;
         INSERT INTO links (crawl_id, from_id, to_id)
         SELECT {crawl}, {first} + n / 2, {first} + (n * 7919::bigint) % {rows}
         FROM generate_series(0, {rows} - 1) AS n ON CONFLICT DO NOTHING;
         INSERT INTO hosts (crawl_id, host, pages, ok, failed, skipped, bytes)
         SELECT {crawl}, 'host-' || n, 1000, 990, 0, 10, 20000000 FROM generate_series(0, 999) AS n;
         INSERT INTO changes (crawl_id, seq, at, by_whom, what, entry)
         SELECT {crawl}, n, now(), 'user', 'permits', '{{}}' FROM generate_series(1, 500) AS n;"
    )
}

/// A statement, its purpose, its connection, and the steps that must be in its plan.
struct Question {
    name: &'static str,
    sql: &'static str,
    types: &'static str,
    values: String,
    settings: &'static str,
    steps: &'static [&'static str],
}

/// A question under the settings of the readers.
fn question(
    name: &'static str,
    sql: &'static str,
    types: &'static str,
    values: String,
    steps: &'static [&'static str],
) -> Question {
    Question { name, sql, types, values, settings: open::FOR_READING, steps }
}

/// The queries of a crawl that resumes.
fn queries_of_a_resume() -> Vec<Question> {
    let (first, last) = (page_id(CRAWL, 0), page_id(CRAWL, u32::MAX));
    let middle = page_id(CRAWL, 1_500_000);
    vec![
        question(
            "claim: the next URLs of a host",
            statements::FRONTIER_OF_HOST,
            "bigint, bigint, bigint, bigint, bigint",
            format!("{CRAWL}, 7, {middle}, {last}, 100"),
            &[
                "Limit",
                "Index Scan using frontier_by_host on frontier",
                "Index Cond: ((crawl_id = ",
                "ROW(host_id, id) > ROW(",
                "ROW(host_id, id) <= ROW(",
            ],
        ),
        question(
            "claim: the next URLs of any host",
            statements::FRONTIER_AFTER,
            "bigint, bigint, bigint",
            format!("{first}, {last}, 1000"),
            &["Limit", "Index Scan using frontier_pkey on frontier", "Index Cond: ((id > "],
        ),
        question(
            "resume: hosts that wait",
            statements::OPEN_HOSTS,
            "bigint",
            format!("{CRAWL}"),
            &[
                "GroupAggregate",
                "Index Only Scan using frontier_by_host on frontier",
                "Index Cond: (crawl_id = ",
                "Index Scan using frontier_pkey on frontier first",
            ],
        ),
        question(
            "resume: open URLs",
            statements::OPEN_COUNT,
            "bigint, bigint",
            format!("{first}, {last}"),
            &["Index Only Scan using frontier_pkey on frontier", "Index Cond: ((id >= "],
        ),
        question(
            "resume: the highest number",
            statements::LAST_ID,
            "bigint, bigint",
            format!("{first}, {last}"),
            &[
                "Index Only Scan Backward using scraped_pages_pkey on scraped_pages",
                "Index Only Scan Backward using frontier_pkey on frontier",
            ],
        ),
        question(
            "resume: the journal",
            statements::CHANGES,
            "bigint",
            format!("{CRAWL}"),
            &["Index Scan using changes_pkey on changes"],
        ),
        question(
            "resume: what was measured",
            statements::TIMELINE,
            "bigint, bigint",
            format!("{CRAWL}, 1000"),
            &["Limit", "Index Scan Backward using timeline_pkey on timeline"],
        ),
        question(
            "resume: the crawl",
            statements::CRAWL,
            "bigint",
            format!("{CRAWL}"),
            &["Index Scan using crawls_pkey on crawls"],
        ),
        question(
            "resume: every known URL",
            statements::SEEN,
            "bigint, bigint, bigint",
            format!("{CRAWL}, {first}, {last}"),
            &["on scraped_pages", "Index Scan using frontier_pkey on frontier"],
        ),
    ]
}

/// The queries of a recrawl.
fn queries_of_a_recrawl() -> Vec<Question> {
    let (first, last) = (page_id(CRAWL, 0), page_id(CRAWL, u32::MAX));
    let hash = "decode(md5('done217'), 'hex')";
    vec![
        question(
            "skipped for a reason",
            statements::SKIPPED_BECAUSE,
            "bigint, text, bigint, bigint",
            format!("{CRAWL}, 'excluded', {first}, 1000"),
            &[
                "Limit",
                "Index Scan using scraped_pages_skipped on scraped_pages",
                "Index Cond: ((crawl_id = ",
            ],
        ),
        question(
            "again: a page as it was",
            statements::PREVIOUS_PAGE,
            "bigint, bytea",
            format!("{CRAWL}, {hash}"),
            &[
                "Index Scan using scraped_pages_by_hash on scraped_pages",
                "url_hash = ",
                "Index Scan using links_pkey on links",
            ],
        ),
        question(
            "again: where its links led",
            statements::LINKS_OF,
            "bigint, bigint",
            format!("{}, 1000", page_id(CRAWL, 500)),
            &["Index Scan using links_pkey on links", "Index Scan using scraped_pages_pkey"],
        ),
        question(
            "recrawl: pages that succeeded",
            statements::OK_PAGES,
            "bigint, bigint, bigint",
            format!("{first}, {last}, 1000"),
            &["Limit", "Index Scan using scraped_pages_pkey on scraped_pages", "(id > "],
        ),
        question(
            "again: how many were well",
            statements::COUNT_OK,
            "bigint",
            format!("{CRAWL}"),
            &["Index Scan using hosts_pkey on hosts"],
        ),
    ]
}

/// The queries of a viewer.
fn queries_of_a_viewer() -> Vec<Question> {
    let (first, last) = (page_id(CRAWL, 0), page_id(CRAWL, u32::MAX));
    let pages =
        ["Limit", "Index Scan Backward using scraped_pages_pkey on scraped_pages"].as_slice();
    let middle = page_id(CRAWL, 500_000);
    vec![
        question(
            "the newest page",
            statements::NEWEST_PAGE,
            "bigint, bigint",
            format!("{first}, {last}"),
            &["Index Only Scan Backward using scraped_pages_pkey on scraped_pages"],
        ),
        question(
            "pages",
            statements::STORED_PAGES,
            "bigint, bigint, bigint",
            format!("{first}, {last}, 200"),
            pages,
        ),
        question(
            "pages with a status",
            statements::STORED_PAGES_BY_STATUS,
            "bigint, bigint, bigint, bigint",
            format!("{first}, {last}, 200, 404"),
            pages,
        ),
        question(
            "pages with a text",
            statements::STORED_PAGES_BY_TEXT,
            "bigint, bigint, bigint, bigint, bigint, text, text",
            format!("{first}, {last}, 200, 1, 0, 'page-7', '%page-7%'"),
            pages,
        ),
        question(
            "links to a page",
            statements::LINKS_TO,
            "bigint, bigint, bigint, bigint",
            format!("{first}, {middle}, {middle}, 200"),
            &[
                "Index Scan using links_by_target on links",
                "Index Cond: (((from_id >> 10) = block.n) AND (to_id = ",
                "Index Scan using scraped_pages_pkey on scraped_pages page",
                "Index Cond: (id = found.from_id)",
            ],
        ),
    ]
}

/// What a batch asks.
fn queries_of_a_write() -> Vec<Question> {
    let array = |item: &dyn Fn(i64) -> String, kind: &str| {
        let items: Vec<_> = (1..=500).map(item).collect();
        format!("'{{{}}}'::{kind}[]", items.join(","))
    };
    let ids = array(&|n| page_id(CRAWL, 1_000_000 + n as u32).to_string(), "bigint");
    let hashes = array(&|n| format!("\"\\\\x{n:032x}\""), "bytea");
    let counts = array(&|_| "1".to_owned(), "int");
    let times = array(&|_| AT.to_string(), "bigint");
    let written = |name, sql, types, values: String, steps| {
        let settings = open::FOR_WRITING;
        Question { name, sql, types, values, settings, steps }
    };
    vec![
        written(
            "dedup: rows about to be replaced",
            hosts::REPLACED,
            "bigint, bytea[]",
            format!("{CRAWL}, {hashes}"),
            &["Function Scan on unnest", "scraped_pages_by_hash", "(url_hash = new.hash)"],
        ),
        written(
            "done marks",
            write::DONE,
            "bigint[]",
            ids.clone(),
            &["Delete on frontier", "frontier_pkey", "Index Cond: (id = ANY"],
        ),
        written(
            "postponed",
            write::POSTPONE,
            "bigint[], int[], int[], bigint[]",
            format!("{ids}, {counts}, {counts}, {times}"),
            &["Update on frontier", "frontier_pkey", "Index Cond: (id = new.id)"],
        ),
        written(
            "open again: out of the sums",
            hosts::SUBTRACT,
            "bigint[], bigint",
            format!("{ids}, {CRAWL}"),
            &["scraped_pages_pkey", "Index Cond: (id = ANY", "hosts_pkey"],
        ),
        written(
            "open again",
            write::RESTORE,
            "bigint[]",
            ids.clone(),
            &["Delete on scraped_pages", "scraped_pages_pkey", "Index Cond: (id = ANY"],
        ),
    ]
}

/// All questions.
fn asked() -> impl Iterator<Item = Question> {
    let reads = queries_of_a_resume().into_iter().chain(queries_of_a_recrawl());
    reads.chain(queries_of_a_viewer()).chain(queries_of_a_write())
}

/// The plan of a question, under the settings of its connection.
async fn plan(db: &mut PgConnection, question: &Question, how: &str) -> String {
    sqlx::raw_sql(AssertSqlSafe(format!(
        "RESET ALL; {}; SET plan_cache_mode = {how}; PREPARE question ({}) AS {}",
        question.settings, question.types, question.sql
    )))
    .execute(&mut *db)
    .await
    .unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE question ({})", question.values);
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *db).await.unwrap();
    sqlx::raw_sql("DEALLOCATE question").execute(db).await.unwrap();
    // Lists of values are long.
    let lines = rows.iter().map(|row| row.get::<&str, _>(0));
    lines.map(|line| line.chars().take(150).chain(['\n']).collect::<String>()).collect()
}

#[tokio::test]
#[ignore = "needs a server: CRAWLDECK_TEST_POSTGRES=postgres://USER@HOST:PORT"]
async fn with_a_million_rows_each_question_is_answered_by_an_index() {
    kept(Place::postgres().await, async |store: &Db| {
        for (crawl, rows) in [(1, 1000), (CRAWL, MILLION), (3, 1000)] {
            store.place.execute(&rows_of(crawl, rows)).await;
        }
        let mut db = PgConnection::connect(&store.place.url()).await.unwrap();
        // Before the server has looked at the tables, and after; planned for the values, and for any.
        for known in [false, true] {
            if known {
                store.place.execute("VACUUM ANALYZE").await;
            }
            for how in ["force_custom_plan", "force_generic_plan"] {
                for question in asked() {
                    let name = question.name;
                    let plan = plan(&mut db, &question, how).await;
                    println!("-- {name}, {how}, statistics: {known}\n{plan}");
                    assert!(!plan.contains("Seq Scan on"), "{name}: {plan}");
                    // What is written is a batch; what is read may be a million rows.
                    // The links of a block to one page are sorted, 1,024 at most.
                    let sorts = question.sql == statements::LINKS_TO;
                    let reads = question.settings == open::FOR_READING && !sorts;
                    assert!(!(reads && plan.contains("Sort")), "{name}: {plan}");
                    for step in question.steps {
                        assert!(plan.contains(step), "{name}: `{step}` is missing: {plan}");
                    }
                }
            }
        }
        db.close().await.unwrap();
        resume(store).await;
    })
    .await;
}

/// What a resumed crawl does before its first request, with how long each took.
async fn resume(store: &Db) {
    let since = std::time::Instant::now();
    let again = open_store(&store.place.url(), OpenMode::MustExist).await.unwrap();
    println!("opened after {:?}", since.elapsed());
    let stored = again.open_crawl(Some(CRAWL)).await.unwrap();
    assert_eq!((stored.open, stored.next_seq), (MILLION as u64, 2_000_001));
    println!("crawl taken after {:?}", since.elapsed());
    let hosts = again.open_hosts(CRAWL).await.unwrap();
    assert_eq!(hosts.len(), 501);
    println!("hosts known after {:?}", since.elapsed());
    let first = again.frontier_of_host(CRAWL, 7, 0, 100).await.unwrap();
    assert_eq!(first.len(), 100);
    println!("first URLs after {:?}", since.elapsed());
    let all = seen(&again, CRAWL).await;
    assert_eq!(all.len() as i64, 2 * MILLION);
    println!("all known URLs after {:?}", since.elapsed());
    again.close().await;
}
