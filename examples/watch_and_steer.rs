//! Watches the snapshots of a running crawl and doubles the permits when the verdict says that
//! permits limit it.
//!
//! ```text
//! cargo run --example watch_and_steer -- http://127.0.0.1:8700/
//! ```

use std::error::Error;

use crawldeck::{Command, Dial, Limit, OpenMode, Origin, Setting, Settings};

/// Crawls the site of `url` into the database `db`, at most `max_pages` URLs. It begins with one permit and doubles the
/// permits as often as they are the limit. Returns a line per change, as the crawl's journal has it.
///
/// # Errors
/// When the URL is malformed or the database refuses.
pub async fn watch_and_steer(
    url: &str,
    db: &str,
    max_pages: u64,
) -> Result<Vec<String>, Box<dyn Error>> {
    let settings = Settings {
        seeds: vec![url.parse()?],
        permits: 1,
        max_pages: Some(max_pages),
        ..Settings::default()
    };
    let store = crawldeck::open_store(db, OpenMode::CreateIfMissing).await?;
    let mut crawl = crawldeck::start(settings, store.clone()).await?;
    while crawl.snapshots.changed().await.is_ok() {
        // The clone keeps the newest picture; the borrow of the channel ends at once.
        let snapshot = crawl.snapshots.borrow_and_update().clone();
        if snapshot.run.is_final() {
            break;
        }
        let permits = snapshot.dials.permits;
        if snapshot.verdict.limit == Limit::Permits
            && let Setting::Permits(most) = Setting::parse(Dial::Permits, "64")?
            && permits < most
        {
            // `try_send` never waits: a full channel means that the crawl is busy.
            let _ = crawl
                .commands
                .try_send((Command::Nudge(Dial::Permits, permits as i32), Origin::Api));
        }
    }
    let changes = crawl
        .snapshots
        .borrow()
        .changes
        .iter()
        .rev()
        .map(|change| change.what.to_string())
        .collect();
    crawl.wait().await;
    store.close().await;
    Ok(changes)
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the lines are what the program is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("name a URL")?;
    for change in watch_and_steer(&url, "sqlite://steered.db", 10_000).await? {
        println!("{change}");
    }
    Ok(())
}
