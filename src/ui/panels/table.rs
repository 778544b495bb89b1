//! A table of fixed columns: only the rows on screen are made.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::ui::clicks::ClickTarget;
use crate::ui::paint::Painter;
use crate::ui::tables::TableState;
use crate::ui::text;
use crate::ui::url_text;

/// A column: title, width and how it gives way.
#[derive(Debug, Clone, Copy)]
pub struct TableColumn {
    /// Its title.
    pub title: &'static str,
    /// Its width; for a flexible one its share of what is left.
    pub width: u16,
    /// Whether it takes what is left.
    pub flexible: bool,
    /// Whether it stands at its right edge, as numbers do.
    pub right: bool,
    /// From which width of the table on it is shown.
    pub from: u16,
    /// Whether what does not fit is left out in the middle, as of URLs; otherwise at the end.
    pub middle: bool,
}

/// A column of fixed width.
#[must_use]
pub const fn fixed(title: &'static str, width: u16, right: bool, from: u16) -> TableColumn {
    TableColumn { title, width, flexible: false, right, from, middle: false }
}

/// A column that shares what is left.
#[must_use]
pub const fn flexible(title: &'static str, share: u16, from: u16) -> TableColumn {
    TableColumn { title, width: share, flexible: true, right: false, from, middle: false }
}

/// A column of URLs that shares what is left.
#[must_use]
pub const fn urls(title: &'static str, share: u16, from: u16) -> TableColumn {
    TableColumn { middle: true, ..flexible(title, share, from) }
}

/// Columns of the longest text that stay in sight, however far it is moved.
const KEPT: u16 = 16;

/// A cell: text and style.
pub type Cell = (String, Style);

/// Draws the table: titles, then as many rows as fit. `row` makes the cells of a position, one
/// for each column. Text in flexible columns moves sideways.
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    columns: &[TableColumn],
    table: &mut TableState,
    ids: &[i64],
    row: impl Fn(usize) -> Vec<Cell>,
) {
    let theme = painter.theme;
    if area.height == 0 || area.width == 0 {
        return;
    }
    let places = places(area, columns);
    for (i, (place, column)) in places.iter().zip(columns).enumerate() {
        let Some(place) = place else { continue };
        painter.clicks.add(Rect { height: 1, ..*place }, ClickTarget::Column(i));
        let sorted = i == table.sort;
        let arrow = if !sorted {
            ""
        } else if table.reverse {
            "▲"
        } else {
            "▼"
        };
        // The arrow's stand-in is a letter, which must not look like one of the title's.
        let gap = if sorted && theme.ascii { " " } else { "" };
        let title = if column.right {
            format!("{arrow}{gap}{}", column.title)
        } else {
            format!("{}{gap}{arrow}", column.title)
        };
        let style = match table.marked {
            Some(marked) if marked == i => theme.strong().patch(theme.selected()),
            _ if sorted => theme.strong(),
            _ => theme.dim(),
        };
        if column.right {
            // Its gap may take the one before the column.
            let room = place.width + gap.len() as u16;
            let place = Rect { x: place.right().saturating_sub(room), width: room, ..*place };
            painter.right(place, 0, &title, style);
        } else {
            painter.text(*place, 0, 0, &title, style);
        }
    }
    let rows = usize::from(area.height - 1);
    let first = table.scroll(ids, rows);
    let selected = table.position(ids);
    let mut longest = 0;
    for (at, id) in ids.iter().enumerate().skip(first).take(rows) {
        let y = 1 + (at - first) as u16;
        let chosen = at == selected;
        let line = Rect { y: area.y + y, height: 1, ..area };
        painter.clicks.add(line, ClickTarget::Row(*id));
        if chosen {
            painter.text(area, 0, y, "›", theme.strong());
        }
        for ((place, column), (words, style)) in places.iter().zip(columns).zip(row(at)) {
            let Some(place) = place else { continue };
            // In the selected row, dim cells are as bold as the others.
            let style = if chosen {
                style.remove_modifier(Modifier::DIM).patch(theme.strong())
            } else {
                style
            };
            if column.right {
                painter.right(*place, y, &words, style);
            } else {
                if column.flexible {
                    longest = longest.max(text::width(&words));
                }
                let shown = match (column.flexible, table.left) {
                    (true, 0) if column.middle => url_text::shorten(&words, place.width.into()),
                    (true, left) => text::skip(&words, left.into()).into(),
                    (false, _) => words.as_str().into(),
                };
                painter.text(*place, 0, y, &shown, style);
            }
        }
        if chosen {
            painter.buffer.set_style(line.intersection(painter.buffer.area), theme.selected());
        }
    }
    // The end of the longest text stays in sight.
    table.left = table.left.min((longest as u16).saturating_sub(KEPT));
}

/// Where each column goes; `None` for one that this width leaves out.
fn places(area: Rect, columns: &[TableColumn]) -> Vec<Option<Rect>> {
    let shown = |c: &&TableColumn| area.width >= c.from;
    let fixed: u16 =
        columns.iter().filter(shown).filter(|c| !c.flexible).map(|c| c.width + 2).sum();
    let shares: u16 = columns.iter().filter(shown).filter(|c| c.flexible).map(|c| c.width).sum();
    let gaps = 2 * columns.iter().filter(shown).filter(|c| c.flexible).count() as u16;
    let left = area.width.saturating_sub(fixed + gaps);
    let mut x = area.x + 2;
    let mut given = 0;
    columns
        .iter()
        .map(|column| {
            if area.width < column.from {
                return None;
            }
            let width = if column.flexible {
                // The last of them takes the remainder.
                let before = u32::from(left) * given / u32::from(shares.max(1));
                given += u32::from(column.width);
                let after = u32::from(left) * given / u32::from(shares.max(1));
                (after - before) as u16
            } else {
                column.width
            };
            let end = (x + width).min(area.right());
            let place = Rect { x, width: end.saturating_sub(x), ..area };
            x += width + 2;
            (place.x < area.right()).then_some(place)
        })
        .collect()
}
