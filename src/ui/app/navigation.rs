//! Part of `impl App`: moving in lists: the tables, the details, the fault panel, the menu of scenes,
//! the help, the log.

use std::sync::Arc;

use super::faults::SCENE_ROWS;
use super::state::{App, Effect};
use crate::crawl::protocol::snapshot::{PageView, Snapshot};
use crate::ui::action::Tab;
use crate::ui::tables::{self, TableState};
use crate::ui::text;
use crate::ui::tuning_text;

/// Rows that one key press scrolls a page's detail.
const DETAIL_STEP: i16 = 8;
/// Rows that one key press scrolls the help by a screen.
const HELP_STEP: isize = 15;
/// Columns that one key press scrolls long text horizontally.
const SIDE_STEP: u16 = 16;

impl App {
    /// Ids of the rows of the table shown, in order; `None` on a tab without one.
    fn ids(&self, live: &Snapshot) -> Option<Vec<i64>> {
        let shown = self.shown(live);
        match self.tab {
            Tab::Workers => Some(tables::workers(shown, &self.workers).1),
            Tab::Hosts => Some(tables::hosts(shown, &self.hosts, &self.host_filter).1),
            Tab::Pages if self.stored.on => {
                Some(self.stored.list.rows().iter().map(|page| page.id).collect())
            }
            Tab::Pages => Some(tables::pages(shown, &self.pages, &self.filter).1),
            Tab::Tuning => Some(tables::measured(shown)),
            Tab::Deck | Tab::Log => None,
        }
    }

    pub(super) fn table(&mut self) -> Option<&mut TableState> {
        match self.tab {
            Tab::Workers => Some(&mut self.workers),
            Tab::Hosts => Some(&mut self.hosts),
            Tab::Pages if self.stored.on => Some(&mut self.stored.table),
            Tab::Pages => Some(&mut self.pages),
            Tab::Tuning => Some(&mut self.measured),
            Tab::Deck | Tab::Log => None,
        }
    }

    /// Rows of one screen.
    fn screen(&self) -> isize {
        let table = match self.tab {
            Tab::Pages if self.stored.on => &self.stored.table,
            Tab::Pages => &self.pages,
            Tab::Hosts => &self.hosts,
            Tab::Tuning => &self.measured,
            Tab::Deck | Tab::Workers => &self.workers,
            Tab::Log => return self.log.screen(),
        };
        table.visible.saturating_sub(1).max(1) as isize
    }

    /// A screen up or down; the detail of a page scrolls by itself.
    pub(super) fn page(&mut self, down: bool, live: &Snapshot) {
        let rows = if down { DETAIL_STEP } else { -DETAIL_STEP };
        if self.help.is_some() {
            self.step(if down { HELP_STEP } else { -HELP_STEP }, live);
        } else if self.tab == Tab::Pages && self.detail.is_some() {
            self.detail_top = self.detail_top.saturating_add_signed(rows);
        } else if self.tab == Tab::Hosts
            && let Some(top) = &mut self.host_open
        {
            *top = top.saturating_add_signed(rows);
        } else {
            self.step(if down { self.screen() } else { -self.screen() }, live);
        }
    }

    /// Moves the selection, or scrolls what is open.
    pub(super) fn step(&mut self, rows: isize, live: &Snapshot) {
        if let Some(top) = &mut self.help {
            *top = top.saturating_add_signed(rows.clamp(-10_000, 10_000) as i16);
            return;
        }
        if let Some(at) = self.scenes {
            self.scenes = Some(match rows {
                -1 => (at + SCENE_ROWS - 1) % SCENE_ROWS,
                1 => (at + 1) % SCENE_ROWS,
                _ => at.saturating_add_signed(rows).min(SCENE_ROWS - 1),
            });
            return;
        }
        if self.shows_faults() {
            self.select_fault(rows);
            return;
        }
        if self.tab == Tab::Log {
            self.log.scroll(rows);
            return;
        }
        let Some(ids) = self.ids(live) else {
            self.refuse("nothing to scroll on the Deck", live);
            return;
        };
        let present = tables::present(self.shown(live));
        if self.tab == Tab::Tuning && self.measured.selected.is_none() {
            self.measured.selected = present;
        }
        let Some(table) = self.table() else { return };
        if rows == isize::MIN + 1 {
            table.selected = None;
            if self.shows_stored() {
                self.read_stored_anew();
            }
        } else {
            table.step(&ids, rows);
        }
        self.follow_selection(live);
    }

