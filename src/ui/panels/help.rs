//! The help: the key table, grouped.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::ui::action::Action;
use crate::ui::keys::{self, Group};
use crate::ui::paint::{Canvas, Part};
use crate::ui::text;

/// Columns for the names of keys.
const NAMES: u16 = 18;
/// Width of one column of help.
const COLUMN: u16 = 64;

/// A line of help: keys and what they do, or a title without keys.
type Line = (String, String);

fn group(group: Group) -> Vec<Line> {
    let mut lines = vec![(group.name().to_owned(), String::new())];
    for binding in keys::KEYS.iter().filter(|b| b.group == group) {
        lines.push((keys::names(binding), binding.help.to_owned()));
    }
    if group == Group::Dials {
        lines.push((keys::TEN_TIMES.0.to_owned(), keys::TEN_TIMES.1.to_owned()));
    }
    lines.push((String::new(), String::new()));
    lines
}

/// What the signs on the Deck mean.
fn signs() -> Vec<Line> {
    let lines = [
        ("Signs", ""),
        ("◆", "what limits the crawl now"),
        ("▲16", "permits turned to 16 (w, q, r, t: other dials)"),
        ("▮ ▒", "a worker fetches, parses"),
        ("▯ ◇", "waits for a permit, for the rate"),
        ("▤", "blocked: no room further on"),
        ("· ‖", "idle, paused"),
    ];
    lines.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

/// Draws the help over what is there, in two columns where there is room; returns the first line
/// shown, which is `top` or the last that makes sense.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, top: u16) -> u16 {
    let theme = canvas.theme;
    let [dials, crawl, view, lists] = Group::ALL.map(group);
    let columns = if area.width >= 2 * COLUMN + 8 {
        vec![[dials, crawl, signs()].concat(), [view, lists].concat()]
    } else {
        vec![[dials, crawl, view, lists, signs()].concat()]
    };
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let width =
        (COLUMN * columns.len() as u16 + 4 + 4 * (columns.len() as u16 - 1)).min(area.width);
    let height = (longest + 2).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(place.intersection(canvas.buffer.area), canvas.buffer);
    let rows = height.saturating_sub(2);
    let top = top.min(longest.saturating_sub(rows));
    let mut parts =
        vec![Part::new(0, format!("{} closes", keys::name_of(Action::Close)), theme.dim())];
    if longest > rows {
        let more = format!("{} {} scroll", keys::name_of(Action::Up), keys::name_of(Action::Down));
        parts.insert(0, Part::new(1, more, theme.dim()));
    }
    let inner = canvas.frame(place, &[Span::styled("keys", theme.strong())], parts);
    for (i, lines) in columns.iter().enumerate() {
        let x = inner.x + i as u16 * (COLUMN + 4);
        let column = Rect { x, width: COLUMN.min(inner.right().saturating_sub(x)), ..inner };
        let names = NAMES.min(column.width / 2);
        let shown = lines.iter().skip(top.into()).take(inner.height.into());
        for (row, (keys, what)) in shown.enumerate() {
            let title = what.is_empty();
            let style = if title { theme.dim() } else { theme.strong() };
            let left = if title { column } else { Rect { width: names, ..column } };
            canvas.text(left, 0, row as u16, &text::cut(keys, left.width.into()), style);
            canvas.text(column, names + 1, row as u16, what, Style::new());
        }
    }
    top
}
