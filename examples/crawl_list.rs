//! Crawls a list of URLs, follows no link, and prints a line per page.
//!
//! ```text
//! cargo run --example crawl_list -- http://127.0.0.1:8700/ http://127.0.0.1:8700/json
//! ```

use std::error::Error;

use crawldeck::{OpenMode, RunState, Settings, Value};

/// Crawls `urls` into the database `db` (`sqlite://FILE`, `postgres://…`, `mysql://…`) and returns a
/// line per page: status, body length in bytes, URL.
///
/// # Errors
/// When a URL is malformed, the database refuses, or the crawl does not complete.
pub async fn crawl_list(urls: &[String], db: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let seeds = urls.iter().map(|url| url.parse()).collect::<Result<Vec<_>, _>>()?;
    let settings = Settings { seeds, follow: false, sitemaps: false, ..Settings::default() };
    let store = crawldeck::open_store(db, OpenMode::CreateIfMissing).await?;
    let crawl = crawldeck::start(settings, store.clone()).await?;
    let summary = crawl.wait().await;
    if summary.state != RunState::Complete {
        return Err(format!("the crawl ended as {:?}", summary.state).into());
    }
    let sql = format!(
        "SELECT status, content_length, url FROM scraped_pages WHERE crawl_id = {} ORDER BY id",
        summary.crawl_id
    );
    let mut lines = Vec::new();
    let mut sink = |_: &crawldeck::Columns, row: &[Value]| {
        let [status, length, url] = row else { return false };
        let status = status.as_int().map_or_else(|| "-".to_owned(), |status| status.to_string());
        let length = length.as_int().unwrap_or_default();
        lines.push(format!("{status:>3} {length:>8} {}", url.as_text().unwrap_or_default()));
        true
    };
    store.select(&sql, &mut sink).await?;
    store.close().await;
    Ok(lines)
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the lines are what the program is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        return Err("name at least one URL".into());
    }
    for line in crawl_list(&urls, "sqlite://list.db").await? {
        println!("{line}");
    }
    Ok(())
}
