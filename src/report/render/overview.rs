//! Head, totals, statuses, hosts and settings.

use maud::{Markup, html};

use crate::crawl::protocol::snapshot::Totals;
use crate::model::page_state::PageState;
use crate::report::data::Report;
use crate::report::text;
use crate::store::parse_utc;
use crate::units::{self, count, counted, percent_precise};

use super::parts::{Section, bar, empty, quantile, scroll, status_name, url, words};

/// What was crawled, in few words.
pub(super) fn subject(report: &Report) -> String {
    let seeds = &report.crawl.seeds;
    let first = seeds.first().map_or("nothing", String::as_str);
    let first = text::url(first).0.text;
    match report.crawl.seed_count {
        0 | 1 => first,
        all => format!("{first} and {} more", all - 1),
    }
}

/// `2026-11-23 06:40:12` of a time as the store gives it.
pub(super) fn time(rfc3339: &str) -> String {
    parse_utc(rfc3339).map_or_else(|| "?".to_owned(), text::date_time)
}

/// Title, state and times.
pub(super) fn header(report: &Report) -> Markup {
    let crawl = &report.crawl;
    let state = crawl.shown_state();
    html! {
        header {
            p class="brand" { "crawldeck report" }
            h1 { "Crawl " (crawl.id) " of " span class="subject" { (subject(report)) } }
            p class="state" {
                span class=(format!("badge {state}")) { (state) } " " (in_words(report, state))
            }
            dl class="facts" {
                div { dt { "started" } dd { (time(&crawl.created_at)) " UTC" } }
                div { dt { "last saved" } dd { (time(&crawl.updated_at)) " UTC" } }
                div { dt { "active for" } dd { (text::span(report.timeline.active_ms())) } }
                div { dt { "database" } dd { code { (text::clean(&report.db)) } } }
                @if let Some(previous) = report.recrawl_of {
                    div { dt { "recrawl of" } dd { "crawl " (previous) } }
                }
            }
            @if crawl.seed_count > 1 {
                details {
                    summary { (counted(crawl.seed_count, "seed", "seeds")) }
                    ul class="plain" {
                        @for seed in &crawl.seeds { li { (url(seed)) } }
                        @if crawl.seed_count > crawl.seeds.len() as u64 {
                            li { "and " (count(crawl.seed_count - crawl.seeds.len() as u64)) " more" }
                        }
                    }
                }
            }
        }
    }
}

fn in_words(report: &Report, state: &str) -> Markup {
    let open = counted(report.crawl.open, "URL is", "URLs are");
    html! {
        @match state {
            "complete" => { "Every URL that was found is in a final state." }
            "failed" => { "No seed could be reached." }
            "running" => { "It is running: " (open) " waiting, and these are the numbers of its last save." }
            _ => { (open) " known and not fetched yet; " code { "crawldeck resume --crawl " (report.crawl.id) } " continues it." }
        }
    }
}

/// The most important numbers.
pub(super) fn totals(report: &Report) -> Markup {
    let pages = &report.pages;
    let (ok, failed, skipped) =
        (pages.of(PageState::Ok), pages.of(PageState::Failed), pages.of(PageState::Skipped));
    let fetched = ok + failed;
    let active_ms = report.timeline.active_ms();
    let rate = fetched as f64 * 1000.0 / active_ms.max(1) as f64;
    let latency = |share| quantile(&pages.latencies, share);
    let tile = |name: &str, value: String, note: Markup| {
        html! { div { dt { (name) } dd { strong { (value) } span { (note) } } } }
    };
    html! {
        dl class="totals" {
            (tile("pages", count(pages.all()), html! { "in a final state" }))
            (tile("ok", count(ok), html! { (percent_precise(ok, fetched)) " of those fetched" }))
            (tile("failed", count(failed), html! { (percent_precise(failed, fetched)) " of those fetched" }))
            (tile("skipped", count(skipped), html! { "known, not fetched" }))
            (tile("throughput", if fetched == 0 { "–".to_owned() } else { units::three_digits(rate) },
                html! { "pages/s while active" }))
            (tile("median latency", latency(0.5), html! { "p95 " (latency(0.95)) ", p99 " (latency(0.99)) }))
            (tile("received", units::bytes_precise(pages.bytes), html! { "after decoding" }))
            (tile("links", count(report.totals.links), html! { (if report.links_stored { "between pages" } else { "between pages; --store-links no" }) }))
            (tile("requests", count(pages.requests + report.totals.redirects), requests_note(&report.totals)))
            (tile("incidents", count(report.all_hosts.incidents),
                html! { (if report.all_hosts.incidents == 0 { "no host was down" } else { "hosts found down" }) }))
        }
    }
}

