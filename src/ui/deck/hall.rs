//! The Deck in large type, for a hall: the state, two numbers, six vessels and what limits, readable from the
//! back row. Everything grows with the screen in whole steps.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::digits;
use super::motion::Motion;
use super::scene_progress::{SceneProgress, StepState};
use super::tracks;
use super::verdict_rows;
use crate::crawl::protocol::flow::TRACKS;
use crate::crawl::protocol::snapshot::{Snapshot, WorkerState};
use crate::crawl::protocol::verdict::{Limit, Stage};
use crate::ui::paint::Painter;
use crate::ui::palette::Role;
use crate::ui::panels::stages;
use crate::ui::text;
use crate::ui::units;

/// The least screen, columns and rows.
pub const LEAST: (u16, u16) = (60, 20);
/// Rows whose height does not grow.
const TEXT_ROWS: u16 = 13;
/// Columns of the words beside a number.
const WORDS: u16 = 11;
/// Largest size of type.
const LARGEST: u16 = 6;

/// The vessels: name, stage, how full.
type HallVessel = (&'static str, Option<Stage>, f64);

fn vessels(s: &Snapshot) -> [HallVessel; TRACKS + 1] {
    let works = |state: WorkerState| !matches!(state, WorkerState::Idle | WorkerState::Permit);
    let busy = s.workers.iter().filter(|worker| works(worker.state)).count();
    let ratio = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
    let queue = f64::from(s.queue.capacity);
    [
        // Full when more waits than the queue can take.
        ("frontier", Some(Stage::Frontier), ratio(s.frontier.pending as f64, queue)),
        ("queue", Some(Stage::Queue), ratio(s.queue.len.into(), queue)),
        ("workers", Some(Stage::Workers), ratio(busy as f64, s.workers.len() as f64)),
        ("gate", Some(Stage::Gate), ratio(s.gate.in_use.into(), s.dials.permits.into())),
        ("saver", Some(Stage::Saver), stages::backlog(s)),
        ("database", None, ratio(s.saver.pages as f64, s.totals.discovered as f64)),
    ]
}

/// The number of the stage that limits, and what it counts, in two rows.
fn second_number(s: &Snapshot) -> (String, [String; 2]) {
    let two = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
    match s.verdict.stage {
        Some(Stage::Gate) => {
            let limit = s.gate.limit;
            let words = if s.gate.in_use >= limit {
                two("permits,", "all taken")
            } else {
                ["permits,".to_owned(), format!("{} taken", s.gate.in_use)]
            };
            (digits::short(limit.into()), words)
        }
        Some(Stage::Workers) => {
            (digits::short(s.dials.workers.into()), two("workers,", "all busy"))
        }
        Some(Stage::Saver) => {
            let busy = f64::from(s.saver_shares.busy) * 100.0;
            (digits::short(busy), two("% of time", "writing"))
        }
        Some(Stage::Queue) => {
            let of = format!("of {}", units::count(s.queue.capacity.into()));
            (digits::short(s.queue.len.into()), ["queued".to_owned(), of])
        }
        Some(Stage::Frontier) => (digits::short(s.frontier.open as f64), two("URLs", "to go")),
        None if s.run.is_final() => (digits::short(s.totals.pages as f64), two("pages", "in all")),
        None => (digits::short(s.latency.last_10s.p50), two("ms for", "an answer")),
    }
}

/// Draws the screen, of at least [`LEAST`]:
///
/// ```text
///   ● RUNNING   02:41                               crawldeck
///
///   ██████   ██                    ██   ██████
///       ██   ██    pages           ██   ██  ██  permits,
///   ██████ ██████  a second      ██████ ██████  all taken
///
///  ╭──────╮  ╭──────╮  ╭──────╮  ┏━━━━━━┓  ╭──────╮  ╭──────╮
///  │██████│●●│██████│●●│███···│●●┃██████┃●▶│······│●▶│██····│
///  ╰──────╯  ╰──────╯  ╰──────╯  ┗━━━━━━┛  ╰──────╯  ╰──────╯
///
///    ◆ LIMITED BY PERMITS                  press + for more
///
///   ✓ 12 → 16 permits gave +31 % pages/s           p95 +12 %
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    motion: &Motion,
    scene: &SceneProgress,
    s: &Snapshot,
) {
    let size = (area.width / LEAST.0).min(area.height.saturating_sub(TEXT_ROWS) / 7);
    let size = size.clamp(1, LARGEST);
    let high = (TEXT_ROWS + 7 * size).min(area.height);
    let width = (LEAST.0 * size).max(LEAST.0).min(area.width);
    let body = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - high) / 2,
        width,
        height: high,
    };
    let inside = Rect { x: body.x + 2, width: body.width.saturating_sub(4), ..body };
    head(painter, Rect { y: body.y + 1, height: 1, ..inside }, scene, s);
    let numbers = Rect { y: body.y + 3, height: digits::ROWS * size, ..inside };
    two_numbers(painter, numbers, size, s);
    let vessels = Rect { y: numbers.bottom() + 1, height: 2 * size + 3, ..body };
    draw_vessels(painter, vessels, size, motion, s);
    let chip = Rect { y: vessels.bottom() + 1, height: 3, x: body.x + 1, width: body.width - 2 };
    verdict(painter, chip.intersection(area), s);
    let last = Rect { y: chip.bottom() + 1, height: 1, ..inside }.intersection(area);
    match scene.scene().filter(|_| !s.run.is_final()) {
        Some(_) => steps(painter, last, scene, s),
        None => verdict_rows::last_change(painter, last, s),
    }
}

