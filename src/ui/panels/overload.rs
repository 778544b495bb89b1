//! The scene and the faults that are on, what of our own cannot keep up, so that the crawl slows by
//! itself; and what a crawl that looks again found.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{Overload, OverloadKind, Snapshot};
use crate::ui::paint::{Canvas, Part};
use crate::ui::text;
use crate::ui::theme::{self, Theme};
use crate::units;

/// Rows that overloads take where there is room.
pub const MOST: u16 = 3;

/// Rows wanted for scene, faults and overloads; at most so many of the latter.
#[must_use]
pub fn rows(snapshot: &Snapshot, most: u16) -> u16 {
    staged(snapshot, 0).len() as u16 + (snapshot.overloads.len() as u16).min(most)
}

/// The scene that is on, and the faults, a line each.
fn staged(s: &Snapshot, width: u16) -> Vec<(&'static str, String)> {
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
/// ! on purpose: latency 20ms, saver 500ms, buffer 256KiB
/// ! slows by itself: saver behind: 6.1 of 8 MiB wait; 5 of 10 permits used         for 12 s
/// ! also: disk, memory
/// ```
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, row: u16, rows: u16, s: &Snapshot) -> u16 {
    let rows = self::rows(s, rows).min(rows);
    let warn = canvas.theme.warn();
    let staged = staged(s, area.width);
    for (i, (glyph, words)) in staged.iter().take(rows.into()).enumerate() {
        let line = Rect { y: area.y + row + i as u16, height: 1, ..area };
        canvas.text(line, 0, 0, glyph, warn);
        canvas.text(line, 2, 0, words, warn);
    }
    let above = rows.min(staged.len() as u16);
    for i in above..rows {
        let line = Rect { y: area.y + row + i, height: 1, ..area };
        let at = usize::from(i - above);
        let rest = s.overloads.len() - at;
        let last = i + 1 == rows && rest > 1;
        canvas.text(line, 0, 0, theme::FAULT, warn);
        let body = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
        if last {
            let names: Vec<_> = s.overloads[at..].iter().map(|s| name(s.what)).collect();
            let head = if at == 0 { "slows by itself" } else { "also" };
            canvas.text(body, 0, 0, &format!("{head}: {}", names.join(", ")), warn);
            continue;
        }
        let end = canvas.text(body, 0, 0, &said(&s.overloads[at]), warn) + 3;
        let since = units::countdown((s.at_s - s.overloads[at].since_s).max(0.0));
        let rest = Rect { x: body.x + end, width: body.width.saturating_sub(end), ..body };
        let since = Part::new(0, format!("for {since}"), canvas.theme.dim());
        canvas.fit_right(rest, 0, 0, vec![since]);
    }
    rows
}

fn said(strain: &Overload) -> String {
    let words = text::clean(&strain.text);
    match strain.what {
        // Nothing of our own is slow.
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
        OverloadKind::EverythingDown => "every host down",
    }
}

/// What a crawl that looks at another one again found: `new 3 · changed 10 · same 400 · gone 0`,
/// in parts that carry their own separators; nothing for a crawl of its own.
#[must_use]
pub fn again<'a>(theme: Theme, snapshot: &Snapshot) -> Vec<Part<'a>> {
    if snapshot.recrawl_of.is_none() {
        return Vec::new();
    }
    let t = &snapshot.totals;
    let part = |rank, word: &'static str, number: String| {
        let gap = if word == "new" { "" } else { " · " };
        let style = if number == "0" { theme.dim() } else { Style::new() };
        let words = Span::styled(format!("{gap}{word} "), theme.dim());
        Part::of(rank, vec![words, Span::styled(number, style)])
    };
    let mut parts = vec![
        part(0, "new", units::count(t.new)),
        part(1, "changed", units::count(t.changed)),
        part(3, "same", units::count(t.same)),
        part(2, "gone", units::count(t.gone)),
    ];
    if t.unchecked > 0 {
        parts.push(part(4, "not compared", units::count(t.unchecked)));
    }
    parts
}
