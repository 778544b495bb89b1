//! The tasks of a run that end before the saver does. One that panics ends the crawl.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use crate::crawl::pipeline::storage::Storage;
use crate::panics;

/// Starts tasks, and knows when all of them are over.
#[derive(Clone)]
pub struct CrawlTasks {
    tracker: TaskTracker,
    storage: Arc<Storage>,
}

impl CrawlTasks {
    /// No task yet. The end of a task by a panic is reported to `storage`.
    #[must_use]
    pub fn new(storage: Arc<Storage>) -> Self {
        Self { tracker: TaskTracker::new(), storage }
    }

    /// Starts a task. `name` is what the user reads: `the producer`.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let storage = Arc::clone(&self.storage);
        self.tracker.spawn(async move {
            if let Err(panic) = panics::caught(task).await {
                storage.saver.task_panicked(name, &panic);
            }
        });
    }

    /// Waits until no task is left. None may be started any more.
    pub async fn all_over(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
