//! The table of a comparison as text.

use std::fmt::Write as _;

use super::result::{Comparison, StrategyResult};
use super::strategy::Strategy;
use crate::units::mib;

/// Titles of the columns; the first is aligned left, the others right.
const TITLES: [&str; 8] =
    ["strategy", "wall s", "bound s", "ratio", "memory MiB", "failed", "saved", "stall ms"];
/// Those of the lesson on threads.
const CPU_TITLES: [&str; 5] = ["parsing", "wall s", "memory MiB", "failed", "stall ms"];
/// A cell without a value.
const NO_VALUE: &str = "-";

/// What a line of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Titles of columns.
    Titles,
    /// A strategy.
    Row,
    /// A remark about it, or an empty line.
    Note,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLine {
    /// Its kind.
    pub kind: LineKind,
    /// The text of the line.
    pub text: String,
}

/// The table, followed by remarks and reasons.
#[must_use]
pub fn table(comparison: &Comparison) -> String {
    let mut text = String::new();
    for line in lines(comparison, usize::MAX) {
        let _ = writeln!(text, "{}", line.text);
    }
    for reason in &comparison.reasons {
        let _ = writeln!(text, "partial: {reason}");
    }
    text
}

/// The lines of the table without the reasons; with narrower gaps if it is wider than `columns`.
#[must_use]
pub fn lines(comparison: &Comparison, columns: usize) -> Vec<TableLine> {
    let rows: Vec<_> = comparison.strategies.iter().map(cells).collect();
    let mut lines = lay_out(&TITLES, &rows, "  ");
    if lines.iter().any(|line| line.text.len() > columns) {
        lines = lay_out(&TITLES, &rows, " ");
    }
    let note = |text| TableLine { kind: LineKind::Note, text };
    lines.extend(notes(comparison).map(note));
    if let Some(cpu) = comparison.cpu.as_ref().filter(|cpu| !cpu.is_empty()) {
        let rows: Vec<_> = cpu.iter().map(cpu_cells).collect();
        lines.push(note(String::new()));
        lines.extend(lay_out(&CPU_TITLES, &rows, "  "));
    }
    lines
}

/// Explains the lower bounds of strategies with permits.
fn notes(comparison: &Comparison) -> Option<String> {
    let limited = comparison.strategies.iter().find(|row| row.name == Strategy::Limited)?;
    let (arithmetic, bound) = limited.arithmetic_s.zip(limited.bound_s)?;
    Some(format!(
        "bound with {}: {arithmetic:.2} s by arithmetic, {bound:.2} s first come, first served",
        match comparison.permits {
            1 => "1 permit".to_owned(),
            permits => format!("{permits} permits"),
        }
    ))
}

/// One strategy's cells, in the order of the titles.
fn cells(row: &StrategyResult) -> [String; 8] {
    let or_no_value = |text: Option<String>| text.unwrap_or_else(|| NO_VALUE.into());
    [
        row.name.to_string(),
        format!("{:.2}", row.wall_s),
        or_no_value(row.bound_s.map(|s| format!("{s:.2}"))),
        or_no_value(row.ratio.map(|ratio| format!("{ratio:.3}"))),
        mib(row.rss_peak_bytes),
        row.failed.to_string(),
        or_no_value((row.expected > 0).then(|| format!("{} of {}", row.saved, row.expected))),
        format!("{:.1}", row.stall_ms),
    ]
}

fn cpu_cells(row: &StrategyResult) -> [String; 5] {
    [
        row.name.to_string(),
        format!("{:.2}", row.wall_s),
        mib(row.rss_peak_bytes),
        row.failed.to_string(),
        format!("{:.1}", row.stall_ms),
    ]
}

