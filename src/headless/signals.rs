//! Signals become commands: INT, TERM and HUP stop gracefully, a second INT or TERM at once; USR1
//! prints a line.
//!
//! A terminal that is closed sends HUP several times: the kernel to the processes in the foreground,
//! the shell to its jobs, the kernel once more when the shell has ended. So HUP never asks for more than
//! a graceful stop.

use std::io::IsTerminal as _;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::headless::{line, tell};

/// The signals that are listened to.
#[derive(Debug)]
pub struct ProcessSignals {
    interrupt: Signal,
    terminate: Signal,
    /// Nothing where HUP was ignored when the process began, as `nohup` has it.
    hangup: Option<Signal>,
    tell: Signal,
}

impl ProcessSignals {
    /// Begins to listen: from here on none of them ends the process. A HUP that is ignored stays ignored.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        let listens = !is_hangup_ignored();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: listens.then(|| signal(SignalKind::hangup())).transpose()?,
            tell: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for a signal to stop.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = next(&mut self.hangup) => {}
        }
    }

    /// Passes signals on. Ends when a signal requested a stop and the crawl is over: the caller must then
    /// leave the dashboard, because the terminal may be closed.
    ///
    /// With the dashboard on the terminal, the line of USR1 goes to the log.
    ///
    /// HUP asks for a graceful stop however often it comes; INT and TERM after any other signal stop at once.
    pub async fn forward(
        mut self,
        commands: mpsc::Sender<(Command, Origin)>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        dashboard: bool,
    ) {
        let mut over = snapshots.clone();
        let mut stops = 0;
        loop {
            let is_hangup = tokio::select! {
                _ = self.interrupt.recv() => false,
                _ = self.terminate.recv() => false,
                () = next(&mut self.hangup) => true,
                _ = self.tell.recv() => {
                    let line = line(&snapshots.borrow().clone());
                    if dashboard && std::io::stderr().is_terminal() {
                        // It would be written across the dashboard.
                        tracing::info!("{line}");
                    } else {
                        tell(&line);
                    }
                    continue;
                }
                _ = over.wait_for(|s| s.run.is_final()), if stops > 0 => return,
            };
            let command = if is_hangup || stops == 0 { Command::Stop } else { Command::StopNow };
            let origin = if is_hangup { Origin::Terminal } else { Origin::Signal };
            stops += 1;
            if commands.send((command, origin)).await.is_err() {
                return;
            }
        }
    }
}

/// Waits for the next signal of this kind; for ever where none is listened to.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether the process ignores HUP, as far as the system tells: its mask of ignored signals, in
/// hexadecimal, whose lowest bit is signal 1, HUP.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}
