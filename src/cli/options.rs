//! The options of a crawl, by heading, and how they become settings.
//!
//! Each is defined here once: configuration file and environment are read by the same
//! definitions. A switch takes `=false`, so that a stronger source can turn it off, and an optional
//! value takes the empty text, so that a stronger source can remove it.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use super::display_options::DisplayOptions;
use super::values::{
    Clearable, Secret, autopilot, clearable, contact, count_or_off, database, dial, duration, file,
    header, item, limit, login, memory, pages_or_off, pattern, positive_duration, proxy, rate,
    resolve, seed, share, size, size_or_off, switch, token, user_agent,
};
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::Dial;
use crate::settings::scope_kind::ScopeKind;

/// Database of `crawl` and `resume` where none is named.
pub const DEFAULT_DB: &str = "sqlite://crawldeck.db";

/// How to crawl. What is not given stays as it is: at its default, or as stored.
#[derive(Debug, Clone, Args)]
pub struct CrawlOptions {
    /// The dials to begin with.
    #[command(flatten)]
    pub dials: DialOptions,
    /// Politeness to hosts.
    #[command(flatten)]
    pub politeness: PolitenessOptions,
    /// Limits of the requests for one URL.
    #[command(flatten)]
    pub requests: RequestLimitOptions,
    /// How the crawler identifies itself.
    #[command(flatten)]
    pub identity: IdentityOptions,
    /// Connections.
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
    /// Memory and disk space that the crawl may use.
    #[command(flatten)]
    pub resources: ResourceOptions,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
    /// How the dashboard looks.
    #[command(flatten)]
    pub display: DisplayOptions,
    /// More or less logging.
    #[command(flatten)]
    pub logging: LogOptions,
}

/// The options that can come from everywhere, as a command line of their own.
pub(super) fn definitions() -> clap::Command {
    let command = clap::Command::new("options").no_binary_name(true).disable_help_flag(true);
    CrawlOptions::augment_args(command)
}

/// The dials to begin with.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Dials")]
pub struct DialOptions {
    /// Maximum requests in flight [default: 10]
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
    pub rate: Option<Clearable<f64>>,
    /// Threads for parsing large pages [default: 2]
    #[arg(long, value_name = "N", value_parser = dial(Dial::ParseThreads))]
    pub parse_threads: Option<u32>,
    /// Let the autopilot turn permits, workers and rate: balanced, gentle or latency:300ms; 'off' for no autopilot [default: off]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "balanced", value_parser = autopilot, value_name = "MODE")]
    pub autopilot: Option<Clearable<AutopilotMode>>,
    /// Maximum permits that the autopilot and tune may set [default: 512]
    #[arg(long, value_name = "N", value_parser = dial(Dial::Permits))]
    pub max_permits: Option<u32>,
}

/// Which `nofollow` the crawl obeys.
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

/// Politeness to hosts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Politeness")]
pub struct PolitenessOptions {
    /// Maximum requests in flight per host; 'off' for no limit but the permits [default: off]
    #[arg(long, value_name = "N", value_parser = count_or_off(1))]
    pub per_host: Option<Clearable<u32>>,
    /// Gap between the starts of two requests to one host [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub delay: Option<Duration>,
    /// Maximum Crawl-delay of a robots.txt that is obeyed [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_robots_delay: Option<Duration>,
    /// First cooldown of a host that responds 429, or 503 to one request at a time, without a Retry-After; doubled each time [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub host_backoff: Option<Duration>,
    /// Maximum cooldown of a host, whatever its Retry-After says [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub max_host_backoff: Option<Duration>,
    /// Time that a host may be down before its remaining URLs are given up [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub host_give_up_after: Option<Duration>,
    /// Do not obey robots.txt: only with the site owner's consent
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub ignore_robots: Option<bool>,
    /// Which nofollow to obey [default: none]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub respect_nofollow: Option<NoFollowKind>,
}

/// Limits of the requests for one URL.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Requests")]
pub struct RequestLimitOptions {
    /// Maximum requests for one URL [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub attempts: Option<u32>,
    /// Pause before the second attempt, doubled for each further one, jittered [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub backoff: Option<Duration>,
    /// Time for one request, body included [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub timeout: Option<Duration>,
    /// Maximum body size after decoding [default: 10MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_body: Option<u64>,
    /// Maximum ratio of the decoded body to the bytes received, for bodies above 1 MiB [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_decompression_ratio: Option<u32>,
    /// Maximum redirects followed for one URL [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub max_redirects: Option<u32>,
}

/// How the crawler identifies itself. Secrets are sent to the origins of the seeds alone, and are
/// not stored. One that begins with a dash is a value all the same: an error message would repeat
/// it if it were taken for an option.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Identity")]
pub struct IdentityOptions {
    /// User-Agent [default: crawldeck/VERSION]
    #[arg(long, value_name = "S", value_parser = user_agent)]
    pub user_agent: Option<String>,
    /// Where the server's owner can reach you, a URL or a mail address; sent after the User-Agent
    #[arg(long, value_name = "CONTACT", value_parser = clearable(contact))]
    pub contact: Option<Clearable<String>>,
    /// Further request header for the seeds' origins; repeatable, not stored
    #[arg(long = "header", value_name = "K: V", allow_hyphen_values = true, value_parser = clearable(header))]
    pub headers: Vec<Clearable<Secret<(String, String)>>>,
    /// User and password for the seeds' origins; not stored
    #[arg(long, value_name = "USER:PASSWORD", allow_hyphen_values = true, value_parser = clearable(login))]
    pub auth: Option<Clearable<Secret<(String, String)>>>,
    /// Bearer token for the seeds' origins; not stored
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true, value_parser = clearable(token))]
    pub bearer: Option<Clearable<Secret<String>>>,
    /// Proxy for all requests (http, https, socks5, socks5h), not stored; 'off' for none [default: off]
    #[arg(long, value_name = "URL", value_parser = proxy, allow_hyphen_values = true)]
    pub proxy: Option<Secret<Clearable<String>>>,
    /// Keep cookies, each for the origin that set it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub cookies: Option<bool>,
}

