//! The frontier by depth: how many URLs are so many links from a seed, and how many of them are done.

use ratatui::layout::Rect;

use crate::crawl::protocol::snapshot::{DEPTHS, DepthCounts, Snapshot};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::units;

/// Columns before the bar: depth, done, to go.
const NUMBERS: u16 = 21;

/// Lays out the depths that have URLs:
///
/// ```text
/// ╭─ frontier by depth ──────────── █ done  ░ to go ─╮
/// │ depth     done    to go                          │
/// │ 0            1        0  ▏                       │
/// │ 3        1,420        2  █████████               │
/// │ 6        2,390    2,740  █████████████░░░░░░░░░░ │
/// ╰──────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let theme = painter.theme;
    let legend = vec![
        Segment::new(0, "█ done", theme.mark(Role::Ok)),
        Segment::new(0, "░ to go", theme.mark(Role::Wait)),
    ];
    let inner = painter.panel(area, "frontier by depth", Role::Wait, legend);
    let depths = &s.totals.by_depth;
    let Some(deepest) = depths.iter().rposition(|depth| depth.known > 0) else {
        painter.text(inner, 0, 0, "no URL known yet", theme.dim());
        return;
    };
    painter.text(inner, 0, 0, "depth", theme.dim());
    for (edge, word) in [(12, "done"), (NUMBERS - 2, "to go")] {
        painter.right(Rect { width: edge, height: 1, ..inner }, 0, word, theme.dim());
    }
    let most = depths.iter().map(|depth| depth.known).max().unwrap_or(1);
    let known: u64 = depths.iter().map(|depth| depth.known).sum();
    let unknown = s.totals.discovered.saturating_sub(known);
    let below = u16::from(unknown > 0);
    // Where not all have a row, the deepest share the last one.
    let rows = usize::from(inner.height.saturating_sub(1 + below));
    let shown = (deepest + 1).min(rows);
    for at in 0..shown {
        let gathers = at + 1 == shown && at < deepest || at + 1 == DEPTHS;
        let to = if gathers { deepest } else { at };
        let mut sum = DepthCounts::default();
        for depth in &depths[at..=to] {
            sum.known += depth.known;
            sum.done += depth.done;
        }
        let name = if gathers { format!("{at} +") } else { at.to_string() };
        one(painter, inner, (at as u16 + 1, &name), sum, most);
    }
    if below > 0 && shown > 0 {
        let words = format!("{} of an earlier version are not counted", units::count(unknown));
        painter.text(inner, 0, shown as u16 + 1, &words, theme.dim());
    }
}

fn one(
    painter: &mut Painter<'_>,
    inner: Rect,
    (row, name): (u16, &str),
    depth: DepthCounts,
    most: u64,
) {
    let theme = painter.theme;
    let open = depth.known.saturating_sub(depth.done);
    painter.text(inner, 0, row, name, theme.text(Role::Text));
    for (edge, n) in [(12, depth.done), (NUMBERS - 2, open)] {
        let style = if n == 0 { theme.dim() } else { theme.text(Role::Text) };
        let place = Rect { width: edge, height: 1, y: inner.y + row, ..inner };
        painter.right(place, 0, &units::short_count(n), style);
    }
    let bar = Rect {
        x: inner.x + NUMBERS,
        width: inner.width.saturating_sub(NUMBERS),
        y: inner.y + row,
        height: 1,
    }
    .intersection(inner);
    let cells = |n: u64| {
        let exact = n as f64 / most.max(1) as f64 * f64::from(bar.width);
        if n > 0 { (exact.round() as u16).max(1) } else { 0 }
    };
    let all = cells(depth.known).min(bar.width);
    let done = if open == 0 { all } else { cells(depth.done).min(all.saturating_sub(1)) };
    for column in 0..all {
        let (glyph, role) = if column < done { ("█", Role::Ok) } else { ("░", Role::Wait) };
        painter.glyph(bar, column, 0, glyph, theme.mark(role));
    }
}
