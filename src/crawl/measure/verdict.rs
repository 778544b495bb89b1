//! The judgement: what limits the crawl now, worked out from a snapshot's numbers.

use crate::crawl::measure::saturation::{Saturation, saturation};
use crate::crawl::protocol::snapshot::{
    Overload, OverloadKind, PauseReason, RunState, Snapshot, WaitReason,
};
use crate::crawl::protocol::verdict::{Advice, Limit, Stage, Verdict};
use crate::settings::dials::Dial;
use crate::units;

/// A share from which on waiting for something counts as being limited by it.
const NOTABLE: f32 = 0.10;
/// A share of the time from which on a wait is the main limit.
const MAJORITY: f32 = 0.50;
/// Seconds before anything is said.
const SETTLED_S: f64 = 1.0;

fn percent(share: f32) -> String {
    format!("{:.0} %", share * 100.0)
}

/// What limits the crawl: a pure function of the snapshot's numbers (its own `verdict` is not
/// read).
///
/// The order is from downstream to upstream: a stage that blocks makes everything before it wait,
/// so the last stage that is waited for is the cause.
#[must_use]
pub fn judge(s: &Snapshot) -> Verdict {
    if let Some(verdict) = not_running(s) {
        return verdict;
    }
    let w = &s.worker_shares;
    if let Some(outage) = outage(s) {
        let text = format!("limited by {outage}");
        return Verdict::new(Limit::Saver, Some(Stage::Saver), Advice::None, text);
    }
    if s.active_s < SETTLED_S {
        return Verdict::new(Limit::Unknown, None, Advice::None, "measuring".into());
    }
    if w.blocked >= NOTABLE {
        let text = format!(
            "limited by the saver: workers spend {} of their time waiting for room in its buffer",
            percent(w.blocked)
        );
        return Verdict::new(Limit::Saver, Some(Stage::Saver), Advice::Lower(Dial::Permits), text);
    }
    // The crawl slows itself down then, so that its workers wait for something else.
    let slowed = s.gate.limit < s.dials.permits && s.saver_shares.busy >= MAJORITY;
    if slowed || overload(s, |what| what == OverloadKind::Saver).is_some() {
        let text = format!(
            "limited by the saver: it writes {} of its time and falls behind",
            percent(s.saver_shares.busy)
        );
        return Verdict::new(Limit::Saver, Some(Stage::Saver), Advice::None, text);
    }
    if w.parse >= MAJORITY || (s.parse_pool.waiting > 0 && w.parse >= NOTABLE) {
        let text = format!(
            "limited by parsing: workers spend {} of their time in it, {} of {} parse threads busy",
            percent(w.parse),
            s.parse_pool.busy,
            s.parse_pool.threads
        );
        let advice =
            if s.parse_pool.waiting > 0 { Advice::Raise(Dial::ParseThreads) } else { Advice::None };
        return Verdict::new(Limit::Parsing, Some(Stage::Workers), advice, text);
    }
    if s.dials.rate.is_some() && w.rate >= NOTABLE {
        let rate = s.dials.get(Dial::Rate).value_text();
        let text = format!(
            "limited by the rate of {rate}: workers spend {} of their time waiting for it",
            percent(w.rate)
        );
        return Verdict::new(Limit::Rate, Some(Stage::Gate), Advice::Raise(Dial::Rate), text);
    }
    // Workers without a URL neither wait nor work: they must not dilute the wait of the others.
    let awake = (1.0 - w.idle).max(0.01);
    let wait_for_permits =
        w.permit >= NOTABLE || (s.gate.waiting > 0 && w.permit / awake >= MAJORITY);
    let all_in_flight = wait_for_permits || s.gate.in_use >= s.gate.limit;
    if all_in_flight && let Some(verdict) = saturated(s) {
        return verdict;
    }
    if wait_for_permits {
        return permits(s, w.permit / awake);
    }
    if w.idle >= MAJORITY && s.queue.len <= s.dials.workers {
        return starved(s);
    }
    if s.producer.blocked >= MAJORITY && s.gate.in_use < s.gate.limit {
        let text = format!(
            "limited by workers: all {} are busy, {} of {} permits lie idle and the queue is full",
            s.dials.workers,
            s.gate.limit - s.gate.in_use,
            s.gate.limit
        );
        let advice = Advice::Raise(Dial::Workers);
        return Verdict::new(Limit::Workers, Some(Stage::Workers), advice, text);
    }
    if w.idle >= NOTABLE {
        return starved(s);
    }
    let fetching = percent(w.fetch());
    let text = if s.producer.blocked >= MAJORITY {
        format!(
            "limited by the server: all workers and permits are busy, {fetching} of their time \
             fetching"
        )
    } else {
        format!("limited by the server: workers spend {fetching} of their time fetching")
    };
    Verdict::new(Limit::Server, Some(Stage::Gate), Advice::None, text)
}

