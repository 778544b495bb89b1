//! The command line: its commands, and the options that only one of them has.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser};
use url::Url;

use super::compare::CompareOptions;
use super::lab::LabOptions;
use super::options::{CrawlOptions, LogOptions};
use super::tune::TuneOptions;
use super::values::{scene, seed};
use crate::compare::Strategy;
use crate::crawl::protocol::scene::Scene;
use crate::export::{ExportTable, Format, condition};
use crate::report::DEFAULT_FILE;

/// Where the options of a crawl come from.
const SOURCES: &str = "Options also come from crawldeck.toml (here, or under \
$XDG_CONFIG_HOME/crawldeck) by their long names, and from the environment \
(CRAWLDECK_MAX_BODY=1MiB; lists one a line): file < environment < flags. A switch is turned off by \
'=false'. `crawldeck config` shows what holds.";

/// Where the options of a resumed crawl come from.
const SOURCES_OF_RESUME: &str = "A resumed crawl has its stored settings; flags override them. \
File and environment give only what is not stored (header, auth, bearer, proxy), and the options of \
output and logging.";

/// What can be exported, and how conditions name it.
const OF_EXPORT: &str = "Tables: pages, links, frontier, hosts, sitemaps, changes, timeline, crawls. \
Views: broken_links, redirects, slow_pages, duplicates, by_status, by_host. Conditions name the columns \
that are exported; some databases want a reserved word with its table: --where \"pages.change = 'new'\".";

/// What is compared.
const OF_COMPARE: &str = "Strategies: sequential (one after the other, blocking), unlimited \
(everything at once), limited (a semaphore of permits), full (crawldeck itself: permits, retries, \
threads, every fetch a row of a database). On a terminal they race side by side, otherwise they take \
turns. An incomplete result is marked partial, and the exit code is 3.";

/// What `tour` does.
const OF_TOUR: &str = "Each step says what to look at and which key to press, waits until that has happened, and \
explains what it shows. Steps can be skipped and gone back to; leaving ends the crawl. It sets dials and faults \
of its own, and its database is removed at the end, unless --db names one. It needs a terminal.";

/// What `tune` does with a site.
const OF_TUNE: &str = "It crawls from few permits to more, each level as long as it takes to know its \
pages per second, until more permits bring no more pages; then it measures around that knee. robots.txt, gaps and \
limits per host hold as in a crawl, and a level at which more than 2 % of the requests fail (5xx, 429, time-outs) \
is left at once. Options also come from crawldeck.toml and the environment, except db, permits, workers and \
autopilot. The database is removed at the end, unless --db names one. Exit codes: 0 with a result, 1 failed, 2 \
usage, 3 stopped before the end.";

/// A web crawler that you fly by hand: watch the whole pipeline live, turn its dials by key.
///
/// Without a command it starts its built-in lab site on loopback and crawls that, as `demo` does.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 complete, 1 failed, 2 usage, 3 stopped before the end \
                        (continue with `crawldeck resume`).")]
pub struct Cli {
    /// What to do; nothing = the lab site, crawled.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
    /// The lab site of the demonstration.
    #[command(flatten)]
    pub lab: LabOptions,
    /// How the demonstration crawls.
    #[command(flatten)]
    pub options: CrawlOptions,
}

/// The command line without hidden commands, which completion scripts would offer.
#[must_use]
pub fn for_users() -> clap::Command {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    clap::Command::new("crawldeck")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .args(all.get_arguments().cloned())
        .groups(all.get_groups().cloned())
        .subcommands(shown)
}

