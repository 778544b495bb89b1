//! What each setting gave: the dashboard's measured table, of the whole crawl.

use maud::{Markup, html};

use crate::crawl::protocol::tuning::{Estimate, MeasuredRow};
use crate::report::data::Report;
use crate::report::text;
use crate::units::{self, count};

use super::parts::{empty, scroll};

/// The table, or why there is none.
pub(super) fn measured(report: &Report) -> Markup {
    let rows = report.measured.as_ref().map(|measured| measured.rows.as_slice());
    html! {
        h3 { "What each setting gave" @if let Some(rows) = rows { " " small { (count(rows.len() as u64)) } } }
        @match rows {
            None => (empty("Nothing was measured while it ran: a crawldeck of before that made this crawl, or nothing was fetched.")),
            Some([]) => (empty("No setting was held long enough: three seconds and twenty pages after requests from before it were answered.")),
            Some(rows) => {
                (scroll("What each setting gave", &table(rows)))
                p {
                    "± is half the 95 % interval. Rows of different conditions (a fault, a scene, a host’s limit, another run) "
                    "cannot be compared with each other. "
                    @if report.measured.as_ref().is_some_and(|measured| measured.is_cut) {
                        "Of a long crawl the newest time is taken. "
                    }
                    "All that was measured: " code { "crawldeck export --table timeline" } "."
                }
            }
        }
    }
}

fn table(rows: &[MeasuredRow]) -> Markup {
    // Numbers of conditions that rows were left out of would only puzzle.
    let mut conditions: Vec<u32> = rows.iter().map(|row| row.conditions).collect();
    conditions.dedup();
    let number = |row: &MeasuredRow| conditions.iter().position(|n| *n == row.conditions);
    let several = conditions.len() > 1;
    html! {
        table class="measured" {
            caption { "What each setting gave, from the fewest permits to the most" }
            thead { tr {
                @if several { th scope="col" class="n" { "conditions" } }
                th scope="col" class="n" { "permits" } th scope="col" class="n" { "workers" } th scope="col" class="n" { "rate" }
                th scope="col" class="n" { "held for" } th scope="col" class="n" { "pages/s" }
                th scope="col" class="n" { "median" } th scope="col" class="n" { "p95" } th scope="col" class="n" { "latency" }
                th scope="col" class="n" { "errors" } th scope="col" class="n" { "429" } th scope="col" class="n" { "retries" }
                th scope="col" class="n" { "loop" } th scope="col" class="n" { "CPU" } th scope="col" {}
            } }
            tbody {
                @for row in rows {
                    tr class=[row.dominated.then_some("rest")] {
                        @if several { td class="n" { (number(row).unwrap_or(0) + 1) } }
                        th scope="row" class="n" { (row.permits) } td class="n" { (row.workers) }
                        td class="n" { @if let Some(rate) = row.rate { (rate) "/s" } @else { "off" } }
                        td class="n" { (text::span((row.held_s * 1000.0) as i64)) }
                        td class="n" { (estimate(row.pages_per_s)) }
                        td class="n" { (ms(row.p50_ms)) } td class="n" { (ms(row.p95_ms)) }
                        td class="n" { @if row.latency_ratio > 0.0 { (format!("× {:.1}", row.latency_ratio)) } @else { "–" } }
                        td class="n" { (share(row.error_share)) } td class="n" { (share(row.refused_share)) }
                        td class="n" { (count(row.retries)) }
                        td class="n" { (format!("{:.1} ms", row.loop_delay_ms)) } td class="n" { (format!("{:.0} %", row.cpu_percent)) }
                        td { @if row.best { strong { "best" } } @else if row.dominated { "fewer give more" } }
                    }
                }
            }
        }
    }
}

/// A mean with its interval: `131 ±6`.
fn estimate(of: Estimate) -> Markup {
    html! {
        (units::three_digits(of.value))
        @if of.ci.is_finite() { " " small { "±" (units::three_digits(of.ci)) } }
    }
}

fn ms(ms: f64) -> String {
    if ms > 0.0 { units::duration_precise(ms.round() as u64) } else { "–".to_owned() }
}

fn share(share: f64) -> String {
    if share > 0.0 { format!("{:.1} %", 100.0 * share) } else { "0".to_owned() }
}
