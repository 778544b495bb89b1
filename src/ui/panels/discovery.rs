//! What keeps URLs out or brings them in by the hundred: traps, exclusions, sitemaps.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{ExclusionProgress, SitemapsView, Snapshot};
use crate::ui::action::Action;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Rows of the frame around sitemaps.
const SITEMAPS: u16 = 3;
/// Maximum columns for the kind of a trap.
const KIND: u16 = 20;
/// Columns from which each row says in a word what was done, and whether it still runs.
const WORDS: u16 = 64;
/// Columns from which a trap's example has room beside its pattern.
const EXAMPLE: u16 = 110;

/// Lays out the three:
///
/// ```text
/// ╭─ traps ──────────────────── 12,961 skipped ─╮╭─ exclusions ────────────────────────────╮
/// │ calendar   127.0.0.1:80/cal/#/#     12,402  ││ exclude ^http://a/cal/  1,204 skipped │
/// │ session id 127.0.0.1:80/;sid=#         559  │╰───────────────────────────────────────╯
/// │                                             │╭─ sitemaps ────────────────────────────╮
/// │                                             ││ 5 read · 2 waiting · 1,204 new URLs   │
/// ╰─────────────────────────────────────────────╯╰───────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let left = area.width * 9 / 20;
    traps(painter, Rect { width: left, ..area }, snapshot);
    let right = Rect { x: area.x + left, width: area.width - left, ..area };
    let high = area.height.saturating_sub(SITEMAPS);
    exclusions(painter, Rect { height: high, ..right }, snapshot);
    let below = Rect { y: right.y + high, height: area.height - high, ..right };
    let theme = painter.theme;
    let inner = painter.frame(below, &[Span::styled("sitemaps", theme.strong())], vec![]);
    painter.fit(inner, 0, 0, sitemaps(theme, &snapshot.sitemaps));
}

/// The same, a row each.
pub fn rows(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    for (row, name) in ["traps", "exclusions", "sitemaps"].into_iter().enumerate() {
        let line = Rect { y: area.y + row as u16, height: 1, ..area }.intersection(area);
        if line.height == 0 {
            return;
        }
        painter.text(line, 0, 0, name, theme.strong());
        let rest = Rect { x: line.x + 11, width: line.width.saturating_sub(11), ..line };
        match row {
            0 => first_trap(painter, rest, snapshot),
            1 => match snapshot.exclusions.first() {
                Some(exclusion) => {
                    one_exclusion(painter, rest, 0, exclusion, (0, snapshot.exclusions.len() - 1));
                }
                None => {
                    painter.text(rest, 0, 0, &nothing_excluded(painter), theme.dim());
                }
            },
            _ => {
                painter.fit(rest, 0, 0, sitemaps(theme, &snapshot.sitemaps));
            }
        }
    }
}

fn skipped(n: u64) -> String {
    format!("{} skipped", units::count(n))
}

fn traps(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let traps = &snapshot.traps;
    let mut segments = Vec::new();
    if !traps.is_empty() {
        let all = traps.iter().fold(0_u64, |sum, t| sum.saturating_add(t.skipped));
        segments.push(Segment::new(0, skipped(all), theme.text(Role::Wait)));
        segments.push(Segment::new(
            1,
            units::counted(traps.len() as u64, "pattern", "patterns"),
            theme.dim(),
        ));
    }
    let inner = painter.frame(area, &[Span::styled("traps", theme.strong())], segments);
    if traps.is_empty() {
        painter.text(inner, 0, 0, "no traps caught", theme.dim());
        return;
    }
    let longest = traps.iter().map(|t| text::width(&t.kind)).max().unwrap_or(0) as u16;
    let kinds = longest.min(KIND).min(inner.width * 2 / 5);
    // The frame says what was done; where there is room each row does.
    let number = |n| if inner.width >= WORDS { skipped(n) } else { units::count(n) };
    let numbers = traps.iter().map(|t| number(t.skipped).len()).max().unwrap_or(0) as u16;
    for (row, trap) in traps.iter().take(inner.height.into()).enumerate() {
        let row = row as u16;
        painter.text(Rect { width: kinds, ..inner }, 0, row, &trap.kind, Style::new());
        painter.right(inner, row, &number(trap.skipped), theme.text(Role::Wait));
        let room = inner.width.saturating_sub(kinds + 2 + numbers + 2);
        let middle = Rect { x: inner.x + kinds + 2, width: room, ..inner };
        let wide = inner.width >= EXAMPLE;
        let half = if wide { room / 2 } else { room };
        let pattern = text::clean(&trap.pattern);
        painter.text(Rect { width: half, ..middle }, 0, row, &pattern, Style::new());
        if wide {
            let rest =
                Rect { x: middle.x + half + 2, width: (room - half).saturating_sub(2), ..middle };
            let example = text::clean(&trap.example);
            painter.text(rest, 0, row, &text::short_url(&example, rest.width.into()), theme.dim());
        }
    }
}

