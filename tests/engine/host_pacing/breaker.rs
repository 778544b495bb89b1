//! The breaker and the back-off: bursts, probes, doubling, reset, giving up.

use std::time::Duration;

use crawldeck::crawl::hosts::{HostQueues, Taken};
use crawldeck::crawl::hosts::{Outcome, Pace};
use crawldeck::crawl::protocol::host_view::{BreakerState, WaitReason};
use crawldeck::model::page_state::PageState;
use crawldeck::settings::BreakerSettings;
use tokio::time::Instant;

use super::host_model::{SECOND, SILENT, all, page, queues, serve, status, taken, view};

fn pace() -> Pace {
    Pace {
        breaker: BreakerSettings {
            window: 8,
            min_requests: 4,
            ratio: 0.5,
            ..BreakerSettings::default()
        },
        attempts: 3,
        ..Pace::default()
    }
}

/// Fails as often as it takes for the breaker to open; its URLs wait again afterwards.
fn knock_down(queues: &mut HostQueues, host: &str, now: Instant) {
    while view(queues, host, now).breaker == BreakerState::Closed {
        let task = taken(queues, now).expect("it has URLs");
        if task.url.contains(host) {
            serve(queues, &task, SILENT, now);
        } else {
            queues.ended(&task.url, None, None, now);
        }
        queues.push(task, false, 0);
    }
}

/// How long a host waits, and why.
fn waits(queues: &HostQueues, host: &str, now: Instant) -> (WaitReason, Duration) {
    let wait = view(queues, host, now).wait.unwrap();
    (wait.why, Duration::from_secs_f64(wait.for_s.unwrap()))
}

fn about(is: Duration, whole: Duration) {
    let (least, most) = (whole.mul_f64(0.899), whole.mul_f64(1.101));
    assert!(least <= is && is <= most, "{is:?} is not {whole:?} give or take a tenth");
}

#[test]
fn a_burst_counts_once_and_cannot_close_what_it_opened() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 40);
    let burst = all(&mut queues, now);
    assert_eq!(burst.len(), 40);
    for task in &burst {
        queues.started(&task.url, now);
    }
    let later = now + SECOND;
    let mut opened = 0;
    for task in &burst[..30] {
        let after = queues.ended(&task.url, Some(now), Some(SILENT), later);
        opened += u32::from(after.opened.is_some());
        assert_eq!(after.counts, opened == 0, "failures of a host that is down do not count");
    }
    for task in &burst[30..] {
        let after = queues.ended(&task.url, Some(now), Some(status(200)), later);
        assert!(!after.closed);
    }
    let host = view(&queues, "a.test", later);
    assert_eq!((opened, host.incidents, host.breaker), (1, 1, BreakerState::Open));
}

#[test]
fn one_probe_at_a_time_and_cooldowns_double_up_to_the_maximum() {
    let mut now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 60);
    let first = taken(&mut queues, now).unwrap();
    serve(&mut queues, &first, status(200), now);
    knock_down(&mut queues, "a.test", now);
    for n in 0..20_u32 {
        let (why, cooldown) = waits(&queues, "a.test", now);
        assert_eq!(why, WaitReason::Breaker);
        let whole = (5 * SECOND).saturating_mul(1 << n.min(10)).min(Duration::from_mins(5));
        about(cooldown, whole);
        assert!(taken(&mut queues, now + cooldown.mul_f64(0.99)).is_none(), "it cools down");
        now += cooldown + Duration::from_millis(1);
        // The probe before is not put back: there is always one more.
        queues.add(page("a.test", 1_000 + i64::from(n)), 0);
        queues.add(page("a.test", 2_000 + i64::from(n)), 0);
        let task = taken(&mut queues, now).expect("a probe");
        assert!(taken(&mut queues, now).is_none(), "one probe is enough");
        queues.started(&task.url, now);
        assert!(taken(&mut queues, now).is_none(), "also when it is on its way");
        let after = queues.ended(&task.url, Some(now), Some(SILENT), now);
        assert!(!after.counts, "a probe that failed does not use up its URL's attempts");
    }
    now += Duration::from_mins(6);
    let task = taken(&mut queues, now).unwrap();
    let after = serve(&mut queues, &task, status(200), now);
    assert!(after.closed && after.counts);
    assert!(all(&mut queues, now).len() > 1, "all may go again");
}

