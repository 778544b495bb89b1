//! The fault panel: what can be made worse, and how bad it is.

use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::Snapshot;
use crate::settings::faults::{Fault, FaultSetting, Place};
use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::keys;
use crate::ui::paint::{Canvas, Part};
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
/// ╭─ faults ───────────────────────── latency: time every page takes to answer ─╮
/// │ › latency    500ms ▮▮▮▮▯▯▯▯   hang          off           saver    500ms ▮▮… │
/// │   spread       off            429           off           parser     off     │
/// ╰─ ↑ ↓ select  ← → milder, worse  Enter type  Delete off  0 all off  F close ──╯
/// ```
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, app: &App, s: &Snapshot) {
    if area.height >= Fault::ALL.len() as u16 + 10 {
        column(canvas, area, app, s);
    } else {
        band(canvas, area, app, s);
    }
}

/// The keys of the panel: how soon each gives way, its name, what it does.
fn keys_of_panel() -> [(u8, String, &'static str); 6] {
    let name = |action| keys::name_of(action);
    let two = |one, other| format!("{} {}", name(one), name(other));
    [
        (2, two(Action::Up, Action::Down), "select"),
        (1, two(Action::Left, Action::Right), "milder, worse"),
        (4, name(Action::Open), "type"),
        (5, name(Action::FaultOff), "off"),
        (3, name(Action::ClearFaults), "all off"),
        (0, name(Action::Faults), "close"),
    ]
}

fn hints(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let theme = canvas.theme;
    let parts = keys_of_panel().map(|(rank, keys, word)| {
        let keys = Span::styled(format!(" {keys} "), theme.strong());
        Part::of(rank, vec![keys, Span::styled(format!("{word} "), theme.dim())])
    });
    // What is typed stands in the footer then.
    if app.prompt.is_none() && area.height >= 2 && area.width > 6 {
        let edge = Rect { x: area.x + 2, y: area.bottom() - 1, width: area.width - 4, height: 1 };
        canvas.fit(edge, 0, 0, parts.into());
    }
}

fn band(canvas: &mut Canvas<'_>, area: Rect, app: &App, s: &Snapshot) {
    let theme = canvas.theme;
    let what = Part::new(0, said(app.fault(), s), theme.dim());
    let inner = canvas.frame(area, &[Span::styled("faults", theme.strong())], vec![what]);
    hints(canvas, area, app);
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
        one(canvas, cell.intersection(inner), fault, app, s);
    }
}

fn column(canvas: &mut Canvas<'_>, area: Rect, app: &App, s: &Snapshot) {
    let theme = canvas.theme;
    let inner = canvas.frame(area, &[Span::styled("faults", theme.strong())], vec![]);
    let mut row = 0;
    for (place, title) in [(Place::Site, "the site"), (Place::Pipeline, "the pipeline")] {
        canvas.text(inner, 0, row, title, theme.dim());
        row += 1;
        for fault in Fault::ALL.into_iter().filter(|fault| fault.place() == place) {
            let line = Rect { y: inner.y + row, height: 1, ..inner };
            one(canvas, line.intersection(inner), fault, app, s);
            row += 1;
        }
        row += 1;
    }
    let words = text::wrap(&said(app.fault(), s), inner.width.into());
    for line in words {
        canvas.text(inner, 0, row, &line, theme.dim());
        row += 1;
    }
    row += 1;
    for (_, keys, word) in keys_of_panel() {
        canvas.text(inner, 0, row, &keys, theme.strong());
        canvas.text(inner, 12, row, word, theme.dim());
        row += 1;
    }
}

/// What a fault does, or why it cannot.
fn said(fault: Fault, s: &Snapshot) -> String {
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
fn one(canvas: &mut Canvas<'_>, line: Rect, fault: Fault, app: &App, s: &Snapshot) {
    let theme = canvas.theme;
    let setting = FaultSetting { fault, level: s.faults.get(fault) };
    let selected = app.fault() == fault;
    let style = match setting.level {
        Some(_) => theme.warn(),
        None if selected && takes(fault, s) => theme.strong(),
        None => theme.dim(),
    };
    if selected {
        canvas.text(line, 0, 0, "›", theme.accent());
    }
    canvas.text(line, 2, 0, fault.name(), style);
    let level = if takes(fault, s) { setting.level_text() } else { "–".to_owned() };
    let numbers = Rect { width: NARROW.min(line.width), ..line };
    canvas.right(numbers, 0, &level, style);
    let bar = line.width.saturating_sub(NARROW + 1).min(10);
    if setting.level.is_some() && bar >= 3 {
        canvas.gauge(line, NARROW + 1, 0, bar, fault.severity(setting.level), theme.warn());
    }
}