fn first_trap(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let Some(trap) = snapshot.traps.first() else {
        painter.text(area, 0, 0, "no traps caught", theme.dim());
        return;
    };
    let more = snapshot.traps.len() - 1;
    let mut segments = vec![Segment::new(0, skipped(trap.skipped), theme.text(Role::Wait))];
    if more > 0 {
        segments.push(Segment::new(1, format!("+{more} more"), theme.dim()));
    }
    let free = painter.fit_right(area, 0, 2, segments);
    let words = Rect { width: free.saturating_sub(2), ..area };
    let end = painter.text(words, 0, 0, &trap.kind, Style::new());
    painter.text(words, end + 2, 0, &text::clean(&trap.pattern), theme.dim());
}

fn exclusions(painter: &mut Painter<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = painter.theme;
    let undo = format!("{} undo", painter.keys.name_of(Action::Undo));
    let hint = if snapshot.exclusions.is_empty() || snapshot.run.is_final() {
        vec![]
    } else {
        vec![Segment::new(0, undo, theme.dim())]
    };
    let inner = painter.frame(area, &[Span::styled("exclusions", theme.strong())], hint);
    if snapshot.exclusions.is_empty() {
        painter.text(inner, 0, 0, &nothing_excluded(painter), theme.dim());
    }
    // Numbers stand below each other.
    let done = snapshot.exclusions.iter().map(|exclusion| done(exclusion).len()).max().unwrap_or(0);
    for (row, exclusion) in snapshot.exclusions.iter().take(inner.height.into()).enumerate() {
        one_exclusion(painter, inner, row as u16, exclusion, (done, 0));
    }
}

fn nothing_excluded(painter: &Painter<'_>) -> String {
    format!("nothing excluded: {} excludes a subtree", painter.keys.name_of(Action::Exclude))
}

/// What was done to the URLs of an exclusion.
const fn done(exclusion: &ExclusionProgress) -> &'static str {
    if exclusion.undoing { "restored" } else { "skipped" }
}

/// An exclusion on one row, the word for what was done padded to so many columns, and how many more
/// exclusions there are.
fn one_exclusion(
    painter: &mut Painter<'_>,
    area: Rect,
    row: u16,
    exclusion: &ExclusionProgress,
    (columns, more): (usize, usize),
) {
    let theme = painter.theme;
    let done = done(exclusion);
    let number = format!("{} {done:<columns$}", units::count(exclusion.urls));
    let (running, style) = match (exclusion.running, area.width >= WORDS) {
        (true, true) => ("◌ running", theme.text(Role::Wait)),
        (true, false) => ("◌", theme.text(Role::Wait)),
        (false, true) => ("✓ done   ", theme.dim()),
        (false, false) => ("✓", theme.dim()),
    };
    let mut segments = vec![Segment::new(0, number, Style::new()), Segment::new(1, running, style)];
    if more > 0 {
        segments.push(Segment::new(2, format!("+{more} more"), theme.dim()));
    }
    let free = painter.fit_right(area, row, 2, segments);
    let words = Rect { width: free.saturating_sub(2), ..area };
    let undo = if exclusion.undoing { "undo: " } else { "" };
    let what = format!("{undo}{}", text::clean(&exclusion.what));
    painter.text(words, 0, row, &what, Style::new());
}

/// `5 read · 2 waiting · 1 not readable · 1,204 new URLs`.
fn sitemaps<'a>(theme: Theme, s: &SitemapsView) -> Vec<Segment<'a>> {
    if *s == SitemapsView::default() {
        return vec![Segment::new(0, "none known", theme.dim())];
    }
    let mut segments = vec![Segment::new(0, format!("{} read", s.read), Style::new())];
    let mut add = |rank, words: String, style| {
        let dot = Span::styled(" · ", theme.dim());
        segments.push(Segment::of(rank, vec![dot, Span::styled(words, style)]));
    };
    add(
        1,
        format!("{} waiting", s.waiting),
        if s.waiting > 0 { Style::new() } else { theme.dim() },
    );
    if s.failed > 0 {
        add(2, format!("{} not readable", s.failed), theme.text(Role::Server));
    }
    add(1, units::counted(s.found, "new URL", "new URLs"), Style::new());
    segments
}
