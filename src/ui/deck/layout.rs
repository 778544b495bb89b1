//! Which panel stands where. No panel is smaller than it needs to be read, and none is only stretched: what is
//! left goes to charts up to [`CHART_MOST`] rows, then to the newest pages and the failures.

use ratatui::layout::Rect;

use super::scene_panel;

/// Rows of the stages: low, and with where their time goes.
const STAGES: (u16, u16) = (5, 7);
/// Rows that charts need, and the most that they make use of.
const CHART_LEAST: u16 = 8;
const CHART_MOST: u16 = 23;
/// Rows of the panels of the second row.
const SECOND: u16 = 15;

/// A panel below the charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowerRow {
    /// Answers by class as bars.
    Answers,
    /// The same in one row without a frame.
    AnswersRow,
    /// Retries and failures.
    Failures,
    /// The same in rows without a frame.
    FailureRows,
    /// Answers over time.
    Strips,
    /// Changes, and what they gave.
    Changes,
    /// Hosts.
    Hosts,
    /// The newest pages.
    Newest,
    /// Pages per second against permits.
    Curve,
    /// Each worker.
    Workers,
    /// The frontier by depth.
    Depths,
    /// Saver and machine over time.
    Resources,
    /// The log.
    Log,
}

/// The panels of the last row of high screens, in order of their right to cells, with their least columns.
const FURTHER: [(LowerRow, u16); 4] = [
    (LowerRow::Workers, 100),
    (LowerRow::Depths, 48),
    (LowerRow::Resources, 48),
    (LowerRow::Log, 48),
];
/// Rows of that row, and those that it leaves to the rows above it at least.
const FURTHER_ROWS: u16 = 18;
const ABOVE_FURTHER: u16 = 12 + SECOND + 16;

/// Places of everything on the Deck.
#[derive(Debug)]
pub struct Layout {
    /// The vessels.
    pub stages: Rect,
    /// The verdict and what the last change gave.
    pub verdict: Rect,
    /// Scene, faults and overloads.
    pub overloads: Rect,
    /// The steps of the scene that is on.
    pub scene: Rect,
    /// Charts from left to right; none where there is no room.
    pub charts: Vec<Rect>,
    /// Sparklines, where there are no charts.
    pub sparklines: Rect,
    /// The panels below.
    pub panels: Vec<(LowerRow, Rect)>,
}

/// Takes rows from the top of an area.
struct Rows(Rect);

impl Rows {
    fn take(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let taken = Rect { height: rows, ..self.0 };
        self.0 = Rect { y: self.0.y + rows, height: self.0.height - rows, ..self.0 };
        taken
    }
}

impl Rows {
    /// Takes rows from the bottom.
    fn take_last(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        self.0.height -= rows;
        Rect { y: self.0.bottom(), height: rows, ..self.0 }
    }
}

/// Shares out a row among panels: each has what it needs, the rest in proportion to that.
fn side_by_side(row: Rect, panels: &[(LowerRow, u16)]) -> Vec<(LowerRow, Rect)> {
    let needed: u16 = panels.iter().map(|(_, columns)| columns).sum();
    let spare = row.width.saturating_sub(needed);
    let mut x = row.x;
    let mut places = Vec::new();
    for (i, (panel, columns)) in panels.iter().enumerate() {
        let share = u32::from(spare) * u32::from(*columns) / u32::from(needed.max(1));
        let last = i + 1 == panels.len();
        let width = if last { row.right() - x } else { columns + share as u16 };
        places.push((*panel, Rect { x, width, ..row }));
        x += width;
    }
    places
}

/// The panels that fit side by side, those with more right to cells first.
fn that_fit(panels: &[(LowerRow, u16)], width: u16) -> Vec<(LowerRow, u16)> {
    let mut left = width;
    let mut fitting = Vec::new();
    for (panel, columns) in panels {
        if *columns <= left {
            left -= columns;
            fitting.push((*panel, *columns));
        }
    }
    fitting
}

