//! State of the tables: order, filter, selection, scroll. No drawing here.
//!
//! A selection is kept by id, so that it stays on its row while rows come and go.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use super::host_state::HostState;
use crate::crawl::protocol::snapshot::{HostView, PageView, Snapshot};
use crate::crawl::protocol::tuning::MeasuredRow;
use crate::store::{FilteredPage, PageFilter};

/// Columns by which workers are sorted, in the order of the table.
pub const WORKER_COLUMNS: [&str; 6] = ["worker", "state", "for", "attempt", "url", "pages"];
/// Columns by which pages are sorted, in the order of the table.
pub const PAGE_COLUMNS: [&str; 8] =
    ["newest", "status", "ms", "size", "depth", "attempts", "title", "url"];

/// Columns by which hosts are sorted, in the order of the table.
pub const HOST_COLUMNS: [&str; 9] =
    ["host", "state", "queued", "in flight", "gap", "p95", "errors", "wait", "robots"];

/// What a table remembers between draws.
#[derive(Debug, Default, Clone)]
pub struct TableState {
    /// Column sorted by, an index into the names of columns.
    pub sort: usize,
    /// Whether the order is turned round.
    pub reverse: bool,
    /// The column marked while the one to sort by is chosen.
    pub marked: Option<usize>,
    /// Id of the selected row; `None` follows the first.
    pub selected: Option<i64>,
    /// Columns of long text moved out on the left.
    pub left: u16,
    /// First row shown; set by the draw.
    pub offset: usize,
    /// Rows shown; set by the draw.
    pub visible: usize,
}

impl TableState {
    /// Sorts by a column; by the one sorted by already, the other way round. The view goes to the top of the new
    /// order.
    pub fn sort_by(&mut self, column: usize) {
        self.reverse = self.sort == column && !self.reverse;
        self.sort = column;
        self.selected = None;
    }

    /// Position of the selected row among these ids.
    #[must_use]
    pub fn position(&self, ids: &[i64]) -> usize {
        self.selected.and_then(|id| ids.iter().position(|i| *i == id)).unwrap_or(0)
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, ids: &[i64], rows: isize) {
        let last = ids.len().saturating_sub(1);
        let to = self.position(ids).saturating_add_signed(rows).min(last);
        self.selected = ids.get(to).copied();
    }

    /// Scrolls so that the selected row is among `rows` visible ones; returns the first row.
    pub fn scroll(&mut self, ids: &[i64], rows: usize) -> usize {
        self.visible = rows;
        let at = self.position(ids);
        let furthest = ids.len().saturating_sub(rows);
        self.offset = self.offset.min(furthest).min(at).max((at + 1).saturating_sub(rows));
        self.offset
    }
}

/// Indices of the workers in the table's order, and their ids.
#[must_use]
pub fn workers(snapshot: &Snapshot, table: &TableState) -> (Vec<usize>, Vec<i64>) {
    let rows = &snapshot.workers;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&rows[a], &rows[b]);
        let ordering = match table.sort {
            1 => a.state.cmp(&b.state),
            2 => b.for_ms.cmp(&a.for_ms),
            3 => b.attempt.cmp(&a.attempt),
            4 => a.url.is_none().cmp(&b.url.is_none()).then_with(|| a.url.cmp(&b.url)),
            5 => b.pages.cmp(&a.pages),
            _ => Ordering::Equal,
        };
        turned(ordering.then(a.id.cmp(&b.id)), table.reverse)
    });
    let ids = order.iter().map(|&i| i64::from(rows[i].id)).collect();
    (order, ids)
}

/// The host with this id, if it is there and passes the filter.
#[must_use]
pub fn host_by_id<'a>(snapshot: &'a Snapshot, id: i64, filter: &str) -> Option<&'a HostView> {
    let host = snapshot.hosts.iter().find(|h| host_id(&h.host) == id)?;
    host_passes(host, &filter.trim().to_lowercase()).then_some(host)
}

/// The id of a host in its table: it follows the name, whatever the order.
#[must_use]
pub fn host_id(host: &str) -> i64 {
    xxh3_64(host.as_bytes()).cast_signed()
}

