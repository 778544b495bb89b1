//! Each limit by the signs that show it, in snapshots made by hand.

use crate::fixtures;

use crawldeck::crawl::measure::verdict::VerdictJudge;
use crawldeck::crawl::protocol::change::{Change, ChangeAction};
use crawldeck::crawl::protocol::command::Origin;
use crawldeck::crawl::protocol::snapshot::{
    DatabaseOutage, FrontierView, GateView, HistoryPoint, Overload, OverloadKind, ParsePoolView,
    PauseReason, ProducerShares, QueueView, RunState, Snapshot, StartLevel, WaitReason,
    WorkerShares, WorkerState, WorkerView,
};
use crawldeck::crawl::protocol::verdict::{Advice, Limit, Stage, Verdict};
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

/// What is said at the end of some seconds: so many in flight, pages/s, latency.
fn judge_seconds(s: &Snapshot, of: &[(u32, f32, f32)]) -> Verdict {
    let mut judge = VerdictJudge::default();
    let mut said = Verdict::default();
    // The first requests, of which few were in flight.
    let mut levels = vec![level(1, 4, of[0].2)];
    for (at, (in_flight, pages_per_s, p50_ms)) in of.iter().enumerate() {
        levels.push(level(*in_flight, *pages_per_s as u64, *p50_ms));
        let at_s = at as f64 + 1.0;
        let second = HistoryPoint {
            at_s,
            pages_per_s: *pages_per_s,
            p50_ms: *p50_ms,
            in_flight: *in_flight,
            queued: 50,
            ..HistoryPoint::default()
        };
        let history = [second].into();
        said = judge.judge(&Snapshot { history, start_levels: levels.clone().into(), ..s.clone() });
    }
    said
}

fn level(in_flight: u32, requests: u64, ms: f32) -> StartLevel {
    let (n, log) = (requests as f64, f64::from(ms).ln());
    let in_flight = 1 << in_flight.ilog2();
    StartLevel { in_flight, requests, log_ms: n * log, log_ms_squared: n * log * log }
}

/// What is said after some seconds of the same.
fn judge(s: &Snapshot) -> Verdict {
    judge_seconds(s, &[(s.gate.limit.min(s.dials.workers), 100.0, 100.0); 4])
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
    check("saver before permits", Limit::Saver, Some(Stage::Saver), none, &s);

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
    assert!(judge(&s).text.contains("3 URLs wait for the next attempt"));
}

