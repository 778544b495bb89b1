//! Of all that holds the strictest wins: a model of what each rule says, kept apart from the
//! engine's state, against every choice that the queues make.

use std::collections::HashMap;
use std::time::Duration;

use crawldeck::crawl::hosts::UrlTask;
use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, OutcomeEffect, Pace};
use crawldeck::settings::BreakerSettings;
use proptest::prelude::*;
use tokio::time::Instant;

use super::host_model::{page, rules, taken};

/// What one host has reported and requested, as plainly as can be. Jittered times are known by
/// the least and the most they may be.
#[derive(Default)]
struct HostModel {
    queued: usize,
    unstarted: Vec<Box<UrlTask>>,
    flying: Vec<(Box<UrlTask>, Instant)>,
    gap: Duration,
    limit: Option<u32>,
    held: bool,
    last_start: Option<Instant>,
    cooldown: Option<(Instant, Instant)>,
    cooldowns: u32,
    last_cooldown: Option<Instant>,
    outcomes: Vec<bool>,
    /// Since when, and the minimum and maximum end.
    open: Option<(Instant, Instant, Instant)>,
    down_since: Option<Instant>,
    last_opened: Option<Instant>,
    incidents: u32,
}

fn later(a: Option<(Instant, Instant)>, b: (Instant, Instant)) -> (Instant, Instant) {
    a.map_or(b, |a| (a.0.max(b.0), a.1.max(b.1)))
}

fn jittered(now: Instant, whole: Duration, most: Duration) -> (Instant, Instant) {
    (now + whole.mul_f64(0.9).min(most), now + whole.mul_f64(1.1).min(most))
}

impl HostModel {
    fn active(&self) -> usize {
        self.unstarted.len() + self.flying.len()
    }

    /// No request may start before the first of these; one may from the second on.
    fn opens(&self, now: Instant) -> (Instant, Instant) {
        let mut at = (now, now);
        if let Some(last) = self.last_start {
            at = later(Some(at), (last + self.gap, last + self.gap));
        }
        if let Some(cooldown) = self.cooldown {
            at = later(Some(at), cooldown);
        }
        if let Some((_, least, most)) = self.open {
            at = later(Some(at), (least, most));
        }
        at
    }

    /// `effect` is what the engine made of it: whether a 503 without `Retry-After` lowers the limit or
    /// demands a cooldown is the subject of `lowered.rs`.
    fn ended(
        &mut self,
        outcome: Outcome,
        began: Instant,
        now: Instant,
        pace: &Pace,
        effect: OutcomeEffect,
    ) {
        let (status, asked) = match outcome {
            Outcome::Answered { status, retry_after, .. } => (Some(status), retry_after),
            Outcome::Unanswered { .. } => (None, None),
        };
        let unexplained = status == Some(503) && asked.is_none();
        if unexplained && !effect.refused && !effect.counts && effect.opened.is_none() {
            if self.down_since.is_none() {
                return;
            }
        } else if matches!(status, Some(429 | 503)) && (!unexplained || effect.refused) {
            let same = self.last_cooldown.is_some_and(|last| began <= last);
            if !same {
                self.cooldowns += u32::from(self.last_cooldown.is_some());
                self.last_cooldown = Some(now);
            }
            if let Some(asked) = asked {
                let until = now + asked.min(pace.max_backoff);
                self.cooldown = Some(later(self.cooldown, (until, until)));
            } else if !same {
                let whole = pace.backoff.saturating_mul(1 << self.cooldowns.min(20));
                let whole = whole.min(pace.max_backoff);
                self.cooldown = Some(later(self.cooldown, jittered(now, whole, pace.max_backoff)));
            }
            if self.down_since.is_some_and(|since| began >= since) {
                self.close();
            }
            return;
        }
        let failed = status.is_none_or(|status| status >= 500);
        if let Some((since, ..)) = self.open {
            if began < since {
            } else if failed {
                self.open_at(now, pace);
            } else {
                self.close();
            }
            return;
        }
        if self.last_opened.is_some_and(|last| began < last) {
            return;
        }
        self.outcomes.push(failed);
        let from = self.outcomes.len().saturating_sub(pace.breaker.window as usize);
        self.outcomes.drain(..from);
        let failures = self.outcomes.iter().filter(|failed| **failed).count();
        let enough = self.outcomes.len() >= pace.breaker.min_requests as usize;
        if failed && enough && failures as f64 >= pace.breaker.ratio * self.outcomes.len() as f64 {
            self.down_since = Some(now);
            self.open_at(now, pace);
        }
    }

