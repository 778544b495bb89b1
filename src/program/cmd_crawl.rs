//! The commands `crawl` and `resume`.

use std::process::ExitCode;
use std::sync::Arc;

use url::Url;

use super::error::ProgramError;
use super::logging::start_logging;
use super::seed_list::with_listed_seeds;
use super::show_crawl::{CrawlDisplay, panic_points, show_crawl};
use crate::cli::{CrawlOptions, DEFAULT_DB};
use crate::crawl::{self, Crawl, CrawlError};
use crate::headless::signals::ProcessSignals;
use crate::headless::tell;
use crate::model::ids::CrawlId;
use crate::settings::Settings;
use crate::store::{self, OpenMode, Store};

/// Starts a crawl of `seeds`, or with `recrawl` looks again at the newest complete one.
pub(super) async fn crawl(
    seeds: Vec<Url>,
    recrawl: bool,
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    let seeds = with_listed_seeds(seeds, options)?;
    if seeds.is_empty() && !recrawl {
        return Err(CrawlError::NoSeeds.into());
    }
    let display = CrawlDisplay::of(options);
    let mut settings = Settings { seeds, ..Settings::default() };
    if !recrawl {
        options.apply(&mut settings);
        display.warn_of(&settings);
    }
    let _log = start_logging(display.dashboard, options.logging, options.output.log_file(), said)?;
    let mut signals = ProcessSignals::listen().map_err(ProgramError::io("signals"))?;
    let db = options.output.db.as_ref().map_or(DEFAULT_DB, |db| &db.0);
    let mode = if recrawl { OpenMode::MustExist } else { OpenMode::CreateIfMissing };
    let starting = async {
        let store = store::open(db, mode).await?;
        let crawl = if recrawl {
            crawl::recrawl(store, |stored| {
                options.apply(stored);
                if !settings.seeds.is_empty() {
                    stored.seeds = settings.seeds;
                }
                stored.panic_points = panic_points();
                display.warn_of(stored);
                warn_of_missing_credentials(stored);
            })
            .await?
        } else {
            crawl::start(Settings { panic_points: panic_points(), ..settings }, store).await?
        };
        Ok::<_, ProgramError>(crawl)
    };
    let crawl = unless_signalled(&mut signals, starting).await?;
    Ok(show_crawl(crawl, &display, signals).await)
}

/// Waits for a crawl to start; a signal to stop ends the wait, because a database may stay silent.
async fn unless_signalled(
    signals: &mut ProcessSignals,
    starting: impl Future<Output = Result<Crawl, ProgramError>>,
) -> Result<Crawl, ProgramError> {
    tokio::select! {
        started = starting => started,
        () = signals.stop() => Err(ProgramError::Interrupted),
    }
}

/// Resumes a crawl: the one of this number, or the newest unfinished one.
pub(super) async fn resume(
    database: Option<String>,
    crawl: Option<CrawlId>,
    options: &CrawlOptions,
    said: &[String],
) -> Result<ExitCode, ProgramError> {
    if !with_listed_seeds(Vec::new(), options)?.is_empty() {
        return Err(ProgramError::Usage("resume takes no new seeds: start another crawl".into()));
    }
    let display = CrawlDisplay::of(options);
    let _log = start_logging(display.dashboard, options.logging, options.output.log_file(), said)?;
    let mut signals = ProcessSignals::listen().map_err(ProgramError::io("signals"))?;
    let named = options.output.db.as_ref().map(|db| db.0.as_str());
    let db = database.as_deref().or(named).unwrap_or(DEFAULT_DB);
    let overrides = |settings: &mut Settings| {
        options.apply(settings);
        settings.panic_points = panic_points();
        let min = settings.breaker.min_requests;
        if options.breaker.breaker_min_requests.is_some_and(|given| given > min) {
            tell(&format!(
                "crawldeck: --breaker-min-requests is lowered to {min}, the breaker-window"
            ));
        }
        display.warn_of(settings);
        warn_of_missing_credentials(settings);
    };
    let starting = async {
        let store: Arc<dyn Store> = store::open(db, OpenMode::MustExist).await?;
        Ok(crawl::resume(store, crawl, overrides).await?)
    };
    let crawl = unless_signalled(&mut signals, starting).await?;
    Ok(show_crawl(crawl, &display, signals).await)
}

/// Names the secrets that the crawl was started with: they are not stored with it.
fn warn_of_missing_credentials(settings: &Settings) {
    let missing = settings.missing_credentials();
    if !missing.is_empty() {
        tell(&format!(
            "crawldeck: resumes without secrets that the crawl was started with, which are not stored: {} \
             (give them again by --header, --auth, --bearer or --proxy)",
            missing.join(", ")
        ));
    }
}
