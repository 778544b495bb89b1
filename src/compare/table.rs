//! A comparison as text.

use std::fmt::Write as _;

use super::Strategy;
use super::result::{Comparison, Row};

/// Titles of the columns; the first is flush left, the others right.
const TITLES: [&str; 8] =
    ["strategy", "wall s", "bound s", "ratio", "memory MiB", "failed", "saved", "stall ms"];
/// Those of the lesson on threads.
const CPU_TITLES: [&str; 5] = ["parsing", "wall s", "memory MiB", "failed", "stall ms"];
/// Where there is nothing to tell.
const NOTHING: &str = "-";

/// The table, with what has to be said about it below.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let mut text = String::new();
    let rows: Vec<_> = comparison.strategies.iter().map(cells).collect();
    put(&mut text, &TITLES, &rows);
    for line in notes(comparison) {
        let _ = writeln!(text, "{line}");
    }
    if let Some(cpu) = &comparison.cpu {
        text.push('\n');
        let rows: Vec<_> = cpu.iter().map(cpu_cells).collect();
        put(&mut text, &CPU_TITLES, &rows);
    }
    for reason in &comparison.reasons {
        let _ = writeln!(text, "partial: {reason}");
    }
    text
}

/// Where the bounds come from.
#[must_use]
pub fn notes(comparison: &Comparison) -> Vec<String> {
    let limited = comparison.strategies.iter().find(|row| row.name == Strategy::Limited);
    let Some((arithmetic, bound)) = limited.and_then(|row| row.arithmetic_s.zip(row.bound_s))
    else {
        return Vec::new();
    };
    vec![format!(
        "bound with {} permits: {arithmetic:.2} s by arithmetic, {bound:.2} s first come, first served",
        comparison.permits
    )]
}

/// One strategy's cells, in the order of the titles.
#[must_use]
pub fn cells(row: &Row) -> [String; 8] {
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.into());
    [
        row.name.to_string(),
        format!("{:.2}", row.wall_s),
        or_nothing(row.bound_s.map(|s| format!("{s:.2}"))),
        or_nothing(row.bound_s.filter(|s| *s > 0.0).map(|s| format!("{:.3}", row.wall_s / s))),
        mib(row.rss_peak_bytes),
        row.failed.to_string(),
        or_nothing((row.expected > 0).then(|| format!("{} of {}", row.saved, row.expected))),
        format!("{:.1}", row.stall_ms),
    ]
}

fn cpu_cells(row: &Row) -> [String; 5] {
    [
        row.name.to_string(),
        format!("{:.2}", row.wall_s),
        mib(row.rss_peak_bytes),
        row.failed.to_string(),
        format!("{:.1}", row.stall_ms),
    ]
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// Titles and rows, columns as wide as they have to be.
fn put<const N: usize>(text: &mut String, titles: &[&str; N], rows: &[[String; N]]) {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([titles[column].len()]).max().unwrap_or(0)
    });
    let titles: [String; N] = std::array::from_fn(|column| titles[column].to_owned());
    for row in std::iter::once(&titles).chain(rows) {
        let _ = write!(text, "{:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
}
