//! At the end of a recrawl: what was not compared.

use crate::crawl::control::control_task::Control;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::pipeline::database_calls::DatabaseCall;

impl Control {
    /// Of a recrawl: pages that succeeded before and could not be compared. Known of a complete
    /// crawl only.
    pub(super) async fn count_unchecked(&self) {
        let Some(previous) = self.context.settings.recrawl_of else { return };
        let CrawlContext { storage, frontier, signals, .. } = &*self.context;
        let (count, earlier) =
            (storage.store.count_ok(previous), DatabaseCall::read("the earlier crawl"));
        let totals = match storage.patient_call(signals, earlier, count).await {
            Ok(Ok(before)) => serde_json::to_string(&frontier.count_unchecked(before)).ok(),
            Ok(Err(error)) => {
                tracing::error!(%error, "what was not compared cannot be counted");
                None
            }
            Err(why) => return tracing::error!("{why}; what was not compared is not counted"),
        };
        let batch = crate::store::Batch { totals, ..Default::default() };
        let commit = storage.store.commit(storage.crawl, &batch);
        let written = storage.patient_call(signals, DatabaseCall::write("a batch"), commit).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "what was not compared could not be recorded");
            }
            Err(why) => tracing::error!("{why}; what was not compared is not recorded"),
        }
    }
}