fn requests_note(totals: &Totals) -> Markup {
    html! {
        (counted(totals.retries, "retry", "retries")) ", "
        @if totals.resent > 0 { (count(totals.resent)) " resent, " }
        (counted(totals.redirects, "redirect hop", "redirect hops"))
    }
}

/// Pages by status.
pub(super) fn statuses(report: &Report) -> Section {
    let all = report.pages.all();
    let most = report.pages.by_status.values().map(|sums| sums.pages).max().unwrap_or(0);
    let table = html! {
        table class="statuses" {
            caption { "Pages by how they ended" }
            thead { tr {
                th scope="col" { "ended" } th scope="col" { "status" }
                th scope="col" class="n" { "pages" } th scope="col" class="n" { "share" }
                th scope="col" class="wide" { span class="unseen" { "bar" } }
                th scope="col" class="n" { "bytes" } th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" }
            } }
            tbody {
                @for ((state, status), sums) in &report.pages.by_status {
                    @let (word, class) = state_words(*state);
                    tr {
                        td { (word) }
                        th scope="row" {
                            @match status {
                                Some(code) => { (code) @if let Some(name) = status_name(*code) { " " span class="soft" { (name) } } }
                                None if *state == PageState::Skipped => { span class="soft" { "not requested" } }
                                None => { span class="soft" { "no response" } }
                            }
                        }
                        td class="n" { (count(sums.pages)) } td class="n" { (percent_precise(sums.pages, all)) }
                        td { (bar(class, sums.pages, most)) }
                        td class="n" { (units::bytes_precise(sums.bytes)) }
                        td class="n" { (quantile(&sums.latencies, 0.5)) } td class="n" { (quantile(&sums.latencies, 0.95)) }
                    }
                }
            }
        }
    };
    let unanswered = html! {
        @if !report.unanswered.is_empty() {
            h3 { "Why there was no response" }
            (super::lists::reasons("Reasons of pages without a response", &report.unanswered, None))
        }
    };
    let body = html! {
        @if all == 0 { (empty("No page is in a final state yet.")) }
        @else { (scroll("Pages by status", &table)) (unanswered) }
    };
    Section { id: "statuses", title: "Statuses", note: String::new(), body }
}

const fn state_words(state: PageState) -> (&'static str, &'static str) {
    match state {
        PageState::Ok => ("ok", "ok"),
        PageState::Failed => ("failed", "failed"),
        PageState::Skipped => ("skipped", "skipped"),
    }
}

