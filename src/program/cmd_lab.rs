//! The commands that need the lab site: `demo` (also without a command), `tour` and `lab`.

use std::process::ExitCode;

use url::Url;

use super::error::ProgramError;
use super::logging::start_logging;
use super::seed_list::with_listed_seeds;
use super::show_crawl::{CrawlDisplay, show_crawl};
use crate::cli::{CrawlOptions, LabOptions, LogOptions};
use crate::crawl::protocol::scene::{self, Scene};
use crate::crawl::{self, FaultSetup};
use crate::headless::signals::ProcessSignals;
use crate::lab::{self, Lab, LabConfig};
use crate::settings::Settings;
use crate::store::{self, OpenMode};
use crate::temp_folder::TempFolder;

/// What the lab's crawl begins with.
struct LabCrawl {
    config: LabConfig,
    settings: Settings,
    scene: Option<Scene>,
}

impl LabCrawl {
    fn new(config: LabConfig) -> Self {
        Self { config, settings: scene::settings(), scene: None }
    }

    /// Starts the site in this process and crawls it, into a temporary database where none is named.
    async fn run(
        self,
        display: &mut CrawlDisplay,
        options: &CrawlOptions,
        said: &[String],
    ) -> Result<ExitCode, ProgramError> {
        let Self { config, mut settings, scene } = self;
        let listed = with_listed_seeds(Vec::new(), options)?;
        display.temporary = options.output.db.is_none();
        let _log =
            start_logging(display.dashboard, options.logging, options.output.log_file(), said)?;
        let signals = ProcessSignals::listen().map_err(ProgramError::io("signals"))?;
        let folder;
        let db = if let Some(db) = &options.output.db {
            db.0.clone()
        } else {
            folder =
                TempFolder::new().map_err(ProgramError::io("a temporary folder cannot be made"))?;
            folder.path().join("lab.db").to_string_lossy().into_owned()
        };
        let store = store::open(&db, OpenMode::CreateIfMissing).await?;
        let faults = config.faults;
        // Each of many hosts has an address of its own, and only the first one's is the seed's.
        settings.fetch.allow_private |= config.hosts.is_some();
        let lab = Lab::start(config).await?;
        settings.seeds = if listed.is_empty() {
            lab.urls().first().and_then(|url| Url::parse(url).ok()).into_iter().collect()
        } else {
            listed
        };
        options.apply(&mut settings);
        display.warn_of(&settings);
        let setup = FaultSetup { site: Some(lab.faulty_site()), faults, scene };
        let crawl = crawl::start_with_faults(settings, store, setup).await?;
        let code = show_crawl(crawl, display, signals).await;
        lab.stop().await;
        Ok(code)
    }
}

/// Crawls the lab site, with a scene or without.
pub(super) async fn demo(
    scene: Option<Scene>,
    lab: &LabOptions,
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    let mut crawl = LabCrawl::new(lab.config());
    if let Some(scene) = scene {
        crawl.config.faults = scene.stage(&mut crawl.settings);
        crawl.config.pages = lab.pages.unwrap_or(scene::PAGES);
        // Faults given by flags override those of the scene.
        lab.faults().for_each(|setting| crawl.config.faults.set(setting));
        crawl.scene = Some(scene);
    }
    crawl.run(&mut CrawlDisplay::of(options), options, said).await
}

/// Crawls the lab site with the guided tour on the dashboard; says at the end what was seen.
#[cfg(feature = "tui")]
pub(super) async fn tour(
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    let (record, seen) = tokio::sync::watch::channel(crate::ui::TourSeen::default());
    let mut display = CrawlDisplay::of(options);
    if !display.dashboard {
        return Err(ProgramError::Usage(
            "the tour needs a terminal, and the dashboard on it".into(),
        ));
    }
    display.tour = Some(record);
    let config = LabConfig { pages: scene::PAGES, ..LabConfig::default() };
    let mut crawl = LabCrawl::new(config);
    // As in scenes: hosts that share a queue would blur what is to be seen.
    crawl.settings.scope = crate::settings::scope_kind::ScopeKind::Host;
    let ended = crawl.run(&mut display, options, said).await;
    if ended.is_ok() && !display.quiet {
        crate::headless::tell(&format!("crawldeck: the tour: {}", seen.borrow().words()));
    }
    ended
}

/// A build without the dashboard has no tour.
#[cfg(not(feature = "tui"))]
#[expect(clippy::unused_async, reason = "as with the dashboard")]
pub(super) async fn tour(_: &CrawlOptions, _: &[String]) -> Result<ExitCode, ProgramError> {
    Err(ProgramError::Usage("this crawldeck was built without its dashboard (feature tui)".into()))
}

/// Serves the lab site until a signal ends it.
pub(super) async fn serve(
    options: &LabOptions,
    logging: LogOptions,
) -> Result<ExitCode, ProgramError> {
    let _log = start_logging(false, logging, None, &[])?;
    lab::serve(options.config()).await?;
    Ok(ExitCode::SUCCESS)
}
