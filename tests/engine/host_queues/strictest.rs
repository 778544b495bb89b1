//! Of all that hold the strictest wins, whatever happens in whichever order.

use std::time::Duration;

use crawldeck::crawl::hosts::JITTER;
use crawldeck::crawl::hosts::{HostQueues, Outcome, Pace};
use crawldeck::crawl::hosts::{Taken, host_of};
use crawldeck::crawl::protocol::host_view::WaitReason;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::time::Instant;

use super::host_model::*;

/// What the user and a host's robots.txt wish.
#[derive(Debug, Clone)]
struct Wishes {
    per_host: Option<u32>,
    delay: Duration,
    crawl_delay: u32,
    ceiling: u32,
    longest: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Pass(Duration),
    Take,
    Start(Index),
    NeverStarts(Index),
    End(Index, Outcome),
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let delay = prop_oneof![Just(0), 1..20_000_u64];
    let crawl_delay = prop_oneof![Just(0), 1..40_u32];
    (prop::option::of(1..4_u32), delay, crawl_delay, 1..30_u32, 1..2_000_u64).prop_map(
        |(per_host, delay, crawl_delay, ceiling, longest)| Wishes {
            per_host,
            delay: Duration::from_millis(delay),
            crawl_delay,
            ceiling,
            longest: Duration::from_secs(longest),
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(answered(200)),
        1 => Just(answered(404)),
        2 => Just(answered(500)),
        1 => Just(answered(503)),
        1 => Just(answered(429)),
        1 => (0..3_000_u32).prop_map(|s| asks_for(429, s * S)),
        1 => (0..300_u32).prop_map(|s| asks_for(503, s * S)),
        3 => Just(NO_ANSWER),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..10_000_u64).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
        1 => (0..400_u32).prop_map(|s| Step::Pass(s * S)),
        5 => Just(Step::Take),
        4 => any::<Index>().prop_map(Step::Start),
        1 => any::<Index>().prop_map(Step::NeverStarts),
        5 => (any::<Index>(), outcome()).prop_map(|(which, how)| Step::End(which, how)),
    ]
}

/// What must hold of one host, computed apart from its state.
#[derive(Debug, Default)]
struct Reckoned {
    gap: Duration,
    limit: Option<u32>,
    not_before: Option<Instant>,
    /// The last incident of a host that wants to be left alone.
    incident: Option<Instant>,
    /// Its breaker is not closed, and its cooldown lasts until then.
    down: Option<Instant>,
    unstarted: Vec<String>,
    started: Vec<(String, Instant)>,
}

impl Reckoned {
    fn hold(&mut self, until: Instant) {
        self.not_before = self.not_before.max(Some(until));
    }

    fn handed_out(&mut self, url: &str, now: Instant) {
        assert!(self.not_before.is_none_or(|due| due <= now), "{url} comes too soon: {self:?}");
        assert!(self.down.is_none_or(|due| due <= now), "{url} comes while it is down: {self:?}");
        let active = self.unstarted.len() + self.started.len();
        assert!(self.limit.is_none_or(|limit| active < limit as usize), "{url}: {self:?}");
        assert!(
            self.gap.is_zero() || self.unstarted.is_empty(),
            "{url}: two under a gap: {self:?}"
        );
        assert!(self.down.is_none() || active == 0, "{url}: not the only probe: {self:?}");
        self.unstarted.push(url.to_owned());
    }

    /// `refused` tells whether the engine took it as a demand: for a 503 without `Retry-After` that
    /// depends on what was in flight (`host_pacing/lowered.rs`).
    fn ended(
        &mut self,
        outcome: Outcome,
        began: Instant,
        now: Instant,
        pace: &Pace,
        refused: bool,
    ) {
        let Outcome::Answered { status, retry_after, .. } = outcome else { return };
        let explained = status == 429 || (status == 503 && retry_after.is_some());
        assert!(refused == explained || status == 503, "{status}: {refused}");
        if !refused {
            return;
        }
        let is_new = self.incident.is_none_or(|last| last < began);
        if let Some(cooldown) = retry_after {
            self.hold(now + cooldown.min(pace.max_backoff));
        } else if is_new {
            let least = pace.backoff.min(pace.max_backoff).mul_f64(1.0 - JITTER);
            self.hold(now + least);
        }
        if is_new {
            self.incident = Some(now);
        }
    }
}

const HOSTS: [&str; 3] = ["a.test", "b.test:81", "c.test"];
const URLS: i64 = 12;

