//! Promise: the verdict names what limits the crawl, from the snapshot's numbers alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crate::fixtures;
use std::sync::Arc;

use crawldeck::crawl::measure::verdict::judge;
use crawldeck::crawl::protocol::change::{Change, ChangeAction};
use crawldeck::crawl::protocol::command::Origin;
use crawldeck::crawl::protocol::snapshot::{
    DatabaseOutage, FrontierView, GateView, HistoryPoint, Overload, OverloadKind, ParsePoolView,
    PauseReason, ProducerShares, QueueView, RunState, Snapshot, WaitReason, WorkerShares,
};
use crawldeck::crawl::protocol::verdict::{Advice, Limit, Stage};
use crawldeck::settings::dials::Dials;
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::settings::faults::{Fault, Faults};

/// A crawl at full speed with nothing in its way but the server.
fn running() -> Snapshot {
    Snapshot {
        run: RunState::Running,
        active_s: 10.0,
        dials: Dials { permits: 16, workers: 16, queue: 100, rate: None, parse_threads: 2 },
        queue: QueueView { len: 60, capacity: 100 },
        gate: GateView { limit: 16, in_use: 15, draining: 0, waiting: 0 },
        producer: ProducerShares { blocked: 0.3, busy: 0.7, ..ProducerShares::default() },
        worker_shares: WorkerShares { first_byte: 0.9, body: 0.1, ..WorkerShares::default() },
        frontier: FrontierView { pending: 500, open: 600, ..FrontierView::default() },
        ..Snapshot::default()
    }
}

fn check(what: &str, limit: Limit, stage: Option<Stage>, advice: Advice, s: &Snapshot) {
    let verdict = judge(s);
    assert_eq!(
        (verdict.limit, verdict.stage, verdict.advice),
        (limit, stage, advice),
        "{what}: {}",
        verdict.text
    );
}

#[test]
fn each_limit_by_its_signs() {
    let shares = |set: fn(&mut WorkerShares)| {
        let mut s = running();
        s.worker_shares = WorkerShares::default();
        set(&mut s.worker_shares);
        s
    };
    let none = Advice::None;
    check("server", Limit::Server, Some(Stage::Gate), none, &running());

    let s = shares(|w| (w.permit, w.first_byte) = (0.46, 0.54));
    check("permits", Limit::Permits, Some(Stage::Gate), Advice::Raise(Dial::Permits), &s);

    let mut s = shares(|w| (w.idle, w.permit, w.first_byte) = (0.91, 0.085, 0.005));
    (s.queue.len, s.gate.limit, s.gate.in_use, s.gate.waiting) = (0, 1, 1, 17);
    s.dials.permits = 1;
    let advice = Advice::Raise(Dial::Permits);
    check("one permit, many idle", Limit::Permits, Some(Stage::Gate), advice, &s);

    let mut s = shares(|w| (w.rate, w.permit, w.first_byte) = (0.5, 0.4, 0.1));
    s.dials.rate = Some(5.0);
    check("rate", Limit::Rate, Some(Stage::Gate), Advice::Raise(Dial::Rate), &s);

    let mut s = shares(|w| (w.blocked, w.permit) = (0.6, 0.4));
    s.producer.blocked = 1.0;
    let advice = Advice::Lower(Dial::Permits);
    check("saver before permits", Limit::Saver, Some(Stage::Saver), advice, &s);

    let mut s = running();
    s.producer = ProducerShares { blocked: 0.97, busy: 0.03, ..ProducerShares::default() };
    s.gate.in_use = 9;
    let advice = Advice::Raise(Dial::Workers);
    check("workers", Limit::Workers, Some(Stage::Workers), advice, &s);
    s.gate.in_use = 16;
    check("workers and permits", Limit::Server, Some(Stage::Gate), none, &s);

    let mut s = shares(|w| (w.parse, w.first_byte) = (0.7, 0.3));
    s.parse_pool = ParsePoolView { threads: 2, busy: 2, waiting: 5 };
    let advice = Advice::Raise(Dial::ParseThreads);
    check("parsing", Limit::Parsing, Some(Stage::Workers), advice, &s);
    s.parse_pool.waiting = 0;
    check("parsing inline", Limit::Parsing, Some(Stage::Workers), none, &s);

    let mut s = shares(|w| (w.idle, w.first_byte) = (0.9, 0.1));
    s.queue.len = 0;
    s.producer = ProducerShares { idle: 1.0, ..ProducerShares::default() };
    s.frontier.pending = 0;
    check("frontier", Limit::Frontier, Some(Stage::Frontier), none, &s);
    s.producer = ProducerShares { throttled: 1.0, ..ProducerShares::default() };
    s.frontier.pending = 400;
    check("host pace", Limit::HostPace, Some(Stage::Frontier), none, &s);
    s.frontier.pending = 0;
    s.frontier.retrying = 3;
    assert!(judge(&s).text.contains("3 URLs wait for their next attempt"));
}

