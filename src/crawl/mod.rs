//! The engine: frontier → producer → bounded queue → workers behind a gate of permits → saver.
//!
//! It knows no terminal: [`snapshot::Snapshot`] goes out, [`command::Command`] comes in.
//! [`start`] and [`resume`] set up the pipeline's tasks under one tracker; the control task
//! (see [`Crawl`]) owns the dials and ends them all.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

mod control;
mod fetch;
pub mod frontier;
pub mod hosts;
pub mod measure;
pub mod pipeline;
pub mod protocol;

use crate::crawl::control::journal::Journal;
use crate::crawl::frontier::{Admission, Exclusions, Frontier, FrontierStart, Link, Sitemaps};
use crate::crawl::hosts::Pace;
use crate::crawl::measure::stage_clock::StageClock;
use crate::crawl::pipeline::context::{CrawlContext, ProducerState, SAVER_BUDGET_KIB, SaverState};
use crate::crawl::pipeline::gate::Gate;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::{Flags, Snapshot, Totals};
use crate::crawl::protocol::summary::Summary;
use crate::model::ids::CrawlId;
use crate::model::url_identity::UrlHash;
use crate::settings::Settings;
use crate::settings::dials::Dials;
use crate::settings::faults::{Faults, FaultySite};
use crate::store::{OpenHost, StoreError, StoreWriter, StoredCrawl};
use crate::web::http::{FetchSetupError, Fetcher};
use crate::web::robots::RobotsAgents;
use crate::web::scope::{Scope, ScopeError};
use crate::web::traps::Traps;

/// The longest rest that a resumed crawl keeps to, in ms.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Commands that may wait for the control task.
const COMMANDS: usize = 64;

/// Why a crawl could not start.
#[derive(Debug, Error)]
pub enum CrawlError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A pattern.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The HTTP client.
    #[error(transparent)]
    Fetch(#[from] FetchSetupError),
    /// Settings in the database that this version cannot read.
    #[error("the stored settings of crawl {0} cannot be read: {1}")]
    Settings(CrawlId, serde_json::Error),
    /// Nothing to crawl.
    #[error("no URL to begin with: name one, or give a list with --list")]
    NoSeeds,
}

/// A running crawl.
#[derive(Debug)]
pub struct Crawl {
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Takes commands; `try_send` never waits, a full channel means "busy".
    pub commands: mpsc::Sender<(Command, Origin)>,
    control: JoinHandle<Summary>,
}

