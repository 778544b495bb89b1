//! Everything at once: a task for each URL, without a limit.

use std::sync::Arc;

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
    parent.wait_for_start().await;
    counters.start();
    let mut tasks = JoinSet::new();
    for url in job.urls {
        let (client, counters) = (client.clone(), Arc::clone(counters));
        tasks.spawn(async move { fetch_counted(&client, &url, &counters).await });
    }
    tasks.join_all().await;
    Ok(None)
}
