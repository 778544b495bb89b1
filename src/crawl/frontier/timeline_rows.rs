//! Rows of the timeline that wait for a batch.

use crate::store::TimelineRow;

/// Maximum rows that wait: an hour of them.
pub const MAX_WAITING: usize = 360;

/// Rows of the timeline that wait for a batch: they are no reason to write one while pages end.
///
/// Of more rows than [`MAX_WAITING`], neighbours of one setting are joined, the shortest first. Where no
/// neighbours are of one setting, the shortest row is dropped.
#[derive(Debug, Default)]
pub struct WaitingRows(Vec<TimelineRow>);

impl WaitingRows {
    /// Adds a row.
    pub fn add(&mut self, row: TimelineRow) {
        self.0.push(row);
        if self.0.len() > MAX_WAITING {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let rows = &self.0;
        let pairs = rows.windows(2).enumerate().filter(|(_, pair)| pair[0].is_alike(&pair[1]));
        let shortest = pairs.min_by_key(|(_, pair)| pair[0].span_ms + pair[1].span_ms);
        if let Some((at, _)) = shortest {
            let later = self.0.remove(at + 1);
            self.0[at].add(&later);
        } else if let Some((at, _)) = rows.iter().enumerate().min_by_key(|(_, row)| row.span_ms) {
            let row = self.0.remove(at);
            tracing::debug!(
                ms = row.span_ms,
                pages = row.pages,
                "a row of the timeline is dropped"
            );
        }
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all of them, oldest first.
    pub fn take(&mut self) -> Vec<TimelineRow> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: u64, permits: u32) -> TimelineRow {
        TimelineRow { seq, permits, span_ms: 10_000, pages: seq, ..TimelineRow::default() }
    }

    #[test]
    fn a_day_without_a_database_is_kept_in_bounded_memory() {
        let mut waiting = WaitingRows::default();
        let rows = 8640;
        // Permits are turned every 20 minutes.
        for seq in 1..=rows {
            waiting.add(row(seq, 8 + (seq / 120) as u32));
        }
        let kept = waiting.take();
        assert_eq!(kept.len(), MAX_WAITING);
        assert!(waiting.is_empty());
        // Nothing of it is lost, and no row mixes two settings.
        assert_eq!(kept.iter().map(|row| row.pages).sum::<u64>(), rows * (rows + 1) / 2);
        assert_eq!(kept.iter().map(|row| row.span_ms).sum::<u64>(), rows * 10_000);
        for permits in 8..=80 {
            let of_setting: Vec<_> = kept.iter().filter(|row| row.permits == permits).collect();
            let ms: u64 = of_setting.iter().map(|row| row.span_ms).sum();
            assert!(ms >= 1_190_000 || permits == 80, "{permits}: {ms}");
        }
        // All times are as finely kept as any: none is joined to hours.
        assert!(kept.iter().all(|row| row.span_ms <= 640_000));
        assert!(kept.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    }

    #[test]
    fn where_nothing_can_be_joined_the_shortest_goes() {
        let mut waiting = WaitingRows::default();
        for seq in 0..=MAX_WAITING as u64 {
            let span_ms = if seq == 7 { 300 } else { 1000 };
            waiting.add(TimelineRow { span_ms, ..row(seq, seq as u32) });
        }
        let kept = waiting.take();
        assert_eq!(kept.len(), MAX_WAITING);
        assert!(kept.iter().all(|row| row.seq != 7));
    }
}
