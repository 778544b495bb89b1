//! What keeps URLs out or brings them in by the hundred: traps, exclusions, sitemaps.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::crawl::protocol::snapshot::{ExclusionProgress, SitemapsView, Snapshot};
use crate::ui::action::Action;
use crate::ui::keys;
use crate::ui::paint::{Canvas, Part};
use crate::ui::text;
use crate::ui::theme::Theme;

/// Rows of the frame around sitemaps.
const SITEMAPS: u16 = 3;
/// Columns for the kind of a trap at most.
const KIND: u16 = 20;
/// Columns from which each row says in a word what was done, and whether it is going on.
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
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot) {
    let left = area.width * 9 / 20;
    traps(canvas, Rect { width: left, ..area }, snapshot);
    let right = Rect { x: area.x + left, width: area.width - left, ..area };
    let high = area.height.saturating_sub(SITEMAPS);
    exclusions(canvas, Rect { height: high, ..right }, snapshot);
    let below = Rect { y: right.y + high, height: area.height - high, ..right };
    let theme = canvas.theme;
    let inner = canvas.frame(below, &[Span::styled("sitemaps", theme.strong())], vec![]);
    canvas.fit(inner, 0, 0, sitemaps(theme, &snapshot.sitemaps));
}

/// The same, a row each.
pub fn rows(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = canvas.theme;
    for (row, name) in ["traps", "exclusions", "sitemaps"].into_iter().enumerate() {
        let line = Rect { y: area.y + row as u16, height: 1, ..area }.intersection(area);
        if line.height == 0 {
            return;
        }
        canvas.text(line, 0, 0, name, theme.strong());
        let rest = Rect { x: line.x + 11, width: line.width.saturating_sub(11), ..line };
        match row {
            0 => first_trap(canvas, rest, snapshot),
            1 => match snapshot.exclusions.first() {
                Some(pruning) => {
                    one_pruning(canvas, rest, 0, pruning, snapshot.exclusions.len() - 1);
                }
                None => {
                    canvas.text(rest, 0, 0, &nothing_pruned(), theme.dim());
                }
            },
            _ => {
                canvas.fit(rest, 0, 0, sitemaps(theme, &snapshot.sitemaps));
            }
        }
    }
}

fn skipped(n: u64) -> String {
    format!("{} skipped", text::count(n))
}

fn traps(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = canvas.theme;
    let traps = &snapshot.traps;
    let mut parts = Vec::new();
    if !traps.is_empty() {
        let all = traps.iter().fold(0_u64, |sum, t| sum.saturating_add(t.skipped));
        parts.push(Part::new(0, skipped(all), theme.warn()));
        parts.push(Part::new(
            1,
            text::counted(traps.len() as u64, "pattern", "patterns"),
            theme.dim(),
        ));
    }
    let inner = canvas.frame(area, &[Span::styled("traps", theme.strong())], parts);
    if traps.is_empty() {
        canvas.text(inner, 0, 0, "no traps caught", theme.dim());
        return;
    }
    let longest = traps.iter().map(|t| text::width(&t.kind)).max().unwrap_or(0) as u16;
    let kinds = longest.min(KIND).min(inner.width * 2 / 5);
    // The frame says what was done; where there is room each row does.
    let number = |n| if inner.width >= WORDS { skipped(n) } else { text::count(n) };
    let numbers = traps.iter().map(|t| number(t.skipped).len()).max().unwrap_or(0) as u16;
    for (row, trap) in traps.iter().take(inner.height.into()).enumerate() {
        let row = row as u16;
        canvas.text(Rect { width: kinds, ..inner }, 0, row, &trap.kind, Style::new());
        canvas.right(inner, row, &number(trap.skipped), theme.warn());
        let room = inner.width.saturating_sub(kinds + 2 + numbers + 2);
        let middle = Rect { x: inner.x + kinds + 2, width: room, ..inner };
        let wide = inner.width >= EXAMPLE;
        let half = if wide { room / 2 } else { room };
        let pattern = text::clean(&trap.pattern);
        canvas.text(Rect { width: half, ..middle }, 0, row, &pattern, Style::new());
        if wide {
            let rest =
                Rect { x: middle.x + half + 2, width: (room - half).saturating_sub(2), ..middle };
            let example = text::clean(&trap.example);
            canvas.text(rest, 0, row, &text::short_url(&example, rest.width.into()), theme.dim());
        }
    }
}

