//! The promise: `?` explains every title, state and sign of the screen from which it is opened.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;

use crate::fixtures;
use crate::keyboard::press;
use crate::screen::{COLOR, render};
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot, WaitReason, WorkerState};
use crawldeck::crawl::protocol::tuning::EffectVerdict;
use crawldeck::model::page_state::PageState;
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::glossary::{self, GlossaryPlace};
use crawldeck::ui::host_state::HostState;
use crawldeck::ui::panels::stages;
use ratatui::buffer::Buffer;
use regex::Regex;

fn rows(buffer: &Buffer) -> Vec<String> {
    let cells = buffer.content.chunks(usize::from(buffer.area.width));
    cells.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect()
}

/// The titles of the panels and stages of a screen, without the numbers in them.
fn titles(buffer: &Buffer) -> BTreeSet<String> {
    let title = Regex::new("[╭┏][─━]? ?(?:◆ )?([a-z/.,0-9 ]*[a-z][a-z/., ]*)").unwrap();
    let found = rows(buffer).into_iter().flat_map(|row| {
        let number = Regex::new(" [0-9].*").unwrap();
        let titles =
            title.captures_iter(&row).map(|found| number.replace(&found[1], "").trim().to_owned());
        titles.collect::<Vec<_>>()
    });
    found.collect()
}

