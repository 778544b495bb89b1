//! The engine: frontier → producer → bounded queue → workers behind a gate of permits → saver.
//!
//! It knows no terminal: [`protocol::snapshot::Snapshot`] goes out, [`protocol::command::Command`]
//! comes in. [`start`], [`resume`] and [`recrawl`] set up the tasks of the pipeline; the control task
//! (see [`Crawl`]) owns the dials and ends them all.

use std::sync::Arc;

mod control;
mod fetch;
pub mod frontier;
pub mod hosts;
pub mod measure;
mod pipeline;
pub mod protocol;
pub mod tuning;

pub use crate::crawl::control::{Crawl, CrawlError, FaultSetup};
#[cfg(feature = "internals")]
pub use crate::crawl::pipeline::queue;

use crate::crawl::control::{Earlier, Launch, launch};
use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::store::StoreWriter;

/// Rows of the timeline that a resumed crawl reads: half a day of them, the newest.
const EARLIER_ROWS: u32 = 4_000;

/// Starts a new crawl in `store`.
///
/// # Errors
/// When there is no seed, a pattern or header is malformed, or the database refuses.
pub async fn start(settings: Settings, store: Arc<dyn StoreWriter>) -> Result<Crawl, CrawlError> {
    start_with_faults(settings, store, FaultSetup::default()).await
}

/// Starts a new crawl in `store`, of a site that takes faults.
///
/// # Errors
/// As [`start`].
pub async fn start_with_faults(
    mut settings: Settings,
    store: Arc<dyn StoreWriter>,
    fault_setup: FaultSetup,
) -> Result<Crawl, CrawlError> {
    settings.take_credentials();
    settings.fetch.seed_names.clear();
    if settings.seeds.is_empty() {
        return Err(CrawlError::NoSeeds);
    }
    let ready = Launch::new(settings, Arc::clone(&store))?;
    let text = serde_json::to_string(ready.settings()).map_err(|e| CrawlError::Settings(0, e))?;
    let id = store.create_crawl(&text).await?;
    Ok(launch(ready, id, None, fault_setup))
}

/// Resumes a stored crawl: the newest unfinished one, or the one named. `overrides` may
/// change the stored settings.
///
/// # Errors
/// When there is no such crawl, its settings cannot be used, or the database refuses.
pub async fn resume(
    store: Arc<dyn StoreWriter>,
    crawl: Option<CrawlId>,
    overrides: impl FnOnce(&mut Settings),
) -> Result<Crawl, CrawlError> {
    let stored = store.open_crawl(crawl).await?;
    let id = stored.id;
    let mut settings =
        Settings::from_stored(&stored.settings).map_err(|e| CrawlError::Settings(id, e))?;
    let dials = settings.dials();
    overrides(&mut settings);
    settings.take_credentials();
    let ready = Launch::new(settings, Arc::clone(&store))?;
    let hosts = store.open_hosts(id).await?;
    let timeline = store.timeline(id, EARLIER_ROWS).await?;
    let earlier = Earlier { stored, dials, hosts, timeline };
    Ok(launch(ready, id, Some(earlier), FaultSetup::default()))
}

/// Recrawls the newest complete crawl: a new crawl from its seeds and with its settings, in
/// which pages that were not modified need not be sent. `overrides` may change both.
///
/// # Errors
/// When there is no complete crawl, its settings cannot be used, or the database refuses.
pub async fn recrawl(
    store: Arc<dyn StoreWriter>,
    overrides: impl FnOnce(&mut Settings),
) -> Result<Crawl, CrawlError> {
    let (id, text) = store.complete_crawl(None).await?;
    let mut settings = Settings::from_stored(&text).map_err(|e| CrawlError::Settings(id, e))?;
    // Commands about failing hosts applied to that time; limits of hosts stay.
    for rule in settings.hosts.values_mut() {
        (rule.held, rule.skipped) = (false, false);
    }
    settings.hosts.retain(|_, rule| !rule.is_empty());
    let added = std::mem::take(&mut settings.added_seeds);
    settings.seeds.extend(added);
    settings.undone_seeds.clear();
    settings.restoring.clear();
    settings.cooling_down.clear();
    settings.recrawl_of = Some(id);
    overrides(&mut settings);
    start(settings, store).await
}