fn head(painter: &mut Painter<'_>, line: Rect, scene: &SceneProgress, s: &Snapshot) {
    let theme = painter.theme;
    let (glyph, word, style) = theme.run_state(s.run);
    let style = style.add_modifier(ratatui::style::Modifier::BOLD);
    let column = painter.text(line, 0, 0, &format!("{glyph} {word}"), style);
    painter.text(line, column + 3, 0, &units::elapsed(s.at_s), theme.strong());
    let words = scene.scene().filter(|_| !s.run.is_final()).map(|(scene_now, steps)| {
        let now = (scene.ticked() + 1).min(steps.len());
        format!("▶ {}   step {now} of {}", scene_now.title(), steps.len())
    });
    match words {
        Some(words) => painter.right(line, 0, &words, theme.strong()),
        None => painter.right(line, 0, "crawldeck", theme.dim()),
    }
}

fn two_numbers(painter: &mut Painter<'_>, area: Rect, size: u16, s: &Snapshot) {
    let theme = painter.theme;
    let rate = if s.run.is_final() { s.throughput.run } else { s.throughput.last_1s };
    let first = (digits::short(rate), ["pages".to_owned(), "a second".to_owned()], Role::Ok);
    let (number, words) = second_number(s);
    let role = if s.verdict.stage.is_some() { Role::Limit } else { Role::Low };
    let half = area.width / 2;
    for (i, (number, words, role)) in [first, (number, words, role)].into_iter().enumerate() {
        let need = digits::width(&number, size)
            + 2
            + words.iter().map(|w| text::width(w) as u16).max().unwrap_or(0);
        // The second one stands where the first one leaves room for it.
        let x = if i == 0 { 0 } else { half.min(area.width.saturating_sub(need)) };
        let place = Rect { x: area.x + x, width: area.width - x, ..area };
        // A number that would leave its words no room is drawn smaller.
        let mut size = size;
        while size > 1 && digits::width(&number, size) + 2 + WORDS > half {
            size -= 1;
        }
        let place =
            Rect { y: place.bottom() - digits::ROWS * size, height: digits::ROWS * size, ..place };
        let after = digits::draw(painter, place, &number, size, theme.fill(role));
        for (row, words) in words.iter().enumerate() {
            let row = place.height.saturating_sub(2) + row as u16;
            painter.text(place, after + 2, row, words, theme.strong());
        }
    }
}