    /// What is open shows the row that is selected now.
    pub(super) fn follow_selection(&mut self, live: &Snapshot) {
        match self.tab {
            Tab::Hosts => self.host_open = self.host_open.map(|_| 0),
            _ if self.detail.is_some() => self.open(live),
            _ => {}
        }
    }

    /// Scrolls long text horizontally.
    pub(super) fn scroll_horizontally(&mut self, right: bool, live: &Snapshot) {
        let tuning = self.tab == Tab::Tuning;
        let Some(table) = self.table().filter(|_| !tuning) else {
            self.refuse("nothing to scroll horizontally here", live);
            return;
        };
        table.left = if right {
            table.left.saturating_add(SIDE_STEP).min(2000)
        } else {
            table.left.saturating_sub(SIDE_STEP)
        };
    }

    pub(super) fn selected_page(&self, live: &Snapshot) -> Option<Arc<PageView>> {
        if self.stored.on {
            let rows = self.stored.list.rows();
            let ids: Vec<i64> = rows.iter().map(|page| page.id).collect();
            return rows.get(self.stored.table.position(&ids)).cloned();
        }
        let shown = self.shown(live);
        let (order, ids) = tables::pages(shown, &self.pages, &self.filter);
        order.get(self.pages.position(&ids)).map(|&i| shown.recent[i].clone())
    }

    /// Opens the detail of the selected page or host.
    pub(super) fn open(&mut self, live: &Snapshot) {
        if self.tab == Tab::Hosts {
            self.host_open = self.selected_host(live).map(|_| 0);
            if self.host_open.is_none() {
                self.refuse("no host to open", live);
            }
            return;
        }
        if self.tab != Tab::Pages {
            self.refuse("details open on the Hosts and Pages tabs", live);
            return;
        }
        match self.selected_page(live) {
            Some(page) => {
                let table = if self.stored.on { &mut self.stored.table } else { &mut self.pages };
                table.selected = Some(page.id);
                self.detail_top = 0;
                self.detail = Some(page);
            }
            None => self.refuse("no page to open", live),
        }
    }

    /// The URL of the selected page, worker or host.
    pub(super) fn selected_url(&self, live: &Snapshot) -> Option<Arc<str>> {
        match self.tab {
            Tab::Pages => self.selected_page(live).map(|p| p.url.clone()),
            Tab::Hosts => self.selected_host(live).map(|h| h.host.clone()),
            Tab::Workers => {
                let shown = self.shown(live);
                let (order, ids) = tables::workers(shown, &self.workers);
                order.get(self.workers.position(&ids)).and_then(|&i| shown.workers[i].url.clone())
            }
            Tab::Deck | Tab::Tuning | Tab::Log => None,
        }
    }

    /// Opens the selected URL in the browser. A host is opened at its root.
    pub(super) fn open_url(&mut self, live: &Snapshot) -> Option<Effect> {
        let Some(url) = self.selected_url(live) else {
            self.refuse("nothing to open: Workers, Hosts and Pages have URLs", live);
            return None;
        };
        let url = if self.tab == Tab::Hosts { format!("http://{url}/") } else { url.to_string() };
        Some(Effect::OpenUrl(text::clean(&url).into_owned()))
    }

    /// The selected URL or host, fit for the clipboard.
    pub(super) fn copy(&mut self, live: &Snapshot) -> Option<Effect> {
        if self.tab == Tab::Tuning {
            let text = tuning_text::text(self.shown(live));
            self.say("what was measured is copied, if this terminal allows it", live);
            return Some(Effect::Copy(text));
        }
        let url = self.selected_url(live);
        let Some(url) = url else {
            self.refuse("nothing to copy: Workers, Hosts and Pages have URLs", live);
            return None;
        };
        self.say("copied, if this terminal allows it", live);
        Some(Effect::Copy(text::clean(&url).into_owned()))
    }
}