/// The titles of the columns of the table whose frame begins in the third row.
fn columns(buffer: &Buffer, between: &str) -> BTreeSet<String> {
    let row = rows(buffer).into_iter().nth(3).unwrap();
    let table = row.split('│').nth(1).unwrap().to_owned();
    let words = Regex::new(between).unwrap();
    let names = words.split(&table).map(|name| name.trim_matches([' ', '▼', '▲', '›']).to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

#[track_caller]
fn all_explained(place: GlossaryPlace, words: impl IntoIterator<Item = String>) {
    let words: BTreeSet<_> = words.into_iter().collect();
    let missing: Vec<_> = words.iter().filter(|word| !glossary::explains(place, word)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "{place:?} does not explain");
    assert!(!words.is_empty());
}

fn shown(tab: Tab, snapshot: &Snapshot) -> Buffer {
    let mut app = App::new();
    app.tab = tab;
    app.see(snapshot);
    render(&mut app, snapshot, (200, 60))
}

#[test]
fn titles_of_panels_and_columns_are_explained() {
    for (_, snapshot) in fixtures::all() {
        let at = |tab| titles(&shown(tab, &snapshot));
        // A page and a host that lie open are named by themselves.
        let own = |title: &String| !title.starts_with("autopilot ");
        all_explained(GlossaryPlace::Deck, at(Tab::Deck));
        all_explained(GlossaryPlace::Workers, at(Tab::Workers));
        all_explained(GlossaryPlace::Hosts, at(Tab::Hosts));
        all_explained(GlossaryPlace::Pages, at(Tab::Pages));
        all_explained(GlossaryPlace::Tuning, at(Tab::Tuning).into_iter().filter(own));
        all_explained(GlossaryPlace::Log, at(Tab::Log));
    }
    let workers = columns(&shown(Tab::Workers, &fixtures::thousand()), " {2,}");
    assert!(workers.len() == 6, "{workers:?}");
    all_explained(GlossaryPlace::Workers, workers);
    let hosts = columns(&shown(Tab::Hosts, &fixtures::hosts()), " {2,}");
    assert!(hosts.len() == 9, "{hosts:?}");
    all_explained(GlossaryPlace::Hosts, hosts);
    let pages = columns(&shown(Tab::Pages, &fixtures::permits_limited()), " {2,}");
    assert!(pages.len() == 8, "{pages:?}");
    all_explained(GlossaryPlace::Pages, pages);
    let mut app = App::new();
    let half = fixtures::half_tuned();
    press(&mut app, &half, "5");
    let buffer = render(&mut app, &half, (200, 60));
    let at = rows(&buffer).iter().position(|row| row.contains("×low")).unwrap();
    let row = rows(&buffer).swap_remove(at);
    let measured = row.split('│').nth(1).unwrap().split_whitespace().map(str::to_owned);
    let measured: Vec<_> = measured.collect();
    assert!(measured.len() >= 14, "{measured:?}");
    all_explained(GlossaryPlace::Tuning, measured);
}

#[test]
fn states_and_shares_are_explained() {
    let states = WorkerState::ALL.map(|state| state.name().to_owned());
    all_explained(GlossaryPlace::Workers, states);
    let glyphs = WorkerState::ALL.map(|state| COLOR.worker(state).0.to_owned());
    all_explained(GlossaryPlace::Workers, glyphs.into_iter().filter(|glyph| glyph != "‖"));
    let hosts = [
        HostState::GivenUp,
        HostState::Skipped,
        HostState::Idle,
        HostState::Ok,
        HostState::Waits,
        HostState::Held,
        HostState::Probing,
        HostState::Open,
    ];
    all_explained(GlossaryPlace::Hosts, hosts.map(|state| state.word().to_owned()));
    let waits = [
        WaitReason::Held,
        WaitReason::Robots,
        WaitReason::RobotsUnreachable,
        WaitReason::Breaker,
        WaitReason::Probe,
        WaitReason::RetryAfter,
        WaitReason::Backoff,
        WaitReason::RobotsDelay,
        WaitReason::Delay,
        WaitReason::Limit,
        WaitReason::AutopilotLimit,
        WaitReason::LoweredLimit,
    ];
    all_explained(GlossaryPlace::Hosts, waits.map(|why| why.name().to_owned()));
    let pages = [PageState::Ok, PageState::Failed, PageState::Skipped];
    all_explained(GlossaryPlace::Pages, pages.map(|state| state.name().to_owned()));
    for status in [Some(200), Some(301), Some(404), Some(500), None] {
        let place = if status == Some(301) { GlossaryPlace::Deck } else { GlossaryPlace::Pages };
        all_explained(place, [COLOR.status(status).0.to_owned()]);
    }
    let effects = [
        EffectVerdict::Measuring,
        EffectVerdict::Better,
        EffectVerdict::Worse,
        EffectVerdict::NoDifference,
        EffectVerdict::Void,
    ];
    for place in [GlossaryPlace::Deck, GlossaryPlace::Tuning] {
        all_explained(place, effects.map(|effect| effect.word().to_owned()));
    }
    let runs = [
        RunState::Starting,
        RunState::Running,
        RunState::Paused,
        RunState::Stopping,
        RunState::Complete,
        RunState::Stopped,
        RunState::Failed,
    ];
    all_explained(GlossaryPlace::Everywhere, runs.map(|run| COLOR.run_state(run).1.to_owned()));
    all_explained(GlossaryPlace::Deck, stages::CAUSES.map(str::to_owned));
    // Where time goes, in the stages of the Deck and on the frame of the workers.
    for (_, snapshot) in fixtures::all() {
        let shares = stages::producer(COLOR, &snapshot)
            .into_iter()
            .chain(stages::workers(COLOR, &snapshot, false))
            .chain(stages::saver(COLOR, &snapshot));
        all_explained(GlossaryPlace::Deck, shares.map(|share| share.label.to_owned()));
        let workers = stages::workers(COLOR, &snapshot, true);
        all_explained(
            GlossaryPlace::Workers,
            workers.into_iter().map(|share| share.label.to_owned()),
        );
    }
}

/// Everything that the help shows, scrolled through on a small screen.
fn scrolled(app: &mut App, snapshot: &Snapshot) -> String {
    let mut seen = String::new();
    for _ in 0..25 {
        for row in rows(&render(app, snapshot, (80, 24))) {
            seen.push_str(&row);
            seen.push('\n');
        }
        app.update(Action::PageDown, snapshot);
    }
    seen
}

#[test]
fn the_help_explains_the_screen_from_which_it_was_opened() {
    let snapshot = fixtures::staged();
    let first = |place| glossary::at(place).next().unwrap().meaning;
    for (keys, place) in [
        ("1", GlossaryPlace::Deck),
        ("2", GlossaryPlace::Workers),
        ("3", GlossaryPlace::Hosts),
        ("4", GlossaryPlace::Pages),
        ("5", GlossaryPlace::Tuning),
        ("6", GlossaryPlace::Log),
        ("F", GlossaryPlace::Faults),
        ("D", GlossaryPlace::Scenes),
    ] {
        let mut app = App::new();
        press(&mut app, &snapshot, keys);
        press(&mut app, &snapshot, "?");
        let seen = scrolled(&mut app, &snapshot);
        assert!(seen.contains(place.name()), "{place:?}");
        let words = first(place).split_whitespace().take(5).collect::<Vec<_>>().join(" ");
        assert!(seen.contains(&words), "{place:?}: {words}");
        for entry in glossary::at(place).chain(glossary::at(GlossaryPlace::Everywhere)) {
            for word in entry.meaning.split_whitespace() {
                assert!(seen.contains(word), "{place:?}: {word} of {}", entry.meaning);
            }
            assert!(seen.contains(&entry.label()), "{place:?}: {:?}", entry.words);
        }
        // Its second page has the keys, and the third press closes it.
        press(&mut app, &snapshot, "?");
        assert!(scrolled(&mut app, &snapshot).contains("draw anew"));
        press(&mut app, &snapshot, "?");
        assert_eq!(app.help, None);
        press(&mut app, &snapshot, "?");
        assert!(scrolled(&mut app, &snapshot).contains(place.name()), "it begins with the words");
    }
}

#[test]
fn a_page_of_the_help_is_one_key() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    press(&mut app, &snapshot, "?");
    render(&mut app, &snapshot, (80, 24));
    app.update(Action::PageDown, &snapshot);
    assert_eq!(app.help, Some(15));
    app.update(Action::PageUp, &snapshot);
    assert_eq!(app.help, Some(0));
}

#[test]
fn each_entry_is_a_plain_line() {
    for place in GlossaryPlace::ALL {
        let mut words = BTreeSet::new();
        for entry in glossary::at(place) {
            assert!(
                !entry.meaning.ends_with('.') && entry.meaning.len() <= 140,
                "{}",
                entry.meaning
            );
            for word in entry.words {
                // A state and a sign may each have two meanings, told by what stands beside them.
                let twice =
                    ["waits", "idle", "·", "blocked", "▤", "●", "‖", "▶", "✓", "✗", "–", "rate"];
                assert!(words.insert(*word) || twice.contains(word), "{place:?}: {word} twice");
            }
        }
    }
}
