//! What of a batch goes into which table, in which order.

use std::borrow::Cow;
use std::fmt::Write as _;

use hashbrown::{HashMap, HashSet};

use super::backend::SqlRow;
use crate::store::host_totals::HostTotals;
use crate::store::ids::PageId;
use crate::store::rows::{Batch, FrontierRow, LinkRow};
use crate::store::text::json;

/// Totals by host.
pub type TotalsByHost<'a> = HashMap<Cow<'a, str>, HostTotals>;

/// Ids of the pages that are finished.
pub fn finished_ids(batch: &Batch) -> HashSet<PageId> {
    batch.pages.iter().map(|page| page.id).collect()
}

/// Likewise, as a JSON array in order of the pages.
pub fn finished_json(batch: &Batch) -> String {
    json(&batch.pages, |out, page| write!(out, "{}", page.id))
}

/// URLs that go into the frontier: restored or found, and not finished in the same batch.
pub fn open_rows<'a>(
    batch: &'a Batch,
    finished: &HashSet<PageId>,
) -> impl Iterator<Item = &'a FrontierRow> {
    let rows = batch.restored.iter().chain(&batch.discovered);
    rows.filter(|row| !finished.contains(&row.id))
}

/// Links in order of the key, so that neighbours land on the same leaf. Stable: of two between the
/// same pages the first counts.
pub fn links_by_key(links: &[LinkRow]) -> Vec<&LinkRow> {
    let mut links: Vec<&LinkRow> = links.iter().collect();
    links.sort_by_key(|link| (link.from, link.to));
    links
}

/// Subtracts page rows that are about to be replaced from the totals of a batch. Columns: host,
/// state, content length.
pub fn subtract_replaced<R: SqlRow>(
    totals: &mut TotalsByHost<'_>,
    replaced: &[R],
) -> Result<(), sqlx::Error> {
    for row in replaced {
        // The same URL has the same host, so its totals are there.
        if let Some(totals) = totals.get_mut(row.text(0)?) {
            totals.subtract(row.text(1)?, row.int(2)?);
        }
    }
    Ok(())
}
