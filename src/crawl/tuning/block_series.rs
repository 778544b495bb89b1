//! How many pages ended in each block of time under one setting, in bounded memory.

use crate::crawl::tuning::statistics::{MeanError, mean_of_blocks};

/// Most blocks that are kept: then two become one, so blocks get longer as a setting is held longer, and
/// their correlation fades.
const MOST_BLOCKS: usize = 64;

/// Blocks of pages, oldest first; all as long as the others, as far as ticks are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BlockSeries {
    /// Seconds and pages of each.
    blocks: Vec<(f64, f64)>,
    /// How many added blocks each holds, less one.
    folds: u32,
    /// What is not a whole block yet, and of how many added ones it consists.
    open: (f64, f64),
    open_parts: u32,
}

impl BlockSeries {
    /// Adds a block of so many seconds and pages.
    pub fn add(&mut self, seconds: f64, pages: u64) {
        self.open.0 += seconds;
        self.open.1 += pages as f64;
        self.open_parts += 1;
        if self.open_parts > self.folds {
            self.blocks.push(std::mem::take(&mut self.open));
            self.open_parts = 0;
        }
        if self.blocks.len() >= MOST_BLOCKS {
            self.fold();
        }
    }

    /// Makes one block of each two.
    fn fold(&mut self) {
        self.blocks = self
            .blocks
            .chunks(2)
            .map(|two| two.iter().fold((0.0, 0.0), |sum, b| (sum.0 + b.0, sum.1 + b.1)))
            .collect();
        self.folds = 2 * self.folds + 1;
    }

    /// Adds the blocks of a later stay at the same setting.
    pub fn append(&mut self, later: &Self) {
        let mut later = later.clone();
        while self.folds < later.folds {
            self.fold();
        }
        while later.folds < self.folds {
            later.fold();
        }
        self.blocks.extend(later.blocks);
        self.open = (self.open.0 + later.open.0, self.open.1 + later.open.1);
        self.open_parts += later.open_parts;
        if self.open_parts > self.folds {
            self.blocks.push(std::mem::take(&mut self.open));
            self.open_parts = 0;
        }
        while self.blocks.len() >= MOST_BLOCKS {
            self.fold();
        }
    }

    /// Seconds measured.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.open.0 + self.blocks.iter().map(|block| block.0).sum::<f64>()
    }

    /// Pages per second; `latency_cv` is the coefficient of variation of the latency.
    #[must_use]
    pub fn rate(&self, latency_cv: f64) -> Option<MeanError> {
        let whole = mean_of_blocks(&self.blocks, latency_cv);
        let seconds = self.seconds();
        let pages = self.open.1 + self.blocks.iter().map(|block| block.1).sum::<f64>();
        match whole {
            Some(whole) if seconds > 0.0 => Some(MeanError { mean: pages / seconds, ..whole }),
            _ if seconds > 0.0 => {
                Some(MeanError { mean: pages / seconds, error: f64::INFINITY, dof: 0.0 })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_stay_takes_no_more_memory_and_loses_no_page() {
        let mut series = BlockSeries::default();
        for second in 0..10_000_u64 {
            series.add(1.0, 100 + second % 3);
        }
        assert!(series.blocks.len() < MOST_BLOCKS);
        assert!((series.seconds() - 10_000.0).abs() < 1e-6);
        let rate = series.rate(0.2).expect("measured");
        assert!((rate.mean - 100.9999).abs() < 0.01, "{rate:?}");
        assert!(rate.interval().ci < 0.5, "{rate:?}");
    }

    #[test]
    fn stays_of_any_length_are_joined() {
        let (mut long, mut short) = (BlockSeries::default(), BlockSeries::default());
        (0..700).for_each(|_| long.add(1.0, 10));
        (0..9).for_each(|_| short.add(1.0, 20));
        for (mut first, second) in [(long.clone(), &short), (short.clone(), &long)] {
            first.append(second);
            assert!((first.seconds() - 709.0).abs() < 1e-6);
            let mean = first.rate(0.2).expect("measured").mean;
            assert!((mean - 7180.0 / 709.0).abs() < 1e-6, "{mean}");
        }
    }
}