/// What there is to say when nothing is to be measured.
fn not_running(s: &Snapshot) -> Option<Verdict> {
    let verdict = match s.run {
        RunState::Complete => Verdict::new(Limit::Over, None, Advice::None, "complete".into()),
        RunState::Stopped => {
            let text = match &s.ended_by {
                Some(why) => format!("stopped, can be resumed: {why}"),
                None => "stopped; can be resumed".to_owned(),
            };
            Verdict::new(Limit::Over, None, Advice::None, text)
        }
        RunState::Failed => {
            let text = match s.failures.first() {
                Some(last) => format!("failed: no host ever responded: {}", last.what),
                None => "failed: no host ever responded".into(),
            };
            Verdict::new(Limit::Over, None, Advice::None, text)
        }
        RunState::Stopping => {
            let text = match s.gate.in_use {
                0 => "stopping: saving what is done".to_owned(),
                1 => "stopping: 1 request in flight finishes".to_owned(),
                n => format!("stopping: {n} requests in flight finish"),
            };
            let text = match &s.ended_by {
                Some(why) => format!("{text}; {why}"),
                None => with_outage(&text, s),
            };
            Verdict::new(Limit::Over, Some(Stage::Gate), Advice::None, text)
        }
        RunState::Paused => paused(s),
        RunState::Starting | RunState::Running => return None,
    };
    Some(verdict)
}

/// Nothing new starts: because the user said so, or for a reason of our own.
fn paused(s: &Snapshot) -> Verdict {
    let by_user = s.pause_reasons.is_empty() || s.pause_reasons.contains(&PauseReason::User);
    let own = overload(s, |what| matches!(what, OverloadKind::Disk | OverloadKind::Memory));
    let (text, advice) = match own {
        Some(overload) if !by_user => (format!("paused: {}", overload.text), Advice::None),
        _ => ("paused by you: nothing new starts".to_owned(), Advice::Resume),
    };
    Verdict::new(Limit::Paused, Some(Stage::Gate), advice, with_outage(&text, s))
}

/// Workers wait for permits so much of their time.
fn permits(s: &Snapshot, share: f32) -> Verdict {
    // Those that we took away ourselves come back by themselves.
    let own = |what| what != OverloadKind::EverythingDown;
    let (why, advice) = match overload(s, own) {
        Some(overload) if s.gate.limit < s.dials.permits => (overload.text.clone(), Advice::None),
        None if s.gate.limit < s.dials.permits => {
            let (now, all) = (s.gate.limit, s.dials.permits);
            (format!("{now} of {all} are back after an overload, the others follow"), Advice::None)
        }
        _ => {
            let why = format!("workers spend {} of their time waiting for one", percent(share));
            (why, Advice::Raise(Dial::Permits))
        }
    };
    let text = format!("limited by permits: {why}");
    Verdict::new(Limit::Permits, Some(Stage::Gate), advice, text)
}

/// The server is saturated: more requests in flight add latency and no throughput.
fn saturated(s: &Snapshot) -> Option<Verdict> {
    let now = s.gate.in_use;
    let (text, advice) = match saturation(s)? {
        Saturation::FewerWereEnough(fewer) => (
            format!("it responds no faster with {now} requests in flight than with {fewer}"),
            Advice::Lower(Dial::Permits),
        ),
        Saturation::MoreBroughtNothing(more) => (
            format!("with {more} requests in flight it was no faster than with {now}"),
            Advice::None,
        ),
    };
    let text = format!("limited by the server: {text}");
    Some(Verdict::new(Limit::Server, Some(Stage::Gate), advice, text))
}

/// The first overload of such a kind.
fn overload(s: &Snapshot, is_meant: impl Fn(OverloadKind) -> bool) -> Option<&Overload> {
    s.overloads.iter().find(|overload| is_meant(overload.what))
}

/// Why hosts are left alone that have URLs to go: the strictest reason that is not just a gap.
fn cooldown(s: &Snapshot) -> Option<&'static str> {
    let waiting = s.hosts.iter().filter(|host| host.queued > 0);
    let reasons = waiting.filter_map(|host| match host.wait?.why {
        why @ (WaitReason::Breaker
        | WaitReason::Probe
        | WaitReason::RetryAfter
        | WaitReason::Backoff) => Some(why),
        _ => None,
    });
    reasons.min_by_key(|why| *why as u8).map(WaitReason::name)
}

/// Workers wait for URLs: because there are none, or because those there are may not be requested yet.
fn starved(s: &Snapshot) -> Verdict {
    if s.producer.throttled >= NOTABLE {
        let text = if s.frontier.pending == 0 && s.frontier.retrying > 0 {
            format!("limited by retries: {} URLs wait for their next attempt", s.frontier.retrying)
        } else {
            let why = cooldown(s).map_or_else(String::new, |why| format!(" ({why})"));
            format!(
                "limited by host pace: {} URLs wait until their hosts may be requested again{why}",
                s.frontier.pending
            )
        };
        return Verdict::new(Limit::HostPace, Some(Stage::Frontier), Advice::None, text);
    }
    let text = format!(
        "limited by the frontier: no URLs wait, workers are idle {} of their time",
        percent(s.worker_shares.idle)
    );
    Verdict::new(Limit::Frontier, Some(Stage::Frontier), Advice::None, text)
}

fn with_outage(text: &str, s: &Snapshot) -> String {
    outage(s).map_or_else(|| text.to_owned(), |outage| format!("{text}; {outage}"))
}

/// What is wrong with the database, and since when: `the database for 12 s: disk full`. The time comes
/// first: where there is little room, it is the end that is cut off.
fn outage(s: &Snapshot) -> Option<String> {
    let outage = s.database_outage.as_ref()?;
    let for_s = (s.at_s - outage.since_s).max(0.0);
    Some(format!("the database for {}: {}", units::age(for_s), outage.text))
}
