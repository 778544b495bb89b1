//! How the crawl went: the chart, the changes and their effects.

use maud::{Markup, html};

use crate::report::data::{ChangeKind, Report};
use crate::report::latency::MillisHistogram;
use crate::report::text;
use crate::report::timeline::{Timeline, TimelineColumn};
use crate::units::{self, count, counted};

use super::chart::chart;
use super::parts::{Section, empty, quantile, scroll, words};
use super::pauses::pauses;

/// Journal entries shown before the rest is folded away.
const OPEN: usize = 12;

pub(super) fn section(report: &Report) -> Section {
    let timeline = &report.timeline;
    let fetched = timeline.sessions.iter().flat_map(|session| &session.columns);
    let note = match fetched.map(|column| column.slot.pages()).sum::<u64>() {
        0 => String::new(),
        _ => format!(
            "a column is {}",
            units::without_trailing_zeros(&text::span(timeline.column_ms))
        ),
    };
    let body = html! {
        @if timeline.sessions.is_empty() {
            (empty("No page was fetched."))
        } @else {
            p class="legend" aria-hidden="true" {
                span class="key ok" { "responded 2xx" } span class="key failed" { "failed" }
                span class="key p50" { "median" } span class="key p95" { "95th percentile" }
                @if !pauses(&report.changes, timeline).is_empty() { span class="key pause" { "paused" } }
                @if !report.changes.is_empty() { span class="key mark" { "change, listed below" } }
            }
            div class="scroll chart" role="region" aria-label="Chart of throughput and latency" tabindex="0" {
                (chart(timeline, &report.changes, &describes(report)))
            }
            (breaks(report))
            details { summary { "The chart as a table" } (scroll("The chart as a table", &table(timeline))) }
        }
        (changes(report))
    };
    Section { id: "course", title: "Course", note, body }
}

fn describes(report: &Report) -> String {
    let timeline = &report.timeline;
    let columns = || timeline.sessions.iter().flat_map(|session| &session.columns);
    let peak = columns().map(|c| c.rate(c.slot.pages())).fold(0.0, f64::max);
    format!(
        "{} of {} in all, maximum {} pages per second in {}; the median latency is {}, the 95th \
         percentile {}. {}. The numbers are in the table below.",
        counted(timeline.sessions.len() as u64, "session", "sessions"),
        text::span(timeline.active_ms()),
        units::three_digits(peak),
        units::without_trailing_zeros(&text::span(timeline.column_ms)),
        quantile(&report.pages.latencies, 0.5),
        quantile(&report.pages.latencies, 0.95),
        counted(report.all_changes, "change while it ran", "changes while it ran"),
    )
}

/// What the breaks of the axis leave out.
fn breaks(report: &Report) -> Markup {
    let sessions = &report.timeline.sessions;
    let paused = pauses(&report.changes, &report.timeline);
    let why = |from: i64, to: i64| {
        let stopped = report.changes.iter().any(|change| {
            change.kind == ChangeKind::Stop && change.at_ms < to && change.at_ms > from - 60_000
        });
        match paused.iter().any(|(since, until)| *since < to && *until > from) {
            _ if stopped => "it was stopped",
            true => "it was paused",
            false => "nothing in its journal says why: it was killed, or waited",
        }
    };
    html! {
        @if sessions.len() > 1 {
            p { "The axis leaves out times in which no page ended:" }
            ul class="plain" {
                @for pair in sessions.windows(2) {
                    @let (from, to) = (pair[0].to_ms, pair[1].from_ms);
                    li {
                        strong { (text::span(to - from)) } " from " (text::date_time(from)) " to " (text::date_time(to))
                        " UTC: " (why(from, to)) "."
                    }
                }
            }
        }
    }
}

