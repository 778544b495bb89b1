//! What the rows of the measured table say of each other: which is best, and which another one beats.

use crate::crawl::protocol::tuning::MeasuredRow;

/// Share of the most pages per second that the best row gives at least.
const BEST_SHARE: f64 = 0.95;
/// Share of failed and refused requests, beyond that of the row with the fewest, from which on a row is failing.
const MOST_FAILURES: f64 = 0.02;
/// Relative half width of an interval beyond which a row's mean says too little to be compared with.
const BEST_INTERVAL: f64 = 0.2;

/// Fills in what follows from other rows of the same conditions.
pub(super) fn mark(rows: &mut [MeasuredRow], present: u32) {
    for at in 0..rows.len() {
        let row = &rows[at];
        let alike = || rows.iter().filter(|other| other.conditions == row.conditions);
        let lowest = alike().map(|other| other.mean_ms).filter(|ms| *ms > 0.0);
        let lowest = lowest.fold(f64::INFINITY, f64::min);
        let ratio = if row.mean_ms > 0.0 { row.mean_ms / lowest } else { 0.0 };
        let dominated = alike().any(|other| {
            other.permits < row.permits && other.pages_per_s.value > row.pages_per_s.value
        });
        let fewest = alike().map(failures).fold(f64::INFINITY, f64::min);
        let failing = is_failing(row, fewest);
        rows[at].latency_ratio = ratio;
        rows[at].failing = failing;
        rows[at].dominated = dominated;
    }
    if let Some(best) = best_of(rows, present) {
        rows[best].best = true;
    }
}

/// Share of requests that failed or were refused, 0 to 1.
fn failures(row: &MeasuredRow) -> f64 {
    row.error_share + row.refused_share
}

/// Whether more requests fail than `fewest` of another row, by more than chance explains: of a few requests a few
/// fail by chance.
fn is_failing(row: &MeasuredRow, fewest: f64) -> bool {
    let chance = 2.0 * (failures(row) / row.pages.max(1) as f64).sqrt();
    failures(row) - chance > fewest + MOST_FAILURES
}

/// The best row of these conditions: the one with the fewest permits among those that give nearly the most
/// pages per second. `None` before two settings are known well enough.
pub(super) fn best_of(rows: &[MeasuredRow], conditions: u32) -> Option<usize> {
    let known = |row: &&(usize, &MeasuredRow)| {
        let pages = row.1.pages_per_s;
        row.1.conditions == conditions
            && !row.1.earlier_run
            && pages.ci <= BEST_INTERVAL * pages.value
    };
    let rows: Vec<_> = rows.iter().enumerate().collect();
    let known: Vec<_> = rows.iter().filter(known).collect();
    if known.len() < 2 {
        return None;
    }
    let fewest = known.iter().map(|(_, row)| failures(row)).fold(f64::INFINITY, f64::min);
    let known: Vec<_> = known.into_iter().filter(|(_, row)| !is_failing(row, fewest)).collect();
    let most = known.iter().map(|(_, row)| row.pages_per_s.value).fold(0.0, f64::max);
    known
        .into_iter()
        .filter(|(_, row)| row.pages_per_s.value >= BEST_SHARE * most)
        .min_by(|(_, a), (_, b)| {
            a.permits.cmp(&b.permits).then(b.pages_per_s.value.total_cmp(&a.pages_per_s.value))
        })
        .map(|(at, _)| *at)
}
