//! Page rows that are subtracted from the totals of their hosts. Columns of each: host, state, content
//! length.

use std::borrow::Cow;

use hashbrown::HashMap;

use super::backend::SqlRow;
use crate::store::host_totals::HostTotals;

/// Totals by host.
pub type TotalsByHost<'a> = HashMap<Cow<'a, str>, HostTotals>;

/// Subtracts a page row that is about to be replaced from the totals of a batch.
pub fn subtract_replaced<R: SqlRow>(
    totals: &mut TotalsByHost<'_>,
    replaced: &R,
) -> Result<(), sqlx::Error> {
    // The same URL has the same host, so its totals are there.
    if let Some(totals) = totals.get_mut(replaced.text(0)?) {
        totals.subtract(replaced.text(1)?, replaced.int(2)?);
    }
    Ok(())
}
