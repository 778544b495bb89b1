//! The child's end: a process that fetches a list in one way, and says how far it is.
//!
//! ```text
//! standard input   the order, then the word to go; when it closes, the process ends
//! standard output  events, a line each
//! ```

mod cpu;
mod full;
mod limited;
mod sequential;
mod unlimited;
mod visit;

use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::Strategy;
use super::order::{End, Event, GO, Order};
use super::tally::{TICK, Tally};
use crate::crawl::CrawlError;
use crate::store::StoreError;

/// Time between two lines of progress.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How long the work may take to end once nobody wants it any more.
const GRACE: Duration = Duration::from_secs(3);

/// Why a strategy could not do its work.
#[derive(Debug, Error)]
pub enum StrategyError {
    /// There is no order to be read.
    #[error("no order on standard input: `crawldeck compare` starts this by itself")]
    NoOrder,
    /// The event loop, or a temporary folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The HTTP client.
    #[error("the HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// The engine.
    #[error(transparent)]
    Crawl(#[from] CrawlError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a strategy leaves beside its tally: what each URL took, in seconds, where they were fetched
/// one after the other.
type Left = Option<Vec<f64>>;

/// Runs `strategy` as this process's only business: reads the order, works, says how it ended.
#[must_use]
pub fn main(strategy: Strategy) -> ExitCode {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    let order = read.ok().and_then(|_| serde_json::from_str::<Order>(&line).ok());
    let Some(order) = order else {
        crate::headless::tell(&format!("crawldeck: {}", StrategyError::NoOrder));
        return ExitCode::from(2);
    };
    let leash = Leash::default();
    watch(leash.clone());
    let tally = Arc::new(Tally::default());
    let reporter = Reporter::start(Arc::clone(&tally));
    let worked = work(strategy, order, &tally, &leash);
    tally.over();
    reporter.stop();
    let failed = worked.is_err();
    let (each_s, error) = match worked {
        Ok(each_s) => (each_s, None),
        Err(error) => (None, Some(error.to_string())),
    };
    say(&Event::End(End {
        progress: tally.read(),
        each_s,
        first_failure: tally.first_failure(),
        error,
    }));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn work(
    strategy: Strategy,
    order: Order,
    tally: &Arc<Tally>,
    leash: &Leash,
) -> Result<Left, StrategyError> {
    let runtime = runtime(strategy)?;
    let left = runtime.block_on(async {
        let work = async {
            match strategy {
                Strategy::Sequential => sequential::run(order, tally, leash).await,
                Strategy::Unlimited => unlimited::run(order, tally, leash).await,
                Strategy::Limited => limited::run(order, tally, leash).await,
                Strategy::Full => full::run(order, tally, leash).await,
                Strategy::Inline => cpu::run(order, tally, leash, cpu::Place::Inline).await,
                Strategy::Pool => cpu::run(order, tally, leash, cpu::Place::Pool).await,
            }
        };
        let left = if matches!(strategy, Strategy::Sequential | Strategy::Full) {
            // These end by themselves, and have something to say then.
            work.await
        } else {
            tokio::select! {
                left = work => left,
                () = leash.unwanted.cancelled() => Ok(None),
            }
        };
        tally.over();
        // So that what blocked the loop last is seen as well.
        tokio::time::sleep(2 * TICK).await;
        left
    });
    runtime.shutdown_background();
    left
}

/// One event loop on one thread, as the article has it; crawldeck itself runs on its own kind.
fn runtime(strategy: Strategy) -> std::io::Result<Runtime> {
    match strategy {
        Strategy::Full => Builder::new_multi_thread().enable_all().build(),
        _ => Builder::new_current_thread().enable_all().build(),
    }
}

/// What the parent has said.
#[derive(Debug, Clone, Default)]
struct Leash {
    /// The first request may begin.
    go: CancellationToken,
    /// Nobody wants the work any more.
    unwanted: CancellationToken,
}

impl Leash {
    /// Says that all is set up, and waits for the word to go. Returns whether the work is wanted.
    async fn ready(&self) -> bool {
        say(&Event::Ready);
        tokio::select! {
            () = self.go.cancelled() => {}
            () = self.unwanted.cancelled() => {}
        }
        !self.unwanted.is_cancelled()
    }
}

/// Listens to standard input. When it closes, whoever wanted the work is gone, or has had enough;
/// what cannot be stopped in time is ended.
fn watch(leash: Leash) {
    std::thread::spawn(move || {
        let mut line = String::new();
        while matches!(stdin().lock().read_line(&mut line), Ok(1..)) {
            if line == GO {
                leash.go.cancel();
            }
            line.clear();
        }
        leash.unwanted.cancel();
        std::thread::sleep(GRACE);
        std::process::exit(3);
    });
}

/// Says how far the work is, from a thread of its own: the event loop may be blocked.
struct Reporter {
    enough: Sender<()>,
    thread: JoinHandle<()>,
}

impl Reporter {
    fn start(tally: Arc<Tally>) -> Self {
        let (enough, wait) = channel();
        let thread = std::thread::spawn(move || {
            while wait.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                say(&Event::Progress(tally.read()));
            }
        });
        Self { enough, thread }
    }

    fn stop(self) {
        drop(self.enough);
        let _ = self.thread.join();
    }
}

/// Writes an event; nobody listening is no error, for standard input tells that.
fn say(event: &Event) {
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    let mut out = stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
