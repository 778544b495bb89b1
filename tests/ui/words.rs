//! The promise: the screen names keys, states, flags and pressures where they are looked for.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;
use crate::screen::{render, screen};
use crawldeck::crawl::protocol::change::ChangeAction;
use crawldeck::crawl::protocol::host_view::{HostWait, WaitReason};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::keys::{Binding, KEYS};

/// The rows of the key table that the help shows.
fn keys_in_help() -> impl Iterator<Item = &'static Binding> {
    KEYS.iter().filter(|binding| binding.group.is_in_help())
}

#[test]
fn the_help_names_every_key_even_where_it_must_scroll() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    app.update(Action::Help, &snapshot);
    render(&mut app, &snapshot, (80, 24));
    app.update(Action::Help, &snapshot);
    let mut seen = String::new();
    for _ in 0..60 {
        seen.push_str(&screen(&render(&mut app, &snapshot, (80, 24))));
        app.update(Action::Down, &snapshot);
    }
    for binding in keys_in_help() {
        assert!(seen.contains(binding.help), "{}", binding.help);
    }
    let mut app = App::new();
    app.update(Action::Help, &snapshot);
    let all = screen(&render(&mut app, &snapshot, (200, 60)));
    for binding in keys_in_help() {
        assert!(all.contains(binding.help), "{}", binding.help);
    }
}

#[test]
fn the_footer_names_the_dials_and_their_values() {
    let text = screen(&render(&mut App::new(), &fixtures::draining(), (140, 36)));
    for hint in [
        "+ - permits 16",
        "] [ workers 24",
        "} { queue 50",
        "> < rate 250/s",
        "Space pause",
        "q stop",
        "? help",
    ] {
        assert!(text.contains(hint), "{hint}");
    }
}

#[test]
fn stopping_and_ends_say_what_a_second_press_does() {
    let mut snapshot = fixtures::permits_limited();
    snapshot.run = crawldeck::crawl::protocol::snapshot::RunState::Stopping;
    let text = screen(&render(&mut App::new(), &snapshot, (120, 36)));
    assert!(text.contains("stopping: 16 requests finish"), "{text}");
    assert!(text.contains("q again gives them up"));
    let text = screen(&render(&mut App::new(), &fixtures::complete(), (120, 36)));
    assert!(text.contains("complete · q leaves"));
}

#[test]
fn while_it_stops_only_keys_that_work_are_offered() {
    let mut snapshot = fixtures::permits_limited();
    snapshot.run = crawldeck::crawl::protocol::snapshot::RunState::Stopping;
    let text = screen(&render(&mut App::new(), &snapshot, (160, 36)));
    assert!(text.contains("q give up"), "{text}");
    for gone in ["+ - permits", "Space pause", "u undo", ": set"] {
        assert!(!text.contains(gone), "{gone}");
    }
}

#[test]
fn the_help_needs_no_scrolling_at_120_by_36() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    app.update(Action::Help, &snapshot);
    let words = screen(&render(&mut app, &snapshot, (120, 36)));
    assert!(words.contains("─ words ─") && words.contains("? keys   Esc close"), "{words}");
    app.update(Action::Help, &snapshot);
    let text = screen(&render(&mut app, &snapshot, (120, 36)));
    for binding in keys_in_help() {
        assert!(text.contains(binding.help), "{}", binding.help);
    }
    assert!(text.contains("Esc ? close") && !text.contains("q stop"), "{text}");
}

#[test]
fn a_burst_of_changes_loses_no_mark() {
    use crawldeck::settings::dials::Setting;
    let mut snapshot = fixtures::permits_limited();
    let mut change = snapshot.changes[0].clone();
    let at_s = snapshot.at_s - 20.0;
    let mut burst = Vec::new();
    for (i, (old, new)) in [
        (Setting::Permits(16), Setting::Permits(15)),
        (Setting::Workers(18), Setting::Workers(19)),
        (Setting::Workers(17), Setting::Workers(18)),
    ]
    .into_iter()
    .enumerate()
    {
        change.at_s = at_s - i as f64 * 0.1;
        change.what = ChangeAction::Set { old, new };
        burst.push(change.clone());
    }
    snapshot.changes = burst.into();
    let text = screen(&render(&mut App::new(), &snapshot, (120, 36)));
    assert!(text.contains("▲w19 15"), "{text}");
}