impl Crawl {
    /// Waits for the end. Nothing of the crawl is left running after it.
    ///
    /// # Panics
    /// When the control task panicked.
    pub async fn wait(self) -> Summary {
        drop(self.commands);
        match self.control.await {
            Ok(summary) => summary,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Starts a new crawl in `store`.
///
/// # Errors
/// When there is no seed, a pattern or header is malformed, or the database refuses.
pub async fn start(settings: Settings, store: Arc<dyn StoreWriter>) -> Result<Crawl, CrawlError> {
    start_staged(settings, store, FaultSetup::default()).await
}

/// What a crawl is staged with: a site that takes faults, and those that there are from the start.
#[derive(Debug, Default)]
pub struct FaultSetup {
    /// The site that is crawled, if it takes faults.
    pub site: Option<Arc<dyn FaultySite>>,
    /// Faults to begin with; without a site those of the pipeline alone.
    pub faults: Faults,
    /// The scene that they are of.
    pub scene: Option<Scene>,
}

/// Starts a new crawl in `store`, of a site that takes faults.
///
/// # Errors
/// As [`start`].
pub async fn start_staged(
    mut settings: Settings,
    store: Arc<dyn StoreWriter>,
    staging: FaultSetup,
) -> Result<Crawl, CrawlError> {
    settings.take_credentials();
    settings.fetch.seed_names.clear();
    if settings.seeds.is_empty() {
        return Err(CrawlError::NoSeeds);
    }
    let parts = Parts::of(&settings)?;
    let text = serde_json::to_string(&settings).map_err(|e| CrawlError::Settings(0, e))?;
    let id = store.create_crawl(&text).await?;
    Ok(launch(settings, store, parts, id, None, Vec::new(), staging))
}

/// Goes on with a stored crawl: the newest unfinished one, or the one named. `overrides` may
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
    let mut settings: Settings =
        Settings::from_stored(&stored.settings).map_err(|e| CrawlError::Settings(stored.id, e))?;
    let before = settings.dials();
    overrides(&mut settings);
    settings.take_credentials();
    let parts = Parts::of(&settings)?;
    let id = stored.id;
    let hosts = store.open_hosts(id).await?;
    Ok(launch(settings, store, parts, id, Some((&stored, before)), hosts, FaultSetup::default()))
}

/// Looks again at the newest complete crawl: a new crawl from its seeds and with its settings, in
/// which what is as it was need not be sent. `overrides` may change both.
///
/// # Errors
/// When there is no complete crawl, its settings cannot be used, or the database refuses.
pub async fn recrawl(
    store: Arc<dyn StoreWriter>,
    overrides: impl FnOnce(&mut Settings),
) -> Result<Crawl, CrawlError> {
    let (id, text) = store.complete_crawl(None).await?;
    let mut settings: Settings =
        Settings::from_stored(&text).map_err(|e| CrawlError::Settings(id, e))?;
    // What was said about hosts in trouble was said of that time; their limits stay.
    for rule in settings.hosts.values_mut() {
        (rule.held, rule.skipped) = (false, false);
    }
    settings.hosts.retain(|_, rule| !rule.is_empty());
    let added = std::mem::take(&mut settings.added_seeds);
    settings.seeds.extend(added);
    settings.restoring.clear();
    settings.cooling_down.clear();
    settings.recrawl_of = Some(id);
    overrides(&mut settings);
    start(settings, store).await
}

/// What can fail to be built from settings.
struct Parts {
    scope: Scope,
    fetcher: Fetcher,
    sitemaps: Sitemaps,
}

impl Parts {
    fn of(settings: &Settings) -> Result<Self, CrawlError> {
        let mut seeds = settings.seeds.clone();
        seeds.extend_from_slice(&settings.added_seeds);
        Ok(Self {
            scope: Scope::new(settings.scope, &seeds, &settings.include, &settings.exclude)?,
            fetcher: Fetcher::new(&settings.fetch, &seeds)?,
            sitemaps: Sitemaps::of(settings, &seeds),
        })
    }
}

fn launch(
    mut settings: Settings,
    store: Arc<dyn StoreWriter>,
    parts: Parts,
    crawl: CrawlId,
    stored: Option<(&StoredCrawl, Dials)>,
    hosts: Vec<OpenHost>,
    staging: FaultSetup,
) -> Crawl {
    let dials = settings.dials();
    let before = stored.map_or(dials, |(_, before)| before);
    let stored = stored.map(|(stored, _)| stored);
    let totals: Totals = stored
        .and_then(|stored| serde_json::from_str(stored.totals.as_deref()?).ok())
        .unwrap_or_default();
    let changes = stored.iter().flat_map(|stored| &stored.changes);
    let changes = changes.filter_map(|c| serde_json::from_str(c).ok()).collect();
    let journal = Journal::of(changes, jiff::Timestamp::now());
    let rules = settings.hosts.iter().map(|(host, rule)| (host.as_str().into(), rule.clone()));
    let frontier = Frontier::new(FrontierStart {
        crawl,
        admission: Admission { depth: settings.depth, max_pages: settings.max_pages },
        pace: Pace::of(&settings),
        rules: rules.collect(),
        exclusions: Exclusions::of(&settings.live_exclusions)
            .with_restorations(&settings.restoring),
        traps: Traps::new(&settings.traps),
        sitemaps: parts.sitemaps,
        hosts,
        next_seq: stored.map_or(1, |stored| stored.next_seq),
        open: stored.map_or(0, |stored| stored.open),
        totals,
    });
    if stored.is_some() {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for (host, until_ms) in &settings.cooling_down {
            // A clock that was put back must not stop a crawl for good.
            let rest = until_ms.saturating_sub(now_ms).clamp(0, DAY_MS);
            frontier.continue_cooldown(host, Duration::from_millis(rest as u64));
        }
    }
    // A list of seeds can be long, and is needed just once.
    let mut seeds = std::mem::take(&mut settings.seeds);
    let target: Arc<str> = seeds.first().map_or("", |seed| seed.as_str()).into();
    let listed = if settings.duplicate_seeds { seeds.len() } else { 0 };
    seeds.extend_from_slice(&settings.added_seeds);
    let shared = Arc::new(CrawlContext {
        crawl,
        start: Instant::now(),
        store,
        names: Arc::new(RobotsAgents::of(&settings.fetch.user_agent)),
        fetcher: parts.fetcher,
        scope: RwLock::new(Arc::new(parts.scope)),
        landings: Mutex::default(),
        hops: Mutex::default(),
        exclusions: Mutex::default(),
        disk: tokio::sync::Mutex::default(),
        shortages: AtomicU64::new(0),
        retry: fetch::retry::RetryPolicy {
            attempts: settings.attempts,
            backoff: settings.backoff,
            longest_retry_after: settings.max_host_backoff,
        },
        frontier,
        queue: pipeline::queue::Queue::new(dials.queue),
        gate: Gate::new(dials.permits),
        rate: pipeline::rate::Rate::new(dials.rate),
        parse_gate: Gate::new(dials.parse_threads),
        pool: pipeline::workers::Pool::default(),
        budget: pipeline::budget::Budget::new(SAVER_BUDGET_KIB),
        faults: watch::Sender::new(Faults::NONE),
        paused: watch::Sender::new(false),
        seen_ready: watch::Sender::new(false),
        abort: CancellationToken::new(),
        hurry: CancellationToken::new(),
        producer_clock: StageClock::new(ProducerState::Idle as usize),
        saver_clock: StageClock::new(SaverState::Idle as usize),
        saver: pipeline::saver::SaverGauge::default(),
        stall: Arc::default(),
        crew: TaskTracker::new(),
        settings,
    });
    let first = first_snapshot(&shared, target, dials, totals, &staging);
    let (snapshot_sender, snapshots) = watch::channel(first);
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let saver = tokio::spawn(pipeline::saver::run(Arc::clone(&shared)));
    shared.crew.spawn(pipeline::producer::run(Arc::clone(&shared)));
    shared.crew.spawn(load(Arc::clone(&shared), seeds, listed, stored.is_some()));
    let control = tokio::spawn(control::run(control::Start {
        saver,
        shared,
        commands,
        snapshots: snapshot_sender,
        dials,
        before,
        journal,
        staging,
    }));
    Crawl { snapshots, commands: command_sender, control }
}

/// What there is to see before anything has happened.
fn first_snapshot(
    shared: &CrawlContext,
    target: Arc<str>,
    dials: Dials,
    totals: Totals,
    staging: &FaultSetup,
) -> Arc<Snapshot> {
    Arc::new(Snapshot {
        crawl_id: shared.crawl,
        target,
        db: shared.store.describe().into(),
        dials,
        totals,
        flags: Flags {
            ignore_robots: shared.settings.ignore_robots,
            insecure: shared.settings.fetch.insecure,
            allow_private: shared.settings.fetch.allow_private,
        },
        recrawl_of: shared.settings.recrawl_of,
        faults: staging.faults,
        scene: staging.scene,
        site_takes_faults: staging.site.is_some(),
        ..Snapshot::default()
    })
}

/// Loads what an earlier run has seen, then takes in the seeds (known ones again make no
/// difference). Of the first `listed` seeds each counts as often as it is there. Requests go out
/// meanwhile; only handing in waits for it.
async fn load(shared: Arc<CrawlContext>, seeds: Vec<Url>, listed: usize, resumed: bool) {
    if resumed {
        // Options may have changed them.
        let settings = shared.settings.without_seeds();
        shared.frontier.store_settings(settings);
        let frontier = &shared.frontier;
        let mut sink = |known: &[(UrlHash, i64)]| {
            frontier.remember(known);
            !shared.abort.is_cancelled()
        };
        while let Err(error) = shared.store.seen(shared.crawl, &mut sink).await {
            shared.saver.cannot_read("what is known", &error, shared.at_s());
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                () = shared.queue.closed() => {
                    // Nothing can be handed in without them, so nobody may wait to do so.
                    shared.abort.cancel();
                    return;
                }
            }
        }
        shared.saver.could_read();
    }
    let mut times: HashMap<UrlHash, u32> = HashMap::new();
    shared.frontier.seed(seeds.iter().enumerate().map(|(at, url)| {
        let mut hash = UrlHash::of(url);
        if at < listed {
            let before = times.entry(hash).or_default();
            hash = UrlHash::nth(url, *before);
            *before += 1;
        }
        Link::bare(url.as_str().into(), hash)
    }));
    if shared.settings.ignore_robots {
        shared.frontier.sitemaps_without_robots(&seeds);
    }
    for url in &shared.settings.sitemap_urls {
        shared.frontier.add_sitemap(url, 0);
    }
    drop(seeds);
    control::exclusion_task::go_on(&shared);
    shared.seen_ready.send_replace(true);
    let probe = Arc::clone(&shared.stall).probe();
    tokio::select! {
        () = probe => {}
        () = shared.queue.closed() => {}
    }
}
