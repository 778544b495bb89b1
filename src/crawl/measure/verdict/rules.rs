//! The rules: which limit the signs show, from downstream to upstream. A stage that blocks makes
//! everything before it wait, so the last stage that is waited for is the cause.

use crate::crawl::measure::verdict::levels::Compared;
use crate::crawl::measure::verdict::queueing::Line;
use crate::crawl::measure::verdict::reading::{hangs_after_ms, most_in_flight};
use crate::crawl::measure::verdict::scales::{Finding, Scales, Sign};
use crate::crawl::protocol::snapshot::{HostView, OverloadKind, Snapshot, WaitReason};
use crate::crawl::protocol::verdict::{Advice, Limit, Stage};
use crate::settings::dials::Dial;
use crate::units;

/// A share from which on waiting for something counts as being limited by it.
const NOTABLE: f64 = 0.10;
/// A share of the time from which on a wait is the main limit.
const MAJORITY: f64 = 0.50;
/// Of the permits, the share from which on all count as used.
const ALL: f64 = 0.95;
/// Share of the processor from which on it is the limit, when this process uses it,
const CPU_BUSY: f64 = 0.85;
/// and down to which it stays so;
const STILL_BUSY: f64 = 0.7;
/// where others use it as well, from which on it is the limit when this process would use all of it.
const CPU_SHARED: f64 = 0.5;
/// How many times what it uses this process wants, when others take the processor away from it.
const CROWDED: f64 = 1.5;

/// Share of its time below which the saver writes little: to begin with, and as long as that is said.
const SAVES_LITTLE: (f64, f64) = (0.4, 0.65);

