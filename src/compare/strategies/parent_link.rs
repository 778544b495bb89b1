//! The child's side of the connection to the parent process.
//!
//! ```text
//! standard input   the job, then the line `go`; when it closes, the process ends
//! standard output  events, one per line
//! ```

use std::io::{BufRead, Write, stdin, stdout};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::compare::ipc::{GO, StrategyEvent};

/// How long the strategy may take to end after standard input closed.
const GRACE: Duration = Duration::from_secs(3);

/// What the parent has requested.
#[derive(Debug, Clone, Default)]
pub struct ParentLink {
    /// Cancelled when the first request may begin.
    start: CancellationToken,
    /// Cancelled when the strategy must stop.
    pub stop: CancellationToken,
}

impl ParentLink {
    /// Watches standard input from a thread of its own. When it closes, the parent is gone or has
    /// requested a stop; a process that does not end within [`GRACE`] exits with code 3.
    pub fn watch() -> Self {
        let link = Self::default();
        let watched = link.clone();
        std::thread::spawn(move || {
            let mut line = String::new();
            while matches!(stdin().lock().read_line(&mut line), Ok(1..)) {
                if line == GO {
                    watched.start.cancel();
                }
                line.clear();
            }
            watched.stop.cancel();
            std::thread::sleep(GRACE);
            std::process::exit(3);
        });
        link
    }

    /// Reports that the set-up is done, and waits for the start. Returns false if the strategy must
    /// stop instead.
    pub async fn wait_for_start(&self) -> bool {
        send(&StrategyEvent::Ready);
        tokio::select! {
            () = self.start.cancelled() => {}
            () = self.stop.cancelled() => {}
        }
        !self.stop.is_cancelled()
    }
}

/// Writes an event. A closed standard output is not an error: the end of standard input reports it.
pub fn send(event: &StrategyEvent) {
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    let mut out = stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}