    fn open_at(&mut self, now: Instant, pace: &Pace) {
        let longest = pace.breaker.max_cooldown;
        let first = pace.breaker.cooldown.min(longest);
        let whole = first.saturating_mul(1 << self.incidents.min(20)).min(longest);
        let (least, most) = jittered(now, whole, longest);
        self.incidents += 1;
        self.open = Some((now, least, most));
        self.last_opened = Some(now);
    }

    fn close(&mut self) {
        self.open = None;
        self.down_since = None;
        self.outcomes.clear();
    }
}

#[derive(Debug, Clone)]
enum Step {
    Take,
    Start(usize),
    End(usize, Outcome),
    Pass(Duration),
    Hold(usize, bool),
    Limit(usize, Option<u32>),
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let took = Duration::from_millis(50);
    let asked = prop_oneof![Just(None), (0_u64..2_000).prop_map(Some)];
    let refused =
        (prop_oneof![Just(429_u16), Just(503)], asked).prop_map(move |(status, asked)| {
            Outcome::Answered { status, retry_after: asked.map(Duration::from_secs), took }
        });
    let answered = prop_oneof![3 => Just(200_u16), 1 => Just(404), 2 => Just(500)]
        .prop_map(move |status| Outcome::Answered { status, retry_after: None, took });
    prop_oneof![5 => answered, 1 => refused, 2 => Just(Outcome::Unanswered { took })]
}

fn step() -> impl Strategy<Value = Step> {
    let passes = prop_oneof![
        4 => (0_u64..3_000).prop_map(Duration::from_millis),
        1 => (0_u64..200).prop_map(Duration::from_secs),
    ];
    prop_oneof![
        8 => Just(Step::Take),
        5 => any::<usize>().prop_map(Step::Start),
        5 => (any::<usize>(), outcome()).prop_map(|(which, how)| Step::End(which, how)),
        6 => passes.prop_map(Step::Pass),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(host, held)| Step::Hold(host, held)),
        1 => (any::<usize>(), prop::option::of(1_u32..5))
            .prop_map(|(host, limit)| Step::Limit(host, limit)),
    ]
}

fn pace() -> impl Strategy<Value = Pace> {
    let delay = prop_oneof![Just(0_u64), 1_u64..2_000];
    let breaker = (1_u32..12, 1_u32..6, prop_oneof![Just(2.0), 0.2..1.0_f64], 1_u64..20);
    (delay, prop::option::of(1_u32..6), 0_u64..3, breaker).prop_map(
        |(delay, per_host, ceiling, (window, least, ratio, cooldown))| Pace {
            per_host,
            delay: Duration::from_millis(delay),
            max_robots_delay: Duration::from_secs(ceiling),
            backoff: Duration::from_mins(1),
            max_backoff: Duration::from_mins(10),
            breaker: BreakerSettings {
                window: window.max(least),
                min_requests: least,
                ratio,
                cooldown: Duration::from_secs(cooldown),
                max_cooldown: Duration::from_mins(2),
                reset_after: Duration::from_hours(1_000),
            },
            give_up: Duration::MAX,
            attempts: u32::MAX,
            robots: true,
            automatic_limit: None,
            rate_answers_429: false,
        },
    )
}

const NAMES: [&str; 3] = ["a.test", "b.test", "c.test"];

