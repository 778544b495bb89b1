//! The commands that need the lab site: `demo` (also without a command) and `lab`.

use std::process::ExitCode;
use std::time::Duration;

use url::Url;

use super::error::ProgramError;
use super::logging::start_logging;
use super::seed_list::with_listed_seeds;
use super::show_crawl::{CrawlDisplay, show_crawl};
use crate::cli::{CrawlOptions, LabOptions, LogOptions};
use crate::crawl::protocol::scene::{self, Scene};
use crate::crawl::{self, FaultSetup};
use crate::headless::signals::ProcessSignals;
use crate::lab::{self, Lab};
use crate::settings::Settings;
use crate::settings::scope_kind::ScopeKind;
use crate::store::{self, OpenMode};
use crate::temp_folder::TempFolder;

/// Starts the lab site in this process and crawls it into a temporary database.
pub(super) async fn demo(
    scene: Option<Scene>,
    lab: &LabOptions,
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    // Without its sitemap: that would fill the frontier at once, and nobody would see it grow.
    let mut settings = Settings { scope: ScopeKind::Any, sitemaps: false, ..Settings::default() };
    let listed = with_listed_seeds(Vec::new(), options)?;
    let mut display = CrawlDisplay::of(options);
    display.temporary = options.output.db.is_none();
    let _log = start_logging(display.dashboard, options.logging, options.output.log_file(), said)?;
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
    // Long cooldowns are polite; in a demonstration somebody watches.
    settings.breaker.cooldown = Duration::from_secs(1);
    settings.breaker.max_cooldown = Duration::from_secs(2);
    let mut config = lab.config();
    if let Some(scene) = scene {
        config.faults = scene.stage(&mut settings);
        config.pages = lab.pages.unwrap_or(scene::PAGES);
        // Faults given by flags override those of the scene.
        lab.faults().for_each(|setting| config.faults.set(setting));
    }
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
    let code = show_crawl(crawl, &display, signals).await;
    lab.stop().await;
    Ok(code)
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
