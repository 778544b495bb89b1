//! Signals become commands: INT, TERM and HUP stop gracefully, a second one at once; USR1
//! prints a line.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::headless::{line, tell};

/// The signals that are listened to.
#[derive(Debug)]
pub struct Signals {
    stop: [Signal; 3],
    tell: Signal,
}

impl Signals {
    /// Begins to listen: from here on none of them ends the process.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            stop: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
            tell: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for a signal to stop.
    pub async fn stop(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.stop;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    /// Passes signals on. Ends when a signal requested a stop and the crawl is over: the caller must then
    /// leave the dashboard, because the terminal may be closed.
    pub async fn forward(
        mut self,
        commands: mpsc::Sender<(Command, Origin)>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
    ) {
        let mut over = snapshots.clone();
        let mut stops = 0;
        loop {
            let [interrupt, terminate, hangup] = &mut self.stop;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
                _ = self.tell.recv() => {
                    tell(&line(&snapshots.borrow().clone()));
                    continue;
                }
                _ = over.wait_for(|s| s.run.is_final()), if stops > 0 => return,
            }
            stops += 1;
            let command = if stops == 1 { Command::Stop } else { Command::StopNow };
            if commands.send((command, Origin::Signal)).await.is_err() {
                return;
            }
        }
    }
}