/// Pages by host.
pub(super) fn hosts(report: &Report) -> Section {
    let all = report.all_hosts;
    let shown =
        report.hosts.iter().fold(crate::report::data::HostSums::default(), |mut sum, host| {
            sum.hosts += 1;
            sum.pages += host.sums.pages;
            sum.ok += host.sums.ok;
            sum.failed += host.sums.failed;
            sum.skipped += host.sums.skipped;
            sum.bytes += host.sums.bytes;
            sum.incidents += host.sums.incidents;
            sum
        });
    let most = report.hosts.iter().map(|host| host.sums.pages).max().unwrap_or(0);
    let numbers = |pages: u64, ok: u64, failed: u64, skipped: u64| {
        html! {
            td class="n" { (count(pages)) } td class="n" { (count(ok)) }
            td class=(if failed > 0 { "n bad" } else { "n" }) { (count(failed)) } td class="n" { (count(skipped)) }
        }
    };
    let table = html! {
        table class="hosts" {
            caption { "Hosts with the most pages" }
            thead { tr {
                th scope="col" { "host" }
                th scope="col" class="n" { "pages" } th scope="col" class="n" { "ok" }
                th scope="col" class="n" { "failed" } th scope="col" class="n" { "skipped" }
                th scope="col" class="wide" { span class="unseen" { "bar" } }
                th scope="col" class="n" { "bytes" } th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" }
                th scope="col" class="n" { "incidents" } th scope="col" { "robots.txt" }
            } }
            tbody {
                @for host in &report.hosts {
                    @let sums = host.sums;
                    tr {
                        th scope="row" { (words(&host.host)) }
                        (numbers(sums.pages, sums.ok, sums.failed, sums.skipped))
                        td { span class="stack" {
                            (bar("ok", sums.ok, most)) (bar("failed", sums.failed, most)) (bar("skipped", sums.skipped, most))
                        } }
                        td class="n" { (units::bytes_precise(sums.bytes)) }
                        td class="n" { (quantile(&host.latencies, 0.5)) } td class="n" { (quantile(&host.latencies, 0.95)) }
                        td class="n" { (count(sums.incidents)) }
                        td class="soft" { @if let Some(robots) = &host.robots { (words(robots)) } @else { "–" } }
                    }
                }
                @if all.hosts > shown.hosts {
                    tr class="rest" {
                        th scope="row" { (counted(all.hosts - shown.hosts, "other host", "other hosts")) }
                        (numbers(all.pages.saturating_sub(shown.pages), all.ok.saturating_sub(shown.ok),
                            all.failed.saturating_sub(shown.failed), all.skipped.saturating_sub(shown.skipped)))
                        td {}
                        td class="n" { (units::bytes_precise(all.bytes.saturating_sub(shown.bytes))) }
                        td class="n" { "–" } td class="n" { "–" }
                        td class="n" { (count(all.incidents.saturating_sub(shown.incidents))) } td {}
                    }
                }
            }
        }
    };
    let incidents = html! {
        @if !report.incidents.is_empty() {
            h3 { "Hosts that were found to be down" }
            ul class="plain" {
                @for (host, times) in &report.incidents {
                    li { (words(host)) ": " (counted(*times, "time", "times")) }
                }
            }
        }
    };
    let body = html! {
        @if report.hosts.is_empty() { (empty("No host has a page in a final state yet.")) }
        @else { (scroll("Hosts", &table)) (incidents) }
    };
    Section { id: "hosts", title: "Hosts", note: count(all.hosts), body }
}

/// The settings in force.
pub(super) fn settings(report: &Report) -> Section {
    let set = report.settings.iter().filter(|line| line.set);
    let usual = report.settings.iter().filter(|line| !line.set);
    let lines = |lines: Vec<&crate::report::data::SettingLine>| {
        html! {
            dl class="settings" {
                @for line in lines { div { dt { (line.name) } dd { (words(&line.value)) } } }
            }
        }
    };
    let (set, usual): (Vec<_>, Vec<_>) = (set.collect(), usual.collect());
    let body = html! {
        p { "As last saved: dials that were changed while it ran have their last values." }
        h3 { "Changed from the default" }
        @if set.is_empty() { (empty("Every setting has its default.")) } @else { (lines(set)) }
        @if !report.identity.is_empty() {
            p { "Started with secrets that are not stored: " @for (n, name) in report.identity.iter().enumerate() {
                @if n > 0 { ", " } code { (words(&text::without_login(name))) }
            } "." }
        }
        details { summary { "Defaults (" (usual.len()) ")" } (lines(usual)) }
    };
    Section { id: "settings", title: "Settings", note: String::new(), body }
}
