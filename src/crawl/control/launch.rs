//! Setting up the tasks of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::crawl::control::control_task;
use crate::crawl::control::error::CrawlError;
use crate::crawl::control::exclusion_task::ExclusionTasks;
use crate::crawl::control::fault_setup::FaultSetup;
use crate::crawl::control::journal::Journal;
use crate::crawl::control::loader::{Loader, load};
use crate::crawl::fetch::context::{CrawlContext, FetchParts};
use crate::crawl::frontier::{Admission, Exclusions, Frontier, FrontierStart, Sitemaps};
use crate::crawl::hosts::Pace;
use crate::crawl::pipeline::crawl_tasks::CrawlTasks;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::signals::Signals;
use crate::crawl::pipeline::storage::Storage;
use crate::crawl::pipeline::{producer, saver};
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::snapshot::{Flags, Snapshot, Totals};
use crate::crawl::protocol::summary::Summary;
use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::settings::dials::Dials;
use crate::store::{OpenHost, StoreWriter, StoredCrawl, StoredPages, TimelineRow};
use crate::web::http::Fetcher;
use crate::web::scope::Scope;
use crate::web::traps::Traps;

/// Commands that may wait for the control task.
const COMMANDS: usize = 64;

/// A running crawl.
pub struct Crawl {
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Takes commands; `try_send` never waits, a full channel means "busy".
    pub commands: mpsc::Sender<(Command, Origin)>,
    control: JoinHandle<Summary>,
    /// Its database, for viewers.
    store: Arc<dyn StoreWriter>,
    id: CrawlId,
    stores_links: bool,
}

