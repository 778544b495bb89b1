//! The newest blocks of one setting, kept one by one, and the comparison of two settings.

use std::collections::VecDeque;

use crate::crawl::measure::meter::LatencyHistogram;
use crate::crawl::protocol::tuning::{EffectSide, EffectVerdict, Estimate};
use crate::crawl::tuning::measured_block::MeasuredBlock;
use crate::crawl::tuning::statistics::{MeanError, mean_of_blocks, mean_of_values};

/// Blocks that are kept: half a minute.
const MOST_BLOCKS: usize = 30;
/// Least latencies of which a 95th percentile is taken.
const LEAST_LATENCIES: u64 = 20;
/// Coefficient of variation of the latency where nothing was answered.
const UNKNOWN_CV: f64 = 1.0;
/// Changes of the pages per second and of the latency below this many per cent are none.
const NO_CHANGE: (f64, f64) = (1.0, 5.0);
/// The latency counts where pages per second differ by no more than so many per cent, with an interval that is
/// no wider than so many.
const SAME_PAGES: (f64, f64) = (7.5, 15.0);
/// An interval of the latency is so much wider than one of 95 %: it is a second question asked of the same
/// data (99 %).
const LATENCY_STRICTER: f64 = 1.31;

/// The newest blocks of one setting, oldest first.
#[derive(Debug, Clone, Default)]
pub struct BlockWindow {
    blocks: VecDeque<MeasuredBlock>,
}

impl BlockWindow {
    /// Adds a block; the oldest one leaves where there are too many.
    pub fn add(&mut self, block: MeasuredBlock) {
        self.blocks.push_back(block);
        if self.blocks.len() > MOST_BLOCKS {
            self.blocks.pop_front();
        }
    }

    /// How many blocks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Seconds measured.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        // The sum of no numbers is −0.
        self.blocks.iter().map(|block| block.seconds).fold(0.0, |sum, seconds| sum + seconds)
    }

    /// Pages that ended.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.blocks.iter().map(|block| block.pages).sum()
    }

    /// Mean over the time.
    #[must_use]
    pub fn mean(&self, of: impl Fn(&MeasuredBlock) -> f64) -> f64 {
        let sum: f64 = self.blocks.iter().map(|block| block.seconds * of(block)).sum();
        if self.is_empty() { 0.0 } else { sum / self.seconds() }
    }

    /// Share of the requests that this counts, 0 to 1, with its standard error.
    #[must_use]
    pub fn share(&self, of: impl Fn(&MeasuredBlock) -> u64) -> (f64, f64) {
        let requests = self.blocks.iter().map(|block| block.requests).sum::<u64>().max(1) as f64;
        let count = self.blocks.iter().map(of).sum::<u64>() as f64;
        // Of a count of none nothing is known but that it is about one at most.
        (count / requests, count.max(1.0).sqrt() / requests)
    }

    /// What it says of its setting.
    #[must_use]
    pub fn stats(&self) -> WindowStats {
        let mut latencies = LatencyHistogram::default();
        self.blocks.iter().for_each(|block| latencies.merge(&block.latencies));
        let cv = latencies.moments().filter(|(mean, _)| *mean > 0.0);
        let cv = cv.map_or(UNKNOWN_CV, |(mean, deviation)| deviation / mean);
        let blocks: Vec<_> =
            self.blocks.iter().map(|block| (block.seconds, block.pages as f64)).collect();
        let unknown = MeanError { mean: 0.0, error: f64::INFINITY, dof: 0.0 };
        WindowStats {
            rate: mean_of_blocks(&blocks, cv).unwrap_or(unknown),
            p95_ms: latencies.quantile(0.95).unwrap_or(0) as f64 / 1000.0,
            log_p95: self.log_p95(&latencies),
            seconds: self.seconds(),
        }
    }

    /// The logarithm of the 95th percentile with its standard error: that of the rank among independent
    /// latencies, or that from block to block where it is larger. `None` where too few were answered.
    fn log_p95(&self, all: &LatencyHistogram) -> Option<MeanError> {
        let n = all.count();
        if n < LEAST_LATENCIES {
            return None;
        }
        let by_rank = (0.95 * 0.05 / n as f64).sqrt();
        let log = |share: f64| Some((all.quantile(share)?.max(1) as f64).ln());
        let error = (log((0.95 + by_rank).min(1.0))? - log(0.95 - by_rank)?) / 2.0;
        // Blocks of few latencies are joined until there are enough for a percentile.
        let (mut values, mut open) = (Vec::new(), LatencyHistogram::default());
        for block in &self.blocks {
            open.merge(&block.latencies);
            if open.count() >= LEAST_LATENCIES {
                values.push((open.quantile(0.95).unwrap_or(1).max(1) as f64).ln());
                open = LatencyHistogram::default();
            }
        }
        let from_block_to_block = mean_of_values(&values);
        let (block_error, dof) = from_block_to_block.map_or((0.0, 1.0), |of| (of.error, of.dof));
        Some(MeanError { mean: log(0.95)?, error: error.max(block_error), dof })
    }

    /// All blocks of both.
    #[must_use]
    pub fn joined(&self, later: &Self) -> Self {
        Self { blocks: self.blocks.iter().chain(&later.blocks).cloned().collect() }
    }
}