/// The chart's numbers.
fn table(timeline: &Timeline) -> Markup {
    html! {
        table {
            caption { "Throughput and latency, column by column" }
            thead { tr {
                th scope="col" { "from (UTC)" } th scope="col" class="n" { "for" } th scope="col" class="n" { "pages/s" }
                th scope="col" class="n" { "pages" } th scope="col" class="n" { "failed" }
                th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" }
            } }
            tbody {
                @for session in &timeline.sessions {
                    @for (n, column) in session.columns.iter().enumerate() {
                        tr {
                            th scope="row" {
                                @if n == 0 { (text::date_time(column.from_ms)) }
                                @else { (text::clock(column.from_ms, timeline.column_ms < 1000)) }
                            }
                            td class="n" { (text::span(column.to_ms - column.from_ms)) }
                            td class="n" { (units::three_digits(column.rate(column.slot.pages()))) }
                            td class="n" { (count(column.slot.pages())) } td class="n" { (count(column.slot.failed)) }
                            td class="n" { (quantile(&column.slot.latencies, 0.5)) }
                            td class="n" { (quantile(&column.slot.latencies, 0.95)) }
                        }
                    }
                }
            }
        }
    }
}

/// What was measured between a change and the next one.
#[derive(Default)]
struct ChangeSpan {
    ms: i64,
    pages: u64,
    latencies: MillisHistogram,
}

impl ChangeSpan {
    /// Of the columns whose middle is in the span.
    fn of(timeline: &Timeline, from: i64, to: i64) -> Self {
        let mut span = Self::default();
        let inside = |c: &&TimelineColumn| (from..to).contains(&i64::midpoint(c.from_ms, c.to_ms));
        for column in timeline.sessions.iter().flat_map(|s| &s.columns).filter(inside) {
            span.ms += column.to_ms - column.from_ms;
            span.pages += column.slot.pages();
            span.latencies.merge(&column.slot.latencies);
        }
        span
    }

    fn cells(&self) -> Markup {
        let rate = self.pages as f64 * 1000.0 / self.ms.max(1) as f64;
        html! {
            td class="n" { @if self.ms > 0 { (text::span(self.ms)) } @else { "–" } }
            td class="n" { @if self.ms > 0 { (units::three_digits(rate)) } @else { "–" } }
            td class="n" { (quantile(&self.latencies, 0.5)) } td class="n" { (quantile(&self.latencies, 0.95)) }
        }
    }
}

/// The journal, with what came of each entry.
fn changes(report: &Report) -> Markup {
    let entries = &report.changes;
    let end = |n: usize| entries.get(n + 1).map_or(i64::MAX, |next| next.at_ms);
    let row = |n: usize| {
        let entry = &entries[n];
        html! {
            tr {
                td class="n" { (entry.seq) }
                td class="n" { (text::date_time(entry.at_ms)) }
                th scope="row" { (words(&entry.what)) }
                td class="soft" { (words(&entry.by)) }
                (ChangeSpan::of(&report.timeline, entry.at_ms, end(n)).cells())
            }
        }
    };
    let table = |caption: &str, rows: Markup| {
        html! {
            table class="changes" {
                caption { (caption) }
                thead { tr {
                    th scope="col" class="n" { "no." } th scope="col" class="n" { "at (UTC)" } th scope="col" { "what" } th scope="col" { "by" }
                    th scope="col" class="n" { "held for" } th scope="col" class="n" { "pages/s" }
                    th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" }
                } }
                tbody { (rows) }
            }
        }
    };
    let open = entries.len().min(OPEN);
    let first = html! {
        @if let Some(change) = entries.first() {
            tr class="rest" {
                td {} td class="n" { (text::date_time(report.began_ms)) } th scope="row" { "as started" } td {}
                (ChangeSpan::of(&report.timeline, i64::MIN, change.at_ms).cells())
            }
        }
        @for n in 0..open { (row(n)) }
    };
    html! {
        h3 { "Changes while it ran " small { (count(report.all_changes)) } }
        @if entries.is_empty() {
            (empty("Nothing was changed while it ran."))
        } @else {
            (scroll("Changes", &table("Changes while it ran, and what was measured until the next one", first)))
            @if entries.len() > open {
                details {
                    summary { (counted((entries.len() - open) as u64, "further change", "further changes")) }
                    (scroll("Further changes", &table("Further changes", html! { @for n in open..entries.len() { (row(n)) } })))
                }
            }
            @if report.all_changes > entries.len() as u64 {
                p { (counted(report.all_changes - entries.len() as u64, "later one is", "later ones are")) " in the table " code { "changes" } "." }
            }
        }
    }
}
