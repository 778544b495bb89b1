//! The pages finished last.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::table::{self, TableColumn, fixed, flexible, urls};
use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::model::page_state::PageState;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::tables::{self, TableState};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text::CommonOrigin;

/// Columns, in the order of [`tables::PAGE_COLUMNS`].
const COLUMNS: [TableColumn; 8] = [
    fixed("at", 8, true, 100),
    fixed("status", 10, false, 0),
    fixed("ms", 7, true, 0),
    fixed("size", 8, true, 50),
    fixed("depth", 6, true, 90),
    fixed("tries", 6, true, 90),
    flexible("title", 2, 70),
    urls("url", 3, 0),
];

/// Lays out the pages:
///
/// ```text
/// ╭─ pages ───────────────────────── filter 5xx · 12 of 500 ─╮
/// │     at▼ status        ms      size  title        url     │
/// │›  02:41 200          212    18 KiB  Page 412     http:…  │
/// ╰──────────────────────────────────────────────────────────╯
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    state: &mut TableState,
    filter: &str,
    snapshot: &Snapshot,
) {
    let theme = painter.theme;
    if area.height == 0 {
        return;
    }
    let (order, ids) = tables::pages(snapshot, state, filter);
    let all = snapshot.recent.len();
    let mut segments = Vec::new();
    if filter.trim().is_empty() {
        segments.push(Segment::new(1, format!("last {all}"), theme.dim()));
    } else {
        let words = text::cut(&text::clean(filter.trim()), 30).into_owned();
        segments.push(Segment::new(0, format!("filter {words}"), theme.text(Role::Wait)));
        segments.push(Segment::new(1, format!("{} of {all}", ids.len()), theme.dim()));
    }
    let by = tables::PAGE_COLUMNS[state.sort % tables::PAGE_COLUMNS.len()];
    segments.push(Segment::new(2, format!("by {by}"), theme.dim()));
    let inner = painter.frame(area, &[Span::styled("pages", theme.strong())], segments);
    if ids.is_empty() {
        let words = if all == 0 { "no page finished yet" } else { "no page passes the filter" };
        painter.text(inner, 0, 0, words, theme.dim());
        state.visible = 0;
        return;
    }
    let common = CommonOrigin::of(order.iter().map(|&at| &*snapshot.recent[at].url));
    table::draw(painter, inner, &COLUMNS, state, &ids, |at| {
        cells(theme, &snapshot.recent[order[at]], common)
    });
}

/// Status and state in one: `200`, `404`, `skipped`, `no answer`.
#[must_use]
pub fn status(theme: Theme, page: &PageView) -> (String, Style) {
    let (glyph, _) = theme.status(page.status);
    match (page.state, page.status) {
        (PageState::Skipped, _) => ("· skipped".to_owned(), theme.dim()),
        (_, None) => (format!("{glyph} none"), theme.text(Role::Server)),
        (_, Some(n)) => (format!("{glyph} {n}"), theme.text(Theme::status_role(Some(n)))),
    }
}

fn cells(theme: Theme, page: &PageView, common: CommonOrigin<'_>) -> Vec<table::Cell> {
    let plain = Style::new();
    let title = match (&page.title, &page.error) {
        (_, Some(error)) => (text::clean(error).into_owned(), theme.dim()),
        (Some(title), None) => (text::clean(title).into_owned(), plain),
        (None, None) => (String::new(), plain),
    };
    let tries = if page.attempts > 1 { theme.text(Role::Retry) } else { theme.dim() };
    vec![
        (units::elapsed(page.at_s), theme.dim()),
        status(theme, page),
        (units::count(page.elapsed_ms), plain),
        (units::bytes(page.content_length), plain),
        (page.depth.to_string(), theme.dim()),
        (page.attempts.to_string(), tries),
        title,
        (common.name(&page.url, usize::MAX), plain),
    ]
}