/// The modes.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Crawl: with the dashboard on a terminal, headless otherwise
    #[command(after_help = SOURCES)]
    Crawl {
        /// Where to begin; without a scheme it is http
        #[arg(value_name = "URL", value_parser = seed)]
        seeds: Vec<Url>,
        /// How.
        #[command(flatten)]
        options: Box<CrawlOptions>,
        /// Fetch again what the newest complete crawl found, and record what changed; URLs are optional
        #[arg(long, help_heading = "What to crawl")]
        recrawl: bool,
    },
    /// Crawl the built-in lab site, as without a command; a SCENE prepares a situation to watch
    Demo {
        /// Which situation
        #[arg(value_name = "SCENE", value_parser = scene())]
        scene: Option<Scene>,
        /// The lab site.
        #[command(flatten)]
        lab: LabOptions,
        /// How.
        #[command(flatten)]
        options: Box<CrawlOptions>,
    },
    /// A guided tour of about ten minutes on the lab site: what the dashboard shows, step by step
    #[command(after_help = OF_TOUR)]
    Tour {
        /// How.
        #[command(flatten)]
        options: Box<CrawlOptions>,
    },
    /// Resume the newest unfinished crawl; options override the stored settings
    #[command(after_help = SOURCES_OF_RESUME)]
    Resume {
        /// Database [default: `sqlite://crawldeck.db`]
        #[arg(value_name = "DB")]
        database: Option<String>,
        /// How.
        #[command(flatten)]
        options: Box<CrawlOptions>,
        /// The crawl of this number instead; `crawldeck list` shows the numbers
        #[arg(long, value_name = "ID", help_heading = "What to resume", value_parser = clap::value_parser!(i64).range(1..))]
        crawl: Option<i64>,
    },
    /// List the crawls of a database
    List {
        /// Database [default: `sqlite://crawldeck.db`]
        #[arg(value_name = "DB", env = "CRAWLDECK_DB", hide_env = true)]
        database: Option<String>,
        /// One JSON array on standard output
        #[arg(long, help_heading = "Output")]
        json: bool,
    },
    /// Remove crawls from a database, with all their rows
    Rm {
        /// Database
        #[arg(value_name = "DB")]
        database: String,
        /// Crawls, by number
        #[arg(value_name = "ID", required = true, value_parser = clap::value_parser!(i64).range(1..))]
        crawls: Vec<i64>,
        /// Do not ask
        #[arg(long, short, help_heading = "Output")]
        yes: bool,
    },
    /// Export results for other programs: CSV, lines of JSON, a sitemap
    #[command(after_help = OF_EXPORT)]
    Export {
        /// Database [default: `sqlite://crawldeck.db`]
        #[arg(value_name = "DB", env = "CRAWLDECK_DB", hide_env = true)]
        database: Option<String>,
        /// What is exported, and how.
        #[command(flatten)]
        options: ExportOptions,
    },
    /// Write a report of a crawl: one HTML file that opens in any browser, offline
    Report {
        /// Database [default: `sqlite://crawldeck.db`]
        #[arg(value_name = "DB", env = "CRAWLDECK_DB", hide_env = true)]
        database: Option<String>,
        /// The crawl of this number instead of the newest; `crawldeck list` shows the numbers
        #[arg(long, value_name = "ID", help_heading = "What to report", value_parser = clap::value_parser!(i64).range(1..))]
        crawl: Option<i64>,
        /// File to write; an existing file that is no report is not replaced; '-' is standard output
        #[arg(long, short, value_name = "FILE", help_heading = "Output", default_value = DEFAULT_FILE)]
        output: PathBuf,
    },
    /// Print the settings in force, each with its source; takes what crawl takes
    #[command(after_help = SOURCES)]
    Config {
        /// As of `crawl`; shown, not fetched
        #[arg(value_name = "URL", value_parser = seed)]
        seeds: Vec<Url>,
        /// As of `crawl`.
        #[command(flatten)]
        options: Box<CrawlOptions>,
        /// As of `crawl`; shown, without reading a database
        #[arg(long, help_heading = "What to crawl")]
        recrawl: bool,
    },
    /// Measure what each number of permits gives on a site, and print the knee and the flags to use
    #[command(after_help = OF_TUNE)]
    Tune {
        /// Where to begin; without a scheme it is http
        #[arg(value_name = "URL", value_parser = seed)]
        seeds: Vec<Url>,
        /// How much it may take.
        #[command(flatten)]
        tune: TuneOptions,
        /// As of `crawl`.
        #[command(flatten)]
        options: Box<CrawlOptions>,
    },
    /// Run the same work by four strategies, and print a table: time, memory, rows, stalls
    #[command(after_help = OF_COMPARE)]
    Compare {
        /// What is compared, and how it is shown.
        #[command(flatten)]
        options: CompareOptions,
    },
    /// One strategy of `compare`, in the process of its own that `compare` starts
    #[command(hide = true)]
    Strategy {
        /// Which
        strategy: Strategy,
    },
    /// Serve the lab site alone; prints one address per host
    Lab {
        /// What to serve.
        #[command(flatten)]
        options: LabOptions,
        /// More (-v) or less (-q) logging.
        #[command(flatten)]
        logging: LogOptions,
    },
    /// Print a completion script
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What to export, and how.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// Form of the rows
    #[arg(
        long,
        short,
        value_enum,
        value_name = "FORMAT",
        default_value = "csv",
        help_heading = "Output"
    )]
    pub format: Format,
    /// File to write, put in place when it is complete; standard output without it
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Table or view, see below; a sitemap is made of pages
    #[arg(long, value_name = "NAME", default_value = "pages", help_heading = "What to export")]
    pub table: ExportTable,
    /// Only rows that meet this condition in SQL: `status >= 400`
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition, help_heading = "What to export")]
    pub condition: Option<String>,
    /// The crawl of this number instead of the newest; `crawldeck list` shows the numbers
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..), help_heading = "What to export")]
    pub crawl: Option<i64>,
}
