//! The whole-crawl rate: request starts are at least `1 / rate` apart on average.
//!
//! Waiters stand in one line; only the first has a timer, so a change of the rate acts at once
//! and a thousand waiters cost one wake-up per request.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Mutex as Line, MutexGuard, Notify};
use tokio::time::{Instant, sleep_until};

use crate::lock::Lock;

/// A timer fires up to a millisecond late; this much lateness is made up for, so that the
/// average keeps to high rates. It also bounds the burst after a quiet spell.
const CATCH_UP: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct RateState {
    gap: Option<Duration>,
    next: Instant,
}

/// The rate limit of a crawl.
#[derive(Debug)]
pub struct Rate {
    state: Mutex<RateState>,
    line: Line<()>,
    changed: Notify,
}

fn gap_of(rate: Option<f64>) -> Option<Duration> {
    rate.filter(|r| *r > 0.0).map(|r| Duration::from_secs_f64(1.0 / r))
}

impl Rate {
    /// `rate` in requests per second; `None` for no limit.
    #[must_use]
    pub fn new(rate: Option<f64>) -> Self {
        Self {
            state: Mutex::new(RateState { gap: gap_of(rate), next: Instant::now() }),
            line: Line::new(()),
            changed: Notify::new(),
        }
    }

    /// Changes the rate; waiters are released by the new one.
    pub fn set(&self, rate: Option<f64>) {
        let mut state = self.state.locked();
        let now = Instant::now();
        let old = state.gap;
        state.gap = gap_of(rate);
        // The next start is due one new gap after the last one, not one old gap.
        if let (Some(old), Some(new)) = (old, state.gap) {
            let last = state.next.checked_sub(old).unwrap_or(now);
            state.next = last + new;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether there is a limit at all.
    #[must_use]
    pub fn limited(&self) -> bool {
        self.state.locked().gap.is_some()
    }

    /// Whether a request waits for its turn.
    #[must_use]
    pub fn has_waiters(&self) -> bool {
        self.limited() && self.line.try_lock().is_err()
    }

    /// When the next start is due, if that is later than now.
    fn due(&self) -> Option<Instant> {
        let state = self.state.locked();
        (state.gap.is_some() && state.next > Instant::now()).then_some(state.next)
    }

    /// Waits in line until a request may start; `None` when there is no limit (any more). The task that
    /// has the turn keeps all others waiting until it takes or drops it.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        let first = self.line.lock().await;
        loop {
            let changed = self.changed.notified();
            let Some(due) = self.due() else {
                return self.limited().then_some(Turn { rate: self, _first: first });
            };
            tokio::select! {
                () = sleep_until(due) => {}
                () = changed => {}
            }
        }
    }
}

/// The right to the next start.
#[derive(Debug)]
pub struct Turn<'a> {
    rate: &'a Rate,
    _first: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    /// A request starts now; the next one is due a gap later.
    pub fn take(self) {
        let mut state = self.rate.state.locked();
        if let Some(gap) = state.gap {
            let now = Instant::now();
            let floor = now.checked_sub(CATCH_UP).unwrap_or(now);
            state.next = state.next.max(floor) + gap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(rate: &Rate) {
        if let Some(turn) = rate.turn().await {
            turn.take();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn starts_keep_to_the_rate_and_a_change_acts_at_once() {
        let rate = Rate::new(Some(10.0));
        let begin = Instant::now();
        for _ in 0..11 {
            take(&rate).await;
        }
        let took = begin.elapsed();
        assert!((0.99..1.02).contains(&took.as_secs_f64()), "{took:?}");
        rate.set(Some(0.1));
        let waits = tokio::time::timeout(Duration::from_secs(5), take(&rate)).await;
        assert!(waits.is_err());
        let begin = Instant::now();
        let ((), ()) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                rate.set(None);
            },
            take(&rate)
        );
        assert!(begin.elapsed() < Duration::from_millis(1100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_high_rate_is_kept_on_average_despite_coarse_timers() {
        let rate = Rate::new(Some(5000.0));
        let begin = Instant::now();
        for _ in 0..10_000 {
            take(&rate).await;
        }
        let took = begin.elapsed().as_secs_f64();
        assert!((1.97..2.05).contains(&took), "{took}");
    }
}