fn draw_vessels(painter: &mut Painter<'_>, area: Rect, size: u16, motion: &Motion, s: &Snapshot) {
    let wide = 8 * size;
    let tracks = TRACKS as u16;
    let track = area.width.saturating_sub(2 + wide * (tracks + 1)) / tracks;
    let high = 2 * size + 2;
    let used = wide * (tracks + 1) + track * tracks;
    let left = area.x + area.width.saturating_sub(used) / 2;
    for (i, (name, stage, full)) in vessels(s).into_iter().enumerate() {
        let x = left + i as u16 * (wide + track);
        let frame = Rect { x, width: wide, height: high, ..area };
        let limits = stage.is_some_and(|stage| stages::limits(stage, s));
        let inner = painter.bare_vessel(frame, limits);
        let role = match stage {
            _ if limits => Role::Limit,
            None => Role::Ok,
            Some(Stage::Gate | Stage::Workers) => Role::Text,
            Some(_) => Role::Wait,
        };
        fill(painter, inner, full, painter.theme.fill(role));
        if stage == Some(Stage::Gate) {
            taken_back(painter, inner, s);
        }
        let style = if limits { painter.theme.bold(Role::Limit) } else { painter.theme.dim() };
        let below = Rect { y: frame.bottom(), height: 1, ..frame };
        let column = (wide.saturating_sub(text::width(name) as u16)) / 2;
        painter.text(below, column, 0, name, style);
        if i < TRACKS {
            let place = Rect { x: frame.right(), width: track, ..frame };
            let state = motion.state(i, s);
            for row in 1..high - 1 {
                tracks::one(painter, place, row, i, state, motion);
            }
        }
    }
}

/// Fills an area from the left, the rest with dots.
fn fill(painter: &mut Painter<'_>, area: Rect, full: f64, style: Style) {
    let cells = (full * f64::from(area.width)).round() as u16;
    let cells = if full > 0.0 { cells.max(1) } else { 0 };
    for row in 0..area.height {
        for column in 0..area.width {
            if column < cells {
                painter.glyph(area, column, row, "█", style);
            } else {
                painter.glyph(area, column, row, "·", painter.theme.mark(Role::Faint));
            }
        }
    }
}

/// Permits that the crawl took back, from the right.
fn taken_back(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let back = s.dials.permits.saturating_sub(s.gate.limit);
    let share = f64::from(back) / f64::from(s.dials.permits.max(1));
    let cells = ((share * f64::from(area.width)).round() as u16).max(u16::from(back > 0));
    let style = painter.theme.mark(Role::Blocked);
    for row in 0..area.height {
        for column in area.width.saturating_sub(cells)..area.width {
            painter.glyph(area, column, row, "▤", style);
        }
    }
}

/// What limits as a chip of three rows, and the key that helps.
fn verdict(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) {
    let (words, role) = verdict_rows::chip(s);
    let key = verdict_rows::helping_key(painter.keys, s)
        .filter(|_| s.verdict.limit != Limit::Unknown)
        .map(|(key, what)| format!("{key}  {what}"));
    let style = painter.theme.chip(role);
    let place = area.intersection(painter.buffer.area);
    for row in 0..place.height {
        for column in 0..place.width {
            painter.glyph(place, column, row, " ", style);
        }
    }
    let middle = Rect { y: area.y + area.height / 2, height: 1, ..area };
    let inside = Rect { x: middle.x + 2, width: middle.width.saturating_sub(4), ..middle };
    let room = usize::from(inside.width).saturating_sub(key.as_deref().map_or(0, text::width) + 2);
    let shown = text::whole_words(&words, room);
    painter.text(inside, 0, 0, &shown.to_uppercase(), style);
    if let Some(key) = key {
        painter.right(inside, 0, &key, style);
    }
}

/// The steps of a scene as signs, and the one that happens now in words.
fn steps(painter: &mut Painter<'_>, line: Rect, scene: &SceneProgress, s: &Snapshot) {
    let theme = painter.theme;
    let mut column = 0;
    let mut now = "";
    let Some((_, steps)) = scene.scene() else { return };
    for (i, step) in steps.iter().enumerate() {
        let state = scene.state(i, s);
        let (glyph, role) = match state {
            StepState::ToCome => ("○", Role::Dim),
            StepState::Now => ("▶", Role::Limit),
            StepState::Done(_) => ("✓", Role::Ok),
            StepState::Missed => ("–", Role::Blocked),
        };
        if matches!(state, StepState::Now | StepState::Missed) || now.is_empty() {
            now = step.sentence;
        }
        column = painter.text(line, column, 0, glyph, theme.mark(role));
    }
    let now = painter.keys.filled(now);
    painter.text(line, column + 2, 0, &now, theme.text(Role::Text));
}

/// Whether a screen has room for large type.
#[must_use]
pub const fn fits(area: Rect) -> bool {
    area.width >= LEAST.0 && area.height >= LEAST.1
}
