//! The curve in characters.

use std::fmt::Write as _;

use crate::crawl::protocol::tuning::CurvePoint;

/// Columns and rows of the plot, without its axes.
const SIZE: (usize, usize) = (60, 12);
/// Columns left of the plot.
const MARGIN: usize = 8;

/// Pages per second against permits: points, whiskers of their intervals, and the knee ruled.
///
/// ```text
///  pages/s
///     320 ┤                       ┊    ●         ●
///         │                  ●    ┊
///         │             ●         ┊
///       0 └─────────────────────────────────────────
///          2  4    8        16   32              64  permits
/// ```
pub(super) fn plot(points: &[CurvePoint], knee: Option<f64>) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    if first.permits == last.permits {
        return String::new();
    }
    let (columns, rows) = SIZE;
    let log = |permits: f64| permits.max(1.0).ln();
    let (low, high) = (log(f64::from(first.permits)), log(f64::from(last.permits)));
    let column = |permits: f64| {
        let share = ((log(permits) - low) / (high - low)).clamp(0.0, 1.0);
        (share * (columns - 1) as f64).round() as usize
    };
    let upper = |point: &CurvePoint| {
        let ci = if point.pages_per_s.ci.is_finite() { point.pages_per_s.ci } else { 0.0 };
        (point.pages_per_s.value + ci, (point.pages_per_s.value - ci).max(0.0))
    };
    let top = points.iter().map(|point| upper(point).0).fold(f64::MIN_POSITIVE, f64::max);
    let row = |value: f64| {
        let share = (value / top).clamp(0.0, 1.0);
        rows - 1 - (share * (rows - 1) as f64).round() as usize
    };
    let mut cells = vec![vec![' '; columns]; rows];
    let inside = |knee: &f64| (low..=high).contains(&log(*knee));
    if let Some(knee) = knee.filter(inside) {
        let at = column(knee);
        for line in &mut cells {
            line[at] = '┊';
        }
    }
    for point in points {
        let at = column(f64::from(point.permits));
        let (most, least) = upper(point);
        for line in &mut cells[row(most)..=row(least)] {
            line[at] = '│';
        }
    }
    for point in points {
        cells[row(point.pages_per_s.value)][column(f64::from(point.permits))] = '●';
    }
    let mut out = format!("{:>MARGIN$}\n", "pages/s");
    for (at, line) in cells.iter().enumerate() {
        let label = if at == 0 { format!("{top:.0}") } else { String::new() };
        let tick = if at == 0 { '┤' } else { '│' };
        let line: String = line.iter().collect();
        let _ = writeln!(out, "{}", format!("{label:>MARGIN$} {tick}{line}").trim_end());
    }
    let _ = writeln!(out, "{:>MARGIN$} └{}", 0, "─".repeat(columns));
    let permits: Vec<u32> = points.iter().map(|point| point.permits).collect();
    let mut labels = String::new();
    for permits in permits {
        let (text, at) = (permits.to_string(), column(f64::from(permits)));
        // Where two would touch, the later one is left out.
        if labels.is_empty() || labels.len() < at {
            labels = format!("{labels:<at$}{text}");
        }
    }
    let _ = writeln!(out, "{:>MARGIN$}  {labels}  permits", "");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::protocol::tuning::Estimate;

    fn point(permits: u32, value: f64) -> CurvePoint {
        let pages_per_s = Estimate { value, ci: 0.02 * value };
        CurvePoint { permits, pages_per_s, p95_ms: 100.0 }
    }

    #[test]
    fn a_point_stands_where_its_labels_say() {
        let points = [(2, 20.0), (8, 80.0), (32, 320.0), (64, 320.0)].map(|(n, x)| point(n, x));
        let shown = plot(&points, Some(32.0));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), SIZE.1 + 3);
        let column = |line: &str, what: char| line.chars().position(|c| c == what);
        // The most pages per second are one row of 326/11 below the label of the top, at most.
        let top = lines[1];
        assert!(top.trim_start().starts_with("326 ┤"), "{shown}");
        assert_eq!(top.matches('●').count(), 2, "{shown}");
        let axis = lines[lines.len() - 1];
        assert_eq!(column(top, '●'), axis.find("32"), "{shown}");
        assert_eq!(column(lines[5], '┊'), axis.find("32"), "{shown}");
        assert!(axis.ends_with("64  permits"), "{shown}");
        let low = lines.iter().position(|line| column(line, '●') == axis.find('2'));
        assert_eq!(low, Some(SIZE.1 - 1 + 1 - 1), "{shown}");
    }

    #[test]
    fn nothing_is_drawn_of_one_setting() {
        assert_eq!(plot(&[], None), "");
        assert_eq!(plot(&[point(4, 10.0)], Some(4.0)), "");
    }
}
