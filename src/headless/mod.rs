//! Without a dashboard: a progress line for people, plain lines for logs.

pub mod signals;

use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use crate::crawl::protocol::snapshot::{Eta, RunState, Snapshot};
use crate::terminal_text::escaped;
use crate::units;

/// Time between two lines where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What the autopilot does, while it has the dials.
fn autopilot(s: &Snapshot) -> String {
    let Some(autopilot) = s.tuning.autopilot.as_ref().filter(|autopilot| autopilot.driving) else {
        return String::new();
    };
    let held_by = autopilot.held_by.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let out_of_reach = if autopilot.out_of_reach { ", the latency is out of reach" } else { "" };
    format!(", autopilot {}{held_by}{out_of_reach}", autopilot.state)
}

/// One line about a crawl.
#[must_use]
pub fn line(s: &Snapshot) -> String {
    let eta = match s.eta {
        Eta::Unknown => String::new(),
        Eta::AtLeast(seconds) => format!(", at least {} more", units::estimate(seconds)),
        Eta::Between(from, to) => {
            format!(", {} to {} more", units::estimate(from), units::estimate(to))
        }
        Eta::About(seconds) => format!(", about {} more", units::estimate(seconds)),
        Eta::Done => ", over".into(),
    };
    let run = match s.run {
        RunState::Starting => "starting",
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::Stopping => "stopping",
        RunState::Complete => "complete",
        RunState::Stopped => "stopped",
        RunState::Failed => "failed",
    };
    format!(
        "{run} {:.0} s: {:.1} pages/s, {} done, {} to go, {} failed{eta}; {}; p95 {:.0} ms, \
         {}/{} permits, queue {}/{}{}",
        s.at_s,
        s.throughput.last_10s,
        s.totals.pages,
        s.frontier.open,
        s.totals.failed,
        s.verdict.text,
        s.latency.last_10s.p95,
        s.gate.in_use,
        s.gate.limit,
        s.queue.len,
        s.queue.capacity,
        autopilot(s),
    )
}

/// Writes a line to standard error, if that takes it; what a terminal would obey is escaped.
pub fn tell(text: &str) {
    let _ = writeln!(stderr(), "{}", escaped(text));
}

/// Counts rows on standard error, if that is a terminal and `shown`.
#[must_use]
pub fn counter(shown: bool) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{human_pos} rows, {per_sec}, {elapsed}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// Shows progress until the crawl's state is final.
pub async fn watch(mut snapshots: watch::Receiver<Arc<Snapshot>>, quiet: bool) {
    // Indicatif draws nothing on terminals that cannot move the cursor: they get lines.
    let bar = (!quiet && stderr().is_terminal()).then(bar).filter(|bar| !bar.is_hidden());
    let mut last_line = tokio::time::Instant::now();
    let mut told = Vec::new();
    loop {
        let s = Arc::clone(&snapshots.borrow_and_update());
        for overload in &s.overloads {
            // Once: the progress lines show how many permits are used.
            if !quiet && !told.contains(&overload.what) {
                told.push(overload.what);
                tell_beside(
                    bar.as_ref(),
                    &format!("crawldeck: slows by itself: {}", overload.text),
                );
            }
        }
        if let Some(bar) = &bar {
            bar.set_length(s.totals.discovered);
            bar.set_position(s.totals.pages);
            bar.set_message(line(&s));
        } else if !quiet && last_line.elapsed() >= LINE_EVERY {
            last_line += LINE_EVERY;
            tell(&line(&s));
        }
        if s.run.is_final() || snapshots.changed().await.is_err() {
            break;
        }
    }
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
}

/// Writes a line above the bar, if there is one.
fn tell_beside(bar: Option<&ProgressBar>, text: &str) {
    match bar {
        Some(bar) => bar.println(text),
        None => tell(text),
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}