impl std::fmt::Debug for Crawl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crawl").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Crawl {
    /// What reads its pages for viewers, those of earlier runs as well. It reads beside the crawl, and when the
    /// crawl is over.
    #[must_use]
    pub fn stored_pages(&self) -> Arc<dyn StoredPages> {
        self.store.stored_pages(self.id)
    }

    /// Whether it stores which page links to which.
    #[must_use]
    pub const fn stores_links(&self) -> bool {
        self.stores_links
    }

    /// Waits for the end. No task of the crawl runs after it.
    ///
    /// # Panics
    /// When the control task panicked, and panicked again while it saved what was done.
    pub async fn wait(self) -> Summary {
        drop(self.commands);
        match self.control.await {
            Ok(summary) => summary,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
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

/// A crawl that is ready to be launched: its settings are known to be usable.
pub struct Launch {
    settings: Settings,
    store: Arc<dyn StoreWriter>,
    parts: Parts,
}

impl Launch {
    /// Checks the settings.
    ///
    /// # Errors
    /// When a pattern, a header or a certificate cannot be used.
    pub fn new(settings: Settings, store: Arc<dyn StoreWriter>) -> Result<Self, CrawlError> {
        let parts = Parts::of(&settings)?;
        Ok(Self { settings, store, parts })
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// What an earlier run left behind.
pub struct Earlier {
    /// The crawl as it is stored.
    pub stored: StoredCrawl,
    /// The dials of that run; options may have changed some since.
    pub dials: Dials,
    /// Hosts with URLs on disk.
    pub hosts: Vec<OpenHost>,
    /// What was measured, oldest first.
    pub timeline: Vec<TimelineRow>,
}

/// Starts the tasks of a run; `earlier` is the run that is resumed.
pub fn launch(
    launch: Launch,
    crawl: CrawlId,
    earlier: Option<Earlier>,
    fault_setup: FaultSetup,
) -> Crawl {
    let Launch { mut settings, store, parts } = launch;
    let dials = settings.dials();
    let before = earlier.as_ref().map_or(dials, |earlier| earlier.dials);
    let resumed = earlier.is_some();
    let (stored, hosts, timeline) = match earlier {
        Some(earlier) => (Some(earlier.stored), earlier.hosts, earlier.timeline),
        None => (None, Vec::new(), Vec::new()),
    };
    let stored: Option<&StoredCrawl> = stored.as_ref();
    let totals: Totals = stored
        .and_then(|stored| serde_json::from_str(stored.totals.as_deref()?).ok())
        .unwrap_or_default();
    let changes = stored.iter().flat_map(|stored| &stored.changes);
    let changes = changes.filter_map(|c| serde_json::from_str(c).ok()).collect();
    let journal = Journal::of(changes, jiff::Timestamp::now());
    let scope = Arc::new(parts.scope);
    let rules = settings.hosts.iter().map(|(host, rule)| (host.as_str().into(), rule.clone()));
    let frontier = Arc::new(Frontier::new(FrontierStart {
        crawl,
        admission: Admission { depth: settings.depth, max_pages: settings.max_pages },
        store_links: settings.store_links,
        pace: Pace::of(&settings),
        rules: rules.collect(),
        exclusions: Exclusions::of(&settings.live_exclusions)
            .with_undone_seeds(&settings.undone_seeds, &scope)
            .with_restorations(&settings.restoring),
        traps: Traps::new(&settings.traps),
        sitemaps: parts.sitemaps,
        hosts,
        next_seq: stored.map_or(1, |stored| stored.next_seq),
        open: stored.map_or(0, |stored| stored.open),
        totals,
    }));
    if resumed {
        continue_cooldowns(&mut settings, &frontier);
    }
    // A list of seeds can be long, and is needed just once.
    let mut seeds = std::mem::take(&mut settings.seeds);
    let target: Arc<str> = seeds.first().map_or("", |seed| seed.as_str()).into();
    let listed = if settings.duplicate_seeds { seeds.len() } else { 0 };
    seeds.extend_from_slice(&settings.added_seeds);
    let panic_points = Arc::new(settings.panic_points.clone());
    let stores_links = settings.store_links;
    let storage = Arc::new(Storage::new(crawl, Arc::clone(&store), Arc::clone(&panic_points)));
    let signals = Signals::new(panic_points);
    let context = Arc::new(CrawlContext {
        frontier,
        flow: Arc::new(Flow::new(&dials, signals.start)),
        signals: Arc::new(signals),
        fetch: FetchParts::new(&settings, parts.fetcher, scope),
        loop_delay: Arc::default(),
        tasks: CrawlTasks::new(Arc::clone(&storage)),
        storage,
        settings,
    });
    let exclusions = exclusion_tasks(&context);
    let first = first_snapshot(&context, target, dials, &totals, &fault_setup);
    let (snapshot_sender, snapshots) = watch::channel(first);
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let CrawlContext { frontier, storage, signals, tasks, .. } = &*context;
    let saver = saver::run(Arc::clone(frontier), Arc::clone(storage), Arc::clone(signals));
    tokio::spawn(saver);
    tasks.spawn("the producer", producer::run(context.producer()));
    let loader = Loader {
        context: Arc::clone(&context),
        exclusions: Arc::clone(&exclusions),
        seeds,
        listed,
        resumed,
    };
    tasks.spawn("the loader", load(loader));
    let control = tokio::spawn(control_task::run(control_task::Start {
        context,
        exclusions,
        commands,
        snapshots: snapshot_sender,
        dials,
        before,
        journal,
        fault_setup,
        timeline,
    }));
    Crawl { snapshots, commands: command_sender, control, store, id: crawl, stores_links }
}

/// Continues the cooldowns that are noted. Where the clock was put back since, they end as soon as the
/// longest of this run would, and the note is corrected.
fn continue_cooldowns(settings: &mut Settings, frontier: &Frontier) {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let longest_ms = Pace::of(settings).longest_cooldown().as_millis();
    let longest_ms = i64::try_from(longest_ms).unwrap_or(i64::MAX);
    for (host, until_ms) in &mut settings.cooling_down {
        let left_ms = until_ms.saturating_sub(now_ms).clamp(0, longest_ms);
        *until_ms = (*until_ms).min(now_ms.saturating_add(longest_ms));
        frontier.continue_cooldown(host, Duration::from_millis(left_ms as u64));
    }
}

fn exclusion_tasks(context: &CrawlContext) -> Arc<ExclusionTasks> {
    let CrawlContext { frontier, storage, flow, signals, tasks, .. } = context;
    ExclusionTasks::new(
        Arc::clone(frontier),
        Arc::clone(storage),
        Arc::clone(flow),
        Arc::clone(signals),
        tasks.clone(),
    )
}

/// The snapshot before anything has happened.
fn first_snapshot(
    context: &CrawlContext,
    target: Arc<str>,
    dials: Dials,
    totals: &Totals,
    fault_setup: &FaultSetup,
) -> Arc<Snapshot> {
    Arc::new(Snapshot {
        crawl_id: context.storage.crawl,
        target,
        db: context.storage.store.describe().into(),
        dials,
        totals: *totals,
        flags: Flags {
            ignore_robots: context.settings.ignore_robots,
            insecure: context.settings.fetch.insecure,
            allow_private: context.settings.fetch.allow_private,
        },
        recrawl_of: context.settings.recrawl_of,
        faults: fault_setup.faults,
        scene: fault_setup.scene,
        site_takes_faults: fault_setup.site.is_some(),
        ..Snapshot::default()
    })
}