impl Layout {
    /// The layout of an area, with so many rows for faults and overloads, and the steps of a scene.
    #[must_use]
    pub fn new(area: Rect, overloads: u16, has_scene: bool) -> Self {
        let mut rows = Rows(area);
        // Air where there is room for it.
        if area.height >= 22 {
            rows.take(1);
        }
        let tall = area.height >= 28 && area.width >= 108;
        let stages = rows.take(if tall { STAGES.1 } else { STAGES.0 });
        let verdict = rows.take(2);
        let overloads = rows.take(overloads.min(rows.0.height.saturating_sub(3)));
        let overloads = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..overloads };
        let low = rows.0.height < CHART_LEAST + scene_panel::HEIGHT + 5;
        let scene = match has_scene {
            // Where there is little room, instead of answers and failures.
            true if low => rows.take_last(scene_panel::HEIGHT.min(rows.0.height.saturating_sub(4))),
            true => rows.take(scene_panel::HEIGHT),
            false => Rect::ZERO,
        };
        if area.height >= 30 && !has_scene {
            rows.take(1);
        }
        let mut layout = Self {
            stages,
            verdict,
            overloads,
            scene,
            charts: Vec::new(),
            sparklines: Rect::ZERO,
            panels: Vec::new(),
        };
        if has_scene && low {
            layout.only_charts(rows);
        } else {
            layout.lower(rows);
        }
        layout
    }

    fn lower(&mut self, mut rows: Rows) {
        let (width, height) = (rows.0.width, rows.0.height);
        if height < CHART_LEAST + 2 {
            self.without_charts(rows);
        } else if width < 92 || height < CHART_LEAST + 5 {
            let below = if height >= CHART_LEAST + 5 { 5 } else { 2 };
            self.charts(rows.take(height - below), 2);
            self.rows_without_frames(&mut rows);
        } else {
            if height >= ABOVE_FURTHER + FURTHER_ROWS && width >= 96 {
                let row = rows.take_last(FURTHER_ROWS);
                // Where there is no room for URLs beside them, what is said in numbers.
                let from = usize::from(width < 180);
                self.panels.extend(side_by_side(row, &that_fit(&FURTHER[from..], width)));
            }
            if width >= 180 && height >= 12 + 9 + 9 {
                self.wide(rows);
            } else {
                self.usual(rows);
            }
        }
    }

    /// Charts alone, or their sparklines.
    fn only_charts(&mut self, mut rows: Rows) {
        if rows.0.height >= CHART_LEAST - 1 {
            self.charts(rows.take(u16::MAX), 2);
        } else {
            self.sparklines = indented(rows.take(u16::MAX));
        }
    }

    fn without_charts(&mut self, mut rows: Rows) {
        let height = rows.0.height;
        let below = height.saturating_sub(2).min(3);
        let place = rows.take(height - below);
        self.sparklines = indented(place);
        self.rows_without_frames(&mut rows);
    }

    fn rows_without_frames(&mut self, rows: &mut Rows) {
        if rows.0.height > 0 {
            let line = rows.take(1);
            self.panels.push((LowerRow::AnswersRow, indented(line)));
        }
        if rows.0.height > 0 {
            let rest = rows.take(u16::MAX);
            self.panels.push((LowerRow::FailureRows, indented(rest)));
        }
    }

    fn charts(&mut self, row: Rect, count: u16) {
        let mut x = row.x;
        for i in 0..count {
            let width = if i + 1 == count { row.right() - x } else { row.width / count };
            self.charts.push(Rect { x, width, ..row });
            x += width;
        }
    }

    /// Charts, answers and failures; on high screens further rows.
    fn usual(&mut self, mut rows: Rows) {
        use LowerRow as P;
        let height = rows.0.height;
        // The more rows there are, the more of the further panels appear.
        let strips = height >= 12 + 9 + 9 && rows.0.width >= 112;
        let newest = height >= 12 + 9 + 9 + 9;
        let second = if strips { 10 } else { 0 };
        let third = if newest { ((height - 12 - 9 - second) / 2).clamp(9, 27) } else { 0 };
        let rest = height - second - third;
        let least = if rest >= 17 { 8 } else { 5 };
        let charts = (rest - least).min((rest * 5 / 8).max(CHART_LEAST)).min(CHART_MOST);
        self.charts(rows.take(charts), 2);
        if second > 0 {
            self.panels.extend(side_by_side(rows.take(second), &[(P::Strips, 50), (P::Hosts, 62)]));
        }
        if third > 0 {
            self.panels.extend(side_by_side(rows.take(third), &[(P::Newest, 84)]));
        }
        let row = rows.take(u16::MAX);
        let answers = (row.width / 3).clamp(32, 46);
        let left = Rect { width: answers, ..row };
        let right = Rect { x: row.x + answers, width: row.width - answers, ..row };
        self.panels.extend([(P::Answers, left), (P::Failures, right)]);
    }

    /// Three charts; changes, answers over time and hosts; the newest pages and failures.
    fn wide(&mut self, mut rows: Rows) {
        use LowerRow as P;
        let height = rows.0.height;
        let second = SECOND.min((height - 12) / 2);
        let charts = ((height - second) * 14 / 30).clamp(12, CHART_MOST);
        self.charts(rows.take(charts), 3);
        let mut panels = vec![(P::Changes, 72), (P::Strips, 50), (P::Hosts, 68)];
        if rows.0.width >= 250 {
            panels.push((P::Curve, 60));
        }
        self.panels.extend(side_by_side(rows.take(second), &panels));
        let last = rows.take(u16::MAX);
        self.panels.extend(side_by_side(last, &[(P::Newest, 112), (P::Failures, 88)]));
    }
}

fn indented(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_nothing_is_left_out() {
        for width in [80, 96, 108, 120, 150, 179, 180, 200, 249, 250, 300] {
            for height in 16..=96 {
                for (more, scene) in [(0, false), (3, false), (0, true)] {
                    let area = Rect { x: 0, y: 2, width, height };
                    let layout = Layout::new(area, more, scene);
                    let mut places = vec![layout.stages, layout.verdict, layout.scene];
                    places.extend(&layout.charts);
                    places.extend(layout.panels.iter().map(|(_, place)| place));
                    for (i, a) in places.iter().enumerate() {
                        assert!(
                            a.is_empty() || a.intersection(area) == *a,
                            "{width}×{height}: {layout:?}"
                        );
                        for b in &places[i + 1..] {
                            assert!(a.intersection(*b).is_empty(), "{width}×{height}: {layout:?}");
                        }
                    }
                    let panels = layout.panels.iter().map(|(_, place)| place.bottom());
                    let last = panels.chain([layout.scene.bottom()]).max();
                    assert_eq!(last, Some(area.bottom()), "{width}×{height}: {layout:?}");
                }
            }
        }
    }
}
