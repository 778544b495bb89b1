//! The steps of the guided tour: what each sets up, what to look at, the key to press, what is measured, and what
//! it shows. It knows no drawing.
//!
//! Each step sets the whole stage that it needs, so that it can be gone back to. A text is at most two lines on
//! the narrowest screen.

use super::scene_steps::{
    SceneBaseline, StepReading, cools_down, database_given_back, permits_taken_back,
    producer_stops, queue_fills, reading, yes,
};
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::scene::{Scene, Setup};
use crate::crawl::protocol::snapshot::{BreakerState, Snapshot};
use crate::crawl::protocol::verdict::{Limit, Stage};
use crate::settings::dials::{Dial, Dials, Setting};
use crate::settings::faults::{Fault, Faults};
use crate::ui::action::{Action, Tab};
use crate::ui::keys::{KeyContext, KeyMap};
use crate::ui::panels::verdict;
use crate::ui::units;

/// A step.
#[derive(Clone, Copy)]
pub struct TourStep {
    /// What it is about: `the queue`.
    pub title: &'static str,
    /// What to look at.
    pub look: &'static str,
    /// The key to press, and what for; `None` where it happens by itself.
    pub press: Option<fn(&KeyMap) -> String>,
    /// What it shows, once it has happened.
    pub shows: &'static str,
    /// Where its number stands on the stages.
    pub stage: Option<Stage>,
    /// The stage that it needs; dials that it does not set keep their values.
    pub setup: fn(Dials) -> Setup,
    /// What is turned after that, as an entry of its own in the journal.
    pub turned: Option<Setting>,
    /// What is measured, with the tab that is shown.
    pub measure: fn(&Snapshot, Tab) -> StepReading,
}

/// A server that takes so many ms, and so many requests at once, for so many permits and workers.
const fn plain(
    dials: Dials,
    permits: u32,
    workers: u32,
    latency_ms: f64,
    capacity: Option<f64>,
) -> Setup {
    let faults = Faults::NONE.with(Fault::Latency, latency_ms);
    let faults = match capacity {
        Some(requests) => faults.with(Fault::Capacity, requests),
        None => faults,
    };
    let dials = Dials { permits, workers, queue: 100, rate: None, ..dials };
    Setup { scene: None, dials, faults, autopilot: None }
}

/// Open URLs that show that the frontier grows.
const GROWN: f64 = 1_000.0;

fn frontier_grows(s: &Snapshot, _: Tab) -> StepReading {
    let open = s.frontier.open;
    reading(open as f64, GROWN, format!("{} URLs known and not done", units::count(open)))
}

fn queue_full(s: &Snapshot, _: Tab) -> StepReading {
    queue_fills(s, &SceneBaseline::default())
}

fn named(s: &Snapshot, _: Tab) -> StepReading {
    let words = match verdict::words(s) {
        none if none.is_empty() => "not known yet".to_owned(),
        words => words,
    };
    yes(s.verdict.limit == Limit::Workers, &words)
}

/// Workers that are wanted, and the pages per second that come with them: the server takes 200 ms for each.
const WORKERS: (f64, f64) = (6.0, 24.0);

fn more_workers(s: &Snapshot, _: Tab) -> StepReading {
    let (workers, pages) = (s.dials.workers, s.throughput.last_1s);
    let free = s.gate.limit.saturating_sub(s.gate.in_use);
    let count = units::counted(workers.into(), "worker", "workers");
    let words = format!("{count}, {free} permits free, {} pages/s", units::rate(pages));
    let share = (f64::from(workers) / WORKERS.0).min(pages / WORKERS.1);
    reading(share, 1.0, words)
}

fn jam(s: &Snapshot, _: Tab) -> StepReading {
    let none = SceneBaseline::default();
    let (buffer, producer) = (permits_taken_back(s, &none), producer_stops(s, &none));
    if buffer.share < 1.0 {
        let words = format!("permits taken back: {}", buffer.words);
        return StepReading { share: buffer.share / 2.0, words };
    }
    let share = if producer.share < 1.0 { 0.5 + producer.share / 2.0 } else { 1.0 };
    StepReading { share, words: format!("producer {}", producer.words) }
}

fn faults_off(s: &Snapshot, _: Tab) -> StepReading {
    let drained = database_given_back(s, &SceneBaseline::default()).share;
    let words = if s.faults.get(Fault::Saver).is_some() {
        format!("on purpose: {}", s.faults)
    } else {
        let (now, limit) = (s.saver.backlog_bytes, s.saver.limit_bytes);
        format!("the buffer drains: {} of {}", units::bytes(now), units::bytes(limit))
    };
    StepReading { share: drained, words }
}

fn host_cools_down(s: &Snapshot, tab: Tab) -> StepReading {
    let waits = cools_down(s, &SceneBaseline::default());
    let words = format!("cooldown: {}", waits.words);
    StepReading { share: if tab == Tab::Hosts { waits.share } else { waits.share / 2.0 }, words }
}

