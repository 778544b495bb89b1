//! The options of a crawl, by heading, and how they become settings.
//!
//! Each is defined here once: configuration file and environment are read by the same
//! definitions. A switch takes `=false`, so that it can be turned off from a stronger source, and
//! what need not be there at all takes an empty value, so that it can be taken away.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use super::values::{
    Bound, Secret, bound, contact, database, dial, duration, file, header, item, limit, login,
    memory, or_none, pages, pattern, proxy, rate, resolve, seed, share, size, size_or_off,
    some_time, switch, token, user_agent,
};
use crate::settings::dials::Dial;
use crate::settings::scope_kind::ScopeKind;

/// How to crawl. What is not given stays as it is: at its default, or as stored.
#[derive(Debug, Clone, Args)]
pub struct CrawlOptions {
    /// The dials to begin with.
    #[command(flatten)]
    pub dials: DialOptions,
    /// How hosts are spared.
    #[command(flatten)]
    pub politeness: PolitenessOptions,
    /// How one URL is asked for.
    #[command(flatten)]
    pub requests: RequestOptions,
    /// Who asks.
    #[command(flatten)]
    pub identity: IdentityOptions,
    /// Whom to connect to.
    #[command(flatten)]
    pub connection: ConnectionOptions,
    /// What to crawl.
    #[command(flatten)]
    pub reach: ReachOptions,
    /// When a host is down.
    #[command(flatten)]
    pub breaker: BreakerOptions,
    /// What is a trap.
    #[command(flatten)]
    pub traps: TrapOptions,
    /// What the crawl may use of the machine.
    #[command(flatten)]
    pub resources: ResourceOptions,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
    /// More or less logging.
    #[command(flatten)]
    pub logging: LogOptions,
}

/// The dials to begin with.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Dials")]
pub struct DialOptions {
    /// Requests in flight at most [default: 10]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Permits))]
    pub permits: Option<u32>,
    /// Workers [default: 16]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Workers))]
    pub workers: Option<u32>,
    /// Capacity of the queue between producer and workers [default: 100]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Queue))]
    pub queue: Option<u32>,
    /// Requests per second, all hosts together; 'off' for no limit [default: off]
    #[arg(long, value_name = "R", value_parser = rate)]
    pub rate: Option<Bound<f64>>,
    /// Threads for parsing large pages [default: 2]
    #[arg(long, value_name = "N", value_parser = dial(Dial::ParseThreads))]
    pub parse_threads: Option<u32>,
}

/// Which `nofollow` is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NoFollowKind {
    /// Neither.
    None,
    /// Of whole pages: meta robots and X-Robots-Tag.
    Pages,
    /// Of single links: rel=nofollow.
    Links,
    /// Both.
    All,
}

/// How hosts are spared.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Politeness")]
pub struct PolitenessOptions {
    /// Requests in flight per host at most; 'off' for no bound but the permits [default: off]
    #[arg(long, value_name = "N", value_parser = bound(1))]
    pub per_host: Option<Bound<u32>>,
    /// Gap between the starts of two requests to one host [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub delay: Option<Duration>,
    /// Longest gap that a robots.txt may ask for by Crawl-delay [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_robots_delay: Option<Duration>,
    /// First rest of a host that answers 429, or 503 in a row, without a Retry-After, then doubled [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub host_backoff: Option<Duration>,
    /// Longest rest of a host, whatever its Retry-After asks for [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub max_host_backoff: Option<Duration>,
    /// Time a host may be down before its URLs are given up [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub give_up: Option<Duration>,
    /// Do not obey robots.txt: only with the site's consent
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub ignore_robots: Option<bool>,
    /// Which nofollow is obeyed [default: none]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub nofollow: Option<NoFollowKind>,
}

/// How one URL is asked for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Requests")]
pub struct RequestOptions {
    /// Requests made for a URL at most [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub attempts: Option<u32>,
    /// Pause before the second attempt, doubled for each further one, jittered [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub backoff: Option<Duration>,
    /// Time for one request, body included [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub timeout: Option<Duration>,
    /// Largest body after decoding [default: 10MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_body: Option<u64>,
    /// Largest body after decoding as a multiple of what was sent, above 1 MiB [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_ratio: Option<u32>,
    /// Redirects followed for one URL at most [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub max_redirects: Option<u32>,
}

/// Who asks. Secrets among it are for the origins of the seeds alone, and are not stored. One
/// that begins with a dash is a value all the same: taken for an option, it would be repeated.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Identity")]
pub struct IdentityOptions {
    /// User-Agent [default: crawldeck/VERSION]
    #[arg(long, value_name = "S", value_parser = user_agent)]
    pub user_agent: Option<String>,
    /// Where you can be reached, a URL or a mail address; sent after the User-Agent
    #[arg(long, value_name = "CONTACT", value_parser = or_none(contact))]
    pub contact: Option<Bound<String>>,
    /// Further request header for the seeds' origins; repeatable, not stored
    #[arg(long = "header", value_name = "K: V", allow_hyphen_values = true, value_parser = or_none(header))]
    pub headers: Vec<Bound<Secret<(String, String)>>>,
    /// User and password for the seeds' origins; not stored
    #[arg(long, value_name = "USER:PASSWORD", allow_hyphen_values = true, value_parser = or_none(login))]
    pub auth: Option<Bound<Secret<(String, String)>>>,
    /// Bearer token for the seeds' origins; not stored
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true, value_parser = or_none(token))]
    pub bearer: Option<Bound<Secret<String>>>,
    /// Proxy for all requests (http, https, socks5, socks5h), not stored; 'off' for none [default: off]
    #[arg(long, value_name = "URL", value_parser = proxy, allow_hyphen_values = true)]
    pub proxy: Option<Secret<Bound<String>>>,
    /// Keep cookies, each for the origin that set it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub cookies: Option<bool>,
}

