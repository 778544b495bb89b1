//! The command line: options, their meaning, and how they become settings.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use regex::Regex;
use url::Url;

use crate::config::{FetchSettings, Settings};
use crate::crawl::command::{Dial, Setting};
use crate::lab::LabConfig;
use crate::web::url::{ScopeKind, parse_seed};

/// Database of `crawl` and `resume` where none is named.
pub const DEFAULT_DB: &str = "sqlite://crawldeck.db";

/// A web crawler that you fly by hand: watch the whole pipeline live, turn its dials by key.
///
/// Without a command it starts its built-in lab site on loopback and crawls that.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 complete, 1 failed, 2 usage, 3 stopped before the end \
                        (go on with `crawldeck resume`).")]
pub struct Cli {
    /// What to do; nothing = the lab site, crawled.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The lab site of the demonstration.
    #[command(flatten)]
    pub lab: LabOptions,
    /// How the demonstration crawls.
    #[command(flatten)]
    pub options: CrawlOptions,
}

/// The modes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Crawl: with the dashboard on a terminal, headless otherwise
    Crawl {
        /// Where to begin; without a scheme it is http
        #[arg(value_name = "URL", value_parser = parse_seed)]
        seeds: Vec<Url>,
        /// How.
        #[command(flatten)]
        options: CrawlOptions,
    },
    /// Go on with the newest unfinished crawl; options override the stored settings
    Resume {
        /// Database [default: `sqlite://crawldeck.db`]
        #[arg(value_name = "DB")]
        database: Option<String>,
        /// How.
        #[command(flatten)]
        options: CrawlOptions,
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
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// The lab site.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lab site")]
pub struct LabOptions {
    /// First of four ports (default: free ones)
    #[arg(long, value_name = "P")]
    pub port: Option<u16>,
    /// Pages of the generated web
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: u32,
    /// Seed it is generated from
    #[arg(long, value_name = "S", default_value_t = 7)]
    pub seed: u64,
    /// Fixed latency instead of the generated ones
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Requests answered at once; the rest queue
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub capacity: Option<u32>,
}

impl LabOptions {
    /// The lab's own words for it.
    #[must_use]
    pub fn config(&self) -> LabConfig {
        LabConfig {
            port: self.port,
            pages: self.pages,
            seed: self.seed,
            latency: self.latency,
            capacity: self.capacity,
            ..LabConfig::default()
        }
    }
}

/// More or less logging.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LogOptions {
    /// Log more (twice: even more)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Log nothing, show no progress
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// How to crawl. What is not given stays as it is: at its default, or as stored.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct CrawlOptions {
    /// Requests in flight at most [default: 10]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Permits), help_heading = "Dials")]
    pub permits: Option<u32>,
    /// Workers [default: 16]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Workers), help_heading = "Dials")]
    pub workers: Option<u32>,
    /// Capacity of the queue between producer and workers [default: 100]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Queue), help_heading = "Dials")]
    pub queue: Option<u32>,
    /// Requests per second, all hosts together; 'off' for no limit [default: off]
    #[arg(long, value_name = "R", value_parser = rate, help_heading = "Dials")]
    pub rate: Option<RateOption>,
    /// Threads for parsing large pages [default: 2]
    #[arg(long, value_name = "N", value_parser = dial(Dial::ParseThreads), help_heading = "Dials")]
    pub parse_threads: Option<u32>,

    /// Requests in flight per host at most [default: no bound but the permits]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Politeness")]
    pub per_host: Option<u32>,
    /// Gap between the starts of two requests to one host [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Politeness")]
    pub delay: Option<Duration>,
    /// Do not obey robots.txt (not yet obeyed in any case)
    #[arg(long, help_heading = "Politeness", hide = true)]
    pub ignore_robots: bool,

    /// Requests made for a URL at most [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = "Requests")]
    pub attempts: Option<u32>,
    /// Pause before the second attempt, doubled for each further one, jittered [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Requests")]
    pub backoff: Option<Duration>,
    /// Time for one attempt, redirects and body included [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = some_time, help_heading = "Requests")]
    pub timeout: Option<Duration>,
    /// Largest body after decoding [default: 10MiB]
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Requests")]
    pub max_body: Option<u64>,
    /// User-Agent
    #[arg(long, value_name = "S", value_parser = user_agent, help_heading = "Requests")]
    pub user_agent: Option<String>,
    /// Further request header; repeatable, not stored with the crawl
    #[arg(long = "header", value_name = "K: V", value_parser = header, help_heading = "Requests")]
    pub headers: Vec<(String, String)>,

    /// Links from a seed at most [default: no bound]
    #[arg(long, value_name = "N", help_heading = "What to crawl")]
    pub depth: Option<u32>,
    /// URLs fetched at most; those found beyond are recorded as skipped [default: no bound]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "What to crawl")]
    pub max_pages: Option<u64>,
    /// Which links are followed [default: host; any for the lab]
    #[arg(long, value_enum, help_heading = "What to crawl")]
    pub scope: Option<ScopeKind>,
    /// A URL must match one of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = pattern, help_heading = "What to crawl")]
    pub include: Vec<String>,
    /// A URL must match none of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = pattern, help_heading = "What to crawl")]
    pub exclude: Vec<String>,
    /// Seeds from a file, one a line; '-' is standard input
    #[arg(long, value_name = "FILE", help_heading = "What to crawl")]
    pub list: Option<PathBuf>,
    /// Fetch the seeds alone; follow no links
    #[arg(long, help_heading = "What to crawl")]
    pub no_follow: bool,

    /// Where results go [default: `sqlite://crawldeck.db`; a temporary file for the lab]
    #[arg(long, value_name = "URL", help_heading = "Output")]
    pub db: Option<String>,
    /// No dashboard, even on a terminal
    #[arg(long, help_heading = "Output")]
    pub headless: bool,
    /// Print a summary as one JSON object on standard output at the end
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write the log to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub log_file: Option<PathBuf>,
    /// More or less logging.
    #[command(flatten)]
    pub logging: LogOptions,
}

