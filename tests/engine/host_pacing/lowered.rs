//! A host that answers 503 once too many requests are in flight: its limit is lowered instead of a
//! cooldown, and rises to just below what it refuses. A simulated host, on a time that is passed in.

use std::time::Duration;

use crawldeck::crawl::hosts::{HostQueues, Outcome, Pace, UrlTask};
use crawldeck::crawl::protocol::host_view::{BreakerState, WaitReason};
use tokio::time::Instant;

use super::host_model::{page, queues, status, taken, view};

const HOST: &str = "a.test";
const LATENCY: Duration = Duration::from_millis(100);
/// Time between two looks of the simulation.
const TICK: Duration = Duration::from_millis(10);

/// A request at the host.
struct Request {
    task: Box<UrlTask>,
    began: Instant,
    ends: Instant,
    refused: bool,
}

/// A host, and a crawl of it with so many permits.
struct Simulation {
    queues: HostQueues,
    now: Instant,
    permits: usize,
    /// Whether the host refuses a request, by its number and how many are in flight with it.
    refuses: Box<dyn FnMut(u32, usize) -> bool>,
    /// Whether a refusal takes as long as a page.
    slowly: bool,
    flying: Vec<Request>,
    requests: u32,
    pages: u32,
    refusals: u32,
    /// Refusals that cost their URL an attempt.
    counted: u32,
    random: fastrand::Rng,
    limits: Vec<u32>,
}

impl Simulation {
    fn new(permits: usize, refuses: impl FnMut(u32, usize) -> bool + 'static) -> Self {
        Self {
            queues: queues(Pace { give_up: Duration::MAX, ..Pace::default() }, &[HOST], 1_000),
            now: Instant::now(),
            permits,
            refuses: Box::new(refuses),
            slowly: false,
            flying: Vec::new(),
            requests: 0,
            pages: 0,
            refusals: 0,
            counted: 0,
            random: fastrand::Rng::with_seed(7),
            limits: Vec::new(),
        }
    }

    /// Runs for this time; there are always URLs to go.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.end_requests();
            self.start_requests();
            self.now += TICK;
        }
    }

    fn end_requests(&mut self) {
        let over = self.flying.extract_if(.., |request| request.ends <= self.now);
        for request in over.collect::<Vec<_>>() {
            let answer = if request.refused { status(503) } else { status(200) };
            let effect =
                self.queues.ended(&request.task.url, Some(request.began), Some(answer), self.now);
            if request.refused {
                self.refusals += 1;
                self.counted += u32::from(effect.counts);
            } else {
                self.pages += 1;
            }
            self.limits.extend(effect.lowered.map(|lowered| lowered.to));
            // Another URL is found: there is always one more.
            self.queues.push(page(HOST, request.task.id), false, 0);
        }
    }

    fn start_requests(&mut self) {
        while self.flying.len() < self.permits
            && let Some(task) = taken(&mut self.queues, self.now)
        {
            self.queues.started(&task.url, self.now);
            self.requests += 1;
            let at_host = self.flying.iter().filter(|r| !r.refused || self.slowly).count() + 1;
            let refused = (self.refuses)(self.requests, at_host);
            let page = LATENCY.mul_f64(0.5 + self.random.f64());
            let takes = if refused && !self.slowly { TICK } else { page };
            let (began, ends) = (self.now, self.now + takes);
            self.flying.push(Request { task, began, ends, refused });
        }
    }

    /// Pages in so many seconds from now on.
    fn pages_in(&mut self, seconds: u64) -> u32 {
        let before = self.pages;
        self.run(Duration::from_secs(seconds));
        self.pages - before
    }

    fn lowered_limit(&self) -> Option<u32> {
        view(&self.queues, HOST, self.now).lowered_limit
    }
}

/// Refuses what is more than `capacity` at a time.
fn above(capacity: usize) -> impl FnMut(u32, usize) -> bool {
    move |_, in_flight| in_flight > capacity
}

#[test]
fn a_host_is_crawled_at_its_capacity_without_a_cooldown() {
    for slowly in [false, true] {
        for (permits, capacity) in [(30, 10), (30, 3), (30, 1), (300, 50), (16, 12)] {
            let mut host = Simulation { slowly, ..Simulation::new(permits, above(capacity)) };
            let most = capacity as u32 * 30 * 10;
            let pages = host.pages_in(30);
            let what = format!("capacity {capacity}, {permits} permits, slowly {slowly}: {pages}");
            assert!(pages >= most * 3 / 5, "{what}");
            // Once it has settled, it is not lost to refusals.
            let (refusals, most) = (host.refusals, capacity as u32 * 60 * 10);
            let pages = host.pages_in(60);
            assert!(pages >= most * 4 / 5, "{what}, then {pages} of {most} in a minute");
            let refused = host.refusals - refusals;
            assert!(refused <= pages / 20, "{what}, then {refused} refused");
            assert!(host.counted <= host.refusals / 10 + 2, "{what}: {} counted", host.counted);
            assert_eq!(view(&host.queues, HOST, host.now).breaker, BreakerState::Closed);
        }
    }
}

