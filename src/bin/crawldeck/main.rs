//! The thin binary: parses the command line, runs a mode, maps the outcome to an exit code.

use std::io::{IsTerminal, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::CommandFactory;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use url::Url;

mod compared;
mod failure;
mod stored;

use crawldeck::cli::effective::{as_json, as_toml, effective, start_as_toml};
use crawldeck::cli::refusal::Refusal;
use crawldeck::cli::sources::{Source, Sources};
use crawldeck::cli::values::seed;
use crawldeck::cli::{
    self, Cli, Command, CrawlOptions, DEFAULT_DB, Invocation, LabOptions, LogOptions, Surroundings,
};
use crawldeck::compare::strategy;
use crawldeck::crawl;
use crawldeck::crawl::protocol::scene;
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::crawl::{Crawl, CrawlError, FaultSetup};
use crawldeck::headless::signals::Signals;
use crawldeck::headless::{self, tell};
use crawldeck::lab::{self, Lab};
use crawldeck::model::ids::CrawlId;
use crawldeck::settings::Settings;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store;
use crawldeck::store::{OpenMode, Store};

use crate::failure::Failure;
use crate::stored::print;

fn main() -> ExitCode {
    let invocation = match cli::read(std::env::args_os(), &Surroundings::of_process()) {
        Ok(invocation) => invocation,
        Err(Refusal::CommandLine(error)) => error.exit(),
        Err(refusal) => {
            tell(&format!("crawldeck: {refusal}"));
            return ExitCode::from(2);
        }
    };
    // As many connections as the system lets us have: a shortage of our own must not end as the
    // far site's failure. Where this is refused, the limit is what it was.
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    // The one TLS provider of the process; a second installation is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(Command::Strategy { strategy }) = invocation.cli.command {
        // It has an event loop of its own kind.
        return strategy::main(strategy);
    }
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("the event loop cannot start"))
        .and_then(|runtime| runtime.block_on(Box::pin(run(invocation))));
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            tell(&format!("crawldeck: {failure}"));
            failure.exit_code()
        }
    }
}

async fn run(invocation: Invocation) -> Result<ExitCode, Failure> {
    let Invocation { cli, sources, warnings } = invocation;
    for warning in warnings {
        tell(&format!("crawldeck: {warning}"));
    }
    match cli.command {
        None => demonstrate(None, &cli.lab, &cli.options).await,
        Some(Command::Demo { scene, lab, options }) => demonstrate(scene, &lab, &options).await,
        Some(Command::Crawl { seeds, again, options }) => crawl_seeds(seeds, again, &options).await,
        Some(Command::Resume { database, options, crawl }) => {
            resume(database, crawl, &options).await
        }
        Some(Command::List { database, json }) => stored::list(database.as_deref(), json).await,
        Some(Command::Rm { database, crawls, yes }) => {
            stored::remove(&database, &crawls, yes).await
        }
        Some(Command::Export { database, options }) => {
            stored::export_rows(database.as_deref(), options).await
        }
        Some(Command::Report { database, crawl, output }) => {
            stored::write_report(database.as_deref(), crawl, &output).await
        }
        Some(Command::Config { seeds, again, options }) => {
            print(settings_in_force(&seeds, again, &options, &sources).as_bytes())
        }
        Some(Command::Compare { options }) => compared::compare(options).await,
        // Run before there is an event loop.
        Some(Command::Strategy { strategy }) => Ok(strategy::main(strategy)),
        Some(Command::Lab { options, logging }) => {
            let _log = log(false, logging, None)?;
            lab::serve(options.config()).await?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::for_users(), "crawldeck", &mut script);
            print(&script)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(Failure::io("the manual page cannot be made"))?;
            print(&page)
        }
    }
}

/// What `config` prints. Its `--json` is about the form of that, and so no setting to be shown.
fn settings_in_force(
    seeds: &[Url],
    again: bool,
    options: &CrawlOptions,
    sources: &Sources,
) -> String {
    let mut all = effective(options, sources);
    if !matches!(sources.of("json"), Source::Flag(_)) || options.output.json != Some(true) {
        return start_as_toml(seeds, again) + &as_toml(&all);
    }
    all.retain(|one| one.key != "json");
    format!("{}\n", as_json(&all))
}

