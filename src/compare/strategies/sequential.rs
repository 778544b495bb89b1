//! One after the other, by a blocking client: the first strategy of the article.
//!
//! It blocks the event loop on which it runs, and the loop-delay probe measures for how long. The
//! requests themselves run on an event loop of their own, on a second thread, as those of every
//! blocking client do: a thread cannot wait for the loop that it is running.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use reqwest::Client;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::error::StrategyError;
use super::parent_link::ParentLink;
use super::request::{client, fetch};
use crate::compare::counters::Counters;
use crate::compare::ipc::StrategyJob;

/// Fetches the workload; stops between two URLs on request.
pub async fn run(
    job: StrategyJob,
    counters: &Arc<Counters>,
    parent: &ParentLink,
) -> Result<Option<Vec<f64>>, StrategyError> {
    let client = BlockingClient::new()?;
    parent.wait_for_start().await;
    counters.start();
    let mut each_s = Vec::with_capacity(job.urls.len());
    for url in &job.urls {
        if parent.stop.is_cancelled() {
            break;
        }
        let begin = Instant::now();
        counters.request_started();
        counters.request_ended(url.as_str(), client.fetch(url));
        each_s.push(begin.elapsed().as_secs_f64());
        // Once for the timers, once for the tasks that they wake.
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
        let (requests, request_receiver) = sync_channel(1);
        let (outcome_sender, outcomes) = sync_channel(1);
        let serve = move || serve(&runtime, &client, &request_receiver, &outcome_sender);
        std::thread::Builder::new().name("blocking-client".to_owned()).spawn(serve)?;
        Ok(Self { requests, outcomes })
    }

    /// Fetches one URL with its body: the status, or the error as one line.
    fn fetch(&self, url: &Url) -> Result<u16, String> {
        let disconnected = || io::Error::from(io::ErrorKind::BrokenPipe).to_string();
        self.requests.send(url.clone()).map_err(|_| disconnected())?;
        self.outcomes.recv().map_err(|_| disconnected())?
    }
}

/// Serves one request after the other, until the client is dropped.
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
