//! The newest pages: whether what is fetched is what is wanted. At most four rows a second are new.

use ratatui::layout::Rect;

use super::followed_page::FollowedPage;
use super::newest_pages::NewestPages;
use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::model::page_state::PageState;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::units;
use crate::ui::url_text::CommonOrigin;

/// Rows that are new in a second.
const ROWS_PER_S: f64 = 4.0;
/// Columns of the bar of a page's latency.
const BAR: u16 = 8;

/// Lays out the pages:
///
/// ```text
/// ╭─ newest pages ─────────────────────────────── 51 a second, 1 in 13 shown ─╮
/// │ ✓ 200   115 ms  ━━        /museum/rop…d-sail-39811  Chart room  11 KiB … │
/// ╰───────────────────────────────────────────────────────────────────────────╯
/// ```
///
/// In slow motion the page that is followed has `▶` instead of the mark of its status.
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    newest: &NewestPages,
    followed: &FollowedPage,
    s: &Snapshot,
) {
    let theme = painter.theme;
    let rate = s.throughput.last_1s;
    let mut segments = Vec::new();
    if rate >= 0.5 {
        let every = if s.slow.is_some() { 1.0 } else { (rate / ROWS_PER_S).round() };
        let shown = if every > 1.0 { format!(", 1 in {every} shown") } else { String::new() };
        segments.push(Segment::new(
            0,
            format!("{} a second{shown}", units::rate(rate)),
            theme.dim(),
        ));
    }
    let inner = painter.panel(area, "newest pages", Role::Ok, segments);
    let mut pages = newest.shown(s);
    pages.truncate(inner.height.into());
    if pages.is_empty() {
        painter.text(inner, 0, 0, "no page finished yet", theme.dim());
        return;
    }
    let common = CommonOrigin::of(pages.iter().map(|page| &*page.url));
    let slowest = pages.iter().map(|page| page.elapsed_ms).max().unwrap_or(0).max(1);
    for (row, page) in pages.into_iter().enumerate() {
        let line = Rect { y: inner.y + row as u16, height: 1, ..inner };
        one(painter, line, page, slowest, common);
        if followed.is(page) {
            painter.glyph(line, 0, 0, "▶", theme.bold(Role::Limit));
        }
    }
}

fn one(
    painter: &mut Painter<'_>,
    line: Rect,
    page: &PageView,
    slowest: u64,
    common: CommonOrigin<'_>,
) {
    let theme = painter.theme;
    let (glyph, style) = match page.state {
        PageState::Skipped => ("·", theme.dim()),
        _ => theme.status(page.status),
    };
    painter.text(line, 0, 0, glyph, style);
    let status = match (page.state, page.status) {
        (PageState::Skipped, _) => "skip".to_owned(),
        (_, Some(n)) => n.to_string(),
        (_, None) => "none".to_owned(),
    };
    painter.text(line, 2, 0, &status, style);
    let ms = format!("{:>7}", units::duration(page.elapsed_ms as f64));
    painter.text(line, 7, 0, &ms, theme.text(Role::Text));
    let bar = (page.elapsed_ms as f64 / slowest as f64 * f64::from(BAR)).ceil() as u16;
    for column in 0..bar.min(BAR) {
        painter.glyph(line, 16 + column, 0, "━", theme.mark(Role::Low));
    }
    let facts = [
        format!("{:>8}", units::bytes(page.content_length)),
        format!("{:>4} links", page.links_found),
        format!("d{:<2}", page.depth),
    ];
    let segments = facts
        .into_iter()
        .zip([2, 1, 0])
        .map(|(words, rank)| Segment::new(rank, words, theme.dim()));
    let after = 18 + BAR;
    let rest = Rect { x: line.x + after, width: line.width.saturating_sub(after), ..line };
    let free = painter.fit_right(rest, 0, 2, segments.collect()).saturating_sub(2);
    let (url, title) = if free >= 44 { (free * 11 / 20, free * 9 / 20) } else { (free, 0) };
    let name = common.name(&page.url, usize::from(url.saturating_sub(1)));
    painter.text(Rect { width: url, ..rest }, 0, 0, &name, theme.text(Role::Text));
    let words = page.error.as_deref().or(page.title.as_deref()).unwrap_or("");
    let place = Rect { x: rest.x + url, width: title, ..rest };
    painter.text(place, 0, 0, &text::clean(words), theme.dim());
}
