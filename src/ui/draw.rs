//! Which panel goes where, at every size.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::action::Tab;
use super::app::App;
use super::clicks::ClickMap;
use super::deck::{self, DeckView};
use super::paint::Painter;
use super::palette::Role;
use super::panels::{
    compact, discovery, faults, footer, header, help, host_detail, hosts, log, page_detail, pages,
    scenes, tuning, workers,
};
use super::theme::Theme;
use crate::crawl::protocol::snapshot::Snapshot;

/// The smallest screen that shows the dashboard as meant.
pub const SMALLEST: (u16, u16) = (80, 24);
/// Screens below this get one line.
const TINY: (u16, u16) = (24, 4);
/// From this width on the detail of a page stands beside the table.
const BESIDE: u16 = 130;
/// From this width on the detail of a host stands beside the table, this wide.
const HOST_BESIDE: u16 = 150;
const HOST_DETAIL: u16 = 56;
/// Rows from which the detail of a host says enough below the table.
const HOST_ROWS: u16 = 13;
/// From this height on the faults stand beside the Deck.
const FAULTS_BESIDE: u16 = 26;

/// Draws one frame. `live` is the newest snapshot; a frozen view shows its own.
pub fn draw(frame: &mut Frame<'_>, app: &mut App, live: &Snapshot, theme: Theme) {
    let area = frame.area();
    let theme = Theme { name: app.theme.unwrap_or(theme.name), ..theme };
    let keys = app.keys.clone();
    let mut painter =
        Painter { buffer: frame.buffer_mut(), theme, keys: &keys, clicks: ClickMap::default() };
    painter.buffer.set_style(area, theme.text(Role::Text));
    let cursor = screen(&mut painter, area, app, live);
    app.clicks = std::mem::take(&mut painter.clicks);
    theme.finish(painter.buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Lays out the screen:
///
/// ```text
/// header  2 rows: target, state, tabs
/// tab     what is left
/// footer  2 rows: totals, answer or prompt; keys and dials
/// ```
///
/// Below 80×24 the header shrinks to one row, the footer to one, and the Deck to words; below
/// 24×4 one line is all.
fn screen(
    painter: &mut Painter<'_>,
    area: Rect,
    app: &mut App,
    live: &Snapshot,
) -> Option<Position> {
    if area.width == 0 || area.height == 0 {
        return None;
    }
    if area.width < TINY.0 || area.height < TINY.1 {
        if app.prompt.is_some() || app.feedback(live).is_some() {
            let last = Rect { y: area.bottom() - 1, height: 1, ..area };
            if area.height > 1 {
                compact::one_line(painter, area, live);
            }
            return footer::status(painter, last, app, live);
        }
        compact::one_line(painter, area, live);
        return None;
    }
    if app.large && app.tab == Tab::Deck && deck::fits_large(area) {
        return large(painter, area, app, live);
    }
    let full = area.width >= SMALLEST.0 && area.height >= SMALLEST.1;
    let edges = if full { 2 } else { 1 };
    let foot = Rect { y: area.bottom() - edges, height: edges, ..area };
    let body = |top: u16| Rect {
        y: area.y + top,
        height: area.height.saturating_sub(top + edges),
        ..area
    };
    let middle = if !full && app.tab == Tab::Deck {
        let words = Rect { x: area.x + 1, width: area.width - 2, ..body(0) };
        let above = tour_below(painter, words, app, live, true);
        if app.faults.open {
            faults::draw(painter, above, app, live);
        } else {
            compact::draw(painter, above, app, live);
        }
        words
    } else {
        header::draw(painter, Rect { height: edges, ..area }, app, live);
        let place = body(edges);
        let has_line = !shows_tour(app, place);
        let above = tour_below(painter, place, app, live, has_line);
        tab(painter, above, app, live);
        place
    };
    // What lies over the tab decides on the hints of the footer.
    overlays(painter, middle, app, live);
    footer::draw(painter, foot, app, live)
}

/// What lies over the tab.
fn overlays(painter: &mut Painter<'_>, middle: Rect, app: &mut App, live: &Snapshot) {
    if let Some(at) = app.scenes {
        scenes::draw(painter, middle, at, live);
    }
    if let Some(top) = app.help {
        let place = app.glossary_place();
        app.help = Some(help::draw(painter, middle, place, &mut app.help_pages, top));
    }
}

/// The Deck in large type; an answer or a prompt takes the last row.
fn large(
    painter: &mut Painter<'_>,
    area: Rect,
    app: &mut App,
    live: &Snapshot,
) -> Option<Position> {
    let frozen = app.frozen.clone();
    let shown = frozen.as_deref().unwrap_or(live);
    deck::draw_large(painter, area, &app.motion, &app.scene, shown);
    let speaks = app.prompt.is_some() || app.feedback(live).is_some();
    let last = Rect { y: area.bottom() - 1, height: 1, x: area.x + 1, width: area.width - 2 };
    if let Some(tour) = app.tour.as_ref().filter(|_| !speaks) {
        let row = Rect { x: area.x, width: area.width, ..last };
        Clear.render(row.intersection(painter.buffer.area), painter.buffer);
        deck::tour_line(painter, last, tour, live, Tab::Deck);
    }
    let cursor = speaks.then(|| {
        let row = Rect { x: area.x, width: area.width, ..last };
        Clear.render(row.intersection(painter.buffer.area), painter.buffer);
        footer::status(painter, last, app, live)
    });
    let cursor = cursor.flatten();
    overlays(painter, area, app, live);
    cursor
}

/// Draws the step of the tour in the last row of an area, if it is on and wanted there. Returns the rows above.
fn tour_below(
    painter: &mut Painter<'_>,
    area: Rect,
    app: &App,
    live: &Snapshot,
    wanted: bool,
) -> Rect {
    let Some(tour) = app.tour.as_ref().filter(|_| wanted && area.height > 1) else { return area };
    let above = Rect { height: area.height - 1, ..area };
    let columns = area.width.saturating_sub(2);
    let last = Rect { x: area.x + 1, y: above.bottom(), width: columns, height: 1 };
    deck::tour_line(painter, last, tour, live, app.tab);
    above
}

/// Whether the step of the tour has its panel: on the Deck, unless the faults take its place.
const fn shows_tour(app: &App, area: Rect) -> bool {
    matches!(app.tab, Tab::Deck) && (!app.faults.open || faults_beside(area))
}

/// Whether the faults stand beside the Deck, not below it.
const fn faults_beside(area: Rect) -> bool {
    area.width >= deck::LEAST.0 + faults::WIDTH && area.height >= FAULTS_BESIDE
}

fn tab(painter: &mut Painter<'_>, area: Rect, app: &mut App, live: &Snapshot) {
    // A clone of the `Arc`, so that the table states can change while it is drawn.
    let frozen = app.frozen.clone();
    let shown = frozen.as_deref().unwrap_or(live);
    match app.tab {
        Tab::Deck => deck_and_faults(painter, area, app, shown),
        Tab::Workers => workers::draw(painter, area, &mut app.workers, shown),
        Tab::Hosts => hosts_tab(painter, area, app, shown),
        Tab::Pages => {
            let Some(page) = app.detail.clone() else {
                pages_table(painter, area, app, shown);
                return;
            };
            let (table, detail) = beside(area);
            pages_table(painter, table, app, shown);
            app.detail_top =
                page_detail::draw(painter, detail, &page, &mut app.stored, app.detail_top);
        }
        Tab::Tuning => tuning::draw(painter, area, app, shown),
        Tab::Log => log::draw(painter, area, &mut app.log),
    }
}

/// Lays out the hosts:
///
/// ```text
/// ╭─ hosts ─────────────────────────────╮╭─ host ─────────────╮
/// ╰─────────────────────────────────────╯╰────────────────────╯
/// ╭─ traps ─────────────────╮╭─ exclusions ─────────────────────╮
/// │                         │╰────────────────────────────────╯
/// │                         │╭─ sitemaps ─────────────────────╮
/// ╰─────────────────────────╯╰────────────────────────────────╯
/// ```
///
/// Below [`HOST_BESIDE`] columns the detail stands below the table while that leaves room for
/// every host, else it opens alone; on low screens traps, exclusions and sitemaps get a row each.
fn hosts_tab(painter: &mut Painter<'_>, area: Rect, app: &mut App, shown: &Snapshot) {
    if let Some(top) = app.host_open {
        let top = host_detail::draw(painter, area, app.selected_host(shown), top, true);
        app.host_open = Some(top);
        return;
    }
    let lower = match area.height {
        0..10 => 0,
        10..24 => 3,
        high => (high / 4).clamp(8, 13),
    };
    let upper = Rect { height: area.height - lower, ..area };
    let below = Rect { y: upper.bottom(), height: lower, ..area };
    if lower > 3 {
        discovery::draw(painter, below, shown);
    } else {
        let indent = Rect { x: below.x + 3, width: below.width.saturating_sub(5), ..below };
        discovery::rows(painter, indent, shown);
    }
    let wanted = (shown.hosts.len() as u16).max(1) + 3;
    let (table, detail) = if area.width >= HOST_BESIDE {
        let table = area.width - HOST_DETAIL;
        let detail = Rect { x: upper.x + table, width: HOST_DETAIL, ..upper };
        (Rect { width: table, ..upper }, detail)
    } else if upper.height >= wanted + HOST_ROWS {
        let detail = Rect { y: upper.y + wanted, height: upper.height - wanted, ..upper };
        (Rect { height: wanted, ..upper }, detail)
    } else {
        (upper, Rect { height: 0, ..upper })
    };
    hosts::draw(painter, table, &mut app.hosts, &app.host_filter, shown);
    if detail.height > 0 {
        host_detail::draw(painter, detail, app.selected_host(shown), 0, false);
    }
}

/// The pages of this run that finished last, or all stored ones.
fn pages_table(painter: &mut Painter<'_>, area: Rect, app: &mut App, shown: &Snapshot) {
    if !app.stored.on {
        pages::draw(painter, area, &mut app.pages, &app.filter, shown);
        return;
    }
    let stored = &mut app.stored;
    let last = pages::draw_stored(painter, area, &mut stored.table, &app.filter, &stored.list);
    stored.list_shown_to(last);
}

/// Table and detail: side by side on wide screens, else one below the other; where that leaves
/// neither enough, the detail alone.
fn beside(area: Rect) -> (Rect, Rect) {
    if area.width >= BESIDE {
        let table = area.width * 11 / 20;
        (
            Rect { width: table, ..area },
            Rect { x: area.x + table, width: area.width - table, ..area },
        )
    } else if area.height >= 18 {
        let table = area.height * 2 / 5;
        (
            Rect { height: table, ..area },
            Rect { y: area.y + table, height: area.height - table, ..area },
        )
    } else {
        (Rect { height: 0, ..area }, area)
    }
}

/// The Deck, and beside it the faults where they are open: on its right where that leaves it its
/// width, else below it.
fn deck_and_faults(painter: &mut Painter<'_>, area: Rect, app: &App, shown: &Snapshot) {
    let view = DeckView {
        zoom: app.zoom,
        motion: &app.motion,
        tour: app.tour.as_ref(),
        scene: &app.scene,
        database: &app.database,
        newest: &app.newest,
        log: &app.log,
        parents: &app.stored.parents,
        followed: &app.followed,
    };
    if !app.faults.open {
        return deck::draw(painter, area, view, shown);
    }
    if faults_beside(area) {
        let left = Rect { width: area.width - faults::WIDTH, ..area };
        deck::draw(painter, left, view, shown);
        let right = Rect { x: left.right(), width: faults::WIDTH, ..area };
        faults::draw(painter, right, app, shown);
        return;
    }
    let below = faults::HEIGHT.min(area.height);
    let above = Rect { height: area.height - below, ..area };
    deck::draw(painter, above, view, shown);
    faults::draw(painter, Rect { y: above.bottom(), height: below, ..area }, app, shown);
}
