//! The pages finished last, or all stored ones.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::table::{self, TableColumn, fixed, flexible, urls};
use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::model::page_state::PageState;
use crate::ui::action::Action;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::stored::{MAX_ROWS, ReadState, StoredList};
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

/// Likewise, of stored pages: they are of several runs.
const STORED_COLUMNS: [TableColumn; 8] = {
    let mut columns = COLUMNS;
    columns[0] = fixed("finished", 14, true, 100);
    columns
};

/// Lays out the pages of this run that finished last:
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
    let mut segments = filter_segment(theme, filter);
    let source = if filter.trim().is_empty() {
        format!("this run, last {all}")
    } else {
        format!("{} of this run's last {all}", ids.len())
    };
    segments.push(Segment::new(1, source, theme.dim()));
    segments.push(switch(painter, "all stored"));
    let by = tables::PAGE_COLUMNS[state.sort % tables::PAGE_COLUMNS.len()];
    segments.push(Segment::new(3, format!("by {by}"), theme.dim()));
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

/// Lays out the stored pages of this run and of the runs before, found last shown first; the last row says where
/// reading stands while there is more to come. Returns the last row shown.
///
/// ```text
/// ╭─ pages ──────── all stored · 400 read · B this run ─╮
/// │      finished▼ status      ms      size  title  url │
/// │› 11-30 18:02:41 200       212    18 KiB  Page…  /…  │
/// │ reading… 1,204,000 pages to look through            │
/// ╰─────────────────────────────────────────────────────╯
/// ```
pub fn draw_stored(
    painter: &mut Painter<'_>,
    area: Rect,
    state: &mut TableState,
    filter: &str,
    list: &StoredList,
) -> usize {
    let theme = painter.theme;
    if area.height == 0 {
        return 0;
    }
    let rows = list.rows();
    let ids: Vec<i64> = rows.iter().map(|page| page.id).collect();
    let mut segments = filter_segment(theme, filter);
    segments.push(Segment::new(1, "all stored", theme.text(Role::Wait)));
    let whole = if *list.state() == ReadState::All { "" } else { " so far" };
    segments.push(Segment::new(
        1,
        format!("{}{whole}", units::count(rows.len() as u64)),
        theme.dim(),
    ));
    segments.push(switch(painter, "this run"));
    let inner = painter.frame(area, &[Span::styled("pages", theme.strong())], segments);
    let line = stored_line(painter, list, filter);
    let below = u16::from(line.is_some()).min(inner.height);
    let table = Rect { height: inner.height - below, ..inner };
    if let Some((words, style)) = line {
        let place = if rows.is_empty() { 0 } else { table.height };
        painter.text(inner, 0, place, &words, style);
    }
    if rows.is_empty() {
        state.visible = 0;
        return 0;
    }
    let common = CommonOrigin::of(rows.iter().map(|page| &*page.url));
    // They stand in the order in which they were found, which no column has.
    state.sort = usize::MAX;
    table::draw(painter, table, &STORED_COLUMNS, state, &ids, |at| cells(theme, &rows[at], common));
    state.offset + state.visible
}

/// Where reading stands, while that is not all.
fn stored_line(painter: &Painter<'_>, list: &StoredList, filter: &str) -> Option<(String, Style)> {
    let theme = painter.theme;
    let found = list.rows().len();
    match list.state() {
        ReadState::Nothing | ReadState::Reading => {
            let left = list.left().filter(|left| *left > 0);
            let left = left.map(|pages| {
                format!(" {} to look through", units::counted(pages.into(), "page", "pages"))
            });
            Some((format!("reading…{}", left.unwrap_or_default()), theme.text(Role::Wait)))
        }
        ReadState::Failed(why) => {
            let again = painter.keys.name_of(Action::First);
            let why = text::clean(why);
            Some((format!("{again} reads again: {why}"), theme.text(Role::Blocked)))
        }
        ReadState::All if found == 0 && filter.trim().is_empty() => {
            Some(("no page is stored yet".to_owned(), theme.dim()))
        }
        ReadState::All if found == 0 => {
            Some(("no stored page passes the filter".to_owned(), theme.dim()))
        }
        ReadState::More if found >= MAX_ROWS => {
            let words = format!(
                "no more rows than these are kept: a filter ({}) finds the others",
                painter.keys.name_of(Action::Filter)
            );
            Some((words, theme.dim()))
        }
        ReadState::More | ReadState::All => None,
    }
}

/// The filter, if there is one.
fn filter_segment<'a>(theme: Theme, filter: &str) -> Vec<Segment<'a>> {
    if filter.trim().is_empty() {
        return Vec::new();
    }
    let words = text::cut(&text::clean(filter.trim()), 30).into_owned();
    vec![Segment::new(0, format!("filter {words}"), theme.text(Role::Wait))]
}

/// The key that shows the other source.
fn switch<'a>(painter: &Painter<'_>, other: &str) -> Segment<'a> {
    Segment::new(
        2,
        format!("{} {other}", painter.keys.name_of(Action::Stored)),
        painter.theme.dim(),
    )
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
    let at = if page.at_s < 0.0 {
        page.created_at.strftime("%m-%d %H:%M:%S").to_string()
    } else {
        units::elapsed(page.at_s)
    };
    vec![
        (at, theme.dim()),
        status(theme, page),
        (units::count(page.elapsed_ms), plain),
        (units::bytes(page.content_length), plain),
        (page.depth.to_string(), theme.dim()),
        (page.attempts.to_string(), tries),
        title,
        (common.name(&page.url, usize::MAX), plain),
    ]
}