/// Titles and rows; each column is as wide as its widest cell.
fn lay_out<const N: usize>(titles: &[&str; N], rows: &[[String; N]], gap: &str) -> Vec<TableLine> {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([titles[column].len()]).max().unwrap_or(0)
    });
    let line = |kind, row: &[String; N]| {
        let mut text = format!("{:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(widths).skip(1) {
            let _ = write!(text, "{gap}{cell:>width$}");
        }
        TableLine { kind, text }
    };
    let titles: [String; N] = std::array::from_fn(|column| titles[column].to_owned());
    let rows = rows.iter().map(|row| line(LineKind::Row, row));
    std::iter::once(line(LineKind::Titles, &titles)).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::ipc::{StrategyEnd, StrategyProgress};
    use crate::compare::progress::{ComparisonProgress, Lane, LaneState};

    fn ended(strategy: Strategy, wall_s: f64, ok: u64, failed: u64) -> Lane {
        let progress = StrategyProgress {
            ok,
            failed,
            elapsed_s: wall_s,
            rss_peak_bytes: 24 << 20,
            stall_ms: 1.25,
            saved: if strategy == Strategy::Full { ok + failed } else { 0 },
            ..StrategyProgress::default()
        };
        let first_failure = (failed > 0).then(|| "http://a/: 503".to_owned());
        let end = StrategyEnd { progress, first_failure, ..StrategyEnd::default() };
        Lane { state: LaneState::Finished, progress, end: Some(end), ..Lane::new(strategy, 100) }
    }

    fn progress(lanes: Vec<Lane>) -> ComparisonProgress {
        let mut progress =
            ComparisonProgress { scale: 1.0, permits: 10, lanes, ..ComparisonProgress::default() };
        progress.set_lower_bounds(&[1.0, 2.0, 1.0, 0.0, 0.0].repeat(20));
        progress
    }

    #[test]
    fn a_whole_comparison() {
        let lanes = vec![
            ended(Strategy::Sequential, 80.4, 100, 0),
            ended(Strategy::Unlimited, 2.1, 100, 0),
            ended(Strategy::Limited, 9.1, 100, 0),
            ended(Strategy::Full, 9.2, 100, 0),
            ended(Strategy::Inline, 1.0, 100, 0),
            ended(Strategy::Pool, 0.5, 100, 0),
        ];
        let comparison = Comparison::of(&progress(lanes), &[]);
        assert!(!comparison.partial);
        let expected = "\
strategy    wall s  bound s  ratio  memory MiB  failed       saved  stall ms
sequential   80.40    80.00  1.005        24.0       0           -       1.2
unlimited     2.10     2.00  1.050        24.0       0           -       1.2
limited       9.10     9.02  1.009        24.0       0           -       1.2
full          9.20     9.02  1.020        24.0       0  100 of 100       1.2
bound with 10 permits: 8.00 s by arithmetic, 9.02 s first come, first served

parsing  wall s  memory MiB  failed  stall ms
inline     1.00        24.0       0       1.2
pool       0.50        24.0       0       1.2
";
        assert_eq!(table(&comparison), expected);
    }

    #[test]
    fn a_partial_one_says_what_is_missing() {
        let mut lost = ended(Strategy::Full, 9.2, 100, 0);
        lost.progress.saved = 99;
        let mut dead = ended(Strategy::Unlimited, 1.0, 40, 0);
        (dead.state, dead.end) = (LaneState::Failed, None);
        dead.why = Some("was killed by signal 9".to_owned());
        let lanes = vec![
            ended(Strategy::Sequential, 80.4, 97, 3),
            dead,
            Lane::new(Strategy::Limited, 100),
            lost,
        ];
        let comparison = Comparison::of(&progress(lanes), &["list: line 3 left out: x".to_owned()]);
        assert!(comparison.partial);
        let expected = "\
strategy    wall s  bound s  ratio  memory MiB  failed      saved  stall ms
sequential   80.40    80.00      -        24.0       3          -       1.2
unlimited     1.00     2.00      -        24.0       0          -       1.2
full          9.20     9.02  1.020        24.0       0  99 of 100       1.2
partial: list: line 3 left out: x
partial: sequential: 3 of 100 URLs failed, the first http://a/: 503
partial: unlimited: was killed by signal 9 after 40 of 100 URLs
partial: limited: not begun
partial: full: 99 of 100 rows are in the database
";
        assert_eq!(table(&comparison), expected);
    }
}
