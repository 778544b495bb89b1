//! The help: what the words and signs of a screen mean, and the key table, grouped.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::ui::action::Action;
use crate::ui::app::HelpPages;
use crate::ui::clicks::ClickTarget;
use crate::ui::glossary::{self, GlossaryPlace};
use crate::ui::keys::{KeyContext, KeyGroup, KeyMap, TEN_TIMES};
use crate::ui::paint::{Painter, Segment};
use crate::ui::text;

/// Columns between two columns of help.
const GAP: u16 = 3;
/// Most columns of the words of a line, before what they mean; longer ones get a line of their own.
const WORDS: u16 = 16;
/// Columns of the glossary beside the keys, at least and at most.
const GLOSSARY: (u16, u16) = (48, 76);

/// A line of help.
#[derive(Debug, Clone)]
enum HelpLine {
    /// The title of a group; empty between two groups.
    Title(String),
    /// Keys or words, and what they do or mean.
    Row(String, String),
}

/// One below the other, with a place on screen.
struct HelpColumn {
    lines: Vec<HelpLine>,
    /// Columns of the keys or words.
    names: u16,
    /// All columns.
    width: u16,
}

impl HelpColumn {
    /// The keys of some groups.
    fn of_keys(keys: &KeyMap, groups: &[KeyGroup]) -> Self {
        let lines: Vec<_> = groups.iter().flat_map(|of| group(keys, *of)).collect();
        let widest = |of: fn(&HelpLine) -> usize| lines.iter().map(of).max().unwrap_or(0) as u16;
        let names = 2 + widest(|line| match line {
            HelpLine::Title(_) => 0,
            HelpLine::Row(keys, _) => text::width(keys),
        });
        let what = widest(|line| match line {
            HelpLine::Title(_) => 0,
            HelpLine::Row(_, what) => text::width(what),
        });
        Self { lines, names, width: names + what }
    }

    /// The words of a place, and those of every tab, in so many columns.
    fn of_words(place: GlossaryPlace, width: u16) -> Self {
        let mut lines = words(place, width);
        if place != GlossaryPlace::Race {
            lines.extend(words(GlossaryPlace::Everywhere, width));
        }
        Self { lines, names: WORDS + 2, width }
    }

    /// The same in so many columns, of as many lines each.
    fn split(self, count: u16) -> Vec<Self> {
        let rows = self.lines.len().div_ceil(count.into()).max(1);
        let part = |lines: &[HelpLine]| Self { lines: lines.to_vec(), ..self };
        self.lines.chunks(rows).map(part).collect()
    }

    /// This one, and another one below it.
    fn above(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        let what = (self.width - self.names).max(other.width - other.names);
        let names = self.names.max(other.names);
        Self { lines: self.lines, names, width: names + what }
    }
}

fn group(keys: &KeyMap, group: KeyGroup) -> Vec<HelpLine> {
    let mut title = group.name().to_owned();
    if group == KeyGroup::Dials {
        title = format!("{title}, {TEN_TIMES}");
    }
    let mut lines = vec![HelpLine::Title(title)];
    lines.extend(keys.help_lines(group).into_iter().map(|(keys, what)| HelpLine::Row(keys, what)));
    lines.push(HelpLine::Title(String::new()));
    lines
}

fn words(place: GlossaryPlace, width: u16) -> Vec<HelpLine> {
    let mut lines = vec![HelpLine::Title(place.name().to_owned())];
    for entry in glossary::at(place) {
        let mut words = entry.label();
        let room = usize::from(width.saturating_sub(WORDS + 2)).max(1);
        if text::width(&words) > usize::from(WORDS) {
            lines.push(HelpLine::Row(std::mem::take(&mut words), String::new()));
        }
        for line in text::wrap(entry.meaning, room) {
            lines.push(HelpLine::Row(std::mem::take(&mut words), line));
        }
    }
    lines.push(HelpLine::Title(String::new()));
    lines
}

