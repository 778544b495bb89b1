//! All about one page.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::pages;
use crate::crawl::protocol::snapshot::PageView;
use crate::model::ids::seq_of;
use crate::store::InboundLink;
use crate::ui::action::Action;
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::stored::{DetailParent, MAX_LINKS, ReadState, StoredView};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;
use crate::ui::url_text::{CommonOrigin, readable};

/// Columns for the names of fields.
const NAMES: usize = 12;

/// Name, value and style of a field.
type DetailField = (&'static str, String, Style);

/// Lays out a page's fields, long ones on several rows, then every page that links to it with the link's text;
/// returns the first row shown, which is `top` or the last that makes sense:
///
/// ```text
/// ╭─ page 1207 ──────────────────────── Esc closes ─╮
/// │ url         http://127.0.0.1:8700/p/0412        │
/// │ status      ✓ 200   ok                          │
/// │ redirects   301 http://…/old                    │
/// │             → http://…/p/0412                   │
/// │ links       28 found                            │
/// │             http://…/p/0413                     │
/// │ linked from 2 pages                             │
/// │             /p/0007  “Tide tables”              │
/// ╰─────────────────────────────────────────────────╯
/// ```
pub fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    page: &PageView,
    stored: &mut StoredView,
    top: u16,
) -> u16 {
    let theme = painter.theme;
    // The id of a row holds the number of its crawl as well.
    let title = format!("page {}", units::count(seq_of(page.id).into()));
    let closes = format!("{} closes", painter.keys.name_of(Action::Close));
    let copies = format!("{} copies the URL", painter.keys.name_of(Action::Copy));
    let segments = vec![Segment::new(1, copies, theme.dim()), Segment::new(0, closes, theme.dim())];
    let inner = painter.frame(area, &[Span::styled(title, theme.strong())], segments);
    let room = usize::from(inner.width).saturating_sub(NAMES);
    let mut rows = Vec::new();
    let fields = fields(theme, page, stored).into_iter().chain(linked_from(theme, page, stored));
    for (name, value, style) in fields {
        for (i, line) in text::wrap(&value, room).into_iter().enumerate() {
            rows.push((if i == 0 { name } else { "" }, line, style));
        }
    }
    // A row for each link, made only where it is shown.
    let links = stored.detail.links();
    let last = (rows.len() + links.len()).saturating_sub(inner.height.into());
    let top = top.min(u16::try_from(last).unwrap_or(u16::MAX));
    let common = CommonOrigin::of([&*page.url]);
    for y in 0..inner.height {
        let at = usize::from(top) + usize::from(y);
        if let Some((name, line, style)) = rows.get(at) {
            painter.text(inner, 0, y, name, theme.dim());
            painter.text(inner, NAMES as u16, y, line, *style);
        } else if let Some(link) = links.get(at - rows.len()) {
            let line =
                Rect { x: inner.x + NAMES as u16, width: room as u16, y: inner.y + y, height: 1 };
            draw_link(painter, line, link, common);
        }
    }
    let shown = (usize::from(top) + usize::from(inner.height)).saturating_sub(rows.len());
    stored.links_shown_to(shown, inner.height.into());
    top
}

/// A page that links to this one, and the link's text.
fn draw_link(painter: &mut Painter<'_>, line: Rect, link: &InboundLink, common: CommonOrigin<'_>) {
    let text = link.anchor.as_deref().map(|text| format!("“{}”", text::clean(text)));
    let wanted = text.as_deref().map_or(0, |text| text::width(text) + 2);
    let room = usize::from(line.width);
    let url = common.name(&link.url, room.saturating_sub(wanted).max(room * 3 / 5));
    let end = painter.text(line, 0, 0, &url, Style::new());
    if let Some(text) = text {
        painter.text(line, end + 2, 0, &text, painter.theme.dim());
    }
}

/// The head of the list of pages that link to this one: how many, and where reading stands.
fn linked_from(theme: Theme, page: &PageView, stored: &StoredView) -> Vec<DetailField> {
    let count = stored.detail.links().len();
    let pages = units::counted(count as u64, "page", "pages");
    let (words, style) = match stored.detail.state() {
        // Nobody asks where there is nothing to read.
        ReadState::Nothing => return Vec::new(),
        ReadState::Reading if count == 0 => ("reading…".to_owned(), theme.text(Role::Wait)),
        ReadState::Reading => (format!("{pages} so far, reading…"), theme.text(Role::Wait)),
        ReadState::Failed(why) => {
            (format!("cannot be read: {}", text::clean(why)), theme.text(Role::Blocked))
        }
        ReadState::All if count == 0 && !stored.links => {
            ("not stored: --store-links no".to_owned(), theme.dim())
        }
        ReadState::All if count == 0 && page.found_on_id.is_none() => {
            ("no page that is stored".to_owned(), theme.dim())
        }
        ReadState::All if count == 0 => {
            // What is found now is saved in a moment.
            ("no page that is saved so far".to_owned(), theme.dim())
        }
        ReadState::All => (pages, Style::new()),
        ReadState::More if count >= MAX_LINKS => {
            (format!("{pages}, and others that are not read"), Style::new())
        }
        ReadState::More => (format!("{pages} so far, more below"), Style::new()),
    };
    vec![("linked from", words, style)]
}

/// Where the page was found.
fn found_on(theme: Theme, page: &PageView, stored: &StoredView) -> DetailField {
    let number = |id| format!("page {}", units::count(seq_of(id).into()));
    let (words, style) = match stored.detail.parent(page) {
        DetailParent::Url(url) => (readable(&url).into_owned(), Style::new()),
        DetailParent::None => ("no page: a seed, or from a sitemap".to_owned(), theme.dim()),
        DetailParent::Reading => ("reading…".to_owned(), theme.text(Role::Wait)),
        DetailParent::NotStored(id) => {
            (format!("{}, which is not stored", number(id)), theme.dim())
        }
        DetailParent::Unread(id) => (number(id), Style::new()),
    };
    ("found on", words, style)
}

/// Every field with something in it.
fn fields(theme: Theme, page: &PageView, stored: &StoredView) -> Vec<DetailField> {
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
    let at = match page.at_s {
        stored if stored < 0.0 => at,
        at_s => format!("{} into the run, {at}", units::elapsed(at_s)),
    };
    rows.push(("finished", at, plain));
    rows.push(found_on(theme, page, stored));
    for (i, hop) in page.redirects.iter().enumerate() {
        let name = if i == 0 { "redirects" } else { "" };
        rows.push((name, format!("{} {}", hop.status, readable(&hop.url)), plain));
    }
    if let Some(to) = &page.final_url {
        rows.push(("led to", readable(to).into_owned(), plain));
    }
    rows.push(("links", format!("{} found", units::count(page.links_found.into())), plain));
    let links = if page.links.is_empty() { stored.detail.leads_to() } else { &page.links };
    rows.extend(links.iter().map(|link| ("", readable(link).into_owned(), dim)));
    let more = (page.links_found as usize).saturating_sub(links.len());
    if more > 0 && !links.is_empty() {
        rows.push(("", format!("… and {} more", units::count(more as u64)), dim));
    }
    rows
}
