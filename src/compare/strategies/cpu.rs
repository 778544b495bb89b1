//! The lesson on threads: the same parsing, in the event loop or beside it.
//!
//! Each response stands for a large page: the parsed document is generated here, so that the network
//! does not matter.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::error::StrategyError;
use super::parent_link::ParentLink;
use super::request::{client, fetch_counted};
use crate::compare::counters::Counters;
use crate::compare::ipc::StrategyJob;
use crate::web::html::parse_html;
use crate::web::parsed::{LinkOptions, Parsed};

/// Rows of the document, a link and a few words each: about 900 kB.
const ROWS: usize = 7_000;
/// Threads that parse at once, crawldeck's default.
const THREADS: usize = 2;

/// Where pages are parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseLocation {
    /// In the task that fetched, on the event loop.
    Inline,
    /// In a bounded pool of blocking threads.
    Pool,
}

/// Fetches the workload, and parses a large page for every URL.
pub async fn run(
    job: StrategyJob,
    counters: &Arc<Counters>,
    parent: &ParentLink,
    location: ParseLocation,
) -> Result<Option<Vec<f64>>, StrategyError> {
    let client = client()?;
    let document: Bytes = document().into();
    let permits = Arc::new(Semaphore::new(job.permits as usize));
    let threads = Arc::new(Semaphore::new(THREADS));
    parent.wait_for_start().await;
    counters.start();
    let mut tasks = JoinSet::new();
    for url in job.urls {
        let (client, counters, document) = (client.clone(), Arc::clone(counters), document.clone());
        let (permits, threads) = (Arc::clone(&permits), Arc::clone(&threads));
        tasks.spawn(async move {
            {
                let Ok(_permit) = permits.acquire().await else { return };
                fetch_counted(&client, &url, &counters).await;
            }
            let parsed = match location {
                ParseLocation::Inline => Some(parse(&document, &url)),
                ParseLocation::Pool => {
                    let Ok(_thread) = threads.acquire().await else { return };
                    tokio::task::spawn_blocking(move || parse(&document, &url)).await.ok()
                }
            };
            if parsed.is_none_or(|page| page.links.is_empty()) {
                counters.note(|| "a page was not parsed".into());
            }
        });
    }
    tasks.join_all().await;
    Ok(None)
}

fn parse(document: &Bytes, url: &Url) -> Parsed {
    parse_html(
        std::slice::from_ref(document),
        Some("text/html; charset=utf-8"),
        url,
        &LinkOptions::default(),
    )
}

/// A large page, as a long index is.
fn document() -> String {
    let mut page = String::from("<!DOCTYPE html>\n<title>The keeper's index</title>\n<ul>\n");
    for row in 0..ROWS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<li class=\"entry\"><a href=\"/log/{}/{row}?from=index\">Entry {row}</a> wind from the \
             north, sea calm, <em>three</em> sails at noon</li>",
            row % 97
        );
    }
    page.push_str("</ul>\n");
    page
}