/// Whom to connect to, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionOptions {
    /// Do not offer HTTP/2
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub http1: Option<bool>,
    /// Trust these certificates (PEM) besides the system's
    #[arg(long, value_name = "FILE", value_parser = or_none(file))]
    pub ca: Option<Bound<PathBuf>>,
    /// Do not verify certificates at all
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub insecure: Option<bool>,
    /// Let links, redirects and names lead to private addresses
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub allow_private: Option<bool>,
    /// Connect to this address instead of asking for the name's; repeatable
    #[arg(long, value_name = "HOST=ADDR", value_parser = item(resolve))]
    pub resolve: Vec<Bound<(String, IpAddr)>>,
}

/// What to crawl.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to crawl")]
pub struct ReachOptions {
    /// Links from a seed at most; 'off' for no bound [default: off]
    #[arg(long, value_name = "N", value_parser = bound(0))]
    pub depth: Option<Bound<u32>>,
    /// URLs fetched at most; those found beyond are recorded as skipped; 'off' for no bound [default: off]
    #[arg(long, value_name = "N", value_parser = pages)]
    pub max_pages: Option<Bound<u64>>,
    /// Links taken from one page at most [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_links: Option<u32>,
    /// Which links are followed [default: host; any for the lab]
    #[arg(long, value_enum)]
    pub scope: Option<ScopeKind>,
    /// A URL must match one of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = item(pattern))]
    pub include: Vec<Bound<String>>,
    /// A URL must match none of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = item(pattern))]
    pub exclude: Vec<Bound<String>>,
    /// Seeds from a file, one a line; '-' is standard input
    #[arg(long, value_name = "FILE", value_parser = or_none(file))]
    pub list: Option<Bound<PathBuf>>,
    /// Fetch the seeds alone; follow no links
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub no_follow: Option<bool>,
    /// Read this sitemap too; repeatable
    #[arg(long = "sitemap", value_name = "URL", value_parser = item(seed))]
    pub sitemaps: Vec<Bound<Url>>,
    /// Read no sitemaps but those named
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub no_sitemaps: Option<bool>,
    /// Sitemaps read at most [default: 500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_sitemaps: Option<u32>,
}

/// When a host is down, and how it is tried again.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Failing hosts")]
pub struct BreakerOptions {
    /// Share of failed requests at which a host rests; 'off' for never [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub breaker_ratio: Option<f64>,
    /// Requests of a host looked back at [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub breaker_window: Option<u32>,
    /// Fewest of them before anything is concluded; never more than the window [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub breaker_least: Option<u32>,
    /// First rest, doubled per incident [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub breaker_rest: Option<Duration>,
    /// Longest rest [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub breaker_longest_rest: Option<Duration>,
    /// Quiet after which incidents are forgiven [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = some_time)]
    pub breaker_forgive: Option<Duration>,
}

/// What is a trap; 0 turns a rule off.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traps (0 or 'off' turns a rule off)")]
pub struct TrapOptions {
    /// Times that one segment, or group of segments, stands in a path [default: 3]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_repeats: Option<u32>,
    /// Segments of a path [default: 32]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_segments: Option<u32>,
    /// Bytes of a URL [default: 4096]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_length: Option<u32>,
    /// Queries of one path [default: 2000]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_queries: Option<u32>,
    /// Dates of one pattern of URLs [default: 3000]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_dates: Option<u32>,
    /// Years that a date in a URL may lie ahead [default: 2]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_years_ahead: Option<u32>,
    /// Session ids under which one page is fetched [default: 1]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_sessions: Option<u32>,
    /// Pages of one host, or of one pattern of URLs, with the same content [default: 25]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_same_content: Option<u32>,
    /// Times in a row that URLs lead to longer ones, where hardly one does not [default: 8]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_growth: Option<u32>,
}

/// What the crawl may use of the machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Resources")]
pub struct ResourceOptions {
    /// Memory at which the crawl slows down; 'auto' for most of what there is [default: auto]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<Bound<u64>>,
    /// Free disk space below which nothing new is fetched; 'off' for no care [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size_or_off)]
    pub min_disk: Option<Bound<u64>>,
}

/// Where results go, and what is shown.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Where results go [default: `sqlite://crawldeck.db`; a temporary file for the lab]
    #[arg(long, value_name = "URL", value_parser = database)]
    pub db: Option<Secret<String>>,
    /// No dashboard, even on a terminal
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub headless: Option<bool>,
    /// Print a summary as one JSON object on standard output at the end
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub json: Option<bool>,
    /// Write the log to a file
    #[arg(long, value_name = "FILE", value_parser = or_none(file))]
    pub log_file: Option<Bound<PathBuf>>,
    /// Configuration file instead of crawldeck.toml here or under XDG; 'none' for no file
    #[arg(long, value_name = "FILE")]
    pub config: Option<OsString>,
}

/// More or less logging.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogOptions {
    /// Log more (twice: even more)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Log nothing, show no progress
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL", conflicts_with = "verbose")]
    pub quiet: Option<bool>,
}

impl LogOptions {
    /// Whether nothing is logged and no progress shown.
    #[must_use]
    pub fn is_quiet(self) -> bool {
        self.quiet == Some(true)
    }
}

impl ReachOptions {
    /// The file of seeds, if there is one.
    #[must_use]
    pub fn list(&self) -> Option<&Path> {
        self.list.as_ref()?.0.as_deref()
    }
}

impl OutputOptions {
    /// The file of the log, if there is one.
    #[must_use]
    pub fn log_file(&self) -> Option<&Path> {
        self.log_file.as_ref()?.0.as_deref()
    }
}
