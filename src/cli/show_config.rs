//! The settings in force, option by option, in the form of a configuration file.
//!
//! It prints nothing. Secrets are masked here, and marked, so that `***` is not taken for a value.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::options::{CrawlOptions, DEFAULT_DB, definitions};
use super::source::{MAX_VERBOSITY, Source, Sources};
use crate::settings::Settings;
use crate::settings::appearance::Appearance;
use crate::settings::mask::mask;
use crate::terminal_text::is_bidi;
use crate::units::{bytes_option, duration_option};

/// Maximum characters of a `key = value` that the sources are aligned behind.
const MAX_ALIGNED_WIDTH: usize = 40;

/// One option as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownOption {
    /// Its heading in the help.
    pub heading: String,
    /// Its long name.
    pub key: String,
    /// Its value, as a configuration file takes it; masked where it is secret.
    pub value: Value,
    /// Whether `value` is masked.
    pub masked: bool,
    /// Where it comes from.
    pub source: Source,
}

/// All options, in the order of the help.
#[must_use]
pub fn shown_options(options: &CrawlOptions, sources: &Sources) -> Vec<ShownOption> {
    let mut settings = Settings::default();
    options.apply(&mut settings);
    settings.take_credentials();
    let mut all = Vec::new();
    for argument in definitions().get_arguments() {
        let (Some(key), Some(heading)) = (argument.get_long(), argument.get_help_heading()) else {
            continue;
        };
        let Some((value, masked)) = value(key, &settings, options) else { continue };
        all.push(ShownOption {
            heading: heading.to_owned(),
            key: key.to_owned(),
            value,
            masked,
            source: sources.of(key),
        });
    }
    all
}

/// The value of one option, and whether it is masked. `None` for what is no setting.
fn value(key: &str, settings: &Settings, options: &CrawlOptions) -> Option<(Value, bool)> {
    let (s, fetch, breaker, traps) =
        (settings, &settings.fetch, &settings.breaker, &settings.traps);
    let credentials = &fetch.credentials;
    let open = match key {
        "permits" => json!(s.permits),
        "workers" => json!(s.workers),
        "queue" => json!(s.queue),
        "rate" => value_or_off(s.rate),
        "parse-threads" => json!(s.parse_threads),
        "autopilot" => value_or_off(s.autopilot.map(|mode| mode.to_string())),
        "max-permits" => json!(s.max_permits),
        "per-host" => value_or_off(s.per_host),
        "delay" => time(s.delay),
        "max-robots-delay" => time(s.max_robots_delay),
        "host-backoff" => time(s.host_backoff),
        "max-host-backoff" => time(s.max_host_backoff),
        "host-give-up-after" => time(s.host_give_up_after),
        "ignore-robots" => json!(s.ignore_robots),
        "respect-nofollow" => json!(match (s.respect_nofollow.pages, s.respect_nofollow.links) {
            (false, false) => "none",
            (true, false) => "pages",
            (false, true) => "links",
            (true, true) => "all",
        }),
        "attempts" => json!(s.attempts),
        "backoff" => time(s.backoff),
        "timeout" => time(fetch.timeout),
        "max-body" => json!(bytes_option(fetch.max_body)),
        "max-decompression-ratio" => json!(fetch.max_decompression_ratio),
        "max-redirects" => json!(fetch.max_redirects),
        "user-agent" => json!(fetch.user_agent),
        "contact" => json!(fetch.contact.as_deref().unwrap_or_default()),
        "header" => {
            let names = credentials.headers.iter().map(|(name, _)| format!("{name}: ***"));
            return Some((names.collect(), !credentials.headers.is_empty()));
        }
        "auth" => return Some(secret(credentials.basic.is_some())),
        "bearer" => return Some(secret(credentials.bearer.is_some())),
        "proxy" => return Some(url(credentials.proxy.as_deref().unwrap_or("off"))),
        "cookies" => json!(fetch.cookies),
        "http1" => json!(!fetch.http2),
        "ca" => path(fetch.ca.as_deref()),
        "insecure" => json!(fetch.insecure),
        "allow-private" => json!(fetch.allow_private),
        "resolve" => {
            fetch.resolve.iter().map(|(host, address)| format!("{host}={address}")).collect()
        }
        "depth" => value_or_off(s.depth),
        "max-pages" => value_or_off(s.max_pages),
        "max-links" => json!(s.max_links),
        "store-links" => json!(s.store_links),
        "scope" => json!(s.scope),
        "include" => json!(s.include),
        "exclude" => json!(s.exclude),
        "list" => path(options.reach.list()),
        "no-follow" => json!(!s.follow),
        // What stood in them as credentials has been taken out.
        "sitemap" => {
            let given = options.reach.sitemaps.iter().filter_map(|url| url.0.as_ref());
            let masked = given.clone().any(|url| mask(url.as_str()) != url.as_str());
            return Some((given.map(|url| mask(url.as_str())).collect(), masked));
        }
        "no-sitemaps" => json!(!s.sitemaps),
        "max-sitemaps" => json!(s.max_sitemaps),
        "breaker-ratio" => value_or_off(Some(breaker.ratio).filter(|ratio| *ratio <= 1.0)),
        "breaker-window" => json!(breaker.window),
        "breaker-min-requests" => json!(breaker.min_requests),
        "breaker-cooldown" => time(breaker.cooldown),
        "breaker-max-cooldown" => time(breaker.max_cooldown),
        "breaker-reset-after" => time(breaker.reset_after),
        "trap-repeats" => json!(traps.repeats),
        "trap-segments" => json!(traps.segments),
        "trap-length" => json!(traps.length),
        "trap-queries" => json!(traps.queries),
        "trap-dates" => json!(traps.dates),
        "trap-years-ahead" => json!(traps.years_ahead),
        "trap-sessions" => json!(traps.sessions),
        "trap-same-content" => json!(traps.same_content),
        "trap-growth" => json!(traps.growth),
        "max-memory" => json!(s.max_memory.map_or_else(|| "auto".into(), bytes_option)),
        "min-disk" => value_or_off(Some(s.min_disk).filter(|size| *size > 0).map(bytes_option)),
        "db" => return Some(url(options.output.db.as_ref().map_or(DEFAULT_DB, |db| &db.0))),
        "headless" => json!(options.output.headless.unwrap_or_default()),
        "json" => json!(options.output.json.unwrap_or_default()),
        "log-file" => path(options.output.log_file()),
        "verbose" => json!(options.logging.verbose.min(MAX_VERBOSITY)),
        "quiet" => json!(options.logging.is_quiet()),
        key => display_value(key, options.display.appearance())?,
    };
    Some((open, false))
}

