//! The help: the key table, grouped.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::ui::action::Action;
use crate::ui::keys::{self, Group};
use crate::ui::paint::{Canvas, Part};
use crate::ui::text;

/// Columns between two columns of help.
const GAP: u16 = 3;

/// A line of help: keys and what they do, or a title without keys.
pub type Line = (String, String);

fn group(group: Group) -> Vec<Line> {
    let mut lines = vec![(group.name().to_owned(), String::new())];
    lines.extend(self::rows(group));
    lines.push((String::new(), String::new()));
    lines
}

/// The keys of a group and what they do.
#[must_use]
pub fn rows(group: Group) -> Vec<Line> {
    let mut lines = Vec::new();
    let rows: Vec<_> = keys::KEYS.iter().filter(|b| b.group == group).collect();
    let mut i = 0;
    while i < rows.len() {
        let (names, help) = (keys::names(rows[i]), rows[i].help);
        let both =
            rows.get(i + 1).filter(|next| keys::belong_together(rows[i], next)).map(|next| {
                (format!("{names}  {}", keys::names(next)), format!("{help}, {}", next.help))
            });
        // Two of a kind share a line where it gets no longer than the others.
        let both = both.filter(|(names, help)| text::width(names) <= 16 && help.len() <= 38);
        i += if both.is_some() { 2 } else { 1 };
        lines.push(both.unwrap_or_else(|| (names, help.to_owned())));
    }
    let more = match group {
        Group::Dials => Some(keys::TEN_TIMES),
        Group::Faults => Some(keys::ON_FAULTS),
        Group::Hosts => Some(keys::TYPED),
        _ => None,
    };
    lines.extend(more.map(|(keys, what)| (keys.to_owned(), what.to_owned())));
    lines
}

/// What the signs on the Deck mean.
fn signs() -> Vec<Line> {
    let lines = [
        ("Signs", ""),
        ("◆", "what limits the crawl now"),
        ("▲16", "permits turned to 16 (w q r t: others)"),
        ("▲h x s !", "a host, an exclusion, a seed, a fault"),
        ("▮ ▒", "a worker fetches, parses"),
        ("▯ ◇", "waits for a permit, for the rate"),
        ("▤ · ‖", "blocked further on, idle, paused"),
    ];
    lines.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

/// Columns for the names of keys in a column of help, and for all of it.
fn widths(lines: &[Line]) -> (u16, u16) {
    let widest = |of: fn(&Line) -> &str| lines.iter().map(|l| text::width(of(l))).max();
    let names = widest(|l| if l.1.is_empty() { "" } else { &l.0 }).unwrap_or(0) as u16 + 2;
    (names, names + widest(|l| &l.1).unwrap_or(0) as u16)
}

/// The columns of the help: two where they fit side by side.
fn columns(area: Rect) -> Vec<Vec<Line>> {
    let [dials, crawl, faults, hosts, view, lists] = Group::ALL.map(group);
    let mut both = vec![[dials, crawl, hosts, signs()].concat(), [view, lists, faults].concat()];
    if both.iter().map(|lines| widths(lines).1).sum::<u16>() + GAP + 4 > area.width {
        let [dials, crawl, faults, hosts, view, lists] = Group::ALL.map(group);
        both = vec![[dials, crawl, faults, hosts, view, lists, signs()].concat()];
    }
    for lines in &mut both {
        lines.pop_if(|line| line.0.is_empty() && line.1.is_empty());
    }
    both
}

/// Draws the help over what is there, in two columns where there is room; returns the first line
/// shown, which is `top` or the last that makes sense.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, top: u16) -> u16 {
    let theme = canvas.theme;
    let columns = columns(area);
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
            canvas.text(left, 0, row as u16, &text::cut(keys, left.width.into()), style);
            canvas.text(column, names, row as u16, what, Style::new());
        }
    }
    top
}
