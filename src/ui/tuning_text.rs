//! What was measured, as plain text for the clipboard: the table and the journal, in columns parted by tabs.

use super::{effect_text, units};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::tuning::{Estimate, MeasuredRow};

const TITLES: [&str; 16] = [
    "permits",
    "workers",
    "rate",
    "held s",
    "pages",
    "pages/s",
    "±",
    "p50 ms",
    "p95 ms",
    "× lowest",
    "errors %",
    "429 %",
    "retries",
    "loop ms",
    "CPU %",
    "remark",
];

/// The measured table, then the journal with what each change gave.
#[must_use]
pub fn text(snapshot: &Snapshot) -> String {
    let mut lines = vec![TITLES.join("\t")];
    lines.extend(snapshot.tuning.rows.iter().map(row));
    lines.push(String::new());
    lines.push(["time", "who", "change", "pages/s %", "±", "p95 %", "result"].join("\t"));
    for change in snapshot.changes.iter() {
        let time = effect_text::age(change, snapshot);
        let time = if change.at_s < 0.0 { time } else { units::elapsed(change.at_s) };
        let mut cells = vec![time, change.by.name().to_owned(), effect_text::what(change)];
        match &change.effect {
            Some(effect) => {
                cells.push(format!("{:.1}", effect.pages_percent.value));
                cells.push(half_width(&effect.pages_percent));
                cells.push(format!("{:.1}", effect.p95_percent));
                cells.push(effect.verdict.to_string());
            }
            None => cells.extend(vec![String::new(); 4]),
        }
        lines.push(cells.join("\t"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn half_width(estimate: &Estimate) -> String {
    if estimate.ci.is_finite() { format!("{:.1}", estimate.ci) } else { String::new() }
}

fn row(row: &MeasuredRow) -> String {
    let marks = [
        (row.present, "present"),
        (row.best, "best"),
        (row.dominated, "dominated"),
        (row.earlier_run, "earlier run"),
    ];
    let marks: Vec<_> = marks.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
    [
        row.permits.to_string(),
        row.workers.to_string(),
        row.rate.map_or_else(|| "off".to_owned(), |rate| rate.to_string()),
        format!("{:.1}", row.held_s),
        row.pages.to_string(),
        format!("{:.2}", row.pages_per_s.value),
        half_width(&row.pages_per_s),
        format!("{:.0}", row.p50_ms),
        format!("{:.0}", row.p95_ms),
        format!("{:.2}", row.latency_ratio),
        format!("{:.2}", 100.0 * row.error_share),
        format!("{:.2}", 100.0 * row.refused_share),
        row.retries.to_string(),
        format!("{:.1}", row.loop_delay_ms),
        format!("{:.0}", row.cpu_percent),
        marks.join(", "),
    ]
    .join("\t")
}
