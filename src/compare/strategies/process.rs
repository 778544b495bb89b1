//! The process of a strategy: reads its job, runs it, and reports figures and result.

use std::io::{BufRead, stdin};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::cpu::ParseLocation;
use super::error::StrategyError;
use super::parent_link::{ParentLink, send};
use super::{cpu, full, limited, sequential, unlimited};
use crate::compare::counters::{Counters, TICK};
use crate::compare::ipc::{StrategyEnd, StrategyEvent, StrategyJob};
use crate::compare::strategy::Strategy;

/// Time between two reports of the figures.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Runs `strategy` as the only task of this process: reads the job, fetches, reports the result.
#[must_use]
pub fn main(strategy: Strategy) -> ExitCode {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    let job = read.ok().and_then(|_| serde_json::from_str::<StrategyJob>(&line).ok());
    let Some(job) = job else {
        crate::headless::tell(&format!("crawldeck: {}", StrategyError::NoJob));
        return ExitCode::from(2);
    };
    let parent = ParentLink::watch();
    let counters = Arc::new(Counters::default());
    let reporter = Reporter::start(Arc::clone(&counters));
    let outcome = run(strategy, job, &counters, &parent);
    counters.finish();
    reporter.stop();
    let failed = outcome.is_err();
    let (each_s, error) = match outcome {
        Ok(each_s) => (each_s, None),
        Err(error) => (None, Some(error.to_string())),
    };
    send(&StrategyEvent::End(StrategyEnd {
        progress: counters.read(),
        each_s,
        first_failure: counters.first_failure(),
        error,
    }));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run(
    strategy: Strategy,
    job: StrategyJob,
    counters: &Arc<Counters>,
    parent: &ParentLink,
) -> Result<Option<Vec<f64>>, StrategyError> {
    let runtime = runtime(strategy)?;
    let times = runtime.block_on(async {
        let run = async {
            match strategy {
                Strategy::Sequential => sequential::run(job, counters, parent).await,
                Strategy::Unlimited => unlimited::run(job, counters, parent).await,
                Strategy::Limited => limited::run(job, counters, parent).await,
                Strategy::Full => full::run(job, counters, parent).await,
                Strategy::Inline => cpu::run(job, counters, parent, ParseLocation::Inline).await,
                Strategy::Pool => cpu::run(job, counters, parent, ParseLocation::Pool).await,
            }
        };
        let times = if matches!(strategy, Strategy::Sequential | Strategy::Full) {
            // These stop by themselves, and have results to report then.
            run.await
        } else {
            tokio::select! {
                times = run => times,
                () = parent.stop.cancelled() => Ok(None),
            }
        };
        counters.finish();
        // So that a block of the loop at the very end is measured as well.
        tokio::time::sleep(2 * TICK).await;
        times
    });
    runtime.shutdown_background();
    times
}

/// One event loop on one thread, as in the article; the whole of crawldeck needs its usual runtime.
fn runtime(strategy: Strategy) -> std::io::Result<Runtime> {
    match strategy {
        Strategy::Full => Builder::new_multi_thread().enable_all().build(),
        _ => Builder::new_current_thread().enable_all().build(),
    }
}

/// Reports the figures from a thread of its own, because the event loop may be blocked.
struct Reporter {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Reporter {
    fn start(counters: Arc<Counters>) -> Self {
        let (stop, wait) = channel();
        let thread = std::thread::spawn(move || {
            while wait.recv_timeout(REPORT_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                send(&StrategyEvent::Progress(counters.read()));
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}
