//! Injects faults into the requests of the site. The faults can change while it serves; requests that
//! wait because of one continue at once.
//!
//! It must not know the normal responses. The gate is the crawler's: both need a semaphore that can
//! be resized while it is in use.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;
use tokio::time::Instant;

use super::rng::{Rng, Topic};
use crate::semaphore::{Permit, ResizableSemaphore};
use crate::settings::faults::{Fault, Faults, FaultySite};

/// Permits where there is no limit.
const NO_LIMIT: u32 = 1 << 30;
/// Factor by which a slow response takes longer.
const TAIL_FACTOR: u32 = 10;
/// Minimum time of a slow response.
const TAIL_MIN: Duration = Duration::from_secs(1);

/// What happens to a request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// It gets its normal response.
    None,
    /// Its connection is closed.
    Reset,
    /// It gets no response.
    Hang,
    /// It gets this status, with this `Retry-After` in seconds.
    Status(StatusCode, Option<u64>),
}

/// What is in force.
#[derive(Debug, Clone, Copy)]
struct InForce {
    faults: Faults,
    /// How many times as long everything takes.
    times: f64,
}

impl InForce {
    /// Bytes per second of the whole site, where there is a limit.
    fn bandwidth(&self) -> Option<f64> {
        self.faults.get(Fault::Bandwidth).map(|rate| rate / self.times)
    }
}

/// The faults of a site, and what enforces them.
#[derive(Debug)]
pub struct FaultInjector {
    seed: u64,
    in_force: watch::Sender<InForce>,
    /// Permits of the requests being processed.
    capacity: Arc<ResizableSemaphore>,
    /// Requests that may be answered now, where there is a rate limit.
    tokens: Mutex<TokenBucket>,
    /// When the next byte may be sent, where there is a bandwidth.
    next_send: Mutex<Instant>,
    /// Random decisions so far.
    draws: AtomicU32,
}

impl FaultInjector {
    /// An injector with these faults; its decisions are the same for the same seed.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let injector = Self {
            seed,
            in_force: watch::Sender::new(InForce { faults: Faults::NONE, times: 1.0 }),
            capacity: ResizableSemaphore::new(NO_LIMIT),
            tokens: Mutex::new(TokenBucket::full(Instant::now())),
            next_send: Mutex::new(Instant::now()),
            draws: AtomicU32::new(0),
        };
        injector.put(&faults);
        injector
    }

    fn rng(&self, topic: Topic) -> Rng {
        Rng::new(self.seed, self.draws.fetch_add(1, Ordering::Relaxed), topic)
    }

    /// Whether a fault in force replaces or withholds responses.
    pub fn has_errors(&self) -> bool {
        let faults = self.in_force.borrow().faults;
        let errors = [
            Fault::Reset,
            Fault::Hang,
            Fault::ServerError,
            Fault::TooMany,
            Fault::RetryAfter,
            Fault::RateLimit,
        ];
        errors.into_iter().any(|fault| faults.get(fault).is_some())
    }

    /// Decides what happens to one request for a page.
    pub fn decide(&self) -> RequestFault {
        let InForce { faults, times } = *self.in_force.borrow();
        let mut rng = self.rng(Topic::Fault);
        let mut left = rng.unit_f64();
        let mut falls_on = |fault| {
            left -= faults.share(fault);
            left < 0.0
        };
        // Where a fault has two kinds, both are equally likely.
        let second = rng.chance(500);
        if falls_on(Fault::Reset) {
            RequestFault::Reset
        } else if falls_on(Fault::Hang) {
            RequestFault::Hang
        } else if falls_on(Fault::ServerError) {
            let statuses = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY];
            RequestFault::Status(statuses[usize::from(second)], None)
        } else if falls_on(Fault::TooMany) {
            RequestFault::Status(StatusCode::TOO_MANY_REQUESTS, None)
        } else if falls_on(Fault::RetryAfter) {
            RequestFault::Status(StatusCode::TOO_MANY_REQUESTS, Some(1 + u64::from(second)))
        } else if faults.get(Fault::RateLimit).is_some_and(|rate| !self.has_token(rate / times)) {
            RequestFault::Status(StatusCode::TOO_MANY_REQUESTS, None)
        } else {
            RequestFault::None
        }
    }

    /// Takes a token for a request, where so many requests a second are answered; false when there is
    /// none.
    fn has_token(&self, rate: f64) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.take(rate, Instant::now())
    }

    /// Waits until the fault `hang` is no longer in force.
    pub async fn hang(&self) {
        // `self` owns the sender, so the channel is open.
        let over = |now: &InForce| now.faults.get(Fault::Hang).is_none();
        let _ = self.in_force.subscribe().wait_for(over).await;
    }

    /// Waits for a permit of the capacity, first come, first served.
    pub async fn acquire(&self) -> Permit {
        self.capacity.acquire().await
    }

    /// Waits for the latency of a page, which is `own` without faults.
    pub async fn wait_latency(&self, own: Duration) {
        let begin = Instant::now();
        let mut in_force = self.in_force.subscribe();
        let mut rng = self.rng(Topic::Latency);
        let (spread, tail) = (rng.unit_f64(), rng.unit_f64());
        loop {
            let latency = {
                let InForce { faults, times } = *in_force.borrow_and_update();
                let more = faults.time(Fault::Spread).unwrap_or_default().mul_f64(spread);
                let usual = faults.time(Fault::Latency).unwrap_or(own) + more;
                let slow = tail < faults.share(Fault::SlowTail);
                let latency = if slow { (usual * TAIL_FACTOR).max(TAIL_MIN) } else { usual };
                latency.mul_f64(times)
            };
            let until = begin + latency;
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                _ = in_force.changed() => {}
            }
        }
    }

    /// Maximum bytes of a body in one chunk, where there is a bandwidth: 50 ms of it.
    pub fn max_chunk(&self) -> Option<usize> {
        let rate = self.in_force.borrow().bandwidth()?;
        Some(((rate / 20.0) as usize).clamp(512, 64 << 10))
    }

    /// Waits until this many more bytes may be sent; the bandwidth is that of the whole site.
    pub fn throttle(self: &Arc<Self>, bytes: usize) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let injector = Arc::clone(self);
        Box::pin(async move {
            let mut in_force = injector.in_force.subscribe();
            let Some(rate) = in_force.borrow_and_update().bandwidth() else { return };
            let until = {
                let mut next = injector.next_send.lock().unwrap_or_else(PoisonError::into_inner);
                *next = (*next).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / rate);
                *next
            };
            let changed = |now: &InForce| now.bandwidth() != Some(rate);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                _ = in_force.wait_for(changed) => {}
            }
        })
    }
}