#[test]
fn incidents_are_reset_after_quiet() {
    let mut now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 200);
    knock_down(&mut queues, "a.test", now);
    for quiet in [Duration::from_mins(5), Duration::from_mins(6)] {
        now += Duration::from_mins(5);
        queues.add(page("a.test", 9_000), 0);
        let probe = taken(&mut queues, now).unwrap();
        assert!(serve(&mut queues, &probe, status(200), now).closed);
        let incidents = view(&queues, "a.test", now).incidents;
        now += quiet;
        queues.add(page("a.test", 9_001), 0);
        for task in all(&mut queues, now) {
            serve(&mut queues, &task, status(200), now);
        }
        assert_eq!((incidents, view(&queues, "a.test", now).incidents), (1, 0));
        for id in 0..20 {
            queues.add(page("a.test", 9_100 + id), 0);
        }
        knock_down(&mut queues, "a.test", now);
        about(waits(&queues, "a.test", now).1, 5 * SECOND);
    }
}

#[test]
fn a_429_cools_down_a_minute_doubled_capped_and_reset() {
    let mut now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 200);
    for minutes in [1, 2, 4, 8, 10, 10] {
        let task = taken(&mut queues, now).unwrap();
        serve(&mut queues, &task, status(429), now);
        let (why, cooldown) = waits(&queues, "a.test", now);
        assert_eq!(why, WaitReason::Backoff);
        about(cooldown, Duration::from_mins(minutes));
        assert!(cooldown <= Duration::from_mins(10));
        assert!(taken(&mut queues, now + cooldown.mul_f64(0.999)).is_none());
        // Shorter than the time after which it is reset, from the fourth on.
        now += cooldown + Duration::from_millis(1);
        if minutes >= 8 {
            // A cooldown is itself longer than the quiet that forgives.
            break;
        }
    }
    now += Duration::from_mins(5);
    let task = taken(&mut queues, now).unwrap();
    serve(&mut queues, &task, status(429), now);
    about(waits(&queues, "a.test", now).1, Duration::from_mins(1));
}

#[test]
fn a_burst_of_429_is_one_incident_and_the_longest_retry_after_of_it_wins() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 40);
    let burst = all(&mut queues, now);
    for task in &burst {
        queues.started(&task.url, now);
    }
    let took = SECOND;
    for (n, task) in burst.iter().enumerate() {
        let asked = [None, Some(90), Some(20)][n % 3].map(Duration::from_secs);
        let busy = Outcome::Answered { status: 429, retry_after: asked, took };
        queues.ended(&task.url, Some(now), Some(busy), now + took);
    }
    let (why, cooldown) = waits(&queues, "a.test", now + took);
    assert_eq!((why, cooldown), (WaitReason::RetryAfter, Duration::from_secs(90)));
    let host = view(&queues, "a.test", now + took);
    assert_eq!(host.breaker, BreakerState::Closed, "it answers, and says what it wants");
}

/// Everything that ends unfetched.
fn abandoned(queues: &mut HostQueues, now: Instant) -> Vec<(String, PageState, String)> {
    let mut gone = Vec::new();
    loop {
        match queues.take(now) {
            Taken::Abandoned(some) => {
                gone.extend(some.into_iter().map(|(task, give_up)| {
                    (task.url.to_string(), give_up.state, give_up.reason.to_string())
                }));
            }
            Taken::UrlTask(task) => {
                queues.ended(&task.url, None, None, now);
            }
            _ => return gone,
        }
    }
}

/// Lets every probe of a host fail until `end`; returns how many there were.
fn keep_down(queues: &mut HostQueues, host: &str, now: &mut Instant, end: Instant) -> u32 {
    let mut probes = 0;
    while *now < end {
        *now += SECOND;
        match queues.take(*now) {
            Taken::UrlTask(task) if task.url.contains(host) => {
                serve(queues, &task, SILENT, *now);
                queues.push(task, true, 0);
                probes += 1;
            }
            Taken::UrlTask(task) => {
                serve(queues, &task, status(200), *now);
                queues.push(task, false, 0);
            }
            Taken::Abandoned(_) => break,
            _ => {}
        }
        if queues.give_up_of(&format!("http://{host}/")).is_some() {
            break;
        }
    }
    probes
}

