//! One after the other, by a client that blocks: what the article begins with.
//!
//! It blocks the event loop on which it runs, and the watch beside it shows for how long. The
//! requests themselves run on an event loop of their own, on a second thread, as those of every
//! blocking client do: a thread cannot wait for the loop that it is running.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use reqwest::Client;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::visit::{client, fetch};
use super::{Leash, Left, Order, StrategyError, Tally};

/// Fetches the list; ends between two URLs once nobody wants the rest.
pub async fn run(order: Order, tally: &Arc<Tally>, leash: &Leash) -> Result<Left, StrategyError> {
    let client = BlockingClient::new()?;
    leash.ready().await;
    tally.begin();
    let mut each_s = Vec::with_capacity(order.urls.len());
    for url in &order.urls {
        if leash.unwanted.is_cancelled() {
            break;
        }
        let begin = Instant::now();
        tally.starts();
        tally.ends(url.as_str(), client.fetch(url));
        each_s.push(begin.elapsed().as_secs_f64());
        // Once for the timers to go off, once for those whom they wake.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    Ok(Some(each_s))
}

/// A client whose requests block the thread that makes them.
struct BlockingClient {
    requests: SyncSender<Url>,
    outcomes: Receiver<Result<u16, String>>,
}

impl BlockingClient {
    fn new() -> Result<Self, StrategyError> {
        let client = client()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (requests, asked) = sync_channel(1);
        let (answered, outcomes) = sync_channel(1);
        let serve = move || serve(&runtime, &client, &asked, &answered);
        std::thread::Builder::new().name("blocking-client".to_owned()).spawn(serve)?;
        Ok(Self { requests, outcomes })
    }

    /// Fetches one URL, body and all: its status, or why there is none, in a line.
    fn fetch(&self, url: &Url) -> Result<u16, String> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe).to_string();
        self.requests.send(url.clone()).map_err(|_| gone())?;
        self.outcomes.recv().map_err(|_| gone())?
    }
}

/// Answers one request after the other, until nobody can make another.
fn serve(
    runtime: &Runtime,
    client: &Client,
    requests: &Receiver<Url>,
    outcomes: &SyncSender<Result<u16, String>>,
) {
    while let Ok(url) = requests.recv() {
        if outcomes.send(runtime.block_on(fetch(client, &url))).is_err() {
            return;
        }
    }
}
