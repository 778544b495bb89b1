//! Upserts in a crawl of two million URLs.

use super::*;

/// What is written again is found by its key: one search for each unique key, no scan.
pub async fn upserts(db: &mut MySqlConnection, crawl: CrawlId) {
    let text = |text: &str| format!("'{text}'");
    let bytes = |bytes: &[u8; 16]| format!("x'{:032x}'", u128::from_be_bytes(*bytes));
    let seq = 77_777;
    let at = text("2026-11-01 12:00:00.250");
    let mut page = vec![n(page_id(crawl, seq)), n(crawl), bytes(&hash(seq).0), text("ok")];
    page.extend((0..7).map(|_| n(1)));
    page.extend([n(1), at.clone()]);
    page.extend((0..4).map(|_| "NULL".to_owned()));
    page.extend([text("h"), text("t"), "NULL".to_owned(), text(&url(seq))]);
    page.extend((0..7).map(|_| "NULL".to_owned()));
    let frontier = vec![
        n(page_id(crawl, MILLION + seq)),
        n(crawl),
        bytes(&hash(MILLION + seq).0),
        n(1),
        n(1),
        n(1),
        n(0),
        "NULL".to_owned(),
        n(7),
        "NULL".to_owned(),
        text(&url(MILLION + seq)),
    ];
    let links = vec![n(crawl), n(page_id(crawl, seq)), n(page_id(crawl, seq + 1)), text("again")];
    let host_hash = bytes(&bulk::hash_of(&host(7)));
    let mut sums = vec![n(crawl), host_hash, text(&host(7))];
    sums.extend((0..5).map(|_| n(1)));
    sums.extend([at.clone(), at]);
    for (statement, row, table) in [
        (bulk::PAGES.of_one_row(), page, "scraped_pages"),
        (bulk::FRONTIER.of_one_row(), frontier, "frontier"),
        (bulk::LINKS.of_one_row(), links, "links"),
        (bulk::HOSTS.of_one_row(), sums, "hosts"),
    ] {
        let sql = filled(statement, &row);
        let mut transaction = db.begin().await.unwrap();
        let before = handlers(&mut transaction).await;
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.unwrap();
        let after = handlers(&mut transaction).await;
        transaction.rollback().await.unwrap();
        // One row was there and is what was requested: an insert would be 1, an update 2; what stays
        // as it is, as rows are counted here, is 1 as well, so the table tells.
        println!("\nupsert into {table}: {} affected", done.rows_affected());
        for (how, count) in &after {
            let read = count - before[how];
            // Rows of the answer to `SHOW STATUS` itself, which is a table made for it.
            let most = if how.contains("rnd") { 40 } else { 4 };
            assert!(read <= most, "{table}: {how} {read}");
        }
    }
}