fn breaker_opens(s: &Snapshot, _: Tab) -> StepReading {
    let down = s.hosts.iter().map(|host| host.breaker).find(|b| *b != BreakerState::Closed);
    let retries = units::counted(s.totals.retries, "retry", "retries");
    match down {
        Some(state) => yes(true, &format!("the breaker is {}, {retries}", state.name())),
        None => yes(false, &format!("the breaker is closed, {retries}")),
    }
}

fn undone(s: &Snapshot, _: Tab) -> StepReading {
    let by_viewer = |by| matches!(by, Origin::Key | Origin::Typed);
    let undo = s.changes.first().is_some_and(|c| c.undoes.is_some() && by_viewer(c.by));
    let (permits, p50) = (s.dials.permits, s.latency.last_10s.p50);
    let rate = units::rate(s.throughput.last_1s);
    yes(undo && permits < 40, &format!("{permits} permits, {p50:.0} ms, {rate} pages/s"))
}

fn table_shown(s: &Snapshot, tab: Tab) -> StepReading {
    let settings = s.tuning.rows.len() as u64;
    let words = format!("{} measured", units::counted(settings, "setting", "settings"));
    yes(tab == Tab::Tuning && settings > 0, &words)
}

fn autopilot_climbs(s: &Snapshot, _: Tab) -> StepReading {
    let view = s.tuning.autopilot.as_ref();
    let drives = view.is_some_and(|view| view.driving);
    let permits = s.dials.permits;
    if !drives {
        return yes(false, &format!("{permits} permits, the autopilot is off"));
    }
    reading(permits.into(), 6.0, format!("{permits} permits by the autopilot, from 4"))
}

fn slow_motion(s: &Snapshot, _: Tab) -> StepReading {
    let p50 = s.latency.last_10s.p50;
    let slow =
        s.slow.map_or_else(|| "at full speed".to_owned(), |slow| format!("slow motion {slow}"));
    yes(s.slow.is_some(), &format!("{slow}, {p50:.0} ms"))
}