/// What was measured of one setting.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WindowStats {
    /// Pages per second.
    pub rate: MeanError,
    /// The 95th percentile of the latency in ms; 0 where nothing was answered.
    pub p95_ms: f64,
    /// Its logarithm with its error; `None` where too few were answered.
    pub log_p95: Option<MeanError>,
    /// Seconds measured.
    pub seconds: f64,
}

impl WindowStats {
    /// One side of a change.
    #[must_use]
    pub fn side(&self) -> EffectSide {
        EffectSide { pages_per_s: self.rate.interval(), p95_ms: self.p95_ms, seconds: self.seconds }
    }
}

/// What a second setting gave compared with a first one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SettingsCompared {
    /// Change of the pages per second in per cent of the first.
    pub pages: Estimate,
    /// Change of the 95th percentile of the latency in per cent of the first.
    pub p95: Estimate,
}

impl SettingsCompared {
    /// Compares `after` with `before`.
    #[must_use]
    pub fn of(before: &WindowStats, after: &WindowStats) -> Self {
        let pages = before.rate.percent_to(after.rate);
        let unknown = Estimate { value: 0.0, ci: f64::INFINITY };
        let p95 = match (before.log_p95, after.log_p95) {
            (Some(a), Some(b)) => {
                let difference = a.difference_to(b);
                let factor = difference.value.exp();
                Estimate { value: 100.0 * (factor - 1.0), ci: 100.0 * factor * difference.ci }
            }
            _ => unknown,
        };
        Self { pages, p95 }
    }

    /// Whether the latency changed by more than the pages per second can have, for all that is known.
    fn latency_outweighs_pages(&self) -> bool {
        let ratio = 1.0 + self.p95.value / 100.0;
        // As a factor above one, so that half and twice are the same.
        let factor = ratio.max(1.0 / ratio);
        let error = self.p95.ci / (100.0 * ratio);
        factor * (1.0 - error) > 1.0 + (self.pages.value.abs() + self.pages.ci) / 100.0
    }

