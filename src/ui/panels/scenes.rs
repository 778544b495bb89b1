//! The menu of scenes.

use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Clear, Widget as _};

use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::paint::{Canvas, Part};
use crate::ui::staging::SCENE_ROWS;
use crate::ui::text;

/// Columns at most.
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
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, at: usize, s: &Snapshot) {
    let theme = canvas.theme;
    let width = WIDTH.min(area.width);
    let height = (SCENE_ROWS as u16 + WATCH_ROWS as u16 + 3).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(place.intersection(canvas.buffer.area), canvas.buffer);
    let parts =
        vec![Part::new(0, "Enter starts", theme.dim()), Part::new(1, "Esc closes", theme.dim())];
    let inner = canvas.frame(place, &[Span::styled("scenes", theme.strong())], parts);
    // On low screens the selected one stays in sight.
    let rows = usize::from(inner.height).min(SCENE_ROWS);
    let first = (at + 1).saturating_sub(rows);
    for row in first..first + rows {
        let y = (row - first) as u16;
        let scene = Scene::ALL.get(row).copied();
        let style = if row == at { theme.strong() } else { theme.dim() };
        if row == at {
            canvas.text(inner, 0, y, "›", theme.accent());
        }
        let (number, title) = match scene {
            Some(scene) => (row + 1, scene.title()),
            None => (0, "off: dials and faults as before the first".to_owned()),
        };
        canvas.text(inner, 2, y, &format!("{number} {title}"), style);
        if scene.is_some() && scene == s.scene {
            canvas.right(Rect { y: inner.y + y, height: 1, ..inner }, 0, "on", theme.warn());
        }
    }
    let words = Scene::ALL.get(at).map_or("", |scene| scene.watch());
    let lines = text::wrap(words, inner.width.into());
    for (i, line) in lines.iter().take(WATCH_ROWS).enumerate() {
        canvas.text(inner, 0, (rows + 1 + i) as u16, line, theme.dim());
    }
}