/// The columns of the help: words and keys where both fit side by side, else a page of either; and whether
/// these are two pages.
fn columns(
    keys: &KeyMap,
    place: GlossaryPlace,
    shows_keys: bool,
    area: Rect,
) -> (Vec<HelpColumn>, bool) {
    use KeyGroup as G;
    let inside = area.width.saturating_sub(4);
    let beside = |others: u16| {
        let room = inside.saturating_sub(others);
        (room >= GLOSSARY.0).then(|| HelpColumn::of_words(place, room.min(GLOSSARY.1)))
    };
    if place == GlossaryPlace::Race {
        let keys = HelpColumn::of_keys(keys, &[G::Race]);
        let columns = match beside(keys.width + GAP) {
            Some(words) => vec![words, keys],
            None => vec![HelpColumn::of_words(place, inside).above(keys)],
        };
        return (columns, false);
    }
    let [left, right] =
        [&[G::Dials, G::Crawl, G::Lists][..], &[G::View, G::Hosts, G::Faults, G::Scenes]]
            .map(|groups| HelpColumn::of_keys(keys, groups));
    let both = left.width + GAP + right.width;
    if let Some(words) = beside(both + GAP) {
        return (vec![words, left, right], false);
    }
    let columns = match shows_keys {
        true if both <= inside => vec![left, right],
        true => {
            let all: Vec<_> = G::ALL.into_iter().filter(|one| one.is_in_help()).collect();
            vec![HelpColumn::of_keys(keys, &all)]
        }
        false => {
            let count = ((inside + GAP) / (GLOSSARY.0 + GAP)).clamp(1, 3);
            let width = ((inside + GAP) / count).saturating_sub(GAP);
            HelpColumn::of_words(place, width.min(GLOSSARY.1)).split(count)
        }
    };
    (columns, true)
}

/// Draws the help over what is there; `pages` says which of its pages, and learns whether there are two.
/// Returns the first line shown, which is `top` or the last that makes sense:
///
/// ```text
/// ╭─ words and keys ────────────────────────────────── ↑ ↓ scroll   Esc closes ─╮
/// │ On the Hosts tab                          Dials, with Alt ten times the step │
/// │ cooldown  a period in which a host …      +  =  one permit more              │
/// ╰──────────────────────────────────────────────────────────────────────────────╯
/// ```
///
/// Where there is no room for both side by side, words are the first page and keys the second.
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    of: GlossaryPlace,
    pages: &mut HelpPages,
    top: u16,
) -> u16 {
    let theme = painter.theme;
    let (mut columns, apart) = columns(painter.keys, of, pages.shows_keys, area);
    pages.apart = apart;
    for column in &mut columns {
        column.lines.pop_if(|line| matches!(line, HelpLine::Title(title) if title.is_empty()));
    }
    let longest = columns.iter().map(|column| column.lines.len()).max().unwrap_or(0) as u16;
    let gaps = GAP * (columns.len() as u16 - 1);
    let wide = columns.iter().map(|column| column.width).sum::<u16>() + gaps + 4;
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
    let name = |action| painter.keys.name_of(action);
    let closing = match of {
        GlossaryPlace::Race => painter.keys.name_in(KeyContext::Race, Action::Help),
        _ => name(Action::Close),
    };
    let mut segments = vec![Segment::new(0, format!("{closing} closes"), theme.dim())];
    if longest > rows {
        let scrolling = [Action::Up, Action::Down, Action::PageDown].map(name).join(" ");
        segments.insert(0, Segment::new(1, format!("{scrolling} scroll"), theme.dim()));
    }
    let title = match (apart, pages.shows_keys) {
        (true, true) => "keys",
        (true, false) => {
            let keys = format!("{} keys", name(Action::Help));
            segments.insert(segments.len() - 1, Segment::new(0, keys, theme.dim()));
            "words"
        }
        (false, _) => "words and keys",
    };
    let title = [Span::styled(title, theme.strong())];
    let inner = painter.frame(place, &title, segments);
    let mut x = inner.x;
    for column in &columns {
        let width = column.width.min(inner.right().saturating_sub(x));
        let place = Rect { x, width, ..inner };
        x += column.width + GAP;
        let names = column.names.min(place.width / 2);
        let shown = column.lines.iter().skip(top.into()).take(inner.height.into());
        for (row, line) in (0..).zip(shown) {
            match line {
                HelpLine::Title(title) => {
                    let title = text::cut(title, place.width.into());
                    painter.text(place, 0, row, &title, theme.dim());
                }
                HelpLine::Row(keys, what) => {
                    // Words without anything behind them have the line to themselves.
                    let room = if what.is_empty() { place.width } else { names };
                    let keys = text::cut(keys, room.into());
                    painter.text(place, 0, row, &keys, theme.strong());
                    painter.text(place, names, row, what, Style::new());
                }
            }
        }
    }
    top
}
