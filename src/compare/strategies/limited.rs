//! A task for each URL behind a semaphore of permits: first come, first served.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::error::StrategyError;
use super::parent_link::ParentLink;
use super::request::{client, fetch_counted};
use crate::compare::counters::Counters;
use crate::compare::ipc::StrategyJob;

/// Fetches the workload.
pub async fn run(
    job: StrategyJob,
    counters: &Arc<Counters>,
    parent: &ParentLink,
) -> Result<Option<Vec<f64>>, StrategyError> {
    let client = client()?;
    let permits = Arc::new(Semaphore::new(job.permits as usize));
    parent.wait_for_start().await;
    counters.start();
    let mut tasks = JoinSet::new();
    for url in job.urls {
        let (client, counters, permits) =
            (client.clone(), Arc::clone(counters), Arc::clone(&permits));
        tasks.spawn(async move {
            // Tasks start in the order of the workload, and the semaphore is fair. It is never closed.
            let Ok(_permit) = permits.acquire().await else { return };
            fetch_counted(&client, &url, &counters).await;
        });
    }
    tasks.join_all().await;
    Ok(None)
}
