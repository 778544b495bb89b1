//! Everything at once: a task for each URL, and nothing that holds one back.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::visit::{client, visit};
use super::{Leash, Left, Order, StrategyError, Tally};

/// Fetches the list.
pub async fn run(order: Order, tally: &Arc<Tally>, leash: &Leash) -> Result<Left, StrategyError> {
    let client = client()?;
    leash.ready().await;
    tally.begin();
    let mut tasks = JoinSet::new();
    for url in order.urls {
        let (client, tally) = (client.clone(), Arc::clone(tally));
        tasks.spawn(async move { visit(&client, &url, &tally).await });
    }
    tasks.join_all().await;
    Ok(None)
}