/// Tokens for requests: as many a second as the rate limit, and a fifth of that in a burst.
#[derive(Debug)]
struct TokenBucket {
    /// Tokens left at `at`.
    left: f64,
    at: Instant,
}

impl TokenBucket {
    const fn full(at: Instant) -> Self {
        Self { left: f64::INFINITY, at }
    }

    fn take(&mut self, rate: f64, now: Instant) -> bool {
        let burst = (rate / 5.0).max(1.0);
        let new = rate * now.saturating_duration_since(self.at).as_secs_f64();
        (self.left, self.at) = ((self.left + new).min(burst), now);
        let taken = self.left >= 1.0;
        if taken {
            self.left -= 1.0;
        }
        taken
    }
}

impl FaultySite for FaultInjector {
    fn put(&self, faults: &Faults) {
        self.capacity.resize(faults.count(Fault::Capacity).unwrap_or(NO_LIMIT));
        // Bytes scheduled at the old bandwidth do not delay later ones.
        *self.next_send.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.in_force.send_modify(|now| now.faults = *faults);
    }

    fn stretch(&self, times: f64) {
        self.in_force.send_modify(|now| now.times = times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decisions on this many requests.
    fn decisions(faults: Faults, requests: usize) -> Vec<RequestFault> {
        let injector = FaultInjector::new(1, faults);
        (0..requests).map(|_| injector.decide()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_answers_so_many_a_second_and_a_burst() {
        let injector = FaultInjector::new(1, Faults::NONE.with(Fault::RateLimit, 50.0));
        let answered = || (0..100).filter(|_| injector.decide() == RequestFault::None).count();
        assert_eq!(answered(), 10, "a burst of a fifth");
        let mut sum = 0;
        for _ in 0..100 {
            tokio::time::advance(Duration::from_millis(100)).await;
            sum += answered();
        }
        assert!((499..=500).contains(&sum), "{sum}");
        assert!(injector.has_errors());
        injector.put(&Faults::NONE);
        assert_eq!(answered(), 100);
    }

    #[test]
    fn shares_are_kept_and_the_same_every_time() {
        let faults = Faults::NONE
            .with(Fault::Reset, 0.1)
            .with(Fault::Hang, 0.05)
            .with(Fault::ServerError, 0.2)
            .with(Fault::TooMany, 0.05)
            .with(Fault::RetryAfter, 0.1);
        let all = decisions(faults, 10_000);
        assert_eq!(all, decisions(faults, 10_000));
        let count =
            |of: &dyn Fn(&RequestFault) -> bool| all.iter().filter(|fault| of(fault)).count();
        let about = |count: usize, wanted: usize| {
            assert!(count.abs_diff(wanted) < wanted / 5, "{count} for {wanted}");
        };
        about(count(&|fault| *fault == RequestFault::Reset), 1_000);
        about(count(&|fault| *fault == RequestFault::Hang), 500);
        about(count(&|fault| *fault == RequestFault::Status(StatusCode::BAD_GATEWAY, None)), 1_000);
        about(
            count(&|fault| *fault == RequestFault::Status(StatusCode::TOO_MANY_REQUESTS, None)),
            500,
        );
        about(
            count(&|fault| *fault == RequestFault::Status(StatusCode::TOO_MANY_REQUESTS, Some(2))),
            500,
        );
        about(count(&|fault| *fault == RequestFault::None), 5_000);
        assert_eq!(decisions(Faults::NONE, 100), [RequestFault::None; 100]);
        let all_fail = decisions(Faults::NONE.with(Fault::Reset, 1.0), 100);
        assert_eq!(all_fail, [RequestFault::Reset; 100]);
    }

    /// Seconds, by the paused clock, that the latency takes.
    async fn latency(injector: &FaultInjector, own_s: f64) -> f64 {
        let begin = Instant::now();
        injector.wait_latency(Duration::from_secs_f64(own_s)).await;
        begin.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn latency_is_fixed_spread_and_has_a_tail() {
        let injector = FaultInjector::new(1, Faults::NONE);
        assert!((latency(&injector, 3.0).await - 3.0).abs() < 0.01);
        injector.put(&Faults::NONE.with(Fault::Latency, 200.0));
        assert!((latency(&injector, 3.0).await - 0.2).abs() < 0.01);
        injector.put(&Faults::NONE.with(Fault::Latency, 0.0));
        assert!(latency(&injector, 3.0).await < 0.01);

        injector.put(&Faults::NONE.with(Fault::Latency, 100.0).with(Fault::Spread, 1_000.0));
        let mut times = Vec::new();
        for _ in 0..200 {
            times.push(latency(&injector, 0.0).await);
        }
        assert!(times.iter().all(|time| (0.1..1.11).contains(time)), "{times:?}");
        let mean = times.iter().sum::<f64>() / 200.0;
        assert!((0.5..0.7).contains(&mean), "{mean}");

        injector.put(&Faults::NONE.with(Fault::Latency, 20.0).with(Fault::SlowTail, 0.2));
        let mut slow = 0;
        for _ in 0..500 {
            let time = latency(&injector, 0.0).await;
            assert!(time < 0.03 || (1.0..1.01).contains(&time), "{time}");
            slow += usize::from(time >= 1.0);
        }
        assert!((75..125).contains(&slow), "{slow}");
    }

    #[tokio::test(start_paused = true)]
    async fn stretched_everything_takes_so_many_times_as_long_at_once() {
        let injector = Arc::new(FaultInjector::new(1, Faults::NONE));
        injector.stretch(10.0);
        assert!((latency(&injector, 0.2).await - 2.0).abs() < 0.01);
        let waits = Arc::clone(&injector);
        let waiting = tokio::spawn(async move { latency(&waits, 5.0).await });
        tokio::time::sleep(Duration::from_secs(6)).await;
        injector.stretch(1.0);
        let took = waiting.await.expect("it continues");
        assert!((took - 6.0).abs() < 0.1, "{took}: its own time is over");
        injector.put(&Faults::NONE.with(Fault::Bandwidth, 10_240.0));
        injector.stretch(10.0);
        let begin = Instant::now();
        injector.throttle(1_024).await;
        assert!((begin.elapsed().as_secs_f64() - 1.0).abs() < 0.05);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_feels_a_change_at_once() {
        let injector = Arc::new(FaultInjector::new(
            1,
            Faults::NONE
                .with(Fault::Latency, 50_000.0)
                .with(Fault::Hang, 1.0)
                .with(Fault::Bandwidth, 1_024.0)
                .with(Fault::Capacity, 1.0),
        ));
        let begin = Instant::now();
        let held = injector.acquire().await;
        let all = [0, 1, 2, 3].map(|which| {
            let injector = Arc::clone(&injector);
            tokio::spawn(async move {
                match which {
                    0 => injector.wait_latency(Duration::ZERO).await,
                    1 => injector.hang().await,
                    2 => injector.throttle(1 << 20).await,
                    _ => drop(injector.acquire().await),
                }
            })
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(all.iter().all(|waiting| !waiting.is_finished()));
        injector.put(&Faults::NONE);
        for waiting in all {
            waiting.await.expect("it continues");
        }
        assert!(begin.elapsed() < Duration::from_secs(6));
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bandwidth_is_shared_by_all() {
        let injector =
            Arc::new(FaultInjector::new(1, Faults::NONE.with(Fault::Bandwidth, 10_240.0)));
        let begin = Instant::now();
        let all: Vec<_> = (0..10).map(|_| tokio::spawn(injector.throttle(1_024))).collect();
        for one in all {
            one.await.expect("it continues");
        }
        let took = begin.elapsed().as_secs_f64();
        assert!((0.99..1.1).contains(&took), "{took}");
    }
}