fn first_trap(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = canvas.theme;
    let Some(trap) = snapshot.traps.first() else {
        canvas.text(area, 0, 0, "no traps caught", theme.dim());
        return;
    };
    let more = snapshot.traps.len() - 1;
    let mut parts = vec![Part::new(0, skipped(trap.skipped), theme.warn())];
    if more > 0 {
        parts.push(Part::new(1, format!("+{more} more"), theme.dim()));
    }
    let free = canvas.fit_right(area, 0, 2, parts);
    let words = Rect { width: free.saturating_sub(2), ..area };
    let end = canvas.text(words, 0, 0, &trap.kind, Style::new());
    canvas.text(words, end + 2, 0, &text::clean(&trap.pattern), theme.dim());
}

fn exclusions(canvas: &mut Canvas<'_>, area: Rect, snapshot: &Snapshot) {
    let theme = canvas.theme;
    let undo = format!("{} undo", keys::name_of(Action::Undo));
    let hint = if snapshot.exclusions.is_empty() || snapshot.run.is_final() {
        vec![]
    } else {
        vec![Part::new(0, undo, theme.dim())]
    };
    let inner = canvas.frame(area, &[Span::styled("exclusions", theme.strong())], hint);
    if snapshot.exclusions.is_empty() {
        canvas.text(inner, 0, 0, &nothing_pruned(), theme.dim());
    }
    for (row, pruning) in snapshot.exclusions.iter().take(inner.height.into()).enumerate() {
        one_pruning(canvas, inner, row as u16, pruning, 0);
    }
}

fn nothing_pruned() -> String {
    format!("nothing pruned: {} excludes a subtree", keys::name_of(Action::Exclude))
}

/// A pruning on one row, and how many more there are.
fn one_pruning(
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: u16,
    pruning: &ExclusionProgress,
    more: usize,
) {
    let theme = canvas.theme;
    let done = if pruning.undoing { "back" } else { "skipped" };
    let number = format!("{} {done:<7}", text::count(pruning.urls));
    let (running, style) = match (pruning.running, area.width >= WORDS) {
        (true, true) => ("◌ running", theme.warn()),
        (true, false) => ("◌", theme.warn()),
        (false, true) => ("✓ done   ", theme.dim()),
        (false, false) => ("✓", theme.dim()),
    };
    let mut parts = vec![Part::new(0, number, Style::new()), Part::new(1, running, style)];
    if more > 0 {
        parts.push(Part::new(2, format!("+{more} more"), theme.dim()));
    }
    let free = canvas.fit_right(area, row, 2, parts);
    let words = Rect { width: free.saturating_sub(2), ..area };
    let undo = if pruning.undoing { "undo: " } else { "" };
    let what = format!("{undo}{}", text::clean(&pruning.what));
    canvas.text(words, 0, row, &what, Style::new());
}

/// `5 read · 2 waiting · 1 not readable · 1,204 new URLs`.
fn sitemaps<'a>(theme: Theme, s: &SitemapsView) -> Vec<Part<'a>> {
    if *s == SitemapsView::default() {
        return vec![Part::new(0, "none known", theme.dim())];
    }
    let mut parts = vec![Part::new(0, format!("{} read", s.read), Style::new())];
    let mut add = |rank, words: String, style| {
        let dot = Span::styled(" · ", theme.dim());
        parts.push(Part::of(rank, vec![dot, Span::styled(words, style)]));
    };
    add(
        1,
        format!("{} waiting", s.waiting),
        if s.waiting > 0 { Style::new() } else { theme.dim() },
    );
    if s.failed > 0 {
        add(2, format!("{} not readable", s.failed), theme.warn());
    }
    add(1, text::counted(s.found, "new URL", "new URLs"), Style::new());
    parts
}
