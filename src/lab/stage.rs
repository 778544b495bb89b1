//! What is wrong with the site on purpose, and whoever waits because of it: changes while it serves,
//! and every one who waits feels it at once.
//!
//! It must not know what is answered otherwise. The gate is borrowed from the crawler: a semaphore
//! that can be resized while it is in use is the same thing on both sides.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;
use tokio::time::Instant;

use super::dice::{Dice, Topic};
use crate::semaphore::{Permit, ResizableSemaphore};
use crate::settings::faults::{Fault, Faults, FaultySite};

/// Places where there is no limit.
const NO_LIMIT: u32 = 1 << 30;
/// A slow answer takes so many times as long,
const TAIL: u32 = 10;
/// and at least this.
const TAIL_LEAST: Duration = Duration::from_secs(1);

/// What happens to a request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Answered,
    /// Its connection is closed.
    Reset,
    /// It is not answered.
    Hang,
    /// It is answered with this, and told to come again after so many seconds.
    Status(StatusCode, Option<u64>),
}

/// The faults of a site.
#[derive(Debug)]
pub struct Stage {
    seed: u64,
    faults: watch::Sender<Faults>,
    /// Places of those who are being answered.
    places: Arc<ResizableSemaphore>,
    /// When the next byte may go, where there is a bandwidth.
    next: Mutex<Instant>,
    /// Throws of the dice so far.
    throws: AtomicU32,
}

impl Stage {
    /// A stage with these faults; chance is the same for the same seed.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let stage = Self {
            seed,
            faults: watch::Sender::new(Faults::NONE),
            places: ResizableSemaphore::new(NO_LIMIT),
            next: Mutex::new(Instant::now()),
            throws: AtomicU32::new(0),
        };
        stage.put(&faults);
        stage
    }

    fn dice(&self, topic: Topic) -> Dice {
        Dice::new(self.seed, self.throws.fetch_add(1, Ordering::Relaxed), topic)
    }

    /// Whether requests may meet with anything but an answer.
    pub fn has_errors(&self) -> bool {
        let faults = self.faults.borrow();
        let errors =
            [Fault::Reset, Fault::Hang, Fault::ServerError, Fault::TooMany, Fault::RetryAfter];
        errors.into_iter().any(|fault| faults.get(fault).is_some())
    }

    /// Decides on one request for a page.
    pub fn fate(&self) -> Fate {
        let faults = *self.faults.borrow();
        let mut dice = self.dice(Topic::Fate);
        let mut left = dice.share();
        let mut falls_to = |fault| {
            left -= faults.share(fault);
            left < 0.0
        };
        // Of two kinds, one as often as the other.
        let second = dice.chance(500);
        if falls_to(Fault::Reset) {
            Fate::Reset
        } else if falls_to(Fault::Hang) {
            Fate::Hang
        } else if falls_to(Fault::ServerError) {
            let bad_gateway = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY];
            Fate::Status(bad_gateway[usize::from(second)], None)
        } else if falls_to(Fault::TooMany) {
            Fate::Status(StatusCode::TOO_MANY_REQUESTS, None)
        } else if falls_to(Fault::RetryAfter) {
            Fate::Status(StatusCode::TOO_MANY_REQUESTS, Some(1 + u64::from(second)))
        } else {
            Fate::Answered
        }
    }

    /// Waits until requests are not left unanswered any more.
    pub async fn hang(&self) {
        // The sender is ours.
        let _ = self.faults.subscribe().wait_for(|faults| faults.get(Fault::Hang).is_none()).await;
    }

    /// Waits for a place among those who are being answered, first come, first served.
    pub async fn place(&self) -> Permit {
        self.places.acquire().await
    }

    /// Waits as long as a page takes to answer that takes `own` where nothing is wrong.
    pub async fn think(&self, own: Duration) {
        let begin = Instant::now();
        let mut faults = self.faults.subscribe();
        let mut dice = self.dice(Topic::Latency);
        let (spread, tail) = (dice.share(), dice.share());
        loop {
            let wanted = {
                let faults = faults.borrow_and_update();
                let more = faults.time(Fault::Spread).unwrap_or_default().mul_f64(spread);
                let usual = faults.time(Fault::Latency).unwrap_or(own) + more;
                let slow = tail < faults.share(Fault::SlowTail);
                if slow { (usual * TAIL).max(TAIL_LEAST) } else { usual }
            };
            let until = begin + wanted;
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                _ = faults.changed() => {}
            }
        }
    }

    /// Bytes of a body that go at once, where there is a bandwidth: a twentieth of a second's.
    pub fn chunk(&self) -> Option<usize> {
        let rate = self.faults.borrow().get(Fault::Bandwidth)?;
        Some(((rate / 20.0) as usize).clamp(512, 64 << 10))
    }

    /// Waits until so many more bytes may go, over the whole site.
    pub fn pace(self: &Arc<Self>, bytes: usize) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let stage = Arc::clone(self);
        Box::pin(async move {
            let mut faults = stage.faults.subscribe();
            let Some(rate) = faults.borrow_and_update().get(Fault::Bandwidth) else { return };
            let until = {
                let mut next = stage.next.lock().unwrap_or_else(PoisonError::into_inner);
                *next = (*next).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / rate);
                *next
            };
            let another = |faults: &Faults| faults.get(Fault::Bandwidth) != Some(rate);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = faults.wait_for(another) => {}
            }
        })
    }
}