#[test]
fn a_url_has_one_failure_its_newest() {
    let mut snapshot = fixtures::permits_limited();
    let older = snapshot.failures[0].clone();
    let mut newer = (*older).clone();
    newer.what = "gave in".into();
    newer.attempt = 3;
    newer.next_at_s = None;
    snapshot.failures = vec![std::sync::Arc::new(newer), older].into();
    let text = screen(&render(&mut App::new(), &snapshot, (120, 36)));
    assert!(text.contains("gave up: gave in") && !text.contains("attempt 2 of 3"), "{text}");
}

#[test]
fn resent_requests_stand_beside_the_retries() {
    let mut snapshot = fixtures::permits_limited();
    let shown = |snapshot: &_| screen(&render(&mut App::new(), snapshot, (200, 60)));
    assert!(shown(&snapshot).contains("412 retries") && !shown(&snapshot).contains("resent"));
    snapshot.totals.resent = 1_234;
    assert!(shown(&snapshot).contains("412 retries · 1,234 resent"), "{}", shown(&snapshot));
}

#[test]
fn a_narrow_saver_keeps_its_numbers_whole() {
    let mut snapshot = fixtures::permits_limited();
    snapshot.saver.last_batch_pages = 113;
    snapshot.saver.last_transaction_ms = 4.5;
    let text = screen(&render(&mut App::new(), &snapshot, (120, 36)));
    assert!(text.contains("113 in 4.5 ms"), "{text}");
}

#[test]
fn small_screens_name_the_keys_that_matter() {
    let snapshot = fixtures::permits_limited();
    for size in [(60, 15), (79, 24)] {
        let text = screen(&render(&mut App::new(), &snapshot, size));
        for hint in ["q stop", "Space pause", "+ - permits 16"] {
            assert!(text.contains(hint), "{size:?}: {hint}");
        }
    }
    assert!(screen(&render(&mut App::new(), &snapshot, (12, 2))).contains("12,404 done"));
}

/// Options of the user that third parties should know of.
const FLAGS: [(&str, &str); 3] = [
    ("IGNORING ROBOTS", "NO ROBOTS"),
    ("CERTIFICATES NOT VERIFIED", "INSECURE"),
    ("PRIVATE ADDRESSES ALLOWED", "PRIVATE"),
];

#[test]
fn flags_are_loud_on_every_tab_at_every_size() {
    use ratatui::style::Color;
    for snapshot in [fixtures::overloaded(), fixtures::paused_by_all()] {
        for tab in Tab::ALL {
            let mut app = App::new();
            app.update(Action::Show(tab), &snapshot);
            for (width, height) in (80..=200).step_by(4).flat_map(|w| [(w, 24), (w, 36)]) {
                let buffer = render(&mut app, &snapshot, (width, height));
                let top: Vec<_> = (0..width).map(|x| &buffer[(x, 1)]).collect();
                let red: String =
                    top.iter().filter(|c| c.fg == Color::LightRed).map(|c| c.symbol()).collect();
                let line: String = top.iter().map(|c| c.symbol()).collect();
                for (long, short) in FLAGS {
                    assert!(line.contains(long) || line.contains(short), "{width}: {line}");
                    assert!(red.contains(long) || red.contains(short), "{width}: {red}");
                }
                for name in Tab::ALL.map(Tab::name) {
                    assert!(line.contains(name), "{width}: {line}");
                }
            }
        }
    }
    let text = screen(&render(&mut App::new(), &fixtures::overloaded(), (200, 60)));
    assert!(FLAGS.iter().all(|(long, _)| text.contains(long)), "in full where there is room");
    let text = screen(&render(&mut App::new(), &fixtures::permits_limited(), (200, 60)));
    assert!(FLAGS.iter().all(|(long, short)| !text.contains(long) && !text.contains(short)));
}