fn number(url: &str) -> usize {
    HOSTS.iter().position(|host| *host == host_of(url)).unwrap()
}

/// Performs one step; returns how many URLs it handed out.
fn perform(
    step: Step,
    queues: &mut HostQueues,
    hosts: &mut [Reckoned; 3],
    now: &mut Instant,
    pace: &Pace,
) -> i64 {
    let time = *now;
    match step {
        Step::Pass(passed) => *now += passed,
        Step::Take => {
            if let Some(task) = taken(queues, time) {
                hosts[number(&task.url)].handed_out(&task.url, time);
                return 1;
            }
        }
        Step::Start(which) => {
            if let Some((n, at)) = any_of(hosts, which, |host| host.unstarted.len()) {
                let url = hosts[n].unstarted.remove(at);
                queues.started(&url, time);
                if !hosts[n].gap.is_zero() {
                    let next = time + hosts[n].gap;
                    hosts[n].hold(next);
                }
                hosts[n].started.push((url, time));
            }
        }
        Step::NeverStarts(which) => {
            let host = &mut hosts[which.index(3)];
            if let Some(url) = host.unstarted.pop() {
                queues.ended(&url, None, None, time);
            }
        }
        Step::End(which, outcome) => {
            if let Some((n, at)) = any_of(hosts, which, |host| host.started.len()) {
                let (url, began) = hosts[n].started.remove(at);
                let after = queues.ended(&url, Some(began), Some(outcome), time);
                hosts[n].ended(outcome, began, time, pace, after.refused);
                if let Some(cooldown) = after.opened {
                    hosts[n].down = Some(time + cooldown);
                }
                hosts[n].down = hosts[n].down.filter(|_| !after.closed);
            }
        }
    }
    0
}

/// One of the items that all hosts have together: the host's number and the item's place in it.
fn any_of(
    hosts: &[Reckoned; 3],
    which: Index,
    count: impl Fn(&Reckoned) -> usize,
) -> Option<(usize, usize)> {
    let places: Vec<_> = hosts
        .iter()
        .enumerate()
        .flat_map(|(n, host)| (0..count(host)).map(move |at| (n, at)))
        .collect();
    (!places.is_empty()).then(|| *which.get(&places))
}