/// The lab site in this process, crawled into a temporary database.
async fn demonstrate(
    scene: Option<Scene>,
    lab: &LabOptions,
    options: &CrawlOptions,
) -> Result<ExitCode, Failure> {
    // Without its sitemap, or the frontier would be full at once and never be seen to grow.
    let mut settings = Settings { scope: ScopeKind::Any, sitemaps: false, ..Settings::default() };
    let named = seeds_of(Vec::new(), options)?;
    let show = Show::of(options);
    let _log = log(show.dashboard, options.logging, options.output.log_file())?;
    let signals = Signals::listen().map_err(Failure::io("signals"))?;
    let folder;
    let db = if let Some(db) = &options.output.db {
        db.0.clone()
    } else {
        folder = tempfile::Builder::new()
            .prefix("crawldeck-")
            .tempdir()
            .map_err(Failure::io("a temporary folder cannot be made"))?;
        folder.path().join("lab.db").to_string_lossy().into_owned()
    };
    let store = store::open(&db, OpenMode::CreateIfMissing).await?;
    // Long rests are polite; here somebody watches.
    settings.breaker.cooldown = Duration::from_secs(1);
    settings.breaker.max_cooldown = Duration::from_secs(2);
    let mut config = lab.config();
    if let Some(scene) = scene {
        config.faults = scene.stage(&mut settings);
        config.pages = lab.pages.unwrap_or(scene::PAGES);
        // What was asked for by a flag comes first.
        lab.faults().for_each(|setting| config.faults.set(setting));
    }
    let faults = config.faults;
    let lab = Lab::start(config).await?;
    settings.seeds = if named.is_empty() {
        lab.urls().first().and_then(|url| Url::parse(url).ok()).into_iter().collect()
    } else {
        named
    };
    options.apply(&mut settings);
    show.warn_of(&settings);
    let staging = FaultSetup { site: Some(lab.faulty_site()), faults, scene };
    let crawl = crawl::start_with_faults(settings, store, staging).await?;
    let code = watch(crawl, &show, signals).await;
    lab.stop().await;
    code
}

async fn crawl_seeds(
    seeds: Vec<Url>,
    again: bool,
    options: &CrawlOptions,
) -> Result<ExitCode, Failure> {
    let seeds = seeds_of(seeds, options)?;
    if seeds.is_empty() && !again {
        return Err(CrawlError::NoSeeds.into());
    }
    let show = Show::of(options);
    let mut settings = Settings { seeds, ..Settings::default() };
    if !again {
        options.apply(&mut settings);
        show.warn_of(&settings);
    }
    let _log = log(show.dashboard, options.logging, options.output.log_file())?;
    let signals = Signals::listen().map_err(Failure::io("signals"))?;
    let db = options.output.db.as_ref().map_or(DEFAULT_DB, |db| &db.0);
    let mode = if again { OpenMode::MustExist } else { OpenMode::CreateIfMissing };
    let store = store::open(db, mode).await?;
    let crawl = if again {
        crawl::recrawl(store, |stored| {
            options.apply(stored);
            if !settings.seeds.is_empty() {
                stored.seeds = settings.seeds;
            }
            show.warn_of(stored);
            warn_of_missing_identity(stored);
        })
        .await?
    } else {
        crawl::start(settings, store).await?
    };
    watch(crawl, &show, signals).await
}

async fn resume(
    database: Option<String>,
    crawl: Option<CrawlId>,
    options: &CrawlOptions,
) -> Result<ExitCode, Failure> {
    if !seeds_of(Vec::new(), options)?.is_empty() {
        return Err(Failure::Usage("resume takes no new seeds: start another crawl".into()));
    }
    let show = Show::of(options);
    let _log = log(show.dashboard, options.logging, options.output.log_file())?;
    let signals = Signals::listen().map_err(Failure::io("signals"))?;
    let named = options.output.db.as_ref().map(|db| db.0.as_str());
    let db = database.as_deref().or(named).unwrap_or(DEFAULT_DB);
    let store: Arc<dyn Store> = store::open(db, OpenMode::MustExist).await?;
    let crawl = crawl::resume(store, crawl, |settings| {
        options.apply(settings);
        let least = settings.breaker.min_requests;
        if options.breaker.breaker_least.is_some_and(|asked| asked > least) {
            tell(&format!("crawldeck: --breaker-least is lowered to {least}, the breaker-window"));
        }
        show.warn_of(settings);
        warn_of_missing_identity(settings);
    })
    .await?;
    watch(crawl, &show, signals).await
}

