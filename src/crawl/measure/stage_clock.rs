//! Stage clocks: every moment of a producer, worker or saver belongs to exactly one state.
//!
//! A clock has one writer at a time and many readers; all is atomics.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

/// State of a clock that is not running: its time counts nowhere.
pub const ABSENT: usize = 0xff;

/// Samples of the sliding second (snapshots come ten a second).
const WINDOW: usize = 10;

const STATE_SHIFT: u32 = 56;
const TIME_MASK: u64 = (1 << STATE_SHIFT) - 1;

/// Time by state, in microseconds, for `N` states.
#[derive(Debug)]
pub struct StageClock<const N: usize> {
    origin: Instant,
    /// State in the top byte, since when (µs after `origin`) below.
    now: AtomicU64,
    spent: [AtomicU64; N],
}

impl<const N: usize> StageClock<N> {
    /// A clock in state `state` (or [`ABSENT`]).
    #[must_use]
    pub fn new(state: usize) -> Self {
        let origin = Instant::now();
        Self {
            origin,
            now: AtomicU64::new(pack(state, 0)),
            spent: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    fn micros(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64 & TIME_MASK
    }

    /// Adds the time since the last change and goes into `state`.
    pub fn enter(&self, state: usize) {
        let now = self.micros();
        let (old, since) = unpack(self.now.swap(pack(state, now), Relaxed));
        self.add(old, now.saturating_sub(since));
    }

    /// Goes from one state to another, only if it is in the former.
    pub fn shift(&self, from: usize, to: usize) {
        let before = self.now.load(Relaxed);
        let (state, since) = unpack(before);
        if state != from {
            return;
        }
        let now = self.micros();
        if self.now.compare_exchange(before, pack(to, now), Relaxed, Relaxed).is_ok() {
            self.add(state, now.saturating_sub(since));
        }
    }

    fn add(&self, state: usize, micros: u64) {
        if let Some(spent) = self.spent.get(state) {
            spent.fetch_add(micros, Relaxed);
        }
    }

    /// The state now and for how long, in microseconds.
    #[must_use]
    pub fn state(&self) -> (usize, u64) {
        let (state, since) = unpack(self.now.load(Relaxed));
        (state, self.micros().saturating_sub(since))
    }

    /// Adds the time in each state so far, the running one included, to `sum`.
    pub fn add_to(&self, sum: &mut [u64; N]) {
        for (total, spent) in sum.iter_mut().zip(&self.spent) {
            *total += spent.load(Relaxed);
        }
        let (state, running) = self.state();
        if let Some(total) = sum.get_mut(state) {
            *total += running;
        }
    }
}

fn pack(state: usize, micros: u64) -> u64 {
    ((state as u64) << STATE_SHIFT) | (micros & TIME_MASK)
}

fn unpack(word: u64) -> (usize, u64) {
    ((word >> STATE_SHIFT) as usize, word & TIME_MASK)
}

/// Shares of the last second, from sums read ten times a second.
#[derive(Debug)]
pub struct Shares<const N: usize> {
    samples: VecDeque<[u64; N]>,
}

impl<const N: usize> Default for Shares<N> {
    fn default() -> Self {
        Self { samples: VecDeque::from([[0; N]]) }
    }
}

impl<const N: usize> Shares<N> {
    /// Takes a new reading, keeping it as a sample when `keep`, and returns the shares since the
    /// oldest sample: they add up to 1, or are all 0 when no time passed.
    pub fn read(&mut self, sum: [u64; N], keep: bool) -> [f32; N] {
        let oldest = self.samples.front().copied().unwrap_or([0; N]);
        let spent: [u64; N] = std::array::from_fn(|i| sum[i].saturating_sub(oldest[i]));
        let total: u64 = spent.iter().sum();
        if keep {
            self.samples.push_back(sum);
            while self.samples.len() > WINDOW {
                self.samples.pop_front();
            }
        }
        spent.map(|s| if total == 0 { 0.0 } else { s as f32 / total as f32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn shares_add_up_to_one() {
        let clock = StageClock::<3>::new(0);
        let mut shares = Shares::default();
        tokio::time::advance(Duration::from_millis(250)).await;
        clock.enter(1);
        tokio::time::advance(Duration::from_millis(500)).await;
        clock.shift(0, 2);
        clock.shift(1, 2);
        tokio::time::advance(Duration::from_millis(250)).await;
        let mut sum = [0; 3];
        clock.add_to(&mut sum);
        assert_eq!(sum, [250_000, 500_000, 250_000]);
        assert_eq!(shares.read(sum, true).map(|s| (s * 100.0) as u32), [25, 50, 25]);
        clock.enter(ABSENT);
        tokio::time::advance(Duration::from_secs(5)).await;
        let mut later = [0; 3];
        clock.add_to(&mut later);
        assert_eq!(later, sum);
    }
}