    /// What it says; intervals are taken `stricter` times as wide. More pages are better; as many pages with a
    /// lower latency are better too.
    #[must_use]
    pub fn verdict(&self, stricter: f64) -> EffectVerdict {
        let differs = |of: Estimate, stricter: f64, least: f64| {
            of.value.abs() >= least && of.value.abs() > stricter * of.ci
        };
        let sooner = differs(self.p95, stricter * LATENCY_STRICTER, NO_CHANGE.1);
        let as_many = (self.pages.value.abs() <= SAME_PAGES.0 && self.pages.ci <= SAME_PAGES.1)
            || self.latency_outweighs_pages();
        if differs(self.pages, stricter, NO_CHANGE.0) {
            if self.pages.value > 0.0 { EffectVerdict::Better } else { EffectVerdict::Worse }
        } else if as_many && sooner {
            if self.p95.value < 0.0 { EffectVerdict::Better } else { EffectVerdict::Worse }
        } else {
            EffectVerdict::NoDifference
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Latencies drawn for a second: those of more pages would say no more.
    const LATENCIES: u64 = 25;

    /// Blocks of a second from counts and a mean latency in seconds, whose latencies are spread by `cv`.
    fn window(rng: &mut fastrand::Rng, counts: &[f64], latency: f64, cv: f64) -> BlockWindow {
        let mut window = BlockWindow::default();
        for count in counts {
            let mut block = MeasuredBlock { seconds: 1.0, ..MeasuredBlock::default() };
            block.pages = count.max(0.0).round() as u64;
            for _ in 0..block.pages.min(LATENCIES) {
                let seconds = latency * (cv * normal(rng) - cv * cv / 2.0).exp();
                block.latencies.record((1e6 * seconds) as u64);
            }
            window.add(block);
        }
        window
    }

    fn normal(rng: &mut fastrand::Rng) -> f64 {
        let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * rng.f64()).cos()
    }

    /// Counts of so many seconds of a server that gives this many pages per second.
    type Noise = fn(&mut fastrand::Rng, f64, usize) -> Vec<f64>;

    fn poisson(rng: &mut fastrand::Rng, rate: f64, seconds: usize) -> Vec<f64> {
        (0..seconds).map(|_| rate + rate.sqrt() * normal(rng)).collect()
    }

    /// A few pages take very long: in a second most permits may wait for them.
    fn heavy_tail(rng: &mut fastrand::Rng, rate: f64, seconds: usize) -> Vec<f64> {
        let lost = |rng: &mut fastrand::Rng| (0.02 / (1.0 - rng.f64()).powf(0.8)).min(0.9);
        poisson(rng, rate, seconds).into_iter().map(|n| n * (1.0 - lost(rng))).collect()
    }

    /// The server's speed wanders: neighbouring seconds are alike.
    fn autocorrelated(rng: &mut fastrand::Rng, rate: f64, seconds: usize) -> Vec<f64> {
        let mut drift = 0.08 * normal(rng);
        let poisson = poisson(rng, rate, seconds).into_iter();
        let wander = |n| {
            drift = 0.7 * drift + (1.0_f64 - 0.49).sqrt() * 0.08 * normal(rng);
            n * (1.0 + drift)
        };
        poisson.map(wander).collect()
    }

    /// The server stops for a second now and then, and works off the queue in the next one.
    fn stalls(rng: &mut fastrand::Rng, rate: f64, seconds: usize) -> Vec<f64> {
        let first = rng.usize(0..20);
        let mut counts = poisson(rng, rate, seconds);
        for at in (first..seconds).step_by(20) {
            counts[at] *= 0.1;
        }
        counts
    }

    const NOISES: [(&str, Noise); 4] = [
        ("poisson", poisson),
        ("heavy tail", heavy_tail),
        ("autocorrelated", autocorrelated),
        ("stalls", stalls),
    ];

    fn verdict(rng: &mut fastrand::Rng, noise: Noise, rates: (f64, f64)) -> EffectVerdict {
        // One server goes on: its noise is not drawn anew at the change.
        let seconds = noise(rng, rates.0, 41);
        let before = window(rng, &seconds[..30], 0.2, 0.3);
        let after: Vec<_> = seconds[31..].iter().map(|n| n * rates.1 / rates.0).collect();
        let after = window(rng, &after, 0.2, 0.3);
        SettingsCompared::of(&before.stats(), &after.stats()).verdict(1.0)
    }

    #[test]
    fn two_equal_settings_are_seldom_called_different() {
        for (name, noise) in NOISES {
            for rate in [20.0, 200.0] {
                let (mut better, mut different, mut often) = (0, 0, 0);
                for seed in 0..10 {
                    let mut rng = fastrand::Rng::with_seed(4000 + seed);
                    let twenty: Vec<_> =
                        (0..20).map(|_| verdict(&mut rng, noise, (rate, rate))).collect();
                    let count = |wanted| twenty.iter().filter(|v| **v == wanted).count();
                    let of_twenty = count(EffectVerdict::Better);
                    better += of_twenty;
                    different += of_twenty + count(EffectVerdict::Worse);
                    often += usize::from(of_twenty > 2);
                }
                let all =
                    format!("{name}, {rate}/s: {better} better, {different} of 200 different");
                assert!(better <= 10 && different <= 20 && often <= 1, "{all}, {often} too often");
            }
        }
    }

    #[test]
    fn a_tenth_more_pages_is_found() {
        let found = |noise: Noise, rates| {
            let mut rng = fastrand::Rng::with_seed(77);
            let verdicts = (0..50).map(|_| verdict(&mut rng, noise, rates));
            verdicts.filter(|verdict| *verdict == EffectVerdict::Better).count()
        };
        let tenth = found(poisson, (400.0, 440.0));
        assert!(tenth >= 40, "{tenth} of 50");
        // What the noise hides is not claimed; what stands out of it is found.
        for (name, noise) in NOISES {
            let twice = found(noise, (200.0, 400.0));
            assert!(twice >= 45, "{name}: {twice} of 50");
        }
    }

    #[test]
    fn as_many_pages_answered_sooner_are_better() {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut at = |latency: f64| window(&mut rng, &[100.0; 10], latency, 0.3).stats();
        let (slow, fast) = (at(0.3), at(0.2));
        assert_eq!(SettingsCompared::of(&slow, &fast).verdict(1.0), EffectVerdict::Better);
        assert_eq!(SettingsCompared::of(&fast, &slow).verdict(1.0), EffectVerdict::Worse);
        assert_eq!(SettingsCompared::of(&slow, &slow).verdict(1.0), EffectVerdict::NoDifference);
        // Pages per second that are not known well do not hide that all wait twice as long.
        let pages = Estimate { value: 3.0, ci: 20.0 };
        let compared = |p95, ci| SettingsCompared { pages, p95: Estimate { value: p95, ci } };
        assert_eq!(compared(100.0, 15.0).verdict(1.0), EffectVerdict::Worse);
        assert_eq!(compared(-50.0, 7.5).verdict(1.0), EffectVerdict::Better);
        assert_eq!(compared(30.0, 15.0).verdict(1.0), EffectVerdict::NoDifference);
        let nothing = BlockWindow::default().stats();
        let compared = SettingsCompared::of(&nothing, &fast);
        assert_eq!(compared.verdict(1.0), EffectVerdict::NoDifference);
        assert!(compared.pages.ci.is_infinite() && compared.p95.ci.is_infinite());
    }
}