#[test]
fn states_come_before_measurements() {
    let mut s = running();
    s.worker_shares.permit = 0.9;
    s.active_s = 0.3;
    check("too early", Limit::Unknown, None, Advice::None, &s);
    s.active_s = 30.0;
    s.run = RunState::Paused;
    check("paused", Limit::Paused, Some(Stage::Gate), Advice::Resume, &s);
    s.run = RunState::Stopping;
    check("stopping", Limit::Over, Some(Stage::Gate), Advice::None, &s);
    for over in [RunState::Complete, RunState::Stopped, RunState::Failed] {
        s.run = over;
        check("over", Limit::Over, None, Advice::None, &s);
    }
    s.run = RunState::Paused;
    s.pause_reasons = vec![PauseReason::Disk];
    s.overloads = vec![overload(OverloadKind::Disk, "disk nearly full: 90 MiB free")];
    check("no disk", Limit::Paused, Some(Stage::Gate), Advice::None, &s);
    assert_eq!(judge(&s).text, "paused: disk nearly full: 90 MiB free");
    (s.pause_reasons, s.overloads) = (Vec::new(), Vec::new());
    s.run = RunState::Running;
    s.database_outage = Some(DatabaseOutage { text: "disk full".into(), since_s: s.at_s - 12.0 });
    check("database", Limit::Saver, Some(Stage::Saver), Advice::None, &s);
    assert_eq!(judge(&s).text, "limited by the database for 12 s: disk full");
    s.at_s += 288.0;
    assert_eq!(judge(&s).text, "limited by the database for 05:00: disk full");
    for (run, said) in [
        (RunState::Paused, "paused by you: nothing new starts; the database for 05:00: disk full"),
        (
            RunState::Stopping,
            "stopping: 15 requests in flight finish; the database for 05:00: disk full",
        ),
    ] {
        s.run = run;
        assert_eq!(judge(&s).text, said);
    }
}

fn overload(what: OverloadKind, text: &str) -> Overload {
    Overload { what, text: text.to_owned(), since_s: 1.0 }
}

#[test]
fn what_the_crawl_does_for_itself_is_not_advised_against() {
    let mut s = running();
    s.worker_shares = WorkerShares { permit: 0.8, first_byte: 0.2, ..WorkerShares::default() };
    (s.gate.limit, s.gate.in_use) = (4, 4);
    s.overloads = vec![overload(OverloadKind::Saver, "saver behind: its buffer is 80 % full")];
    check("saver behind", Limit::Saver, Some(Stage::Saver), Advice::None, &s);
    s.overloads = vec![overload(OverloadKind::Memory, "memory short: 900 of 1000 MiB")];
    check("memory", Limit::Permits, Some(Stage::Gate), Advice::None, &s);
    assert_eq!(judge(&s).text, "limited by permits: memory short: 900 of 1000 MiB");
    // The overload is over, the permits are not all back.
    s.overloads.clear();
    check("coming back", Limit::Permits, Some(Stage::Gate), Advice::None, &s);
    assert!(judge(&s).text.contains("4 of 16 are back"), "{}", judge(&s).text);
    s.saver_shares.busy = 0.9;
    check("it still writes", Limit::Saver, Some(Stage::Saver), Advice::None, &s);
    s.saver_shares.busy = 0.1;
    s.gate.limit = 16;
    s.overloads = vec![overload(OverloadKind::EverythingDown, "all down")];
    let advice = Advice::Raise(Dial::Permits);
    check("not ours", Limit::Permits, Some(Stage::Gate), advice, &s);
}

