//! The loop of a sweep: the newest snapshot in, commands out.

use tokio::sync::mpsc::UnboundedSender;

use super::sweep::Sweep;
use crate::crawl::Crawl;
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::snapshot::Snapshot;

/// Where lines of progress go.
pub type TuneProgress = UnboundedSender<String>;

/// Drives the crawl until the sweep has ended; the crawl goes on.
pub async fn drive(crawl: &Crawl, sweep: &mut Sweep, progress: &TuneProgress) {
    let mut snapshots = crawl.snapshots.clone();
    loop {
        let snapshot = std::sync::Arc::clone(&snapshots.borrow_and_update());
        see(crawl, sweep, &snapshot, progress).await;
        if sweep.ended().is_some() || snapshots.changed().await.is_err() {
            return;
        }
    }
}

async fn see(crawl: &Crawl, sweep: &mut Sweep, snapshot: &Snapshot, progress: &TuneProgress) {
    let step = sweep.see(snapshot);
    for line in step.told {
        // Nobody may listen.
        let _ = progress.send(line);
    }
    for command in step.commands {
        // A crawl that is over takes none, and its last snapshot says so.
        let _ = crawl.commands.send((command, Origin::Autopilot)).await;
    }
}
