//! What came of a sweep, as text.

use std::fmt::Write as _;

use super::plot::plot;
use super::result::{TuneResult, TuneRow};
use crate::units::milliseconds;

/// What stands in the table's head, with the width of each column.
const HEAD: [(&str, usize); 10] = [
    ("permits", 9),
    ("workers", 8),
    ("rate", 8),
    ("held", 7),
    ("pages/s", 17),
    ("p50", 9),
    ("p95", 9),
    ("latency", 8),
    ("errors", 8),
    ("429", 7),
];

impl TuneResult {
    /// As text: table, curve, knee and flags.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (title, width) in HEAD {
            let _ = write!(out, "{title:>width$}");
        }
        out.push('\n');
        for row in &self.table {
            out += &line(row);
            out.push('\n');
        }
        let curve = plot(&self.points, self.knee.permits);
        if !curve.is_empty() {
            let _ = write!(out, "\n{curve}");
        }
        let knee = &self.knee;
        let permits = knee.permits.map(|permits| match knee.ci {
            Some(ci) => format!("{permits:.0} ± {ci:.0} permits, "),
            None => format!("{permits:.0} permits, "),
        });
        let _ = writeln!(out, "\nknee: {}{}", permits.unwrap_or_default(), knee.how);
        let _ = writeln!(out, "stopped climbing: {}", self.stopped_at);
        if !self.flags.is_empty() {
            let _ = writeln!(out, "use: {}", self.flags);
        }
        out
    }
}

fn line(row: &TuneRow) -> String {
    let mark = if row.best {
        "✓ "
    } else if row.overloaded {
        "✗ "
    } else {
        ""
    };
    let ci = row.ci.map_or_else(|| "?".to_owned(), |ci| format!("{ci:.1}"));
    let cells = [
        format!("{mark}{}", row.permits),
        row.workers.to_string(),
        row.rate.map_or_else(|| "-".into(), |rate| format!("{rate}/s")),
        format!("{:.0} s", row.held_s),
        format!("{:.1} ± {ci}", row.pages_per_s),
        milliseconds(row.p50_ms),
        milliseconds(row.p95_ms),
        if row.latency_ratio > 0.0 { format!("×{:.1}", row.latency_ratio) } else { "-".into() },
        percent(row.error_share),
        percent(row.refused_share),
    ];
    cells.iter().zip(HEAD).fold(String::new(), |mut line, (cell, (_, width))| {
        let _ = write!(line, "{cell:>width$}");
        line
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
