//! The scene and the faults that are on, the local resources under pressure for which the crawl slows
//! down by itself; and what a recrawl found.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{Overload, OverloadKind, Snapshot};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::{self, Theme};
use crate::ui::units;

/// Rows that overloads take where there is room.
pub const MAX_ROWS: u16 = 3;

/// Rows wanted for scene, faults and overloads; a maximum of `most` overloads.
#[must_use]
pub fn rows(snapshot: &Snapshot, most: u16) -> u16 {
    active(snapshot, 0).len() as u16 + (snapshot.overloads.len() as u16).min(most)
}

/// The scene that is on, and the faults, a line each.
fn active(s: &Snapshot, width: u16) -> Vec<(&'static str, String)> {
    let scene = s.scene.map(|scene| {
        let titled = format!("{}: {}", scene.title(), scene.watch());
        // Of the two, what is to be watched is worth more.
        let fits = text::width(&titled) <= usize::from(width.saturating_sub(2));
        ("▶", if fits { titled } else { scene.watch().to_owned() })
    });
    let faults = (!s.faults.is_none()).then(|| (theme::FAULT, format!("on purpose: {}", s.faults)));
    scene.into_iter().chain(faults).collect()
}

/// Draws scene, faults and overloads, a row each; where there are more overloads than rows, the last one
/// names them. Returns the rows used:
///
/// ```text
/// ▶ slow database: the saver's buffer fills, workers wait for room in it, …
/// ! on purpose: latency 20ms, saver 500ms, buffer 128KiB
/// ! slows by itself: saver behind: 6.1 of 8 MiB wait; 5 of 10 permits used         for 12 s
/// ! also: disk, memory
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, row: u16, rows: u16, s: &Snapshot) -> u16 {
    let rows = self::rows(s, rows).min(rows);
    let warn = painter.theme.text(Role::Blocked);
    let active = active(s, area.width);
    for (i, (glyph, words)) in active.iter().take(rows.into()).enumerate() {
        let line = Rect { y: area.y + row + i as u16, height: 1, ..area };
        // A scene was wanted; faults hurt.
        let style = if *glyph == theme::FAULT { warn } else { painter.theme.text(Role::Limit) };
        painter.text(line, 0, 0, glyph, style);
        painter.text(line, 2, 0, words, style);
    }
    let above = rows.min(active.len() as u16);
    for i in above..rows {
        let line = Rect { y: area.y + row + i, height: 1, ..area };
        let at = usize::from(i - above);
        let rest = s.overloads.len() - at;
        let last = i + 1 == rows && rest > 1;
        painter.text(line, 0, 0, theme::FAULT, warn);
        let body = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
        if last {
            let names: Vec<_> = s.overloads[at..].iter().map(|s| name(s.what)).collect();
            let head = if at == 0 { "slows by itself" } else { "also" };
            painter.text(body, 0, 0, &format!("{head}: {}", names.join(", ")), warn);
            continue;
        }
        let end = painter.text(body, 0, 0, &said(&s.overloads[at]), warn) + 3;
        let since = units::countdown((s.at_s - s.overloads[at].since_s).max(0.0));
        let rest = Rect { x: body.x + end, width: body.width.saturating_sub(end), ..body };
        let since = Segment::new(0, format!("for {since}"), painter.theme.dim());
        painter.fit_right(rest, 0, 0, vec![since]);
    }
    rows
}

fn said(overload: &Overload) -> String {
    let words = text::clean(&overload.text);
    match overload.what {
        // No local resource is short.
        OverloadKind::EverythingDown => words.into_owned(),
        _ => format!("slows by itself: {words}"),
    }
}

const fn name(kind: OverloadKind) -> &'static str {
    match kind {
        OverloadKind::Saver => "saver behind",
        OverloadKind::Disk => "disk",
        OverloadKind::Memory => "memory",
        OverloadKind::Files => "open files",
        OverloadKind::Ports => "ports",
        OverloadKind::Threads => "threads",
        OverloadKind::EverythingDown => "every host down",
    }
}

/// What a recrawl found: `new 3 · changed 10 · same 400 · gone 0`,
/// in segments that carry their own separators; nothing for a first crawl.
#[must_use]
pub fn recrawl<'a>(theme: Theme, snapshot: &Snapshot) -> Vec<Segment<'a>> {
    if snapshot.recrawl_of.is_none() {
        return Vec::new();
    }
    let t = &snapshot.totals;
    let segment = |rank, word: &'static str, number: String| {
        let gap = if word == "new" { "" } else { " · " };
        let style = if number == "0" { theme.dim() } else { Style::new() };
        let words = Span::styled(format!("{gap}{word} "), theme.dim());
        Segment::of(rank, vec![words, Span::styled(number, style)])
    };
    let mut segments = vec![
        segment(0, "new", units::count(t.new)),
        segment(1, "changed", units::count(t.changed)),
        segment(3, "same", units::count(t.same)),
        segment(2, "gone", units::count(t.gone)),
    ];
    if t.unchecked > 0 {
        segments.push(segment(4, "not compared", units::count(t.unchecked)));
    }
    segments
}