/// The value of an option of the dashboard.
fn display_value(key: &str, appearance: Appearance) -> Option<Value> {
    Some(match key {
        "theme" => json!(auto_or(appearance.theme)),
        "color" => json!(auto_or(appearance.colors)),
        "ascii" => appearance.ascii.map_or_else(|| json!("auto"), Into::into),
        "no-motion" => json!(appearance.no_motion),
        "window-title" => json!(appearance.window_title),
        "bell" => json!(appearance.bell),
        "keys" => json!(appearance.keys.preset.name()),
        "bind" => {
            let choices = appearance.keys.choices.into_iter();
            Value::Object(choices.map(|one| (one.action, json!(one.keys.join(" ")))).collect())
        }
        _ => return None,
    })
}

/// What was given, else that it is found out.
fn auto_or<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "auto".to_owned(), |value| value.to_string())
}

fn value_or_off<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or_else(|| json!("off"), Into::into)
}

fn time(duration: Duration) -> Value {
    json!(duration_option(duration))
}

/// Empty for none, as a file takes it.
fn path(path: Option<&Path>) -> Value {
    json!(path.unwrap_or(Path::new("")).to_string_lossy())
}

fn secret(there: bool) -> (Value, bool) {
    (json!(if there { "***" } else { "" }), there)
}

fn url(text: &str) -> (Value, bool) {
    let shown = mask(text);
    let masked = shown != text;
    (json!(shown), masked)
}

/// As a configuration file, each value with its source as a comment. A masked value is
/// a comment as a whole.
#[must_use]
pub fn as_toml(all: &[ShownOption]) -> String {
    let line = |one: &ShownOption| {
        let mark = if one.masked { "# " } else { "" };
        format!("{mark}{} = {}", one.key, toml_value(&one.value))
    };
    let widths =
        all.iter().map(|one| line(one).chars().count()).filter(|width| *width <= MAX_ALIGNED_WIDTH);
    let width = widths.max().unwrap_or(0);
    let mut out = String::new();
    let mut heading = None;
    for one in all {
        if heading != Some(&one.heading) {
            let gap = if heading.is_some() { "\n" } else { "" };
            let _ = writeln!(out, "{gap}# {}", one.heading);
            heading = Some(&one.heading);
        }
        let _ = writeln!(out, "{:width$}  # {}", line(one), escaped(&one.source.to_string()));
    }
    out
}

/// Seeds and `--recrawl`, which are no settings and so comments; empty if none was given.
#[must_use]
pub fn start_as_toml(seeds: &[Url], recrawl: bool) -> String {
    let mut out = String::new();
    if !seeds.is_empty() {
        let seeds = seeds.iter().map(|url| mask(url.as_str())).collect();
        let _ = writeln!(out, "# seeds = {}  # command line", toml_value(&seeds));
    }
    if recrawl {
        out.push_str("# recrawl = true  # --recrawl\n");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// As one JSON object: `{"permits": {"value": 10, "source": "default"}, …}`, with
/// `"masked": true` where the value is.
#[must_use]
pub fn as_json(all: &[ShownOption]) -> Value {
    let rows = all.iter().map(|one| {
        let mut row = json!({"value": one.value, "source": one.source.to_string()});
        if one.masked {
            row["masked"] = json!(true);
        }
        (one.key.clone(), row)
    });
    Value::Object(rows.collect())
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", escaped(text)),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(toml_value).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members =
                members.iter().map(|(key, value)| format!("{key} = {}", toml_value(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Text as it stands in a TOML string: on one line, without control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() || is_bidi(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