/// A rate as given: `Some(None)` in words is `off`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateOption(pub Option<f64>);

fn dial(dial: Dial) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    move |text| match Setting::parse(dial, text)? {
        Setting::Permits(v)
        | Setting::Workers(v)
        | Setting::Queue(v)
        | Setting::ParseThreads(v) => Ok(v),
        Setting::Rate(_) => Err(format!("{dial} takes a whole number")),
    }
}

fn rate(text: &str) -> Result<RateOption, String> {
    match Setting::parse(Dial::Rate, text)? {
        Setting::Rate(rate) => Ok(RateOption(rate)),
        other => Err(format!("not a rate: {other}")),
    }
}

/// Longest duration taken; more would end past what a clock can tell.
const LONGEST: Duration = Duration::from_hours(366 * 24);

fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration = humantime::parse_duration(text)
        .map_err(|e| format!("{e}; durations are written 300ms, 2s, 1m30s"))?;
    if duration > LONGEST { Err("must be at most a year".into()) } else { Ok(duration) }
}

fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be above 0".into()),
        duration => Ok(duration),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let size: bytesize::ByteSize =
        text.parse().map_err(|e| format!("{e}; sizes are written 512KiB, 10MiB"))?;
    if size.0 == 0 { Err("must be above 0".into()) } else { Ok(size.0) }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("headers are written 'Name: value'")?;
    http::HeaderName::try_from(name.trim()).map_err(|e| e.to_string())?;
    http::HeaderValue::try_from(value.trim()).map_err(|_| "not a header value".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn user_agent(text: &str) -> Result<String, String> {
    http::HeaderValue::from_str(text)
        .map(|_| text.to_owned())
        .map_err(|_| "must not hold control characters".to_owned())
}

fn pattern(text: &str) -> Result<String, String> {
    Regex::new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

/// Puts what was given over what is there.
fn over<T>(given: Option<T>, field: &mut T) {
    if let Some(given) = given {
        *field = given;
    }
}

impl CrawlOptions {
    /// Puts the options given over `settings`; seeds stay as they are.
    pub fn apply(&self, settings: &mut Settings) {
        over(self.permits, &mut settings.permits);
        over(self.workers, &mut settings.workers);
        over(self.queue, &mut settings.queue);
        over(self.rate.map(|rate| rate.0), &mut settings.rate);
        over(self.parse_threads, &mut settings.parse_threads);
        over(self.per_host.map(Some), &mut settings.per_host);
        over(self.delay, &mut settings.delay);
        over(self.attempts, &mut settings.attempts);
        over(self.backoff, &mut settings.backoff);
        over(self.depth.map(Some), &mut settings.depth);
        over(self.max_pages.map(Some), &mut settings.max_pages);
        over(self.scope, &mut settings.scope);
        over(self.timeout, &mut settings.fetch.timeout);
        over(self.max_body, &mut settings.fetch.max_body);
        over(self.user_agent.clone(), &mut settings.fetch.user_agent);
        let usual = FetchSettings::default();
        settings.fetch.connect_timeout = usual.connect_timeout.min(settings.fetch.timeout);
        settings.fetch.read_timeout = settings.fetch.timeout;
        settings.fetch.identity.headers.clone_from(&self.headers);
        for (given, field) in
            [(&self.include, &mut settings.include), (&self.exclude, &mut settings.exclude)]
        {
            if !given.is_empty() {
                field.clone_from(given);
            }
        }
        settings.ignore_robots |= self.ignore_robots;
        settings.follow &= !self.no_follow;
    }
}

/// Reads the command line; a wrong one ends the process with code 2 and the reason.
#[must_use]
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Cli {
    Cli::parse_from(args)
}