/// Indices of the hosts that pass the filter, in the table's order, and their ids.
#[must_use]
pub fn hosts(snapshot: &Snapshot, table: &TableState, filter: &str) -> (Vec<usize>, Vec<i64>) {
    let rows = &snapshot.hosts;
    let filter = filter.trim().to_lowercase();
    let passes = |i: &usize| host_passes(&rows[*i], &filter);
    let mut order: Vec<usize> = (0..rows.len()).filter(passes).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&rows[a], &rows[b]);
        let wait = |h: &HostView| h.wait.map_or(-1.0, |w| w.for_s.unwrap_or(-0.5));
        let ordering = match table.sort {
            1 => HostState::of(b).cmp(&HostState::of(a)),
            2 => b.queued.cmp(&a.queued),
            3 => b.in_flight.cmp(&a.in_flight),
            4 => b.gap_ms.cmp(&a.gap_ms),
            5 => b.p95_ms.total_cmp(&a.p95_ms),
            6 => b.error_ratio.total_cmp(&a.error_ratio),
            7 => wait(b).total_cmp(&wait(a)),
            8 => a.robots.cmp(&b.robots),
            _ => Ordering::Equal,
        };
        turned(ordering.then_with(|| a.host.cmp(&b.host)), table.reverse)
    });
    let ids = order.iter().map(|&i| host_id(&rows[i].host)).collect();
    (order, ids)
}

/// Whether a host has this text, in lower case, in its name, its state, why it waits, its last
/// status or its robots.txt; states from their beginning, or `open` would find `reopened`.
fn host_passes(host: &HostView, filter: &str) -> bool {
    filter.is_empty()
        || HostState::of(host).word().starts_with(filter)
        || host.host.to_lowercase().contains(filter)
        || host.wait.is_some_and(|w| w.why.name().to_lowercase().contains(filter))
        || host.last_status.is_some_and(|s| {
            s.to_string() == filter || filter.strip_suffix("xx") == Some(&(s / 100).to_string())
        })
        || host.robots.to_lowercase().contains(filter)
}

/// Indices of the recent pages that pass the filter, in the table's order, and their ids.
#[must_use]
pub fn pages(snapshot: &Snapshot, table: &TableState, filter: &str) -> (Vec<usize>, Vec<i64>) {
    let rows = &snapshot.recent;
    let filter = PageFilter::new(filter);
    let passes = |&i: &usize| filter.passes(filtered(&rows[i]));
    let mut order: Vec<usize> = (0..rows.len()).filter(passes).collect();
    order.sort_by(|&i, &j| {
        let (a, b) = (&rows[i], &rows[j]);
        let ordering = match table.sort {
            1 => b.status.unwrap_or(u16::MAX).cmp(&a.status.unwrap_or(u16::MAX)),
            2 => b.elapsed_ms.cmp(&a.elapsed_ms),
            3 => b.content_length.cmp(&a.content_length),
            4 => b.depth.cmp(&a.depth),
            5 => b.attempts.cmp(&a.attempts),
            6 => a.title.is_none().cmp(&b.title.is_none()).then_with(|| a.title.cmp(&b.title)),
            7 => a.url.cmp(&b.url),
            _ => Ordering::Equal,
        };
        turned(ordering.then(i.cmp(&j)), table.reverse)
    });
    let ids = order.iter().map(|&i| rows[i].id).collect();
    (order, ids)
}

/// What a filter looks at.
fn filtered(page: &PageView) -> FilteredPage<'_> {
    FilteredPage {
        state: page.state,
        status: page.status,
        url: &page.url,
        texts: [page.title.as_deref(), page.error.as_deref(), page.content_type.as_deref()],
    }
}

fn turned(ordering: Ordering, reverse: bool) -> Ordering {
    if reverse { ordering.reverse() } else { ordering }
}

/// Ids of the rows of the measured table, in its order.
#[must_use]
pub fn measured(snapshot: &Snapshot) -> Vec<i64> {
    let mut ids = Vec::with_capacity(snapshot.tuning.rows.len());
    for row in snapshot.tuning.rows.iter() {
        let mut id = measured_id(row);
        // Two stays at one setting that gave different results.
        while ids.contains(&id) {
            id = id.wrapping_add(1);
        }
        ids.push(id);
    }
    ids
}

/// The id of the row of the setting in force, if it was measured.
#[must_use]
pub fn present(snapshot: &Snapshot) -> Option<i64> {
    let at = snapshot.tuning.rows.iter().position(|row| row.present)?;
    measured(snapshot).get(at).copied()
}

/// The id of a row: it follows the setting and the stay, whatever is measured.
fn measured_id(row: &MeasuredRow) -> i64 {
    let rate = row.rate.unwrap_or(0.0).to_bits();
    let numbers = [row.permits.into(), row.workers.into(), rate, row.conditions.into()];
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|n: &u64| n.to_le_bytes()).collect();
    bytes.push(row.earlier_run.into());
    xxh3_64(&bytes).cast_signed()
}