/// The queues with each host's robots.txt known.
fn begin(pace: &Pace, asked: &[Option<f64>], at: Instant) -> (HostQueues, Vec<HostModel>) {
    let mut queues = HostQueues::new(pace.clone(), HashMap::new());
    let mut models = Vec::new();
    for (id, host) in (0_i64..).zip(NAMES.iter().take(asked.len())) {
        for page_id in 1..=20 {
            queues.add(page(host, id * 20 + page_id), id * 20 + page_id - 1);
        }
    }
    let all_robots: Vec<_> = asked.iter().map(|_| taken(&mut queues, at).unwrap()).collect();
    for robots in all_robots {
        let at_host = NAMES.iter().position(|name| *name == host_of(&robots.url)).unwrap();
        queues.started(&robots.url, at);
        let answer =
            Outcome::Answered { status: 200, retry_after: None, took: Duration::from_millis(1) };
        queues.ended(&robots.url, Some(at), Some(answer), at);
        let text = asked[at_host].map_or(String::new(), |s| format!("Crawl-delay: {s}\n"));
        queues.robots_fetched(NAMES[at_host], false, rules(&format!("User-agent: *\n{text}")), at);
    }
    for wish in asked {
        let wish = Duration::from_secs_f64(wish.unwrap_or_default()).min(pace.max_robots_delay);
        models.push(HostModel {
            queued: 20,
            gap: pace.delay.max(wish),
            limit: pace.per_host,
            last_start: Some(at),
            outcomes: vec![false],
            ..HostModel::default()
        });
    }
    (queues, models)
}

fn play(pace: &Pace, asked: &[Option<f64>], steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut now = Instant::now();
    let (mut queues, mut models) = begin(pace, asked, now);
    let hosts = models.len();
    for step in steps {
        match step {
            Step::Pass(time) => now += time,
            Step::Take => match queues.take(now) {
                Taken::UrlTask(task) => {
                    let host = NAMES.iter().position(|name| *name == host_of(&task.url)).unwrap();
                    let model = &mut models[host];
                    let (least, _) = model.opens(now);
                    prop_assert!(now >= least, "{:?} too early", least - now);
                    prop_assert!(!model.held, "it is held");
                    let active = model.active();
                    prop_assert!(model.limit.is_none_or(|limit| active < limit as usize));
                    let lowered = queues.host(NAMES[host]).unwrap().lowered_limit;
                    prop_assert!(lowered.is_none_or(|limit| active < limit as usize));
                    prop_assert!(
                        model.gap.is_zero() || model.unstarted.is_empty(),
                        "two unstarted"
                    );
                    prop_assert!(model.open.is_none() || active == 0, "two probes");
                    model.queued -= 1;
                    model.unstarted.push(task);
                }
                Taken::Throttled(due) => {
                    for model in models.iter().filter(|model| model.queued > 0 && !model.held) {
                        if model.active() > 0 {
                            continue;
                        }
                        let (_, most) = model.opens(now);
                        prop_assert!(most > now, "nothing held it back");
                        prop_assert!(due.is_some_and(|due| due <= most), "due {due:?}, {most:?}");
                    }
                }
                Taken::Empty => prop_assert!(models.iter().all(|model| model.queued == 0)),
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            },
            Step::Start(which) => {
                let model = &mut models[which % hosts];
                let Some(task) = model.unstarted.pop() else { continue };
                if queues.may_start(&task.url, now) {
                    let (least, _) = model.opens(now);
                    prop_assert!(now >= least, "{:?} too early at the start", least - now);
                    prop_assert!(!model.held && (model.open.is_none() || model.flying.is_empty()));
                    let flying = model.flying.len();
                    prop_assert!(model.limit.is_none_or(|limit| flying < limit as usize));
                    queues.started(&task.url, now);
                    model.last_start = Some(now);
                    model.flying.push((task, now));
                } else {
                    queues.ended(&task.url, None, None, now);
                    queues.push(task, true, 0);
                    model.queued += 1;
                }
            }
            Step::End(which, outcome) => {
                let model = &mut models[which % hosts];
                if model.flying.is_empty() {
                    continue;
                }
                let (task, began) = model.flying.remove(which / hosts % model.flying.len());
                let effect = queues.ended(&task.url, Some(began), Some(outcome), now);
                model.ended(outcome, began, now, pace, effect);
                prop_assert!(effect.lowered.is_none_or(|is| 0 < is.to && is.to < is.from));
            }
            Step::Hold(which, held) => {
                let host = which % hosts;
                models[host].held = held;
                queues.change_rule(NAMES[host], |rule| rule.held = held);
            }
            Step::Limit(which, limit) => {
                let host = which % hosts;
                models[host].limit = limit.or(pace.per_host);
                queues.change_rule(NAMES[host], |rule| rule.per_host = limit);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn nothing_goes_out_before_the_latest_of_all_times_nor_waits_for_nothing(
        pace in pace(),
        asked in prop::collection::vec(prop::option::of(0.0..4.0_f64), 1..=3),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        play(&pace, &asked, steps)?;
    }
}