#[test]
fn states_come_before_measurements() {
    let mut s = running();
    s.worker_shares.permit = 0.9;
    let early = judge_seconds(&s, &[(16, 100.0, 100.0)]);
    assert_eq!((early.limit, &*early.text), (Limit::Unknown, "measuring"));
    s.run = RunState::Paused;
    check("paused", Limit::Paused, None, Advice::Resume, &s);
    s.run = RunState::Stopping;
    check("stopping", Limit::Over, None, Advice::None, &s);
    for over in [RunState::Complete, RunState::Stopped, RunState::Failed] {
        s.run = over;
        check("over", Limit::Over, None, Advice::None, &s);
    }
    s.run = RunState::Paused;
    s.pause_reasons = vec![PauseReason::Disk];
    s.overloads = vec![overload(OverloadKind::Disk, "disk nearly full: 90 MiB free")];
    check("no disk", Limit::Paused, None, Advice::None, &s);
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

/// A crawl whose permits are turned while it runs: workers always wait for more.
struct Turned {
    judge: VerdictJudge,
    s: Snapshot,
    levels: Vec<StartLevel>,
    at_s: f64,
}

impl Turned {
    /// Its first requests took 100 ms.
    fn new() -> Self {
        let mut s = running();
        s.dials.workers = 256;
        let levels = vec![level(1, 4, 100.0)];
        Self { judge: VerdictJudge::default(), s, levels, at_s: 0.0 }
    }

    /// Some seconds with so many permits: pages/s, and their latency. Returns what is said in each.
    fn at(&mut self, permits: u32, pages_per_s: f32, ms: f32, seconds: u32) -> Vec<Verdict> {
        self.s.dials.permits = permits;
        self.s.gate = GateView { limit: permits, in_use: permits, draining: 0, waiting: 20 };
        let fetch = permits as f32 / 256.0;
        self.s.worker_shares =
            WorkerShares { permit: 1.0 - fetch, first_byte: fetch, ..WorkerShares::default() };
        let one = |_| {
            self.at_s += 1.0;
            self.levels.push(level(permits, pages_per_s as u64, ms));
            self.s.at_s = self.at_s;
            self.s.start_levels = self.levels.clone().into();
            self.s.history = [HistoryPoint {
                at_s: self.at_s,
                pages_per_s,
                p50_ms: ms,
                p95_ms: ms,
                in_flight: permits,
                queued: 50,
                ..HistoryPoint::default()
            }]
            .into();
            self.judge.judge(&self.s)
        };
        (0..seconds).map(one).collect()
    }

    /// Something else than a dial was changed.
    fn change(&mut self, what: ChangeAction) {
        let seq = self.s.changes.first().map_or(0, |change| change.seq) + 1;
        let at = jiff::Timestamp::UNIX_EPOCH;
        let (by, undoes, undone) = (Origin::Key, None, false);
        self.s.changes = [Change {
            seq,
            at_s: self.at_s,
            at,
            by,
            what,
            undoes,
            undone,
            redoes: None,
            reason: None,
            effect: None,
        }]
        .into();
    }
}

/// Limit, advice and text of the last of them.
fn last(said: &[Verdict]) -> (Limit, Advice, String) {
    let last = said.last().unwrap();
    (last.limit, last.advice, last.text.clone())
}

const RAISE: Advice = Advice::Raise(Dial::Permits);
const LOWER: Advice = Advice::Lower(Dial::Permits);

#[test]
fn more_in_flight_that_brings_only_waiting_is_seen_from_either_side() {
    let mut crawl = Turned::new();
    let (limit, advice, text) = last(&crawl.at(10, 100.0, 100.0, 10));
    assert_eq!((limit, advice), (Limit::Permits, RAISE), "{text}");
    let said = crawl.at(40, 101.0, 396.0, 10);
    assert_eq!(
        last(&said),
        (
            Limit::Server,
            LOWER,
            "limited by the server: 40 requests in flight bring no more pages than 10 did".into()
        )
    );
    assert_eq!(said.iter().filter(|v| v.limit == Limit::Unknown).count(), 0, "{said:#?}");
    // Back again: what was learnt is not forgotten.
    assert_eq!(
        last(&crawl.at(10, 100.0, 100.0, 10)),
        (
            Limit::Server,
            Advice::None,
            "limited by the server: 40 requests in flight brought no more pages than 10".into()
        )
    );
}

#[test]
fn more_in_flight_that_brings_more_is_advised() {
    let mut crawl = Turned::new();
    crawl.at(10, 100.0, 100.0, 10);
    let (limit, advice, text) = last(&crawl.at(40, 380.0, 105.0, 10));
    assert_eq!((limit, advice), (Limit::Permits, RAISE), "{text}");
    // As many pages, but not because they came later: nothing else was asked of the site.
    let (limit, advice, text) = last(&crawl.at(60, 380.0, 105.0, 10));
    assert_eq!((limit, advice), (Limit::Permits, RAISE), "{text}");
}

#[test]
fn nothing_is_compared_across_a_change_of_what_is_crawled() {
    let new = Box::new(Faults::NONE.with(Fault::Capacity, 10.0));
    let faults = ChangeAction::Faults { old: Box::default(), new };
    let (old, new) = (Setting::Permits(10), Setting::Permits(40));
    for (what, expected) in [
        (faults, (Limit::Unknown, LOWER)),
        (ChangeAction::Set { old, new }, (Limit::Server, LOWER)),
    ] {
        let mut crawl = Turned::new();
        crawl.at(10, 100.0, 396.0, 10);
        crawl.change(what);
        let (limit, advice, text) = last(&crawl.at(40, 101.0, 500.0, 10));
        assert_eq!((limit, advice), expected, "{text}");
    }
}

#[test]
fn a_line_at_the_server_is_seen_before_any_other_level_was_tried() {
    let mut crawl = Turned::new();
    assert_eq!(
        last(&crawl.at(40, 101.0, 396.0, 4)),
        (
            Limit::Server,
            LOWER,
            "limited by the server: requests take 396 ms, and took 100 ms with few in flight"
                .into()
        )
    );
}

#[test]
fn noise_changes_nothing_that_is_said() {
    let mut crawl = Turned::new();
    crawl.at(5, 50.0, 100.0, 10);
    let mut said = Vec::new();
    let mut random = 1_u32;
    for _ in 0..300 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = 0.6 + 0.8 * (random >> 16) as f32 / 65_536.0;
        said.extend(crawl.at(20, 55.0 * noise, 363.0 / noise, 1));
    }
    let steady = &said[10..];
    assert!(steady.iter().all(|v| (v.limit, v.advice) == (Limit::Server, LOWER)), "{said:#?}");
}

#[test]
fn a_busy_processor_is_named_and_no_advice_is_given_to_use_more_of_it() {
    let mut crawl = Turned::new();
    (crawl.s.process.cores, crawl.s.process.cpu_percent) = (2, 187.0);
    let said = crawl.at(50, 1_937.0, 25.0, 10);
    let text = "limited by our CPU: this process uses 94 % of 2 cores";
    assert_eq!(last(&said), (Limit::Cpu, Advice::None, text.into()));
    let (limit, advice, text) = last(&crawl.at(200, 1_927.0, 100.0, 20));
    assert_eq!((limit, advice), (Limit::Cpu, LOWER), "{text}");
    // Others use it as well.
    (crawl.s.process.cpu_percent, crawl.s.process.cpu_wait_percent) = (130.0, 150.0);
    let (limit, _, text) = last(&crawl.at(200, 1_000.0, 200.0, 10));
    assert_eq!(limit, Limit::Cpu);
    assert_eq!(text, "limited by our CPU: this process uses 65 % of 2 cores, others the rest");
}

#[test]
fn requests_that_have_no_answer_are_named() {
    let mut crawl = Turned::new();
    crawl.s.workers = (0..16)
        .map(|id| WorkerView {
            id,
            state: WorkerState::FirstByte,
            url: None,
            attempt: 1,
            for_ms: if id < 12 { 9_000 } else { 40 },
            leaving: false,
            pages: 0,
        })
        .collect();
    let text = "limited by the server: 75 % of requests in flight have had no answer for 3 s";
    assert_eq!(last(&crawl.at(16, 4.0, 50.0, 5)), (Limit::Server, Advice::None, text.into()));
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
