//! The settings of a crawl in words. What is secret is not among them: it is never stored.

use std::fmt::Write as _;

use serde::Serialize;

use crate::settings::Settings;
use crate::settings::mask::mask;
use crate::units;

use super::data::SettingLine;

/// Maximum entries shown of a list.
const MAX_ENTRIES: usize = 20;

/// Every setting, with whether it differs from its default.
pub(super) fn lines(settings: &Settings) -> Vec<SettingLine> {
    let usual = words(&Settings::default());
    let lines = words(settings).into_iter().zip(usual);
    lines
        .map(|((name, value), (_, usual))| SettingLine { name, set: value != usual, value })
        .collect()
}

fn words(s: &Settings) -> Vec<(&'static str, String)> {
    let (fetch, traps, breaker) = (&s.fetch, &s.traps, &s.breaker);
    vec![
        ("permits", s.permits.to_string()),
        ("workers", s.workers.to_string()),
        ("queue", s.queue.to_string()),
        ("rate", s.rate.map_or_else(off, |rate| format!("{rate}/s"))),
        ("parse-threads", s.parse_threads.to_string()),
        ("autopilot", s.autopilot.map_or_else(off, |mode| mode.to_string())),
        ("max-permits", s.max_permits.to_string()),
        ("per-host", s.per_host.map_or_else(off, |n| n.to_string())),
        ("delay", units::duration_option(s.delay)),
        ("max-robots-delay", units::duration_option(s.max_robots_delay)),
        ("host-backoff", units::duration_option(s.host_backoff)),
        ("max-host-backoff", units::duration_option(s.max_host_backoff)),
        ("host-give-up-after", units::duration_option(s.host_give_up_after)),
        ("robots.txt", if s.ignore_robots { "IGNORED" } else { "obeyed" }.to_owned()),
        ("respect-nofollow", nofollow(s).to_owned()),
        ("attempts", s.attempts.to_string()),
        ("backoff", units::duration_option(s.backoff)),
        ("timeout", units::duration_option(fetch.timeout)),
        ("max-body", units::bytes_precise(fetch.max_body)),
        ("max-decompression-ratio", fetch.max_decompression_ratio.to_string()),
        ("max-redirects", fetch.max_redirects.to_string()),
        ("user-agent", fetch.user_agent.clone()),
        ("contact", fetch.contact.clone().unwrap_or_else(none)),
        ("cookies", yes(fetch.cookies)),
        ("http2", yes(fetch.http2)),
        ("certificates", if fetch.insecure { "NOT VERIFIED" } else { "verified" }.to_owned()),
        ("allow-private", yes(fetch.allow_private)),
        ("follow", yes(s.follow)),
        ("scope", word(&s.scope)),
        ("depth", s.depth.map_or_else(off, |n| n.to_string())),
        ("max-pages", s.max_pages.map_or_else(off, units::count)),
        ("max-links", units::count(u64::from(s.max_links))),
        ("store-links", yes(s.store_links)),
        ("include", all(&s.include)),
        ("exclude", all(&s.exclude)),
        ("excluded while it ran", all(&s.live_exclusions)),
        ("seeds added while it ran", all(&s.added_seeds.iter().map(url).collect::<Vec<_>>())),
        (
            "seeds added and undone",
            all(&s.undone_seeds.iter().map(|seed| url(&seed.url)).collect::<Vec<_>>()),
        ),
        ("sitemaps", yes(s.sitemaps)),
        ("sitemap", all(&s.sitemap_urls.iter().map(url).collect::<Vec<_>>())),
        ("max-sitemaps", s.max_sitemaps.to_string()),
        ("breaker-ratio", if breaker.ratio > 1.0 { off() } else { breaker.ratio.to_string() }),
        ("breaker-window", breaker.window.to_string()),
        ("breaker-min-requests", breaker.min_requests.to_string()),
        ("breaker-cooldown", units::duration_option(breaker.cooldown)),
        ("breaker-max-cooldown", units::duration_option(breaker.max_cooldown)),
        ("breaker-reset-after", units::duration_option(breaker.reset_after)),
        ("trap-repeats", traps.repeats.to_string()),
        ("trap-segments", traps.segments.to_string()),
        ("trap-length", traps.length.to_string()),
        ("trap-queries", traps.queries.to_string()),
        ("trap-dates", traps.dates.to_string()),
        ("trap-years-ahead", traps.years_ahead.to_string()),
        ("trap-sessions", traps.sessions.to_string()),
        ("trap-same-content", traps.same_content.to_string()),
        ("trap-growth", traps.growth.to_string()),
        ("max-memory", s.max_memory.map_or_else(|| "auto".to_owned(), units::bytes_precise)),
        ("min-disk", if s.min_disk == 0 { off() } else { units::bytes_precise(s.min_disk) }),
        ("hosts with rules of their own", units::count(s.hosts.len() as u64)),
    ]
}

fn nofollow(s: &Settings) -> &'static str {
    match (s.respect_nofollow.pages, s.respect_nofollow.links) {
        (false, false) => "none",
        (true, false) => "pages",
        (false, true) => "links",
        (true, true) => "all",
    }
}

/// The word that a value is stored as.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn off() -> String {
    "off".to_owned()
}

fn none() -> String {
    "none".to_owned()
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn url(url: &url::Url) -> String {
    mask(url.as_str())
}

fn all(entries: &[String]) -> String {
    if entries.is_empty() {
        return none();
    }
    let mut shown = entries.iter().take(MAX_ENTRIES).cloned().collect::<Vec<_>>().join(", ");
    if entries.len() > MAX_ENTRIES {
        let _ = write!(shown, " and {} more", entries.len() - MAX_ENTRIES);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_marked() {
        let settings = Settings { permits: 64, exclude: vec!["a".into()], ..Settings::default() };
        let set: Vec<_> =
            lines(&settings).into_iter().filter(|l| l.set).map(|l| (l.name, l.value)).collect();
        assert_eq!(set, [("permits", "64".to_owned()), ("exclude", "a".to_owned())]);
    }
}
