//! How long the event loop was blocked, measured all the time.
//!
//! Two gauges into one maximum: the longest single poll of a worker (the loop's thread could do
//! nothing else meanwhile), and the lateness of a timer.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::crawl::protocol::snapshot::LoopDelay;

/// How often the timer's lateness is measured.
const PROBE: Duration = Duration::from_millis(50);

/// Collects the worst delay since it was last read.
#[derive(Debug, Default)]
pub struct LoopDelayGauge {
    worst_us: AtomicU64,
}

impl LoopDelayGauge {
    /// Records a delay.
    pub fn note(&self, delay: Duration) {
        self.worst_us.fetch_max(delay.as_micros() as u64, Relaxed);
    }

    /// Measures the lateness of a timer for as long as it is polled.
    pub async fn probe(self: Arc<Self>) {
        self.probe_every(PROBE).await;
    }

    /// Likewise, of a timer that goes off so often.
    pub async fn probe_every(self: Arc<Self>, every: Duration) {
        loop {
            let due = tokio::time::Instant::now() + every;
            tokio::time::sleep_until(due).await;
            // Timers have a resolution of one millisecond; that much is not a delay.
            self.note(due.elapsed().saturating_sub(Duration::from_millis(1)));
        }
    }

    /// Measures every poll of `future`.
    pub fn watch<F>(self: &Arc<Self>, future: F) -> TimedPolls<F> {
        TimedPolls { gauge: Arc::clone(self), future: Box::pin(future) }
    }

    /// The worst delay that no [`LoopDelayMeter`] has read.
    #[must_use]
    pub fn worst(&self) -> Duration {
        Duration::from_micros(self.worst_us.load(Relaxed))
    }

    fn take(&self) -> u64 {
        self.worst_us.swap(0, Relaxed)
    }
}

/// A future whose polls are measured.
#[derive(Debug)]
pub struct TimedPolls<F> {
    gauge: Arc<LoopDelayGauge>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for TimedPolls<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let begin = Instant::now();
        let result = self.future.as_mut().poll(context);
        self.gauge.note(begin.elapsed());
        result
    }
}

/// The worst delays of the last ten seconds and of the run.
#[derive(Debug, Default)]
pub struct LoopDelayMeter {
    seconds: VecDeque<u64>,
    run_us: u64,
    second_us: u64,
    last_us: u64,
}

impl LoopDelayMeter {
    /// The worst delay between the last two readings.
    #[must_use]
    pub const fn last(&self) -> Duration {
        Duration::from_micros(self.last_us)
    }

    /// Reads the gauge; `second_over` ends a second of the window.
    pub fn read(&mut self, gauge: &LoopDelayGauge, second_over: bool) -> LoopDelay {
        self.last_us = gauge.take();
        self.second_us = self.second_us.max(self.last_us);
        self.run_us = self.run_us.max(self.second_us);
        let worst = self.seconds.iter().copied().max().unwrap_or(0).max(self.second_us);
        if second_over {
            self.seconds.push_back(std::mem::take(&mut self.second_us));
            while self.seconds.len() > 10 {
                self.seconds.pop_front();
            }
        }
        LoopDelay { worst_10s_ms: worst as f64 / 1000.0, worst_run_ms: self.run_us as f64 / 1000.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blocking_poll_shows() {
        let gauge = Arc::new(LoopDelayGauge::default());
        gauge
            .watch(async {
                let begin = Instant::now();
                while begin.elapsed() < Duration::from_millis(30) {
                    std::hint::spin_loop();
                }
            })
            .await;
        let mut meter = LoopDelayMeter::default();
        assert!(meter.read(&gauge, true).worst_run_ms >= 30.0);
        for _ in 0..10 {
            meter.read(&gauge, true);
        }
        let later = meter.read(&gauge, false);
        assert!(later.worst_10s_ms < 30.0 && later.worst_run_ms >= 30.0);
    }
}