#[test]
fn every_reason_to_pause_is_named() {
    let named = |size| screen(&render(&mut App::new(), &fixtures::paused_by_all(), size));
    assert!(named((80, 24)).contains("PAUSED by you, disk, memory, files"));
    assert!(
        named((120, 36)).contains(
            "PAUSED by you, disk nearly full, memory nearly used up, too many open files"
        )
    );
}

#[test]
fn each_overload_is_named_on_the_deck() {
    for (width, height) in [(200, 60), (120, 36), (108, 24), (80, 50), (80, 24)] {
        let snapshot = fixtures::overloaded();
        let text = screen(&render(&mut App::new(), &snapshot, (width, height)));
        for words in [
            "slows by itself: saver behind: 6.1 of 8 MiB wait; 5 of 10 permits used",
            "slows by itself: disk: 512 MiB left",
            "5/5 of 10",
        ] {
            assert!(text.contains(words), "{width}×{height}: {words}");
        }
        let text = screen(&render(&mut App::new(), &fixtures::paused_by_all(), (width, height)));
        for name in ["disk", "memory", "open files", "saver behind"] {
            assert!(text.contains(name), "{width}×{height}: {name}");
        }
        let text = screen(&render(&mut App::new(), &fixtures::permits_limited(), (width, height)));
        assert!(!text.contains("by itself") && !text.contains(" of 16"), "{width}×{height}");
    }
    let text = screen(&render(&mut App::new(), &fixtures::overloaded(), (60, 15)));
    assert!(text.contains("slows by itself: saver behind, disk"), "{text}");
}

#[test]
fn a_crawl_that_looks_again_says_what_is_new() {
    for size in [(200, 60), (120, 36), (80, 50), (80, 24)] {
        let mut snapshot = fixtures::overloaded();
        let text = screen(&render(&mut App::new(), &snapshot, size));
        assert!(text.contains("new 3 · changed 10 · same 12,190 · gone 0"), "{size:?}");
        snapshot.run = crawldeck::crawl::protocol::snapshot::RunState::Complete;
        (snapshot.totals.gone, snapshot.totals.unchecked) = (7, 2);
        let text = screen(&render(&mut App::new(), &snapshot, size));
        assert!(text.contains("same 12,190 · gone 7 · not compared 2"), "{size:?}");
        snapshot.recrawl_of = None;
        assert!(!screen(&render(&mut App::new(), &snapshot, size)).contains("same 12,190"));
    }
}

