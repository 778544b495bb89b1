//! A task for each URL behind a semaphore of permits: first come, first served.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::visit::{client, visit};
use super::{Leash, Left, Order, StrategyError, Tally};

/// Fetches the list.
pub async fn run(order: Order, tally: &Arc<Tally>, leash: &Leash) -> Result<Left, StrategyError> {
    let client = client()?;
    let permits = Arc::new(Semaphore::new(order.permits as usize));
    leash.ready().await;
    tally.begin();
    let mut tasks = JoinSet::new();
    for url in order.urls {
        let (client, tally, permits) = (client.clone(), Arc::clone(tally), Arc::clone(&permits));
        tasks.spawn(async move {
            // Tasks begin in the order of the list, and the semaphore is fair. It is never closed.
            let Ok(_permit) = permits.acquire().await else { return };
            visit(&client, &url, &tally).await;
        });
    }
    tasks.join_all().await;
    Ok(None)
}
