//! All about one page.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::pages;
use crate::crawl::protocol::snapshot::PageView;
use crate::model::ids::seq_of;
use crate::ui::action::Action;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Columns for the names of fields.
const NAMES: usize = 12;

/// Lays out a page's fields, long ones on several rows; returns the first row shown, which is
/// `top` or the last that makes sense:
///
/// ```text
/// ╭─ page 1207 ──────────────────────── Esc closes ─╮
/// │ url         http://127.0.0.1:8700/p/0412        │
/// │ status      ✓ 200   ok                          │
/// │ redirects   301 http://…/old                    │
/// │             → http://…/p/0412                   │
/// │ links       28 found                            │
/// │             http://…/p/0413                     │
/// ╰─────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, page: &PageView, top: u16) -> u16 {
    let theme = painter.theme;
    // The id of a row holds the number of its crawl as well.
    let title = format!("page {}", units::count(seq_of(page.id).into()));
    let closes = format!("{} closes", painter.keys.name_of(Action::Close));
    let copies = format!("{} copies the URL", painter.keys.name_of(Action::Copy));
    let segments = vec![Segment::new(1, copies, theme.dim()), Segment::new(0, closes, theme.dim())];
    let inner = painter.frame(area, &[Span::styled(title, theme.strong())], segments);
    let room = usize::from(inner.width).saturating_sub(NAMES);
    let mut rows = Vec::new();
    for (name, value, style) in fields(theme, page) {
        for (i, line) in text::wrap(&value, room).into_iter().enumerate() {
            rows.push((if i == 0 { name } else { "" }, line, style));
        }
    }
    let top = top.min((rows.len() as u16).saturating_sub(inner.height));
    let shown = rows.iter().skip(top.into()).take(inner.height.into());
    for (y, (name, line, style)) in shown.enumerate() {
        painter.text(inner, 0, y as u16, name, theme.dim());
        painter.text(inner, NAMES as u16, y as u16, line, *style);
    }
    top
}

/// Every field with something in it.
fn fields(theme: Theme, page: &PageView) -> Vec<(&'static str, String, Style)> {
    let plain = Style::new();
    let dim = theme.dim();
    let clean = |text: &str| text::clean(text).into_owned();
    let (status, status_style) = pages::status(theme, page);
    let mut rows = vec![
        ("url", clean(&page.url), theme.strong()),
        ("status", format!("{status} ({})", page.state.name()), status_style),
    ];
    if let Some(error) = &page.error {
        rows.push(("error", clean(error), theme.text(Role::Server)));
    }
    if let Some(reason) = &page.not_parsed {
        rows.push(("not parsed", clean(reason), dim));
    }
    if let Some(title) = &page.title {
        rows.push(("title", clean(title), plain));
    }
    let attempts = if page.attempts == 1 { "attempt" } else { "attempts" };
    rows.push((
        "time",
        format!("{} ms, {} {attempts}", units::count(page.elapsed_ms), page.attempts),
        plain,
    ));
    rows.push((
        "size",
        format!(
            "{} ({} bytes)",
            units::bytes(page.content_length),
            units::count(page.content_length)
        ),
        plain,
    ));
    if let Some(kind) = &page.content_type {
        rows.push(("type", clean(kind), plain));
    }
    rows.push(("depth", page.depth.to_string(), plain));
    let at = page.created_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    rows.push(("finished", format!("{} into the run, {at}", units::elapsed(page.at_s)), plain));
    if let Some(from) = &page.found_on {
        rows.push(("found on", clean(from), plain));
    }
    for (i, hop) in page.redirects.iter().enumerate() {
        let name = if i == 0 { "redirects" } else { "" };
        rows.push((name, format!("{} {}", hop.status, clean(&hop.url)), plain));
    }
    if let Some(to) = &page.final_url {
        rows.push(("led to", clean(to), plain));
    }
    rows.push(("links", format!("{} found", units::count(page.links_found.into())), plain));
    rows.extend(page.links.iter().map(|link| ("", clean(link), dim)));
    let more = (page.links_found as usize).saturating_sub(page.links.len());
    if more > 0 {
        rows.push(("", format!("… and {} more", units::count(more as u64)), dim));
    }
    rows
}