/// Names what a crawl was started with and is not stored with it.
fn warn_of_missing_identity(settings: &Settings) {
    let missing = settings.missing_credentials();
    if !missing.is_empty() {
        tell(&format!(
            "crawldeck: goes on without what the crawl was started with and is not stored: {} \
             (give it again by --header, --auth, --bearer or --proxy)",
            missing.join(", ")
        ));
    }
}

/// Seeds from the command line and from `--list`. A malformed line is named and left out.
fn seeds_of(mut seeds: Vec<Url>, options: &CrawlOptions) -> Result<Vec<Url>, Failure> {
    let Some(list) = options.reach.list() else { return Ok(seeds) };
    let text = if list == Path::new("-") {
        std::io::read_to_string(stdin())
    } else {
        std::fs::read_to_string(list)
    }
    .map_err(|e| Failure::Usage(format!("--list {}: {e}", list.display())))?;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match seed(line) {
            Ok(url) => seeds.push(url),
            Err(error) => tell(&format!(
                "crawldeck: --list {}: line {} left out: {error}",
                list.display(),
                number + 1
            )),
        }
    }
    if seeds.is_empty() {
        return Err(Failure::Usage(format!("--list {}: no URL in it", list.display())));
    }
    Ok(seeds)
}

/// How a crawl is shown.
struct Show {
    dashboard: bool,
    json: bool,
    quiet: bool,
}

impl Show {
    fn of(options: &CrawlOptions) -> Self {
        let terminal = stdin().is_terminal()
            && stdout().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            dashboard: cfg!(feature = "tui") && terminal && options.output.headless != Some(true),
            json: options.output.json == Some(true),
            quiet: options.logging.is_quiet(),
        }
    }

    /// Says aloud what others may suffer from; the dashboard has a place of its own for it.
    fn warn_of(&self, settings: &Settings) {
        if self.dashboard {
            return;
        }
        if settings.ignore_robots {
            tell(
                "crawldeck: robots.txt is IGNORED (--ignore-robots): only with the sites' consent",
            );
        }
        if settings.fetch.insecure {
            tell(
                "crawldeck: certificates are NOT VERIFIED (--insecure): anybody on the way can read \
                  and change what is sent",
            );
        }
    }
}

/// Shows a crawl until it is over, and says how it ended.
async fn watch(crawl: Crawl, show: &Show, signals: Signals) -> Result<ExitCode, Failure> {
    let forward = signals.forward(crawl.commands.clone(), crawl.snapshots.clone());
    let mut forward = tokio::spawn(forward);
    let shown = view(&crawl, show, &mut forward).await;
    let summary = crawl.wait().await;
    forward.abort();
    shown?;
    if show.json {
        let text = serde_json::to_string(&summary).unwrap_or_default();
        print(format!("{text}\n").as_bytes())?;
    } else if !show.quiet {
        print(format!("{}\n", in_words(&summary)).as_bytes())?;
    }
    if let Some(recrawl) = &summary.recrawl
        && !show.json
        && !show.quiet
    {
        let unchecked = recrawl.unchecked.filter(|&pages| pages > 0);
        let unchecked = unchecked.map_or_else(String::new, |n| format!(", {n} not compared"));
        let text = format!(
            "against crawl {}: {} new, {} changed, {} gone, {} same{unchecked}\n",
            recrawl.previous, recrawl.new, recrawl.changed, recrawl.gone, recrawl.same
        );
        print(text.as_bytes())?;
    }
    if summary.state == RunState::Failed {
        tell(
            "crawldeck: no seed could be reached, nothing ever answered; see the error column of scraped_pages",
        );
    }
    if summary.state == RunState::Complete && summary.pages == summary.skipped {
        tell(
            "crawldeck: nothing was fetched; see the error column of scraped_pages (a seed that \
              redirects elsewhere?)",
        );
    }
    if let Some(why) = &summary.ended_by {
        tell(&format!("crawldeck: {why}"));
    }
    if summary.unsaved > 0 {
        tell(&format!(
            "crawldeck: {} finished pages could not be saved; a resumed crawl fetches them again",
            summary.unsaved
        ));
    }
    Ok(match summary.state {
        RunState::Complete => ExitCode::SUCCESS,
        RunState::Failed => ExitCode::FAILURE,
        _ => ExitCode::from(3),
    })
}

