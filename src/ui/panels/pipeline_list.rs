//! The pipeline from top to bottom, for screens too narrow for it from left to right.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::stages::{self, Share};
use super::{overload, verdict};
use crate::crawl::protocol::snapshot::Snapshot;
use crate::crawl::protocol::verdict::Stage;
use crate::ui::paint::{Painter, Segment};
use crate::ui::units;

/// Rows it needs with the longest verdict and all the air it likes.
pub const HEIGHT: u16 = 14;

/// Maximum rows for overloads.
const MAX_OVERLOADS: u16 = 2;

/// Rows that overloads, and what a recrawl found, need beyond [`HEIGHT`].
#[must_use]
pub fn extra(snapshot: &Snapshot) -> u16 {
    overload::rows(snapshot, MAX_OVERLOADS) + u16::from(snapshot.recrawl_of.is_some())
}

/// Lays out one stage a row, then where the time goes, then the verdict; returns the rows used:
///
/// ```text
///   frontier    6,218                    +12/s growing   37 retrying
///   queue       ████████▌·  85/100       15 free
///   workers     ▮▮▮▮▮▮▮▮▮▮▮▯▯▯▯▯▯▯▯▯▯    32 · parsing 1/4
/// ◆ gate        ██████████  16/16        15 waiting
///   saver       █▎········  18 KiB       64 pages in 4 ms   2,310 rows/s
///   database    12,404 pages             48,120 links
///
///   producer    ▮▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤▤    choosing 3%  queue full 97%
///   workers     ▮▮▮▮▮▮▮▮▮▮▮▒▯▯▯▯▯▯▯▯▯    fetch 48%  parse 5%  permit 46%
///   saver       ▮▮▮··················    writing 12%  idle 88%
///
/// ◆ limited by permits: …
///   + raises permits   permits 8 → 16, 12 s ago
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, s: &Snapshot) -> u16 {
    let theme = painter.theme;
    let spare = area.height.saturating_sub(HEIGHT - 2 + extra(s));
    let body = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let style = |stage| stages::level_style(theme, stage, s);
    let level = Rect { x: body.x + 11, width: (body.width.saturating_sub(11)) * 2 / 5, ..body };
    let remarks = Rect {
        x: level.x + level.width + 3,
        width: body.width.saturating_sub(14 + level.width),
        ..body
    };

    stages::title(painter, body, 0, "frontier", Stage::Frontier, s);
    let number = units::count(s.frontier.pending);
    painter.text(level, 0, 0, &number, theme.strong().patch(style(Stage::Frontier)));
    say(painter, remarks, 0, stages::frontier(theme, s).to_vec());

    stages::title(painter, body, 1, "queue", Stage::Queue, s);
    let full = stages::ratio(s.queue.len.into(), s.queue.capacity.into());
    let numbers = padded(&stages::level(s.queue.len, s.queue.capacity));
    stages::gauge(painter, level, 1, full, &numbers, style(Stage::Queue));
    say(painter, remarks, 1, vec![stages::queue(theme, s)]);

    stages::title(painter, body, 2, "workers", Stage::Workers, s);
    stages::strip(painter, level, 2, 1, s);
    let mut segments = vec![Segment::new(
        0,
        units::counted(s.dials.workers.into(), "worker", "workers"),
        Style::new(),
    )];
    segments.extend(stages::worker_segments(theme, s));
    if remarks.height > 2 {
        painter.fit(Rect { y: remarks.y + 2, height: 1, ..remarks }, 0, 3, segments);
    }

    stages::title(painter, body, 3, "gate", Stage::Gate, s);
    let full = stages::ratio(s.gate.in_use.into(), s.gate.limit.into());
    let numbers = padded(&stages::gate_level(s));
    stages::gauge(painter, level, 3, full, &numbers, stages::gate_style(theme, s));
    say(painter, remarks, 3, stages::gate(theme, s).to_vec());

    stages::title(painter, body, 4, "saver", Stage::Saver, s);
    let numbers = padded(&units::bytes(s.saver.backlog_bytes));
    stages::gauge(painter, level, 4, stages::backlog(s), &numbers, style(Stage::Saver));
    say(painter, remarks, 4, stages::saver_remarks(theme, s, remarks.width).to_vec());

    painter.text(body, 0, 5, "database", theme.strong());
    let pages = units::counted(s.saver.pages, "page", "pages");
    painter.text(level, 0, 5, &pages, theme.strong());
    let links = units::counted(s.totals.links, "link", "links");
    say(painter, remarks, 5, vec![(links, theme.dim())]);

    let recrawl = overload::recrawl(theme, s);
    let after = 6 + u16::from(!recrawl.is_empty());
    if !recrawl.is_empty() && body.height > 6 {
        painter.text(body, 0, 6, "recrawl", theme.strong());
        let line =
            Rect { y: level.y + 6, height: 1, width: body.width.saturating_sub(11), ..level };
        painter.fit(line, 0, 0, recrawl);
    }
    let first = if spare > 0 { after + 1 } else { after };
    // What limits is worth more than where the time goes.
    let lists = [
        ("producer", stages::producer(theme, s)),
        ("workers", stages::workers(theme, s, false)),
        ("saver", stages::saver(theme, s)),
    ];
    let room = area.height >= first + 4 + overload::rows(s, MAX_OVERLOADS);
    for (i, (name, shares)) in lists.iter().enumerate().filter(|_| room) {
        let row = first + i as u16;
        painter.text(body, 0, row, name, theme.dim());
        let bars: Vec<_> = shares.iter().map(Share::bar).collect();
        painter.stack(level, row, &bars);
        let line = Rect { y: remarks.y + row, height: 1, ..remarks };
        if row < remarks.height {
            painter.fit(line, 0, 2, share_segments(shares));
        }
    }
    let after = if room { first + 3 + u16::from(spare > 1) } else { after };
    // One row is the verdict's, whatever else there is to say.
    let slow = overload::rows(s, MAX_OVERLOADS).min(area.height.saturating_sub(after + 1));
    let rows = area.height.saturating_sub(after + slow);
    let after = after + verdict::draw(painter, area, after, rows.min(3), s);
    let slow = slow.min(area.height.saturating_sub(after));
    after + overload::draw(painter, area, after, slow, s)
}

/// Numbers in a width that does not change from draw to draw.
fn padded(numbers: &str) -> String {
    format!("{numbers:>8}")
}

fn say(painter: &mut Painter<'_>, area: Rect, row: u16, words: Vec<stages::Remark>) {
    if row < area.height {
        let line = Rect { y: area.y + row, height: 1, ..area };
        let segments = words.into_iter().enumerate();
        let segments =
            segments.map(|(i, (words, style))| Segment::new(i as u8, words, style)).collect();
        painter.fit(line, 0, 3, segments);
    }
}

/// The shares worth saying, the largest to the last when there is little room.
fn share_segments<'a>(shares: &[Share]) -> Vec<Segment<'a>> {
    shares
        .iter()
        .filter(|s| s.share >= 0.005)
        .map(|s| {
            let rank = 100 - (s.share.clamp(0.0, 1.0) * 100.0) as u8;
            let number = format!(" {}", units::percent(s.share).trim_start());
            Segment::of(rank, vec![Span::styled(s.label, s.style), Span::raw(number)])
        })
        .collect()
}
