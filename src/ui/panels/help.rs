//! The help: the key table, grouped.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::ui::action::Action;
use crate::ui::clicks::ClickTarget;
use crate::ui::keys::{KeyGroup, KeyMap, TEN_TIMES};
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;

/// Columns between two columns of help.
const GAP: u16 = 3;

/// A line of help: keys and what they do, or a title without keys.
pub type HelpLine = (String, String);

fn group(keys: &KeyMap, group: KeyGroup) -> Vec<HelpLine> {
    let mut title = group.name().to_owned();
    if group == KeyGroup::Dials {
        title = format!("{title}, {TEN_TIMES}");
    }
    let mut lines = vec![(title, String::new())];
    lines.extend(keys.help_lines(group));
    lines.push((String::new(), String::new()));
    lines
}

/// What the signs on the Deck mean.
fn signs() -> Vec<HelpLine> {
    let lines = [
        ("Signs", ""),
        ("◆", "what limits the crawl now"),
        ("▲16", "permits turned to 16 (w q r t: others)"),
        ("▲h x s !", "a host, an exclusion, a seed, a fault"),
        ("▮ ▪ ▯", "fetches, parses, waits for a permit"),
        ("▤ ▥ · ‖", "blocked, database, idle, paused"),
    ];
    lines.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

/// Columns for the names of keys in a column of help, and for all of it.
fn widths(lines: &[HelpLine]) -> (u16, u16) {
    let widest = |of: fn(&HelpLine) -> &str| lines.iter().map(|l| text::width(of(l))).max();
    let names = widest(|l| if l.1.is_empty() { "" } else { &l.0 }).unwrap_or(0) as u16 + 2;
    (names, names + widest(|l| &l.1).unwrap_or(0) as u16)
}

/// The columns of the help: two where they fit side by side.
fn columns(keys: &KeyMap, area: Rect) -> Vec<Vec<HelpLine>> {
    use KeyGroup as G;
    let group = |of| group(keys, of);
    let left = [G::Dials, G::Crawl, G::Lists, G::Scenes].map(group).concat();
    let right = [G::View, G::Hosts, G::Faults].map(group).concat();
    let mut both = vec![left, [right, signs()].concat()];
    if both.iter().map(|lines| widths(lines).1).sum::<u16>() + GAP + 4 > area.width {
        let all = G::ALL.into_iter().filter(|one| one.is_in_help());
        both = vec![all.flat_map(group).chain(signs()).collect()];
    }
    for lines in &mut both {
        lines.pop_if(|line| line.0.is_empty() && line.1.is_empty());
    }
    both
}

/// Draws the help over what is there, in two columns where there is room; returns the first line
/// shown, which is `top` or the last that makes sense.
pub fn draw(painter: &mut Painter<'_>, area: Rect, top: u16) -> u16 {
    let theme = painter.theme;
    let columns = columns(painter.keys, area);
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0) as u16;
    let gaps = GAP * (columns.len() as u16 - 1);
    let wide = columns.iter().map(|lines| widths(lines).1).sum::<u16>() + gaps + 4;
    let width = wide.min(area.width);
    let height = (longest + 2).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(place.intersection(painter.buffer.area), painter.buffer);
    painter.clicks.add(painter.buffer.area, ClickTarget::Nothing);
    let rows = height.saturating_sub(2);
    let top = top.min(longest.saturating_sub(rows));
    let mut segments = vec![Segment::new(
        0,
        format!("{} closes", painter.keys.name_of(Action::Close)),
        theme.dim(),
    )];
    if longest > rows {
        let more = format!(
            "{} {} scroll",
            painter.keys.name_of(Action::Up),
            painter.keys.name_of(Action::Down)
        );
        segments.insert(0, Segment::new(1, more, theme.dim()));
    }
    let inner = painter.frame(place, &[Span::styled("keys", theme.strong())], segments);
    let mut x = inner.x;
    for lines in &columns {
        let (names, wide) = widths(lines);
        let column = Rect { x, width: wide.min(inner.right().saturating_sub(x)), ..inner };
        x += wide + GAP;
        let names = names.min(column.width / 2);
        let shown = lines.iter().skip(top.into()).take(inner.height.into());
        for (row, (keys, what)) in shown.enumerate() {
            let title = what.is_empty();
            let style = if title { theme.dim() } else { theme.strong() };
            let left = if title { column } else { Rect { width: names, ..column } };
            painter.text(left, 0, row as u16, &text::cut(keys, left.width.into()), style);
            painter.text(column, names, row as u16, what, Style::new());
        }
    }
    top
}
