//! How the crawl went: the chart, the changes and their effects.

use maud::{Markup, html};

use crate::report::data::{ChangeKind, Report};
use crate::report::text;
use crate::report::timeline::Timeline;
use crate::units::{self, count, counted};

use super::changes::changes;
use super::chart::chart;
use super::measured::measured;
use super::parts::{Section, empty, quantile, scroll};
use super::pauses::pauses;

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
        (measured(report))
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