#[test]
fn what_was_done_to_hosts_is_marked_and_named() {
    let text = screen(&render(&mut App::new(), &fixtures::hosts(), (200, 60)));
    for words in [
        "skip all URLs of left-out.example",
        "no longer exclude ^http",
        "hold held.example",
        "busy.example limit off → 4",
        "seed http://api.example/",
        "reset the breaker of left-out",
        "▲s",
        "▲x",
        "▲h",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn every_state_of_a_host_has_a_sign_and_a_word() {
    let snapshot = fixtures::hosts();
    for size in [(200, 60), (120, 36), (80, 24)] {
        let mut app = App::new();
        app.update(Action::Show(Tab::Hosts), &snapshot);
        let text = screen(&render(&mut app, &snapshot, size));
        for words in [
            "● ok",
            "◌ idle",
            "◔ waits",
            "‖ held",
            "✗ open",
            "◐ probing",
            "– skipped",
            "4/4",
            "your limit",
            "your delay",
            "robots delay",
            "Retry-After",
            "backing off",
            "breaker open",
            "held by you",
            "asking robots",
            "robots unreachable",
            "28 s",
            "01:58",
            "12 s",
            "29:50",
        ] {
            assert!(text.contains(words), "{size:?}: {words}");
        }
    }
}

/// A time that gets shorter moves nothing but itself.
#[test]
fn countdowns_do_not_jump() {
    let at = |for_s: f64, size: (u16, u16)| {
        let mut snapshot = fixtures::hosts();
        let mut hosts = snapshot.hosts.to_vec();
        for wait in hosts.iter_mut().filter_map(|h| h.wait.as_mut()) {
            wait.for_s = wait.for_s.map(|_| for_s);
        }
        snapshot.hosts = hosts.into();
        let mut app = App::new();
        app.update(Action::Show(Tab::Hosts), &snapshot);
        let buffer = render(&mut app, &snapshot, size);
        screen(&buffer)
    };
    for size in [(120, 36), (80, 24)] {
        let (long, short) = (at(5_000.0, size), at(0.2, size));
        let differ: Vec<_> = long
            .chars()
            .zip(short.chars())
            .filter(|(a, b)| a != b)
            .map(|(a, b)| format!("{a}{b}"))
            .collect();
        let one = ["1 ", ".<", "41", "hs"];
        assert!(
            !differ.is_empty() && differ.iter().all(|d| one.contains(&d.as_str())),
            "{differ:?}"
        );
    }
}

#[test]
fn two_hundred_hosts_can_be_walked_through() {
    let snapshot = fixtures::two_hundred_hosts();
    let mut app = App::new();
    app.update(Action::Show(Tab::Hosts), &snapshot);
    let text = screen(&render(&mut app, &snapshot, (80, 24)));
    assert!(text.contains("hosts 200 of 10,342"), "{text}");
    app.update(Action::Last, &snapshot);
    assert!(screen(&render(&mut app, &snapshot, (80, 24))).contains("› host-199"));
    app.update(Action::PageUp, &snapshot);
    assert!(screen(&render(&mut app, &snapshot, (80, 24))).contains("› host-186"));
    app.update(Action::First, &snapshot);
    assert!(screen(&render(&mut app, &snapshot, (80, 24))).contains("› host-000"));
}

#[test]
fn the_hosts_tab_names_its_keys() {
    let snapshot = fixtures::hosts();
    let mut app = App::new();
    app.update(Action::Show(Tab::Hosts), &snapshot);
    app.update(Action::Down, &snapshot);
    app.update(Action::Down, &snapshot);
    for size in [(160, 36), (80, 24)] {
        let text = screen(&render(&mut app, &snapshot, size));
        for hint in ["+ - host limit 4", "o hold", "x skip", "q stop"] {
            assert!(text.contains(hint), "{size:?} {hint}: {text}");
        }
        assert!(!text.contains("+ - permits"), "the keys mean the host here");
    }
}

#[test]
fn a_lowered_limit_says_why() {
    let mut snapshot = fixtures::hosts();
    let mut hosts = snapshot.hosts.to_vec();
    hosts.truncate(1);
    hosts[0].limit = Some(8);
    hosts[0].in_flight = 8;
    hosts[0].lowered_limit = Some(8);
    hosts[0].refused_at = Some(9);
    hosts[0].wait = Some(HostWait { why: WaitReason::LoweredLimit, for_s: None });
    for (refused_at, why) in [(Some(9), "answers 503 to 9 at a time"), (None, "after a cooldown")] {
        hosts[0].refused_at = refused_at;
        snapshot.hosts = hosts.clone().into();
        let mut app = App::new();
        app.update(Action::Show(Tab::Hosts), &snapshot);
        let text = screen(&render(&mut app, &snapshot, (220, 60)));
        for words in ["● ok", "8/8", "lowered limit"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let detail: String = text.chars().map(|c| if c == '│' { ' ' } else { c }).collect();
        let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ["8 of 8: limit lowered", why] {
            assert!(word.split(' ').all(|word| detail.contains(word)), "{word}: {text}");
        }
    }
}
