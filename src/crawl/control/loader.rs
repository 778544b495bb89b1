//! The loader: what an earlier run has seen, then the seeds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::crawl::control::exclusion_task::ExclusionTasks;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::frontier::FoundLink;
use crate::crawl::pipeline::database_calls::DatabaseCall;
use crate::model::url_identity::UrlHash;
use crate::settings::faults::PanicPoint;

/// Pause before the URLs of an earlier run are read again after the database refused.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the loader works with.
pub struct Loader {
    /// What the tasks share.
    pub context: Arc<CrawlContext>,
    /// Continues what an earlier run was restoring.
    pub exclusions: Arc<ExclusionTasks>,
    /// The seeds.
    pub seeds: Vec<Url>,
    /// Of the first so many seeds each counts as often as it is listed.
    pub listed: usize,
    /// Whether there was an earlier run.
    pub resumed: bool,
}

/// Loads what an earlier run has seen, then takes in the seeds (known ones make no difference).
/// Requests go out meanwhile; only handing in waits for it. After that it measures how late timers
/// are, for as long as the crawl runs.
pub async fn load(loader: Loader) {
    let Loader { context, exclusions, seeds, listed, resumed } = loader;
    let CrawlContext { settings, frontier, flow, signals, .. } = &*context;
    if resumed && !load_seen(&context).await {
        return;
    }
    signals.panic_points.pass(PanicPoint::Loader);
    let mut times: HashMap<UrlHash, u32> = HashMap::new();
    frontier.seed(seeds.iter().enumerate().map(|(at, url)| {
        let mut hash = UrlHash::of(url);
        if at < listed {
            let before = times.entry(hash).or_default();
            hash = UrlHash::nth(url, *before);
            *before += 1;
        }
        FoundLink::bare(url.as_str().into(), hash)
    }));
    if settings.ignore_robots {
        frontier.sitemaps_without_robots(&seeds);
    }
    for url in &settings.sitemap_urls {
        frontier.add_sitemap(url, 0);
    }
    drop(seeds);
    exclusions.continue_restoring();
    signals.seen_ready.send_replace(true);
    let probe = Arc::clone(&context.loop_delay).probe();
    tokio::select! {
        () = probe => {}
        () = flow.queue.closed() => {}
    }
}

/// Loads the URLs that an earlier run has seen; false when the crawl is stopping.
async fn load_seen(context: &CrawlContext) -> bool {
    let CrawlContext { settings, frontier, storage, flow, signals, .. } = context;
    // Options may have changed them.
    frontier.store_settings(settings.without_seeds());
    let mut sink = |known: &[(UrlHash, i64)]| {
        frontier.remember(known);
        !signals.abort.is_cancelled()
    };
    let call = DatabaseCall::stream("what is known");
    loop {
        let seen = storage.store.seen(storage.crawl, &mut sink);
        let read = match storage.patient_call(signals, call, seen).await {
            Ok(read) => read,
            Err(why) => {
                storage.saver.lost_patience(why);
                break;
            }
        };
        let Err(error) = read else {
            storage.saver.could_read();
            return true;
        };
        storage.saver.cannot_read("what is known", &error, storage.failing_since_s(signals));
        tokio::select! {
            () = tokio::time::sleep(RETRY_AFTER) => {}
            () = flow.queue.closed() => break,
        }
    }
    // Nothing can be handed in without them, so no worker may wait to do so.
    signals.abort.cancel();
    false
}
