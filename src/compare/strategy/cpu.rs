//! The lesson on threads: the same parsing, in the event loop or beside it.
//!
//! Every page fetched stands for a large one: what is parsed is made here, so that the network
//! plays no part.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::visit::{client, visit};
use super::{Leash, Left, Order, StrategyError, Tally};
use crate::web::html::parse_html;
use crate::web::parsed::{LinkOptions, Parsed};

/// Rows of the document, a link and a few words each: about 900 kB.
const ROWS: usize = 7_000;
/// Threads that parse at once, as many as crawldeck has by itself.
const THREADS: usize = 2;

/// Where the parsing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the task that fetched, on the event loop.
    Inline,
    /// In a bounded pool of blocking threads.
    Pool,
}

/// Fetches the list, and parses a large page for every URL.
pub async fn run(
    order: Order,
    tally: &Arc<Tally>,
    leash: &Leash,
    place: Place,
) -> Result<Left, StrategyError> {
    let client = client()?;
    let document: Bytes = document().into();
    let permits = Arc::new(Semaphore::new(order.permits as usize));
    let threads = Arc::new(Semaphore::new(THREADS));
    leash.ready().await;
    tally.begin();
    let mut tasks = JoinSet::new();
    for url in order.urls {
        let (client, tally, document) = (client.clone(), Arc::clone(tally), document.clone());
        let (permits, threads) = (Arc::clone(&permits), Arc::clone(&threads));
        tasks.spawn(async move {
            {
                let Ok(_permit) = permits.acquire().await else { return };
                visit(&client, &url, &tally).await;
            }
            let parsed = match place {
                Place::Inline => Some(parse(&document, &url)),
                Place::Pool => {
                    let Ok(_thread) = threads.acquire().await else { return };
                    tokio::task::spawn_blocking(move || parse(&document, &url)).await.ok()
                }
            };
            if parsed.is_none_or(|page| page.links.is_empty()) {
                tally.note(|| "a page was not parsed".into());
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