/// Ends all requests that are under way.
fn end_all(queues: &mut HostQueues, hosts: &mut [Reckoned; 3], now: Instant) {
    for host in hosts {
        for url in host.unstarted.drain(..) {
            queues.ended(&url, None, None, now);
        }
        for (url, began) in host.started.drain(..) {
            let after = queues.ended(&url, Some(began), Some(answered(200)), now);
            host.down = host.down.filter(|_| !after.closed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_goes_out_before_the_latest_of_all_times(
        wishes in wishes(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let pace = Pace {
            per_host: wishes.per_host,
            delay: wishes.delay,
            max_robots_delay: wishes.ceiling * S,
            max_backoff: wishes.longest,
            robots: true,
            give_up: Duration::MAX,
            attempts: u32::MAX,
            ..free()
        };
        let mut now = Instant::now();
        let mut queues = queues(pace.clone());
        let mut hosts: [Reckoned; 3] = Default::default();
        let asking = HOSTS.map(|host| {
            fill(&mut queues, host, 1..=URLS);
            taken(&mut queues, now).filter(|task| is_robots(task)).expect("its robots.txt")
        });
        let text = format!("User-agent: *\nCrawl-delay: {}\n", wishes.crawl_delay);
        for (task, model) in asking.iter().zip(&mut hosts) {
            asked(&mut queues, task, answered(200), now);
            queues.robots_fetched(&host_of(&task.url), false, rules(&text), now);
            model.gap = (wishes.crawl_delay.min(wishes.ceiling) * S).max(wishes.delay);
            model.limit = wishes.per_host;
            if !model.gap.is_zero() {
                model.hold(now + model.gap);
            }
        }
        let mut out = 0;
        for step in steps {
            out += perform(step, &mut queues, &mut hosts, &mut now, &pace);
        }
        // And all of them come in the end: nobody is forgotten while he waits.
        end_all(&mut queues, &mut hosts, now);
        let mut turns = 0;
        while out < 3 * URLS {
            turns += 1;
            prop_assert!(turns < 10_000, "it goes round in circles");
            match queues.take(now) {
                Taken::UrlTask(task) => {
                    out += 1;
                    let host = &mut hosts[number(&task.url)];
                    prop_assert!(host.not_before.max(host.down).is_none_or(|due| due <= now));
                    asked(&mut queues, &task, answered(200), now);
                    host.down = None;
                    if !host.gap.is_zero() {
                        let next = now + host.gap;
                        host.hold(next);
                    }
                }
                Taken::Throttled(Some(due)) => {
                    prop_assert!(due > now, "no time to wait for");
                    now = due;
                }
                other => prop_assert!(false, "{} of {} came, then {other:?}", out, 3 * URLS),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_runs_from_the_actual_start() {
    let now = Instant::now();
    let mut queues = queues(Pace { delay: 2 * S, ..free() });
    fill(&mut queues, "a.test", 1..=9);
    let first = taken(&mut queues, now).unwrap();
    // However long it stands in the queue, nothing follows it.
    assert_eq!(due(&mut queues, now + 60 * S), None);
    assert_eq!(view(&queues, "a.test", now + 60 * S).wait.unwrap().why, WaitReason::Delay);
    queues.started(&first.url, now + 60 * S);
    assert_eq!(due(&mut queues, now + 60 * S), Some(now + 62 * S));
    assert!(taken(&mut queues, now + 62 * S - Duration::from_nanos(1)).is_none());
    // The first is still in flight: a gap is no limit.
    let second = taken(&mut queues, now + 62 * S).unwrap();
    // One that never starts leaves its place at once.
    queues.ended(&second.url, None, None, now + 63 * S);
    assert!(taken(&mut queues, now + 63 * S).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wish_for_delay_has_a_ceiling_and_yields_to_a_stricter_user() {
    let now = Instant::now();
    for (crawl_delay, user, gap, by_robots) in
        [("7", 2_u32, 7, true), ("7", 9, 9, false), ("86400", 2, 30, true), ("0.5", 0, 0, true)]
    {
        let mut queues = queues(Pace { delay: user * S, robots: true, ..free() });
        fill(&mut queues, "a.test", 1..=2);
        with_robots(&mut queues, &format!("User-agent: *\nCrawl-delay: {crawl_delay}\n"), now);
        let seen = view(&queues, "a.test", now);
        assert_eq!((seen.gap_ms / 1000, seen.gap_by_robots), (gap, by_robots), "{crawl_delay}");
    }
}

/// 60 s, doubled with each incident up to the ceiling, a tenth more or less; a burst is one
/// incident.
#[tokio::test(start_paused = true)]
async fn a_burst_of_429_is_one_incident() {
    let now = Instant::now();
    let mut queues = queues(free());
    fill(&mut queues, "a.test", 1..=200);
    let burst: Vec<_> = (0..20).map(|_| taken(&mut queues, now).unwrap()).collect();
    for task in &burst {
        queues.started(&task.url, now);
    }
    for task in &burst {
        queues.ended(&task.url, Some(now), Some(answered(429)), now + S);
    }
    let cooldown = due(&mut queues, now + S).unwrap() - (now + S);
    assert!((54 * S..=66 * S).contains(&cooldown), "{cooldown:?}");
    assert_eq!(view(&queues, "a.test", now + S).wait.unwrap().why, WaitReason::Backoff);
    // Careful then: half of what was in flight.
    assert_eq!(all_taken(&mut queues, now + 70 * S).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_capped_and_does_not_shorten_a_longer_one() {
    let now = Instant::now();
    let mut queues = queues(Pace { max_backoff: 100 * S, ..free() });
    fill(&mut queues, "a.test", 1..=9);
    let [a, b, c] = [0; 3].map(|_| taken(&mut queues, now).unwrap());
    for task in [&a, &b, &c] {
        queues.started(&task.url, now);
    }
    queues.ended(&a.url, Some(now), Some(asks_for(503, 20 * S)), now);
    assert_eq!(due(&mut queues, now), Some(now + 20 * S));
    queues.ended(&b.url, Some(now), Some(asks_for(429, 9_999 * S)), now);
    assert_eq!(due(&mut queues, now + 20 * S), Some(now + 100 * S));
    queues.ended(&c.url, Some(now), Some(asks_for(429, S)), now);
    assert!(taken(&mut queues, now + 99 * S).is_none());
    let seen = view(&queues, "a.test", now + 99 * S);
    assert_eq!(seen.wait.unwrap().why, WaitReason::RetryAfter);
    // It answers, so it is not down.
    assert_eq!((seen.incidents, seen.error_ratio), (0, 0.0));
}
