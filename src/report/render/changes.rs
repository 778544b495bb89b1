//! What was turned while the crawl ran, and what each change gave.

use maud::{Markup, html};

use crate::crawl::protocol::tuning::{ChangeEffect, EffectSide, EffectVerdict};
use crate::report::data::{ChangeLine, Report};
use crate::report::latency::MillisHistogram;
use crate::report::text;
use crate::report::timeline::{Timeline, TimelineColumn};
use crate::units::{self, count, counted};

use super::parts::{empty, quantile, scroll, words};

/// Journal entries shown before the rest is folded away.
const OPEN: usize = 12;

/// The journal, with what each entry gave: as it was measured while the crawl ran, or, for a crawl of which
/// nothing was measured, what its pages say of the time until the next entry.
pub(super) fn changes(report: &Report) -> Markup {
    let table = if report.measured.is_some() { effects } else { spans };
    let entries = &report.changes;
    let open = entries.len().min(OPEN);
    html! {
        h3 { "Changes while it ran " small { (count(report.all_changes)) } }
        @if entries.is_empty() {
            (empty("Nothing was changed while it ran."))
        } @else {
            (scroll("Changes", &table(report, 0..open)))
            @if entries.len() > open {
                details {
                    summary { (counted((entries.len() - open) as u64, "further change", "further changes")) }
                    (scroll("Further changes", &table(report, open..entries.len())))
                }
            }
            @if report.all_changes > entries.len() as u64 {
                p { (counted(report.all_changes - entries.len() as u64, "later one is", "later ones are")) " in the table " code { "changes" } "." }
            }
            @if report.measured.is_none() {
                p { "What each change gave was not measured while it ran: the times until the next change are compared." }
            }
        }
    }
}

/// Number, time, what and by whom.
fn head(entry: &ChangeLine) -> Markup {
    html! {
        td class="n" { (entry.seq) }
        td class="n" { (text::date_time(entry.at_ms)) }
        th scope="row" {
            (words(&entry.what))
            @if let Some(reason) = &entry.reason { small class="why" { (words(reason)) } }
        }
        td class="soft" { (words(&entry.by)) }
    }
}

/// Some entries, with what was measured before and after each.
fn effects(report: &Report, which: std::ops::Range<usize>) -> Markup {
    let first = which.start == 0;
    html! {
        table class="changes effects" {
            caption { @if first { "Changes while it ran, and what each gave" } @else { "Further changes" } }
            thead { tr {
                th scope="col" class="n" { "no." } th scope="col" class="n" { "at (UTC)" } th scope="col" { "what" } th scope="col" { "by" }
                th scope="col" class="n" { "pages/s" } th scope="col" class="n" { "then" } th scope="col" class="n" { "change" }
                th scope="col" class="n" { "p95" } th scope="col" class="n" { "then" } th scope="col" { "effect" }
            } }
            tbody {
                @for entry in &report.changes[which] {
                    tr { (head(entry)) (effect(entry.effect.as_ref())) }
                }
            }
        }
    }
}

fn effect(effect: Option<&ChangeEffect>) -> Markup {
    let Some(effect) = effect else {
        return html! { @for _ in 0..5 { td class="n" { "–" } } td {} };
    };
    let pages = |side: &EffectSide| match side.seconds {
        seconds if seconds > 0.0 => units::three_digits(side.pages_per_s.value),
        _ => "–".to_owned(),
    };
    let p95 = |side: &EffectSide| match side.p95_ms {
        ms if ms > 0.0 => units::duration_precise(ms.round() as u64),
        _ => "–".to_owned(),
    };
    let told = !matches!(effect.verdict, EffectVerdict::Measuring | EffectVerdict::Void);
    html! {
        td class="n" { (pages(&effect.before)) }
        td class="n" { (pages(&effect.after)) }
        td class="n" {
            @if told { (format!("{:+.0} %", effect.pages_percent.value)) " " small { (format!("±{:.0}", effect.pages_percent.ci)) } }
            @else { "–" }
        }
        td class="n" { (p95(&effect.before)) }
        td class="n" { (p95(&effect.after)) }
        td {
            (effect.verdict.word())
            @if let Some(note) = &effect.note { small class="why" { (words(note)) } }
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

/// Some entries, with what its pages say of the time from each to the next.
fn spans(report: &Report, which: std::ops::Range<usize>) -> Markup {
    let entries = &report.changes;
    let end = |n: usize| entries.get(n + 1).map_or(i64::MAX, |next| next.at_ms);
    let first = which.start == 0;
    html! {
        table class="changes" {
            caption { @if first { "Changes while it ran, and what was measured until the next one" } @else { "Further changes" } }
            thead { tr {
                th scope="col" class="n" { "no." } th scope="col" class="n" { "at (UTC)" } th scope="col" { "what" } th scope="col" { "by" }
                th scope="col" class="n" { "held for" } th scope="col" class="n" { "pages/s" }
                th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" }
            } }
            tbody {
                @if let (true, Some(change)) = (first, entries.first()) {
                    tr class="rest" {
                        td {} td class="n" { (text::date_time(report.began_ms)) } th scope="row" { "as started" } td {}
                        (ChangeSpan::of(&report.timeline, i64::MIN, change.at_ms).cells())
                    }
                }
                @for n in which {
                    tr { (head(&entries[n])) (ChangeSpan::of(&report.timeline, entries[n].at_ms, end(n)).cells()) }
                }
            }
        }
    }
}
