//! The fault panel: what can be made worse, and how bad it is.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::settings::faults::{Fault, FaultSetting, Place};
use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::keys::KeyGroup;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;

/// Columns of the panel beside the Deck,
pub const WIDTH: u16 = 44;
/// and rows of the band below it, frame included.
pub const HEIGHT: u16 = 7;
/// Faults in a column of the band.
const BAND_ROWS: usize = 5;
/// Columns that a fault needs, without its bar.
const NARROW: u16 = 22;

/// Draws the panel: a column with all that can be said where it is high, a band of three columns
/// where it is not:
///
/// ```text
/// ╭─ faults ─────────────────────────────── latency: time until a page responds ─╮
/// │ › latency    500ms ▮▮▮▮▯▯▯▯   hang          off           saver    500ms ▮▮… │
/// │   spread       off            429           off           parser     off     │
/// ╰─ ↑ ↓ select  ← → milder, worse  Enter type  Delete off  0 all off  F close ──╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, app: &App, s: &Snapshot) {
    if area.height >= Fault::ALL.len() as u16 + 10 {
        column(painter, area, app, s);
    } else {
        band(painter, area, app, s);
    }
}

/// The keys of the panel: how soon each gives way, its name, what it does.
fn keys_of_panel(painter: &Painter<'_>) -> Vec<(u8, String, String)> {
    let rank = |action| match action {
        Action::FaultLevel(_) => 1,
        Action::FaultSelect(_) => 2,
        Action::ClearFaults => 3,
        Action::FaultType => 4,
        _ => 5,
    };
    let hints = painter.keys.panel_hints(KeyGroup::Faults).into_iter();
    let close = (0, painter.keys.name_of(Action::Faults), "close".to_owned());
    hints.map(|(action, keys, words)| (rank(action), keys, words)).chain([close]).collect()
}

fn hints(painter: &mut Painter<'_>, area: Rect, app: &App) {
    let theme = painter.theme;
    let segments = keys_of_panel(painter).into_iter().map(|(rank, keys, word)| {
        let keys = Span::styled(format!(" {keys} "), theme.strong());
        Segment::of(rank, vec![keys, Span::styled(format!("{word} "), theme.dim())])
    });
    // What is typed stands in the footer then.
    if app.prompt.is_none() && area.height >= 2 && area.width > 6 {
        let edge = Rect { x: area.x + 2, y: area.bottom() - 1, width: area.width - 4, height: 1 };
        painter.fit(edge, 0, 0, segments.collect());
    }
}

fn band(painter: &mut Painter<'_>, area: Rect, app: &App, s: &Snapshot) {
    let theme = painter.theme;
    let what = Segment::new(0, description(app.fault(), s), theme.dim());
    let inner = painter.frame(area, &[Span::styled("faults", theme.strong())], vec![what]);
    hints(painter, area, app);
    let rows = usize::from(inner.height).clamp(1, BAND_ROWS);
    let fit = usize::from((inner.width + 2) / (NARROW + 3)).max(1);
    let columns = Fault::ALL.len().div_ceil(rows).min(fit);
    // The screen of faults with the selected one.
    let shown = rows * columns;
    let first = app.faults.at / shown * shown;
    let width = (inner.width + 2) / columns as u16;
    for (i, fault) in Fault::ALL.into_iter().skip(first).take(shown).enumerate() {
        let (x, y) = ((i / rows) as u16 * width, (i % rows) as u16);
        let cell = Rect { x: inner.x + x, y: inner.y + y, width: width - 2, height: 1 };
        one(painter, cell.intersection(inner), fault, app, s);
    }
}

fn column(painter: &mut Painter<'_>, area: Rect, app: &App, s: &Snapshot) {
    let theme = painter.theme;
    let inner = painter.frame(area, &[Span::styled("faults", theme.strong())], vec![]);
    let mut row = 0;
    for (place, title) in [(Place::Site, "the site"), (Place::Pipeline, "the pipeline")] {
        painter.text(inner, 0, row, title, theme.dim());
        row += 1;
        for fault in Fault::ALL.into_iter().filter(|fault| fault.place() == place) {
            let line = Rect { y: inner.y + row, height: 1, ..inner };
            one(painter, line.intersection(inner), fault, app, s);
            row += 1;
        }
        row += 1;
    }
    let words = text::wrap(&description(app.fault(), s), inner.width.into());
    for line in words {
        painter.text(inner, 0, row, &line, theme.dim());
        row += 1;
    }
    row += 1;
    for (_, keys, word) in keys_of_panel(painter) {
        painter.text(inner, 0, row, &keys, theme.strong());
        painter.text(inner, 12, row, &word, theme.dim());
        row += 1;
    }
}

/// What a fault does, or why it cannot.
fn description(fault: Fault, s: &Snapshot) -> String {
    if takes(fault, s) {
        format!("{fault}: {}", fault.what())
    } else {
        format!("{fault}: only the lab site takes it, see crawldeck demo")
    }
}

fn takes(fault: Fault, s: &Snapshot) -> bool {
    s.site_takes_faults || fault.place() == Place::Pipeline
}

/// One fault: `› latency       500ms ▮▮▮▮▯▯▯▯`.
fn one(painter: &mut Painter<'_>, line: Rect, fault: Fault, app: &App, s: &Snapshot) {
    let theme = painter.theme;
    let setting = FaultSetting { fault, level: s.faults.get(fault) };
    let selected = app.fault() == fault;
    let style = match setting.level {
        Some(_) => theme.text(Role::Blocked),
        None if selected && takes(fault, s) => theme.strong(),
        None => theme.dim(),
    };
    if selected {
        painter.text(line, 0, 0, "›", theme.bold(Role::Limit));
    }
    painter.text(line, 2, 0, fault.name(), style);
    let level = if takes(fault, s) { setting.level_text() } else { "–".to_owned() };
    let numbers = Rect { width: NARROW.min(line.width), ..line };
    painter.right(numbers, 0, &level, style);
    let bar = line.width.saturating_sub(NARROW + 1).min(10);
    if setting.level.is_some() && bar >= 3 {
        painter.gauge(
            line,
            NARROW + 1,
            0,
            bar,
            fault.severity(setting.level),
            theme.text(Role::Blocked),
        );
    }
}
