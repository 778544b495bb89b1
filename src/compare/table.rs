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

/// What a line of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Titles of columns.
    Titles,
    /// A strategy.
    Row,
    /// What has to be said about it; also an empty line.
    Note,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// As it stands.
    pub text: String,
}

/// The table, with what has to be said about it below.
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

/// The table line by line, without what is missing in it; closer together where it would be wider
/// than so many columns.
#[must_use]
pub fn lines(comparison: &Comparison, columns: usize) -> Vec<Line> {
    let rows: Vec<_> = comparison.strategies.iter().map(cells).collect();
    let mut lines = laid_out(&TITLES, &rows, "  ");
    if lines.iter().any(|line| line.text.len() > columns) {
        lines = laid_out(&TITLES, &rows, " ");
    }
    let note = |text| Line { kind: LineKind::Note, text };
    lines.extend(notes(comparison).map(note));
    if let Some(cpu) = comparison.cpu.as_ref().filter(|cpu| !cpu.is_empty()) {
        let rows: Vec<_> = cpu.iter().map(cpu_cells).collect();
        lines.push(note(String::new()));
        lines.extend(laid_out(&CPU_TITLES, &rows, "  "));
    }
    lines
}

/// Where the bounds with permits come from.
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
fn cells(row: &Row) -> [String; 8] {
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.into());
    [
        row.name.to_string(),
        format!("{:.2}", row.wall_s),
        or_nothing(row.bound_s.map(|s| format!("{s:.2}"))),
        or_nothing(row.ratio.map(|ratio| format!("{ratio:.3}"))),
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
fn laid_out<const N: usize>(titles: &[&str; N], rows: &[[String; N]], gap: &str) -> Vec<Line> {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([titles[column].len()]).max().unwrap_or(0)
    });
    let line = |kind, row: &[String; N]| {
        let mut text = format!("{:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(widths).skip(1) {
            let _ = write!(text, "{gap}{cell:>width$}");
        }
        Line { kind, text }
    };
    let titles: [String; N] = std::array::from_fn(|column| titles[column].to_owned());
    let rows = rows.iter().map(|row| line(LineKind::Row, row));
    std::iter::once(line(LineKind::Titles, &titles)).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::board::{Board, Lane, LaneState};
    use crate::compare::order::{End, Progress};

    fn over(strategy: Strategy, wall_s: f64, ok: u64, failed: u64) -> Lane {
        let progress = Progress {
            ok,
            failed,
            elapsed_s: wall_s,
            rss_peak_bytes: 24 << 20,
            stall_ms: 1.25,
            saved: if strategy == Strategy::Full { ok + failed } else { 0 },
            ..Progress::default()
        };
        let first_failure = (failed > 0).then(|| "http://a/: 503".to_owned());
        let end = End { progress, first_failure, ..End::default() };
        Lane { state: LaneState::Finished, progress, end: Some(end), ..Lane::new(strategy, 100) }
    }

    fn board(lanes: Vec<Lane>) -> Board {
        let mut board = Board { scale: 1.0, permits: 10, lanes, ..Board::default() };
        board.bounds(&[1.0, 2.0, 1.0, 0.0, 0.0].repeat(20));
        board
    }

    #[test]
    fn a_whole_comparison() {
        let lanes = vec![
            over(Strategy::Sequential, 80.4, 100, 0),
            over(Strategy::Unlimited, 2.1, 100, 0),
            over(Strategy::Limited, 9.1, 100, 0),
            over(Strategy::Full, 9.2, 100, 0),
            over(Strategy::Inline, 1.0, 100, 0),
            over(Strategy::Pool, 0.5, 100, 0),
        ];
        let comparison = Comparison::of(&board(lanes), &[]);
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
        let mut lost = over(Strategy::Full, 9.2, 100, 0);
        lost.progress.saved = 99;
        let mut dead = over(Strategy::Unlimited, 1.0, 40, 0);
        (dead.state, dead.end) = (LaneState::Failed, None);
        dead.why = Some("was killed by signal 9".to_owned());
        let lanes = vec![
            over(Strategy::Sequential, 80.4, 97, 3),
            dead,
            Lane::new(Strategy::Limited, 100),
            lost,
        ];
        let comparison = Comparison::of(&board(lanes), &["list: line 3 left out: x".to_owned()]);
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