/// Connections: protocol, certificates, addresses.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionOptions {
    /// Do not offer HTTP/2
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub http1: Option<bool>,
    /// Trust these certificates (PEM) besides the system's
    #[arg(long, value_name = "FILE", value_parser = clearable(file))]
    pub ca: Option<Clearable<PathBuf>>,
    /// Do not verify certificates at all
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub insecure: Option<bool>,
    /// Allow links, redirects and host names that lead to private addresses
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub allow_private: Option<bool>,
    /// Connect to this address instead of resolving the host's name; repeatable
    #[arg(long, value_name = "HOST=ADDR", value_parser = item(resolve))]
    pub resolve: Vec<Clearable<(String, IpAddr)>>,
}

/// What to crawl.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to crawl")]
pub struct ReachOptions {
    /// Maximum links between a seed and a page; 'off' for no limit [default: off]
    #[arg(long, value_name = "N", value_parser = count_or_off(0))]
    pub depth: Option<Clearable<u32>>,
    /// Maximum URLs fetched; further ones are recorded as skipped; 'off' for no limit [default: off]
    #[arg(long, value_name = "N", value_parser = pages_or_off)]
    pub max_pages: Option<Clearable<u64>>,
    /// Maximum links taken from one page [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_links: Option<u32>,
    /// Store the links of each page with their texts; 'no' follows and counts them only [default: true]
    #[arg(long, value_parser = switch, value_name = "BOOL")]
    pub store_links: Option<bool>,
    /// Which links are followed [default: host; any for the lab]
    #[arg(long, value_enum)]
    pub scope: Option<ScopeKind>,
    /// A URL must match one of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = item(pattern))]
    pub include: Vec<Clearable<String>>,
    /// A URL must match none of these regular expressions; repeatable
    #[arg(long, value_name = "RE", value_parser = item(pattern))]
    pub exclude: Vec<Clearable<String>>,
    /// Seeds from a file, one per line; '-' is standard input
    #[arg(long, value_name = "FILE", value_parser = clearable(file))]
    pub list: Option<Clearable<PathBuf>>,
    /// Fetch only the seeds; follow no links
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub no_follow: Option<bool>,
    /// Also read this sitemap; repeatable
    #[arg(long = "sitemap", value_name = "URL", value_parser = item(seed))]
    pub sitemaps: Vec<Clearable<Url>>,
    /// Read no sitemaps except those given by --sitemap
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = switch, value_name = "BOOL")]
    pub no_sitemaps: Option<bool>,
    /// Maximum sitemaps read [default: 500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_sitemaps: Option<u32>,
}

/// When a host counts as down, and when it is tried again.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Failing hosts")]
#[allow(clippy::struct_field_names, reason = "the names are those of the flags")]
pub struct BreakerOptions {
    /// Share of failed requests at which a host cools down; 'off' for never [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub breaker_ratio: Option<f64>,
    /// Number of a host's last requests that are looked at [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub breaker_window: Option<u32>,
    /// Minimum requests before a host can be found down, maximum is the window [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub breaker_min_requests: Option<u32>,
    /// First cooldown, doubled per incident [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub breaker_cooldown: Option<Duration>,
    /// Maximum cooldown [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub breaker_max_cooldown: Option<Duration>,
    /// Time without failures after which a host's incidents no longer count [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub breaker_reset_after: Option<Duration>,
}

/// What is a trap; 0 turns a rule off.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Traps (0 or 'off' turns a rule off)")]
#[allow(clippy::struct_field_names, reason = "the names are those of the flags")]
pub struct TrapOptions {
    /// Maximum repetitions of one segment, or group of segments, in a path [default: 3]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_repeats: Option<u32>,
    /// Maximum segments of a path [default: 32]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_segments: Option<u32>,
    /// Maximum bytes of a URL [default: 4096]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_length: Option<u32>,
    /// Maximum queries of one path [default: 2000]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_queries: Option<u32>,
    /// Maximum dates in one pattern of URLs [default: 3000]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_dates: Option<u32>,
    /// Maximum years that a date in a URL may lie ahead [default: 2]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_years_ahead: Option<u32>,
    /// Maximum session ids under which one page is fetched [default: 1]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_sessions: Option<u32>,
    /// Maximum pages of one host, or of one pattern of URLs, with the same content [default: 25]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_same_content: Option<u32>,
    /// Maximum steps in a row from a URL to a longer one, where nearly all lead to longer ones [default: 8]
    #[arg(long, value_name = "N", value_parser = limit)]
    pub trap_growth: Option<u32>,
}

/// Memory and disk space that the crawl may use.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Resources")]
pub struct ResourceOptions {
    /// Memory use at which the crawl slows down; 'auto' for most of the machine's memory [default: auto]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<Clearable<u64>>,
    /// Free disk space below which no new pages are fetched; 'off' for no limit [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size_or_off)]
    pub min_disk: Option<Clearable<u64>>,
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
    #[arg(long, value_name = "FILE", value_parser = clearable(file))]
    pub log_file: Option<Clearable<PathBuf>>,
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
