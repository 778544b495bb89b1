//! Asks a database what an earlier crawl found: pages by status, and broken links with the page
//! that holds them.
//!
//! ```text
//! cargo run --example query_results -- crawldeck.db
//! ```

use std::error::Error;

use crawldeck::{Columns, OpenMode, StoreReader, Value};

/// The rows that `sql` gives, as text, a tab between two values.
///
/// # Errors
/// When the database refuses.
async fn rows(store: &dyn StoreReader, sql: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    let mut sink = |_: &Columns, row: &[Value]| {
        let text = |value: &Value| match value {
            Value::Null => "-".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Real(number) => format!("{number:.1}"),
            Value::Text(text) => text.clone(),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        };
        lines.push(row.iter().map(text).collect::<Vec<_>>().join("\t"));
        true
    };
    store.select(sql, &mut sink).await?;
    Ok(lines)
}

/// Status and number of pages, then each broken link, of the newest crawl in the database `db`.
///
/// # Errors
/// When there is no such database, or no crawl in it.
pub async fn query_results(db: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let store = crawldeck::open_store(db, OpenMode::MustExist).await?;
    let crawls = store.crawls().await?;
    let crawl = crawls.last().ok_or("the database has no crawl")?.id;
    let by_status =
        format!("SELECT status, pages FROM by_status WHERE crawl_id = {crawl} ORDER BY status");
    let broken = format!(
        "SELECT status, link, page FROM broken_links WHERE crawl_id = {crawl} ORDER BY link, page"
    );
    let mut lines = rows(store.as_ref(), &by_status).await?;
    lines.extend(rows(store.as_ref(), &broken).await?);
    store.close().await;
    Ok(lines)
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the lines are what the program is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let db = std::env::args().nth(1).unwrap_or_else(|| "crawldeck.db".to_owned());
    for line in query_results(&db).await? {
        println!("{line}");
    }
    Ok(())
}
