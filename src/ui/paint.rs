//! Writing into the buffer, always inside an area: nothing here can write or panic outside it,
//! and a part that does not fit is left out as a whole instead of being cut in a number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::clicks::ClickMap;
use super::keys::KeyMap;
use super::palette::Role;
use super::text;
use super::theme::{self, Theme};

/// A part of a line that stands or falls as a whole.
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    /// Parts with the highest number go first when there is no room.
    pub rank: u8,
    /// What it says.
    pub spans: Vec<Span<'a>>,
}

impl<'a> Segment<'a> {
    /// A part of one span.
    pub fn new(rank: u8, text: impl Into<std::borrow::Cow<'a, str>>, style: Style) -> Self {
        Self { rank, spans: vec![Span::styled(text, style)] }
    }

    /// A part of several spans.
    #[must_use]
    pub fn of(rank: u8, spans: Vec<Span<'a>>) -> Self {
        Self { rank, spans }
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|s| text::width(&s.content)).sum()
    }
}

/// Spans and their width.
fn width_of(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|s| text::width(&s.content)).sum()
}

/// The segments that fit into so many columns with so many between them, in their order.
#[must_use]
pub fn fitting(mut segments: Vec<Segment<'_>>, columns: usize, gap: usize) -> Vec<Segment<'_>> {
    segments.retain(|p| p.width() > 0);
    loop {
        let gaps = gap * segments.len().saturating_sub(1);
        if segments.iter().map(Segment::width).sum::<usize>() + gaps <= columns {
            return segments;
        }
        let Some(worst) = (0..segments.len()).max_by_key(|&i| (segments[i].rank, i)) else {
            return segments;
        };
        segments.remove(worst);
    }
}

/// The lines of a frame; its corners: left and right above, left and right below.
struct FrameLines {
    across: &'static str,
    down: &'static str,
    corners: [&'static str; 4],
}

const LIGHT: FrameLines =
    FrameLines { across: "─", down: "│", corners: ["╭", "╮", "╰", "╯"] };
const HEAVY: FrameLines =
    FrameLines { across: "━", down: "┃", corners: ["┏", "┓", "┗", "┛"] };

/// What a vessel's frame says.
#[derive(Debug, Clone, Copy, Default)]
pub struct VesselLook {
    /// The stage limits the crawl.
    pub limits: bool,
    /// A fault is made there.
    pub has_fault: bool,
}

/// The buffer and how to paint on it.
pub struct Painter<'a> {
    /// Where it is painted.
    pub buffer: &'a mut Buffer,
    /// What meanings look like.
    pub theme: Theme,
    /// How keys are called.
    pub keys: &'a KeyMap,
    /// What can be clicked.
    pub clicks: ClickMap,
}

impl Painter<'_> {
    /// Writes a text at a column and row of an area, cut with an ellipsis at its right edge.
    /// Returns the column after it.
    pub fn text(&mut self, area: Rect, column: u16, row: u16, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.buffer.area);
        if row >= area.height || column >= area.width {
            return column;
        }
        let room = usize::from(area.width - column);
        let shown = text::cut(text, room);
        let (x, _) = self.buffer.set_stringn(area.x + column, area.y + row, shown, room, style);
        x - area.x
    }

    /// Writes spans one after the other. Returns the column after them.
    pub fn spans(&mut self, area: Rect, column: u16, row: u16, spans: &[Span<'_>]) -> u16 {
        let mut column = column;
        for span in spans {
            if column >= area.width {
                break;
            }
            column = self.text(area, column, row, &span.content, span.style);
        }
        column
    }

    /// Writes a text so that it ends at the right edge, if it fits.
    pub fn right(&mut self, area: Rect, row: u16, text: &str, style: Style) {
        let width = text::width(text) as u16;
        if width <= area.width {
            self.text(area, area.width - width, row, text, style);
        }
    }

    /// Writes the segments that fit, `gap` columns apart, from the left. Returns the column after
    /// them.
    pub fn fit(&mut self, area: Rect, row: u16, gap: u16, segments: Vec<Segment<'_>>) -> u16 {
        let mut column = 0;
        let segments = fitting(segments, area.width.into(), gap.into());
        for (i, part) in segments.iter().enumerate() {
            column = self.spans(area, column + if i > 0 { gap } else { 0 }, row, &part.spans);
        }
        column
    }

    /// Writes the segments that fit so that they end at the right edge. Returns the columns left
    /// free of them on the left.
    pub fn fit_right(&mut self, area: Rect, row: u16, gap: u16, segments: Vec<Segment<'_>>) -> u16 {
        let segments = fitting(segments, area.width.into(), gap.into());
        let gaps = usize::from(gap) * segments.len().saturating_sub(1);
        let width = segments.iter().map(Segment::width).sum::<usize>() + gaps;
        let start = area.width.saturating_sub(width as u16);
        let mut column = start;
        for (i, part) in segments.iter().enumerate() {
            column = self.spans(area, column + if i > 0 { gap } else { 0 }, row, &part.spans);
        }
        start
    }

    /// Puts one glyph into one cell.
    pub fn glyph(&mut self, area: Rect, column: u16, row: u16, glyph: &str, style: Style) {
        let area = area.intersection(self.buffer.area);
        if row < area.height && column < area.width {
            self.buffer[(area.x + column, area.y + row)].set_symbol(glyph).set_style(style);
        }
    }

    /// The glyph in a cell.
    #[must_use]
    pub fn symbol(&self, area: Rect, column: u16, row: u16) -> Option<&str> {
        let area = area.intersection(self.buffer.area);
        (row < area.height && column < area.width)
            .then(|| self.buffer[(area.x + column, area.y + row)].symbol())
    }

    /// A panel of the Deck: its title bold on the left, its numbers in the frame's top line on the right, the
    /// frame tinted by what it shows. Returns the area inside, one column of air on both sides.
    pub fn panel(
        &mut self,
        area: Rect,
        title: &str,
        role: Role,
        numbers: Vec<Segment<'_>>,
    ) -> Rect {
        let title = [Span::styled(title, self.theme.strong())];
        self.frame_of(area, &LIGHT, self.theme.tint(role), &title, numbers)
    }

    /// The frame of a stage without words: heavy where it limits the crawl. Returns the area inside.
    pub fn bare_vessel(&mut self, area: Rect, limits: bool) -> Rect {
        let (lines, role) = if limits { (&HEAVY, Role::Limit) } else { (&LIGHT, Role::Faint) };
        self.frame_of(area, lines, self.theme.mark(role), &[], vec![]);
        Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(2),
        }
    }

    /// The frame of a stage: heavy where it limits the crawl, `!` where a fault is made. Returns the area inside.
    pub fn vessel(&mut self, area: Rect, name: &str, number: &str, look: VesselLook) -> Rect {
        let theme = self.theme;
        let (lines, frame, title) = if look.limits {
            (&HEAVY, theme.mark(Role::Limit), theme.bold(Role::Limit))
        } else {
            (&LIGHT, theme.mark(Role::Faint), theme.strong())
        };
        self.frame_of(area, lines, frame, &[], vec![]);
        if area.width < 4 || area.height < 2 {
            return area;
        }
        let mut spans = Vec::new();
        if look.limits {
            spans.push(Span::styled("◆ ", title));
        }
        spans.push(Span::styled(name, title));
        if !number.is_empty() {
            spans.push(Span::styled(format!(" {number}"), theme.dim()));
        }
        if look.has_fault {
            spans.push(Span::styled(" !", theme.bold(Role::Blocked)));
        }
        // What does not fit goes, the last first; the name stays.
        let room = usize::from(area.width - 2);
        let kept = if look.limits { 2 } else { 1 };
        while spans.len() > kept && width_of(&spans) > room {
            spans.pop();
        }
        if look.limits && width_of(&spans) > room {
            spans.remove(0);
        }
        let width = width_of(&spans) as u16;
        let air = (area.width - 2).saturating_sub(width);
        let inside = Rect { x: area.x + 1, width: area.width - 2, ..area };
        let start = match air {
            0 | 1 => 0,
            2 | 3 => 1,
            _ => 2,
        };
        if start > 0 {
            self.text(inside, start - 1, 0, " ", frame);
        }
        let end = self.spans(inside, start, 0, &spans);
        if air > 1 {
            self.text(inside, end, 0, " ", frame);
        }
        let left = u16::from(area.width >= 12);
        let right = u16::from(area.width >= 20);
        Rect {
            x: area.x + 1 + left,
            y: area.y + 1,
            width: area.width - 2 - left - right,
            height: area.height - 2,
        }
    }

    /// Where time goes: a thick line over the whole width, in parts of one hue each; without colours in glyphs.
    pub fn time_line(&mut self, area: Rect, shares: &[(f32, &str, Style)]) {
        let cells = apportion(&shares.iter().map(|s| s.0).collect::<Vec<_>>(), area.width);
        let mut column = 0;
        for ((_, glyph, style), n) in shares.iter().zip(cells) {
            let glyph = match *glyph {
                glyph if !self.theme.has_color() => glyph,
                "·" => "─",
                _ => "━",
            };
            for _ in 0..n {
                self.glyph(area, column, 0, glyph, *style);
                column += 1;
            }
        }
        for column in column..area.width {
            self.glyph(area, column, 0, "─", self.theme.mark(Role::Faint));
        }
    }

    /// A bar without a track, to an eighth of a cell.
    pub fn bar(&mut self, area: Rect, column: u16, row: u16, whole: u16, share: f64, fill: Style) {
        let eighths = (share.clamp(0.0, 1.0) * f64::from(whole) * 8.0).round() as u16;
        for i in 0..whole {
            match eighths.saturating_sub(i * 8).min(8) {
                0 => {}
                8 => self.glyph(area, column + i, row, theme::FULL, fill),
                n => self.glyph(area, column + i, row, theme::EIGHTHS[usize::from(n)], fill),
            }
        }
    }

    /// A frame with a title on its left and segments on its right. Returns the area inside, one
    /// column of air on both sides.
    pub fn frame(&mut self, area: Rect, title: &[Span<'_>], segments: Vec<Segment<'_>>) -> Rect {
        self.frame_of(area, &LIGHT, self.theme.mark(Role::Faint), title, segments)
    }

    /// Likewise with a heavy frame: what is in it has the dials.
    pub fn heavy_frame(
        &mut self,
        area: Rect,
        title: &[Span<'_>],
        segments: Vec<Segment<'_>>,
    ) -> Rect {
        self.frame_of(area, &HEAVY, self.theme.mark(Role::Limit), title, segments)
    }

    fn frame_of(
        &mut self,
        area: Rect,
        lines: &FrameLines,
        style: Style,
        title: &[Span<'_>],
        segments: Vec<Segment<'_>>,
    ) -> Rect {
        let dim = self.theme.dim();
        if area.width < 4 || area.height < 2 {
            return area;
        }
        let (right, bottom) = (area.width - 1, area.height - 1);
        for column in 1..right {
            self.glyph(area, column, 0, lines.across, style);
            self.glyph(area, column, bottom, lines.across, style);
        }
        for row in 1..bottom {
            self.glyph(area, 0, row, lines.down, style);
            self.glyph(area, right, row, lines.down, style);
        }
        for ((column, row), corner) in
            [(0, 0), (right, 0), (0, bottom), (right, bottom)].into_iter().zip(lines.corners)
        {
            self.glyph(area, column, row, corner, style);
        }
        let inside = Rect { width: area.width - 2, ..area };
        let end = if width_of(title) + 4 <= usize::from(area.width) && !title.is_empty() {
            let end = self.spans(inside, 3, 0, title);
            self.text(inside, 2, 0, " ", dim);
            self.text(inside, end, 0, " ", dim) + 2
        } else {
            2
        };
        if end + 4 < inside.width {
            let room = Rect { x: area.x + end, width: inside.width - end - 1, ..area };
            let segments = fitting(segments, usize::from(room.width).saturating_sub(1), 3);
            if !segments.is_empty() {
                let width =
                    segments.iter().map(Segment::width).sum::<usize>() + 3 * (segments.len() - 1);
                let mut column = room.width - width as u16;
                self.text(room, column.saturating_sub(1), 0, " ", dim);
                for (i, part) in segments.iter().enumerate() {
                    if i > 0 {
                        column = self.text(room, column, 0, "   ", dim);
                    }
                    column = self.spans(room, column, 0, &part.spans);
                }
                self.glyph(area, room.x - area.x + column, 0, " ", dim);
            }
        }
        Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
    }

    /// A gauge: so much of `whole` cells filled, to an eighth of a cell.
    pub fn gauge(
        &mut self,
        area: Rect,
        column: u16,
        row: u16,
        whole: u16,
        share: f64,
        fill: Style,
    ) {
        let eighths = (share.clamp(0.0, 1.0) * f64::from(whole) * 8.0).round() as u16;
        let dim = self.theme.mark(Role::Faint);
        for i in 0..whole {
            let filled = eighths.saturating_sub(i * 8).min(8);
            match filled {
                0 => self.glyph(area, column + i, row, theme::TRACK, dim),
                8 => self.glyph(area, column + i, row, theme::FULL, fill),
                n => self.glyph(area, column + i, row, theme::EIGHTHS[usize::from(n)], fill),
            }
        }
    }
}

/// Shares out whole cells in proportion, by largest remainder.
#[must_use]
pub fn apportion(shares: &[f32], cells: u16) -> Vec<u16> {
    let sum: f32 = shares.iter().map(|s| s.max(0.0)).sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return vec![0; shares.len()];
    }
    let exact: Vec<f32> = shares.iter().map(|s| s.max(0.0) / sum * f32::from(cells)).collect();
    let mut out: Vec<u16> = exact.iter().map(|e| e.floor() as u16).collect();
    let mut left = cells.saturating_sub(out.iter().sum());
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    for i in order {
        if left == 0 {
            break;
        }
        if exact[i] > 0.0 {
            out[i] += 1;
            left -= 1;
        }
    }
    out
}