/// A latency, given in ms: `96 ms`, `4.2 s`.
fn latency(ms: f64) -> String {
    if ms < 1_000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// What the last seconds show.
pub(super) fn weigh(scales: &Scales<'_>) -> Finding {
    let cpu = cpu(scales);
    // Where the processor is busy and the saver is not, workers wait for the saver because of that.
    let is_starved = cpu.is_some() && saver_has_time(scales);
    saving(scales)
        .filter(|_| !is_starved)
        .or_else(|| hanging(scales))
        .or_else(|| rate(scales))
        .or(cpu)
        .or_else(|| parsing(scales))
        .unwrap_or_else(|| flow(scales))
}

/// The saver: workers wait for room in its buffer, or the crawl slows itself down because of it.
fn saving(scales: &Scales<'_>) -> Option<Finding> {
    let (s, mean) = (scales.snapshot, &scales.mean);
    let is_blocked = scales.reaches(Sign::Saving, mean.blocked, NOTABLE);
    let is_other =
        |what| matches!(what, OverloadKind::Disk | OverloadKind::Memory | OverloadKind::Files);
    // The crawl slows itself down then, so that its workers wait for something else.
    let is_slowed = s.gate.limit < s.dials.permits
        && scales.overload(is_other).is_none()
        && scales.reaches(Sign::Saving, mean.saving, MAJORITY);
    let is_behind = scales.overload(|what| what == OverloadKind::Saver).is_some();
    if !is_blocked && !is_slowed && !is_behind {
        return reading(scales);
    }
    let text = if mean.saving >= MAJORITY {
        let busy = percent(mean.saving);
        format!("limited by the saver: it writes {busy} of its time and falls behind")
    } else {
        let blocked = percent(mean.blocked);
        format!(
            "limited by the saver: workers spend {blocked} of their time waiting for room in its buffer"
        )
    };
    Some(Finding::new(Sign::Saving, Limit::Saver, Stage::Saver, Advice::None, text))
}

/// Workers wait for rows of the database.
fn reading(scales: &Scales<'_>) -> Option<Finding> {
    let share = scales.mean.database;
    if !scales.reaches(Sign::Reading, share, NOTABLE) {
        return None;
    }
    let share = percent(share);
    let text = format!("limited by the database: workers spend {share} of their time reading it");
    Some(Finding::new(Sign::Reading, Limit::Saver, Stage::Saver, Advice::None, text))
}

/// Most of what is in flight has no answer.
fn hanging(scales: &Scales<'_>) -> Option<Finding> {
    let (s, mean) = (scales.snapshot, &scales.mean);
    let are_busy = mean.idle < MAJORITY || s.frontier.pending == 0;
    if !scales.reaches(Sign::Hanging, mean.hanging, MAJORITY) || !are_busy {
        return None;
    }
    let text = format!(
        "limited by the server: {} of requests in flight have had no answer for {}",
        percent(mean.hanging),
        units::age((hangs_after_ms(s) / 1000.0).round())
    );
    Some(Finding::new(Sign::Hanging, Limit::Server, Stage::Gate, Advice::None, text))
}

/// The rate of the whole crawl.
fn rate(scales: &Scales<'_>) -> Option<Finding> {
    let (s, mean) = (scales.snapshot, &scales.mean);
    s.dials.rate?;
    if !scales.reaches(Sign::Rate, mean.rate, NOTABLE) {
        return None;
    }
    let rate = s.dials.get(Dial::Rate).value_text();
    let wait = percent(mean.rate);
    let text =
        format!("limited by the rate of {rate}: workers spend {wait} of their time waiting for it");
    Some(Finding::new(Sign::Rate, Limit::Rate, Stage::Gate, Advice::Raise(Dial::Rate), text))
}

/// Whether the saver could write more, so that it is not the limit.
fn saver_has_time(scales: &Scales<'_>) -> bool {
    let (before, after) = SAVES_LITTLE;
    scales.mean.saving < if scales.said == Some(Sign::Cpu) { after } else { before }
}

/// The processor: this process has nearly all of it, or all that others leave.
fn cpu(scales: &Scales<'_>) -> Option<Finding> {
    let (s, mean) = (scales.snapshot, &scales.mean);
    let mark = if scales.said == Some(Sign::Cpu) { STILL_BUSY } else { CPU_BUSY };
    let is_shared = mean.wanted_cpu >= 1.0 && scales.reaches(Sign::Cpu, mean.own_cpu, CPU_SHARED);
    // The saver does not get on, and does not write either: its results wait for the processor.
    let is_starved = mean.wanted_cpu >= mark
        && saver_has_time(scales)
        && scales.reaches(Sign::Cpu, mean.blocked, NOTABLE);
    // Workers that mostly wait for URLs could do more with the processor that there is.
    if mean.own_cpu < mark && !is_shared && !is_starved || mean.idle >= MAJORITY {
        return None;
    }
    let used = percent(mean.own_cpu);
    let cores = s.process.cores.max(1);
    let cores = units::counted(u64::from(cores), "core", "cores");
    let who = if s.site_takes_faults { "crawl and lab use" } else { "this process uses" };
    let what = format!("{who} {used} of {cores}");
    let others = if mean.own_cpu < STILL_BUSY { ", others the rest" } else { "" };
    let text = format!("limited by our CPU: {what}{others}");
    let advice = match scales.levels.compare(Some(false)) {
        Some(Compared::FewerWereEnough(_)) => Advice::Lower(turned(s)),
        _ => Advice::None,
    };
    Some(Finding::new(Sign::Cpu, Limit::Cpu, Stage::Workers, advice, text))
}

fn parsing(scales: &Scales<'_>) -> Option<Finding> {
    let (s, mean) = (scales.snapshot, &scales.mean);
    let are_waiting = scales.reaches(Sign::Parsing, mean.unparsed, 1.0);
    let mark = if are_waiting { NOTABLE } else { MAJORITY };
    if !scales.reaches(Sign::Parsing, mean.parse, mark) {
        return None;
    }
    let text = format!(
        "limited by parsing: workers spend {} of their time in it, {} of {} parse threads busy",
        percent(mean.parse),
        s.parse_pool.busy,
        s.parse_pool.threads
    );
    let advice = if are_waiting { Advice::Raise(Dial::ParseThreads) } else { Advice::None };
    Some(Finding::new(Sign::Parsing, Limit::Parsing, Stage::Workers, advice, text))
}

/// The dial that holds back what is in flight.
const fn turned(s: &Snapshot) -> Dial {
    if s.dials.workers < s.gate.limit { Dial::Workers } else { Dial::Permits }
}

/// URLs, workers, permits, server.
fn flow(scales: &Scales<'_>) -> Finding {
    let (s, mean) = (scales.snapshot, &scales.mean);
    // Workers without a URL neither wait nor work: they must not dilute the wait of the others.
    let awake = (1.0 - mean.idle).max(0.01);
    let wait_for_permits = scales.reaches_level(mean.permit, NOTABLE)
        || mean.waiting >= 0.5 && mean.permit / awake >= MAJORITY;
    if wait_for_permits {
        return overload(scales)
            .unwrap_or_else(|| in_flight(scales, Dial::Permits, mean.permit / awake));
    }
    if scales.reaches(Sign::HostPace, mean.idle, MAJORITY)
        && mean.queued <= f64::from(s.dials.workers)
    {
        return starved(scales);
    }
    let full = scales.reaches_level(mean.queue_full, MAJORITY);
    let limit = f64::from(s.gate.limit);
    if full && s.dials.workers <= s.gate.limit && mean.in_use < ALL * limit {
        return in_flight(scales, Dial::Workers, 1.0);
    }
    if scales.reaches(Sign::HostPace, mean.idle, NOTABLE) {
        return starved(scales);
    }
    if mean.in_use >= ALL * limit
        && let Some(Compared::FewerWereEnough(_) | Compared::MoreBroughtNothing(_)) =
            compared(scales)
    {
        return in_flight(scales, Dial::Permits, 0.0);
    }
    let fetching = percent(mean.fetch);
    let text = if mean.queue_full >= MAJORITY {
        format!(
            "limited by the server: all workers and permits are busy, {fetching} of their time fetching"
        )
    } else {
        format!("limited by the server: workers spend {fetching} of their time fetching")
    };
    Finding::new(Sign::Fetching, Limit::Server, Stage::Gate, Advice::None, text)
}

/// Permits that we took away ourselves, which come back by themselves.
fn overload(scales: &Scales<'_>) -> Option<Finding> {
    let s = scales.snapshot;
    if s.gate.limit >= s.dials.permits {
        return None;
    }
    let is_ours = |what| what != OverloadKind::EverythingDown;
    let why = scales.overload(is_ours).map_or_else(
        || {
            let (now, all) = (s.gate.limit, s.dials.permits);
            format!("{now} of {all} are back after an overload, the others follow")
        },
        |overload| overload.text.clone(),
    );
    let text = format!("limited by permits: {why}");
    Some(Finding::new(Sign::Overload, Limit::Permits, Stage::Gate, Advice::None, text))
}

/// What the level now compared with others showed, by what is said already.
fn compared(scales: &Scales<'_>) -> Option<Compared> {
    scales.levels.compare(match scales.said? {
        Sign::MoreHelps => Some(true),
        Sign::FewerWereEnough | Sign::MoreBroughtNothing => Some(false),
        _ => None,
    })
}

/// All that may be in flight is, by this dial: would more of it help, or is it the server that does no more?
fn in_flight(scales: &Scales<'_>, dial: Dial, share: f64) -> Finding {
    let (s, mean) = (scales.snapshot, &scales.mean);
    let most = most_in_flight(s);
    let server = |sign, advice, text: String| {
        Finding::new(
            sign,
            Limit::Server,
            Stage::Gate,
            advice,
            format!("limited by the server: {text}"),
        )
    };
    let helps = || {
        let (limit, stage, text) = if dial == Dial::Workers {
            let idle = s.gate.limit.saturating_sub(mean.in_use.round() as u32);
            let text = format!(
                "limited by workers: all {} are busy, {idle} of {} permits are idle",
                s.dials.workers, s.gate.limit
            );
            (Limit::Workers, Stage::Workers, text)
        } else {
            let wait = percent(share);
            (
                Limit::Permits,
                Stage::Gate,
                format!("limited by permits: workers spend {wait} of their time waiting for one"),
            )
        };
        Finding::new(Sign::MoreHelps, limit, stage, Advice::Raise(dial), text)
    };
    let lower = Advice::Lower(dial);
    match compared(scales) {
        Some(Compared::FewerWereEnough(fewer)) => {
            let text = format!("{most} requests in flight bring no more pages than {fewer} did");
            return server(Sign::FewerWereEnough, lower, text);
        }
        Some(Compared::MoreBroughtNothing(more)) => {
            let text = format!("{more} requests in flight brought no more pages than {most}");
            return server(Sign::MoreBroughtNothing, Advice::None, text);
        }
        Some(Compared::MoreHelped(_)) => return helps(),
        None => {}
    }
    let line = scales.levels.starts.line(
        s,
        scales.said == Some(Sign::Line),
        mean.wanted_cpu >= CROWDED * mean.own_cpu,
    );
    if let Line::Waits { now_ms, few_ms } = line {
        let text = format!(
            "requests take {}, and took {} with few in flight",
            latency(now_ms),
            latency(few_ms)
        );
        return server(Sign::Line, lower, text);
    }
    // With one in flight there is no level below to try.
    if most > 1 && scales.reaches(Sign::Bodies, mean.body / mean.fetch.max(0.01), MAJORITY) {
        let text = "bodies come slowly; whether fewer at once help is not known yet";
        return server(Sign::Bodies, lower, text.to_owned());
    }
    // What speaks for more is not forgotten because it is less clear for a while.
    if most <= 1 || line == Line::None || scales.said == Some(Sign::MoreHelps) {
        return helps();
    }
    let text = format!("not known yet whether more {dial} help: fewer would show it");
    Finding::new(Sign::Untried, Limit::Unknown, Stage::Gate, lower, text)
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
fn starved(scales: &Scales<'_>) -> Finding {
    let (s, mean) = (scales.snapshot, &scales.mean);
    if !scales.reaches(Sign::HostPace, mean.throttled, NOTABLE) {
        let idle = percent(mean.idle);
        let text =
            format!("limited by the frontier: no URLs wait, workers are idle {idle} of their time");
        return Finding::new(Sign::NoUrls, Limit::Frontier, Stage::Frontier, Advice::None, text);
    }
    if s.frontier.pending > 0 && scales.reaches(Sign::Refusing, mean.refusing, MAJORITY) {
        return refusing(s);
    }
    let (sign, text) = if s.frontier.pending == 0 && s.frontier.retrying > 0 {
        let retrying = units::counted(s.frontier.retrying, "URL waits", "URLs wait");
        (Sign::Retries, format!("limited by retries: {retrying} for the next attempt"))
    } else {
        let why = cooldown(s).map_or_else(String::new, |why| format!(" ({why})"));
        let pending = units::counted(s.frontier.pending, "URL waits", "URLs wait");
        let text = format!(
            "limited by host pace: {pending} until their hosts may be requested again{why}"
        );
        (Sign::HostPace, text)
    };
    Finding::new(sign, Limit::HostPace, Stage::Frontier, Advice::None, text)
}

/// Hosts refuse more than so many requests at once, and fewer are in flight.
fn refusing(s: &Snapshot) -> Finding {
    let refuses = |host: &&HostView| host.queued > 0 && host.refused_at.is_some();
    let limits: Vec<_> = s.hosts.iter().filter(refuses).collect();
    let text = match limits[..] {
        [HostView { refused_at: Some(refused), lowered_limit: Some(limit), .. }] => {
            format!(
                "limited by the server: it refuses {refused} requests at once, and gets {limit}"
            )
        }
        [] | [_] => "limited by the server: it refuses more requests at once".to_owned(),
        _ => format!("limited by the servers: {} hosts refuse more requests at once", limits.len()),
    };
    Finding::new(Sign::Refusing, Limit::Server, Stage::Frontier, Advice::None, text)
}