#[test]
fn what_was_refused_is_tried_ever_more_rarely() {
    let mut host = Simulation::new(30, above(10));
    host.run(Duration::from_mins(1));
    let lowered = [5, 10, 20].map(|minutes| {
        host.limits.clear();
        host.run(Duration::from_mins(minutes));
        host.limits.len()
    });
    assert!(lowered[0] <= 4 && lowered[1] <= 3 && lowered[2] <= 3, "{lowered:?}");
    assert_eq!(host.lowered_limit(), Some(10));
    // It bears more by now: the limit rises, and is over.
    host.refuses = Box::new(|_, _| false);
    host.run(Duration::from_mins(12));
    assert_eq!(host.lowered_limit(), None);
}

#[test]
fn a_host_that_refuses_everything_gets_its_cooldown_after_few_requests() {
    let mut host = Simulation::new(30, |number, _| number > 40);
    host.run(Duration::from_secs(30));
    assert!(host.requests <= 40 + 70, "{} requests", host.requests);
    let wait = view(&host.queues, HOST, host.now).wait.unwrap();
    assert_eq!(wait.why, WaitReason::Backoff);
    // One request after each cooldown: they double.
    let before = host.requests;
    host.run(Duration::from_mins(30));
    assert!(host.requests - before <= 8, "{} requests", host.requests - before);
    // It is back, and bears 10 at a time.
    host.refuses = Box::new(above(10));
    host.run(Duration::from_mins(15));
    assert!(host.pages_in(60) >= 500, "{:?}", host.lowered_limit());
}

#[test]
fn random_503_do_not_throttle_a_host_for_good() {
    for (seed, percent) in [(1, 5), (2, 5), (3, 10), (4, 10), (5, 10)] {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut host = Simulation::new(30, move |_, _| random.u32(..100) < percent);
        host.run(Duration::from_secs(30));
        let pages = host.pages_in(120);
        let most = 30 * 10 * 120 * (100 - percent) / 100;
        assert!(pages >= most / 2, "{percent} %: {pages} of {most}, {:?}", host.limits);
    }
}

#[test]
fn a_retry_after_is_obeyed_and_nothing_is_lowered_by_it() {
    let now = Instant::now();
    let mut queues = queues(Pace::default(), &[HOST], 50);
    let took = Duration::from_millis(10);
    let tasks: Vec<_> = (0..8).map(|_| taken(&mut queues, now).unwrap()).collect();
    for task in &tasks {
        queues.started(&task.url, now);
    }
    let later = now + LATENCY;
    for task in &tasks {
        let retry_after = Some(Duration::from_secs(7));
        let busy = Outcome::Answered { status: 503, retry_after, took };
        let effect = queues.ended(&task.url, Some(now), Some(busy), later);
        assert!(effect.refused && effect.lowered.is_none() && !effect.counts);
    }
    let host = view(&queues, HOST, later);
    assert_eq!((host.refused_at, host.wait.unwrap().why), (None, WaitReason::RetryAfter));
}

#[test]
fn a_single_503_lowers_nothing_and_the_users_limit_stays_above() {
    let mut host = Simulation::new(30, |number, _| number % 50 == 0);
    host.run(Duration::from_mins(1));
    assert_eq!((host.limits.len(), host.lowered_limit()), (0, None));
    assert_eq!(host.counted, host.refusals, "a broken page is its URL's own failure");

    let mut host = Simulation::new(30, above(4));
    host.queues.change_rule(HOST, |rule| rule.per_host = Some(8));
    host.run(Duration::from_secs(10));
    assert!(host.limits[0] <= 4 && host.lowered_limit() == Some(4), "{:?}", host.limits);
    let seen = view(&host.queues, HOST, host.now);
    assert_eq!((seen.limit, seen.refused_at), (Some(4), Some(5)));
    assert_eq!(seen.wait.unwrap().why, WaitReason::LoweredLimit);
    // A stricter wish of the user holds, and a reset ends what was lowered.
    host.queues.change_rule(HOST, |rule| rule.per_host = Some(2));
    assert_eq!(view(&host.queues, HOST, host.now).limit, Some(2));
    host.queues.change_rule(HOST, |rule| rule.per_host = None);
    assert!(host.queues.reset(HOST));
    assert_eq!(view(&host.queues, HOST, host.now).limit, None);
}
