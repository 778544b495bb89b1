//! Promise: the verdict names what limits the crawl, from the snapshot's numbers alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use crawldeck::crawl::command::Dial;
use crawldeck::crawl::snapshot::{
    DatabaseTrouble, Dials, FrontierView, GateView, ParsePoolView, ProducerShares, QueueView,
    RunState, Snapshot, WorkerShares,
};
use crawldeck::crawl::verdict::{Advice, Limit, Stage, judge};

/// A crawl at full speed with nothing in its way but the far server.
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
    check("workers and permits", Limit::Workers, Some(Stage::Workers), advice, &s);

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
    s.run = RunState::Running;
    s.database_trouble = Some(DatabaseTrouble { text: "disk full".into(), since_s: s.at_s - 12.0 });
    check("database", Limit::Saver, Some(Stage::Saver), Advice::None, &s);
    assert_eq!(judge(&s).text, "limited by the database for 12 s: disk full");
    s.at_s += 288.0;
    assert_eq!(judge(&s).text, "limited by the database for 5 min: disk full");
    for (run, said) in [
        (RunState::Paused, "paused by you: nothing new starts; the database for 5 min: disk full"),
        (
            RunState::Stopping,
            "stopping: 15 requests in flight finish; the database for 5 min: disk full",
        ),
    ] {
        s.run = run;
        assert_eq!(judge(&s).text, said);
    }
}