impl FaultySite for Stage {
    fn put(&self, faults: &Faults) {
        self.places.resize(faults.count(Fault::Capacity).unwrap_or(NO_LIMIT));
        // What was booked at another bandwidth is not waited for.
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.faults.send_replace(*faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What so many requests meet with.
    fn fates(faults: Faults, requests: usize) -> Vec<Fate> {
        let stage = Stage::new(1, faults);
        (0..requests).map(|_| stage.fate()).collect()
    }

    #[test]
    fn shares_are_kept_and_the_same_every_time() {
        let faults = Faults::NONE
            .with(Fault::Reset, 0.1)
            .with(Fault::Hang, 0.05)
            .with(Fault::ServerError, 0.2)
            .with(Fault::TooMany, 0.05)
            .with(Fault::RetryAfter, 0.1);
        let all = fates(faults, 10_000);
        assert_eq!(all, fates(faults, 10_000));
        let count = |of: &dyn Fn(&Fate) -> bool| all.iter().filter(|fate| of(fate)).count();
        let about = |count: usize, wanted: usize| {
            assert!(count.abs_diff(wanted) < wanted / 5, "{count} for {wanted}");
        };
        about(count(&|fate| *fate == Fate::Reset), 1_000);
        about(count(&|fate| *fate == Fate::Hang), 500);
        about(count(&|fate| *fate == Fate::Status(StatusCode::BAD_GATEWAY, None)), 1_000);
        about(count(&|fate| *fate == Fate::Status(StatusCode::TOO_MANY_REQUESTS, None)), 500);
        about(count(&|fate| *fate == Fate::Status(StatusCode::TOO_MANY_REQUESTS, Some(2))), 500);
        about(count(&|fate| *fate == Fate::Answered), 5_000);
        assert_eq!(fates(Faults::NONE, 100), [Fate::Answered; 100]);
        let all_fail = fates(Faults::NONE.with(Fault::Reset, 1.0), 100);
        assert_eq!(all_fail, [Fate::Reset; 100]);
    }

    /// Seconds, by the paused clock, that thinking takes.
    async fn thinks(stage: &Stage, own_s: f64) -> f64 {
        let begin = Instant::now();
        stage.think(Duration::from_secs_f64(own_s)).await;
        begin.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn latency_is_fixed_spread_and_has_a_tail() {
        let stage = Stage::new(1, Faults::NONE);
        assert!((thinks(&stage, 3.0).await - 3.0).abs() < 0.01);
        stage.put(&Faults::NONE.with(Fault::Latency, 200.0));
        assert!((thinks(&stage, 3.0).await - 0.2).abs() < 0.01);
        stage.put(&Faults::NONE.with(Fault::Latency, 0.0));
        assert!(thinks(&stage, 3.0).await < 0.01);

        stage.put(&Faults::NONE.with(Fault::Latency, 100.0).with(Fault::Spread, 1_000.0));
        let mut times = Vec::new();
        for _ in 0..200 {
            times.push(thinks(&stage, 0.0).await);
        }
        assert!(times.iter().all(|time| (0.1..1.11).contains(time)), "{times:?}");
        let mean = times.iter().sum::<f64>() / 200.0;
        assert!((0.5..0.7).contains(&mean), "{mean}");

        stage.put(&Faults::NONE.with(Fault::Latency, 20.0).with(Fault::SlowTail, 0.2));
        let mut slow = 0;
        for _ in 0..500 {
            let time = thinks(&stage, 0.0).await;
            assert!(time < 0.03 || (1.0..1.01).contains(&time), "{time}");
            slow += usize::from(time >= 1.0);
        }
        assert!((75..125).contains(&slow), "{slow}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_feels_a_change_at_once() {
        let stage = Arc::new(Stage::new(
            1,
            Faults::NONE
                .with(Fault::Latency, 50_000.0)
                .with(Fault::Hang, 1.0)
                .with(Fault::Bandwidth, 1_024.0)
                .with(Fault::Capacity, 1.0),
        ));
        let begin = Instant::now();
        let held = stage.place().await;
        let all = [0, 1, 2, 3].map(|which| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move {
                match which {
                    0 => stage.think(Duration::ZERO).await,
                    1 => stage.hang().await,
                    2 => stage.pace(1 << 20).await,
                    _ => drop(stage.place().await),
                }
            })
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(all.iter().all(|waiting| !waiting.is_finished()));
        stage.put(&Faults::NONE);
        for waiting in all {
            waiting.await.expect("it goes on");
        }
        assert!(begin.elapsed() < Duration::from_secs(6));
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bandwidth_is_shared_by_all() {
        let stage = Arc::new(Stage::new(1, Faults::NONE.with(Fault::Bandwidth, 10_240.0)));
        let begin = Instant::now();
        let all: Vec<_> = (0..10).map(|_| tokio::spawn(stage.pace(1_024))).collect();
        for one in all {
            one.await.expect("it goes on");
        }
        let took = begin.elapsed().as_secs_f64();
        assert!((0.99..1.1).contains(&took), "{took}");
    }
}