#[cfg(feature = "tui")]
async fn view(crawl: &Crawl, show: &Show, signalled: &mut JoinHandle<()>) -> Result<(), Failure> {
    use crawldeck::ui::{self, UiOptions};
    if !show.dashboard {
        headless::watch(crawl.snapshots.clone(), show.quiet).await;
        return Ok(());
    }
    let commands = crawl.commands.clone();
    let end = async {
        // However that task ended, nobody passes signals on any more.
        let _ = signalled.await;
    };
    let options = UiOptions::default();
    let shown = ui::run_until(crawl.snapshots.clone(), commands, options, end).await;
    if shown.is_err() {
        // Nobody sees it any more: bring it to a clean end.
        let stop = (crawl::protocol::command::Command::Stop, crawl::protocol::command::Origin::Api);
        let _ = crawl.commands.send(stop).await;
    }
    shown.map_err(|error| Failure::io("the dashboard failed")(std::io::Error::other(error)))
}

#[cfg(not(feature = "tui"))]
async fn view(crawl: &Crawl, show: &Show, _: &mut JoinHandle<()>) -> Result<(), Failure> {
    headless::watch(crawl.snapshots.clone(), show.quiet).await;
    Ok(())
}

fn in_words(summary: &Summary) -> String {
    let state = match summary.state {
        RunState::Complete => "complete",
        RunState::Failed => "failed",
        _ => "stopped, resumable",
    };
    format!(
        "{state}: {} pages ({} ok, {} failed, {} skipped), {} links, {} in {:.1} s, \
         {:.1} pages/s → {} (crawl {})",
        summary.pages,
        summary.ok,
        summary.failed,
        summary.skipped,
        summary.links,
        bytesize::ByteSize(summary.bytes),
        summary.elapsed_s,
        summary.pages_per_s,
        summary.db,
        summary.crawl_id,
    )
}

/// Sets up logging: to the Log tab, or to standard error without one; to a file if named. What
/// it returns writes the file and must live as long as there is something to log.
fn log(
    dashboard: bool,
    options: LogOptions,
    file: Option<&Path>,
) -> Result<Option<tracing_appender::non_blocking::WorkerGuard>, Failure> {
    let filter = |levels: [&str; 3]| {
        let level = levels[usize::from(options.verbose).min(2)];
        let level = if options.is_quiet() { "off" } else { level };
        EnvFilter::try_from_env("CRAWLDECK_LOG")
            .unwrap_or_else(|_| EnvFilter::new(format!("crawldeck={level}")))
    };
    let mut guard = None;
    let to_file = match file {
        None => None,
        Some(path) => {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(Failure::io(format!("--log-file {}", path.display())))?;
            let (writer, worker) = tracing_appender::non_blocking(file);
            guard = Some(worker);
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
            Some(layer.with_filter(filter(["info", "debug", "trace"])))
        }
    };
    let to_terminal = (!dashboard).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_filter(filter(["error", "info", "debug"]))
    });
    let registry = tracing_subscriber::registry().with(to_file).with(to_terminal);
    #[cfg(feature = "tui")]
    {
        let tab = dashboard
            .then(|| crawldeck::ui::log_layer().with_filter(filter(["debug", "debug", "trace"])));
        registry.with(tab).init();
    }
    #[cfg(not(feature = "tui"))]
    registry.init();
    Ok(guard)
}