#[test]
fn one_that_never_answered_is_given_up_after_its_attempts_when_others_answer() {
    let mut now = Instant::now();
    let mut queues = queues(pace(), &["up.test", "never.test"], 50);
    let task = taken(&mut queues, now).unwrap();
    serve(&mut queues, &task, status(200), now);
    knock_down(&mut queues, "never.test", now);
    let end = now + Duration::from_hours(1);
    let probes = keep_down(&mut queues, "never.test", &mut now, end);
    assert_eq!(probes, 3);
    let left = view(&queues, "never.test", now).queued;
    let mut all_gone = Vec::new();
    while view(&queues, "never.test", now).queued > 0 {
        match queues.take(now) {
            Taken::Abandoned(some) => all_gone.extend(some),
            Taken::UrlTask(task) => {
                queues.ended(&task.url, None, None, now);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all_gone.len() as u64, left);
    for (task, give_up) in all_gone {
        assert!(task.url.contains("never.test"));
        assert_eq!(
            (give_up.state, &*give_up.reason),
            (PageState::Failed, "host never responded, given up")
        );
    }
}

#[test]
fn one_that_answered_before_is_given_up_when_its_time_is_over_and_not_sooner() {
    let mut now = Instant::now();
    let mut queues = queues(pace(), &["up.test", "a.test"], 50);
    for task in [taken(&mut queues, now).unwrap(), taken(&mut queues, now).unwrap()] {
        serve(&mut queues, &task, status(200), now);
    }
    knock_down(&mut queues, "a.test", now);
    let begin = now;
    let end = now + Duration::from_hours(2);
    assert!(keep_down(&mut queues, "a.test", &mut now, end) > 3);
    let down_for = now - begin;
    let (least, most) = (Duration::from_mins(10), Duration::from_mins(16));
    assert!(least <= down_for && down_for <= most, "{down_for:?}");
    let give_up = queues.give_up_of("http://a.test/").unwrap();
    assert_eq!(give_up.state, PageState::Failed);
    assert!(give_up.reason.starts_with("host down for 1"), "{}", give_up.reason);
    assert!(queues.give_up_of("http://up.test/").is_none());
}

#[test]
fn while_everything_is_down_nothing_is_given_up() {
    let mut now = Instant::now();
    let hosts = ["a.test", "b.test", "c.test"];
    let mut queues = queues(pace(), &hosts, 50);
    let first = taken(&mut queues, now).unwrap();
    serve(&mut queues, &first, status(200), now);
    for host in hosts {
        knock_down(&mut queues, host, now);
    }
    assert!(queues.everything_is_down(now));
    let end = now + Duration::from_hours(24);
    let mut probes = 0;
    while now < end {
        now += SECOND;
        match queues.take(now) {
            Taken::UrlTask(task) => {
                probes += 1;
                assert!(!serve(&mut queues, &task, SILENT, now).counts);
                queues.push(task, true, 0);
            }
            Taken::Throttled(_) => {}
            other => panic!("{other:?}"),
        }
    }
    // One in five minutes and host: probing, not hammering.
    assert!((3 * 12 * 20..3 * 12 * 30).contains(&probes), "{probes} probes in a day");
    assert!(hosts.iter().all(|host| queues.give_up_of(&format!("http://{host}/")).is_none()));
    let probe = loop {
        now += SECOND;
        if let Some(task) = taken(&mut queues, now) {
            break task;
        }
    };
    assert!(serve(&mut queues, &probe, status(200), now).closed);
    assert!(!queues.everything_is_down(now));
}

#[test]
fn one_that_is_reset_goes_at_once_and_one_held_does_not_even_probe() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 50);
    knock_down(&mut queues, "a.test", now);
    queues.add(page("a.test", 500), 0);
    queues.change_rule("a.test", |rule| rule.held = true);
    assert!(taken(&mut queues, now + Duration::from_hours(1)).is_none());
    assert!(abandoned(&mut queues, now).is_empty());
    queues.change_rule("a.test", |rule| rule.held = false);
    assert!(taken(&mut queues, now).is_none());
    assert!(queues.reset("a.test"));
    assert!(taken(&mut queues, now).is_some());
}