/// All steps, in their order.
pub const STEPS: [TourStep; 12] = [
    TourStep {
        title: "the frontier",
        look: "Every URL that is known and not done stands in the frontier, the vessel on the \
               left. Each page that is fetched brings links to more of them: it grows.",
        press: None,
        shows: "The site is larger than what was fetched so far. The frontier is on disk, so \
                memory does not grow with it, and a crawl that was stopped resumes there.",
        stage: Some(Stage::Frontier),
        setup: |dials| plain(dials, 8, 16, 200.0, None),
        turned: None,
        measure: frontier_grows,
    },
    TourStep {
        title: "the queue",
        look: "The producer takes URLs from the frontier and puts them into a queue that never \
               holds more than its capacity. Watch it fill, in the second vessel.",
        press: None,
        shows: "It is full, and the producer waits for room. A bound on every stage is what \
                keeps memory flat, however large the site is.",
        stage: Some(Stage::Queue),
        setup: |dials| plain(dials, 8, 16, 200.0, None),
        turned: None,
        measure: queue_full,
    },
    TourStep {
        title: "the verdict",
        look: "The line below the stages is the verdict: what limits the crawl, how that is \
               known, and the key that helps. Something is short now. Wait for its name.",
        press: None,
        shows: "The heavy frame says the same: dense tracks before the limit, sparse ones \
                behind it. The verdict waits until it knows, and the key beside it helps.",
        stage: Some(Stage::Workers),
        setup: |dials| plain(dials, 20, 1, 200.0, None),
        turned: None,
        measure: named,
    },
    TourStep {
        title: "workers and permits",
        look: "A worker fetches one page at a time; a permit is the right to have a request \
               in flight. One worker cannot use 20 permits: the gate has free places.",
        press: Some(|keys| {
            let key = keys.name_of(Action::Turn(Dial::Workers, 1));
            format!("press {key} five times: each adds a worker")
        }),
        shows: "Each worker brought as many pages per second again, and the verdict will say \
                what it gave. Workers cost memory here, permits cost the server there.",
        stage: Some(Stage::Workers),
        setup: |dials| plain(dials, 20, 1, 200.0, None),
        turned: None,
        measure: more_workers,
    },
    TourStep {
        title: "backpressure",
        look: "Each transaction of the database now takes half a second. Watch the jam walk \
               upstream: the saver's buffer, the permits, the queue, then the producer.",
        press: None,
        shows: "Nothing is lost and memory stays flat: each stage waits for the one behind it, \
                back to the frontier, which is on disk. That is backpressure.",
        stage: Some(Stage::Saver),
        setup: |dials| Scene::SlowDatabase.setup(dials),
        turned: None,
        measure: jam,
    },
    TourStep {
        title: "faults",
        look: "The slow database is a fault, made on purpose. There are fifteen of them, of the \
               site and of the pipeline, and each can be turned while the crawl runs.",
        press: Some(|keys| {
            let (off, open) = (keys.name_of(Action::ClearFaults), keys.name_of(Action::Faults));
            format!("press {off} to turn all faults off ({open} would list them)")
        }),
        shows: "The buffer drains, the permits come back, the queue is taken from again, and \
                the producer goes on. Everything waited, and nothing was lost.",
        stage: Some(Stage::Saver),
        setup: |dials| Scene::SlowDatabase.setup(dials),
        turned: None,
        measure: faults_off,
    },
    TourStep {
        title: "politeness",
        look: "The server answers some requests with 429: too many, come back later. What the \
               crawl makes of that stands on the Hosts tab, in the column on its state.",
        press: Some(|keys| {
            let (hosts, deck) =
                (keys.name_of(Action::Show(Tab::Hosts)), keys.name_of(Action::Show(Tab::Deck)));
            format!("press {hosts} for the Hosts tab ({deck} comes back)")
        }),
        shows: "The host cools down as long as it demanded, and no permit is held meanwhile. \
                Gaps, limits per host and robots.txt are kept in the same way.",
        stage: Some(Stage::Frontier),
        setup: |dials| Scene::RateLimitedHost.setup(dials),
        turned: None,
        measure: host_cools_down,
    },
    TourStep {
        title: "the breaker",
        look: "Now half of the requests fail with 500 or 502. A host that fails too often counts \
               as down: its breaker opens, and nothing but a probe is sent to it.",
        press: None,
        shows: "After a cooldown one probe goes out. If it succeeds the breaker closes; if not, \
                the next cooldown is longer. A host that is down costs next to nothing.",
        stage: Some(Stage::Frontier),
        setup: |dials| Scene::FlakyHost.setup(dials),
        turned: None,
        measure: breaker_opens,
    },
    TourStep {
        title: "undo",
        look: "This server answers ten requests at once, and the tour has just raised the \
               permits from 10 to 40: pages per second stay, and latency grows fourfold.",
        press: Some(|keys| format!("press {} to undo it", keys.name_of(Action::Undo))),
        shows: "Every change stands in the journal, with what it gave, and can be undone in \
                turn. Requests beyond what a server answers at once only wait there.",
        stage: Some(Stage::Gate),
        setup: |dials| plain(dials, 10, 60, 100.0, Some(10.0)),
        turned: Some(Setting::Permits(40)),
        measure: undone,
    },
    TourStep {
        title: "tuning",
        look: "Each setting in force is measured: pages per second, latency, failures. The \
               Tuning tab has the table of settings, and the curve through them.",
        press: Some(|keys| {
            let (tuning, deck) =
                (keys.name_of(Action::Show(Tab::Tuning)), keys.name_of(Action::Show(Tab::Deck)));
            format!("press {tuning} for the Tuning tab ({deck} comes back)")
        }),
        shows: "The knee of the curve is where more permits begin to wait at the server only. \
                `crawldeck tune URL` looks for it, and prints the options to use.",
        stage: None,
        setup: |dials| plain(dials, 10, 60, 100.0, Some(10.0)),
        turned: None,
        measure: table_shown,
    },
    TourStep {
        title: "the autopilot",
        look: "A controller can turn the dials for you: it raises permits while that brings \
               pages and takes them back where they only wait: here, beyond 32.",
        press: Some(|keys| {
            format!("press {} to give it the dials, then watch", keys.name_of(Action::Autopilot))
        }),
        shows: "It measures each step before the next one, and says why it took it. Any key on \
                a dial takes the dials back from it; the same key gives them to it again.",
        stage: Some(Stage::Gate),
        setup: |dials| plain(dials, 4, 16, 200.0, Some(32.0)),
        turned: None,
        measure: autopilot_climbs,
    },
    TourStep {
        title: "slow motion",
        look: "All this goes by too fast to see a page. Slowed down ten times, a dot on the \
               tracks is one page, and one of them is followed by name, to its row.",
        press: Some(|keys| {
            let (ask, enter) =
                (keys.name_of(Action::Ask), keys.name_in(KeyContext::Prompt, Action::Submit));
            format!("press {ask} and type  slow 0.1  then {enter}")
        }),
        shows: "Server and saver take ten times as long, and the latency is an honest one. \
                slow off ends it. From here on the whole deck is yours.",
        stage: Some(Stage::Workers),
        setup: |dials| plain(dials, 4, 8, 200.0, None),
        turned: None,
        measure: slow_motion,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::text;

    /// Columns of a line of text, on the narrowest screen.
    const COLUMNS: usize = 76;

    #[test]
    fn every_text_fits_the_narrowest_screen() {
        for step in STEPS {
            for words in [step.look, step.shows] {
                assert!(text::wrap(words, COLUMNS).len() <= 2, "{}: {words}", step.title);
            }
            let press = step.press.map_or_else(String::new, |press| press(&KeyMap::default()));
            assert!(text::width(&press) <= COLUMNS, "{}: {press}", step.title);
        }
    }

    #[test]
    fn a_reading_is_a_share_and_says_something() {
        for step in STEPS {
            for tab in Tab::ALL {
                let reading = (step.measure)(&Snapshot::default(), tab);
                assert!((0.0..1.0).contains(&reading.share), "{}: {reading:?}", step.title);
                assert!(!reading.words.is_empty(), "{}", step.title);
            }
        }
    }
}
