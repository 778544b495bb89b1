//! The menu of scenes.

use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::Action;
use crate::ui::app::SCENE_ROWS;
use crate::ui::clicks::ClickTarget;
use crate::ui::keys::{KeyContext, KeyGroup};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;

/// Maximum columns.
const WIDTH: u16 = 76;
/// Rows for what is to be watched in the selected scene.
const WATCH_ROWS: usize = 2;

/// Draws the menu over the middle of the area, the row `at` selected:
///
/// ```text
/// ╭─ scenes ─────────────────── Enter starts · Esc closes ─╮
/// │ › 1 slow server                                        │
/// │   2 slow database                                   on │
/// │   0 off                                                │
/// │                                                        │
/// │ every permit waits for the site: the queue is full, …  │
/// ╰────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, at: usize, s: &Snapshot) {
    let theme = painter.theme;
    let width = WIDTH.min(area.width);
    let height = (SCENE_ROWS as u16 + WATCH_ROWS as u16 + 3).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(place.intersection(painter.buffer.area), painter.buffer);
    painter.clicks.add(painter.buffer.area, ClickTarget::Nothing);
    let start = painter.keys.panel_hints(KeyGroup::Scenes).into_iter();
    let mut segments: Vec<_> = start
        .map(|(_, keys, word)| Segment::new(0, format!("{keys} {word}"), theme.dim()))
        .collect();
    let closes = format!("{} closes", painter.keys.name_of(Action::Close));
    segments.push(Segment::new(1, closes, theme.dim()));
    let inner = painter.frame(place, &[Span::styled("scenes", theme.strong())], segments);
    // On low screens the selected one stays in sight.
    let rows = usize::from(inner.height).min(SCENE_ROWS);
    let first = (at + 1).saturating_sub(rows);
    for row in first..first + rows {
        let y = (row - first) as u16;
        let scene = Scene::ALL.get(row).copied();
        let line = Rect { y: inner.y + y, height: 1, ..inner };
        painter.clicks.add(line, ClickTarget::Do(Action::ScenePick(row)));
        let style = if row == at { theme.strong() } else { theme.dim() };
        if row == at {
            painter.text(inner, 0, y, "›", theme.bold(Role::Limit));
        }
        let off = "off: dials and faults as before the first";
        let title = scene.map_or_else(|| off.to_owned(), Scene::title);
        let key = painter.keys.name_in(KeyContext::SceneMenu, Action::ScenePick(row));
        painter.text(inner, 2, y, &format!("{key} {title}"), style);
        if scene.is_some() && scene == s.scene {
            painter.right(
                Rect { y: inner.y + y, height: 1, ..inner },
                0,
                "on",
                theme.text(Role::Limit),
            );
        }
    }
    let words = Scene::ALL.get(at).map_or("", |scene| scene.watch());
    let lines = text::wrap(words, inner.width.into());
    for (i, line) in lines.iter().take(WATCH_ROWS).enumerate() {
        painter.text(inner, 0, (rows + 1 + i) as u16, line, theme.dim());
    }
}