/// Seconds of history: so many in flight, pages/s, latency.
fn seconds(of: &[(u32, f32, f32)]) -> Arc<[HistoryPoint]> {
    let point = |(at, (in_flight, pages_per_s, p50_ms)): (usize, &(u32, f32, f32))| HistoryPoint {
        at_s: at as f64 + 1.0,
        pages_per_s: *pages_per_s,
        p50_ms: *p50_ms,
        p95_ms: *p50_ms,
        in_flight: *in_flight,
        queued: 50,
    };
    of.iter().enumerate().map(point).collect()
}

/// Forty in flight, of as many permits, that workers wait for.
fn at_forty(history: &[(u32, f32, f32)]) -> Snapshot {
    let mut s = running();
    s.dials.permits = 40;
    s.gate = GateView { limit: 40, in_use: 40, draining: 0, waiting: 20 };
    s.worker_shares = WorkerShares { permit: 0.3, first_byte: 0.7, ..WorkerShares::default() };
    s.history = seconds(history);
    s.at_s = history.len() as f64 + 0.1;
    s
}

const TEN: (u32, f32, f32) = (10, 100.0, 100.0);
const FORTY: (u32, f32, f32) = (40, 101.0, 396.0);

#[test]
fn more_in_flight_that_brings_only_waiting_is_seen_from_either_side() {
    let text = |s: &Snapshot| judge(s).text;
    let raise = Advice::Raise(Dial::Permits);
    let lower = Advice::Lower(Dial::Permits);
    let (server, permits) = (Limit::Server, Limit::Permits);
    let gate = Some(Stage::Gate);

    let saturated = [TEN, TEN, TEN, (25, 100.0, 250.0), FORTY, FORTY, FORTY];
    let s = at_forty(&saturated);
    check("saturated", server, gate, lower, &s);
    assert_eq!(
        text(&s),
        "limited by the server: it responds no faster with 40 requests in flight than with 10"
    );
    // Back again: what was learnt is not forgotten.
    let mut s = at_forty(&[TEN, FORTY, FORTY, FORTY, TEN, TEN, TEN]);
    (s.dials.permits, s.gate.limit, s.gate.in_use) = (10, 10, 10);
    check("back", server, gate, Advice::None, &s);
    assert!(text(&s).ends_with("with 40 requests in flight it was no faster than with 10"));

    // More brought more.
    let faster = (40, 380.0, 105.0);
    check("gain", permits, gate, raise, &at_forty(&[TEN, TEN, TEN, faster, faster, faster]));
    // As many pages, but not because they came later: nothing else was asked of the site.
    let idle = (40, 100.0, 100.0);
    check("not later", permits, gate, raise, &at_forty(&[TEN, TEN, TEN, idle, idle, idle]));
    // Too little is known, or it is still changing.
    check("two seconds", permits, gate, raise, &at_forty(&[TEN, TEN, FORTY, FORTY, FORTY]));
    check("changing", permits, gate, raise, &at_forty(&[TEN, TEN, TEN, TEN, FORTY, FORTY]));

    // The site was another one before: nothing is compared across that.
    let change = |what, at_s| Change {
        seq: 1,
        at_s,
        at: jiff::Timestamp::UNIX_EPOCH,
        by: Origin::User,
        what,
        undoes: None,
        undone: false,
    };
    let new = Box::new(Faults::NONE.with(Fault::Capacity, 10.0));
    let faults = ChangeAction::Faults { old: Box::default(), new };
    let mut s = at_forty(&saturated);
    s.changes = [change(faults, 2.5)].into();
    check("fault", permits, gate, raise, &s);
    let (old, new) = (Setting::Permits(10), Setting::Permits(40));
    s.changes = [change(ChangeAction::Set { old, new }, 3.5)].into();
    check("dial", server, gate, lower, &s);
    // Nobody can tell whose fault it is.
    s.process.cpu_percent = 190.0;
    s.process.cores = 2;
    check("cpu", permits, gate, raise, &s);
}

#[test]
fn hosts_that_cool_down_are_reported() {
    let mut s = running();
    s.worker_shares = WorkerShares { idle: 0.9, first_byte: 0.1, ..WorkerShares::default() };
    s.queue.len = 0;
    s.producer = ProducerShares { throttled: 1.0, ..ProducerShares::default() };
    let mut host = fixtures::waiting("127.0.0.1:8700", WaitReason::Breaker, Some(3.0));
    host.queued = 5;
    s.hosts = [host].into();
    assert_eq!(judge(&s).limit, Limit::HostPace);
    assert!(judge(&s).text.ends_with("(breaker open)"), "{}", judge(&s).text);
}
