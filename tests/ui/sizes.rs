//! The promise: no size of the terminal, no sequence of keys and no text from the web breaks the
//! screen.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::fixtures;

use crawldeck::crawl::protocol::change::ChangeAction;
use crawldeck::crawl::protocol::snapshot::{ExclusionProgress, Snapshot, TrapView};
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::text;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

const COLOR: Theme = Theme::new(true, false);

fn render(app: &mut App, snapshot: &Snapshot, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, snapshot, COLOR)).unwrap();
    terminal.backend().buffer().clone()
}

fn screen(buffer: &Buffer) -> String {
    buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}

/// Every view of the dashboard, as a fresh state.
fn views(snapshot: &Snapshot) -> Vec<App> {
    let mut views = Vec::new();
    for tab in Tab::ALL {
        for open in [None, Some(Action::Help), Some(Action::Ask), Some(Action::Freeze)] {
            let mut app = App::new();
            app.update(Action::Show(tab), snapshot);
            if let Some(open) = open {
                app.update(open, snapshot);
            }
            views.push(app);
        }
    }
    for tab in [Tab::Pages, Tab::Hosts] {
        for action in [Action::Open, Action::Filter, Action::Exclude] {
            let mut app = App::new();
            app.update(Action::Show(tab), snapshot);
            app.update(action, snapshot);
            views.push(app);
        }
    }
    views
}

fn draw_all(snapshot: &Snapshot, sizes: &(impl Iterator<Item = (u16, u16)> + Clone)) {
    for mut app in views(snapshot) {
        let mut terminal = Terminal::new(TestBackend::new(1, 1)).unwrap();
        for (width, height) in sizes.clone() {
            terminal.backend_mut().resize(width, height);
            terminal.resize(ratatui::layout::Rect::new(0, 0, width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &mut app, snapshot, COLOR)).unwrap();
        }
    }
}

#[test]
fn small_sizes_do_not_panic() {
    let sizes = (0..=50_u16).flat_map(|height| (0..=90_u16).map(move |width| (width, height)));
    let snapshot = Snapshot { hosts: fixtures::hosts().hosts, ..fixtures::draining() };
    draw_all(&snapshot, &sizes);
}

#[test]
fn medium_sizes_do_not_panic() {
    let sizes = (0..=45_u16).step_by(2).flat_map(|h| (90..=132_u16).map(move |w| (w, h)));
    draw_all(&fixtures::hostile(), &sizes);
}

#[test]
fn large_sizes_do_not_panic() {
    let sizes =
        (10..=100_u16).step_by(15).flat_map(|h| (80..=300_u16).step_by(22).map(move |w| (w, h)));
    for snapshot in [fixtures::thousand(), fixtures::empty()] {
        draw_all(&snapshot, &sizes);
    }
}

#[test]
fn every_state_draws_at_every_width() {
    for (_, snapshot) in fixtures::all() {
        let mut app = App::new();
        for width in 0..=140 {
            for height in [3, 9, 15, 23, 24, 27, 30, 36, 45] {
                render(&mut app, &snapshot, (width, height));
            }
        }
    }
}

#[test]
fn numbers_that_make_no_sense_do_not_panic() {
    let mut snapshot = fixtures::permits_limited();
    snapshot.throughput.last_1s = f64::NAN;
    snapshot.latency.last_10s.p95 = f64::INFINITY;
    snapshot.frontier.pending = u64::MAX;
    snapshot.frontier.growth_per_s = f64::NEG_INFINITY;
    snapshot.saver.limit_bytes = 0;
    snapshot.queue.capacity = 0;
    snapshot.gate.limit = 0;
    snapshot.totals.pages = u64::MAX;
    snapshot.worker_shares.permit = f32::NAN;
    snapshot.process.cpu_percent = f32::INFINITY;
    snapshot.at_s = 1e12;
    snapshot.overloads = fixtures::strained().overloads;
    let mut hosts = fixtures::hosts().hosts.to_vec();
    for (host, number) in
        hosts.iter_mut().zip([f64::NAN, f64::INFINITY, -1.0, 1e300, 0.0].repeat(3))
    {
        host.queued = u64::MAX;
        host.in_flight = u32::MAX;
        host.limit = Some(u32::MAX);
        host.gap_ms = u64::MAX;
        host.error_ratio = number as f32;
        host.p95_ms = number as f32;
        if let Some(wait) = &mut host.wait {
            wait.for_s = Some(number);
        }
    }
    snapshot.hosts = hosts.into();
    snapshot.hosts_known = u64::MAX;
    let mut history = fixtures::history(60).to_vec();
    history[3].p95_ms = f32::NAN;
    history[4].pages_per_s = f32::INFINITY;
    history[5].pages_per_s = -3.0;
    snapshot.history = history.into();
    for at_s in [60.0, 1e12, 0.0, -5.0] {
        snapshot.at_s = at_s;
        draw_all(&snapshot, &[(200, 60), (120, 36), (80, 24), (60, 15), (10, 2)].into_iter());
    }
}

#[test]
fn no_number_is_cut_in_the_middle() {
    // The numbers of a crawl, each with digits that occur nowhere else on the screen.
    let mut snapshot = fixtures::permits_limited();
    snapshot.totals.pages = 7_777_777;
    snapshot.frontier.open = 8_888_888;
    snapshot.saver.backlog_bytes = 999 << 10;
    let whole = ["7,777,777", "8,888,888", "999 KiB"];
    for width in 1..200 {
        for height in [4, 15, 24, 36, 60] {
            let text = screen(&render(&mut App::new(), &snapshot, (width, height)));
            let mut rest = text;
            for number in whole {
                rest = rest.replace(number, "");
            }
            for digits in ["777", "888", "999"] {
                assert!(!rest.contains(digits), "{width}×{height}: {digits}");
            }
        }
    }
}

#[test]
fn a_small_screen_says_what_it_wants() {
    let text = screen(&render(&mut App::new(), &fixtures::permits_limited(), (70, 20)));
    assert!(text.contains("80×24 shows more"), "{text}");
}

#[test]
fn a_thousand_workers_can_be_walked_through() {
    let snapshot = fixtures::thousand();
    let mut app = App::new();
    app.update(Action::Show(Tab::Workers), &snapshot);
    render(&mut app, &snapshot, (120, 36));
    app.update(Action::Last, &snapshot);
    assert!(screen(&render(&mut app, &snapshot, (120, 36))).contains(" 999 "));
    app.update(Action::PageUp, &snapshot);
    app.update(Action::First, &snapshot);
    assert_eq!(app.workers.selected, None);
    for _ in 0..3 {
        app.update(Action::PageDown, &snapshot);
        render(&mut app, &snapshot, (120, 36));
    }
    assert_eq!(app.workers.selected, Some(84), "three screens of 29 rows, one kept each");
}

#[test]
fn the_help_names_every_key_even_where_it_must_scroll() {
    let snapshot = fixtures::permits_limited();
    let mut app = App::new();
    app.update(Action::Help, &snapshot);
    let mut seen = String::new();
    for _ in 0..60 {
        seen.push_str(&screen(&render(&mut app, &snapshot, (80, 24))));
        app.update(Action::Down, &snapshot);
    }
    for binding in crawldeck::ui::keys::KEYS {
        assert!(seen.contains(binding.help), "{}", binding.help);
    }
    let all = screen(&render(&mut app, &snapshot, (200, 60)));
    for binding in crawldeck::ui::keys::KEYS {
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
    let text = screen(&render(&mut app, &snapshot, (120, 36)));
    for binding in crawldeck::ui::keys::KEYS {
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
fn a_url_has_one_trouble_its_newest() {
    let mut snapshot = fixtures::permits_limited();
    let older = snapshot.failures[0].clone();
    let mut newer = (*older).clone();
    newer.what = "gave in".into();
    newer.attempt = 3;
    newer.next_at_s = None;
    snapshot.failures = vec![std::sync::Arc::new(newer), older].into();
    let text = screen(&render(&mut App::new(), &snapshot, (120, 36)));
    assert!(text.contains("gave up after 3 attempts") && !text.contains("attempt 2 of 3"));
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

/// What a user asked for that others should know of.
const FLAGS: [(&str, &str); 3] = [
    ("IGNORING ROBOTS", "NO ROBOTS"),
    ("CERTIFICATES NOT VERIFIED", "INSECURE"),
    ("PRIVATE ADDRESSES ALLOWED", "PRIVATE"),
];

#[test]
fn flags_are_loud_on_every_tab_at_every_size() {
    use ratatui::style::Color;
    for snapshot in [fixtures::strained(), fixtures::paused_by_all()] {
        for tab in Tab::ALL {
            let mut app = App::new();
            app.update(Action::Show(tab), &snapshot);
            for (width, height) in (80..=200).step_by(4).flat_map(|w| [(w, 24), (w, 36)]) {
                let buffer = render(&mut app, &snapshot, (width, height));
                let top: Vec<_> = (0..width).map(|x| &buffer[(x, 1)]).collect();
                let red: String =
                    top.iter().filter(|c| c.fg == Color::Red).map(|c| c.symbol()).collect();
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
    let text = screen(&render(&mut App::new(), &fixtures::strained(), (200, 60)));
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
fn strains_are_named_on_the_deck_each() {
    for (width, height) in [(200, 60), (120, 36), (108, 24), (80, 50), (80, 24)] {
        let snapshot = fixtures::strained();
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
    let text = screen(&render(&mut App::new(), &fixtures::strained(), (60, 15)));
    assert!(text.contains("slows by itself: saver behind, disk"), "{text}");
}

#[test]
fn a_crawl_that_looks_again_says_what_is_new() {
    for size in [(200, 60), (120, 36), (80, 50), (80, 24)] {
        let mut snapshot = fixtures::strained();
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
fn what_was_done_to_hosts_is_marked_and_told() {
    let text = screen(&render(&mut App::new(), &fixtures::hosts(), (200, 60)));
    for words in [
        "skip the rest of left-out.example",
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
fn every_state_of_a_host_is_told_by_sign_and_word() {
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

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        8 => prop::sample::select("+-=_][}{>< u:qfv?mV12345hjklgG/sSryeaoxb\u{7f}é日👩".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up,
            KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Delete, KeyCode::F(1),
        ]),
    ];
    let held = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::ALT,
        KeyModifiers::CONTROL,
    ]);
    (code, held).prop_map(|(code, held)| KeyEvent::new(code, held))
}

/// What no cell may ever hold.
fn is_harmful(symbol: &str) -> bool {
    symbol.chars().any(|c| c.is_control() || text::is_bidi(c) || text::is_invisible(c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_keys_panics(
        keys in prop::collection::vec(any_key(), 0..60),
        which in 0..12_usize,
        size in (0..150_u16, 0..50_u16),
    ) {
        let snapshot = fixtures::all().swap_remove(which).1;
        let mut app = App::new();
        for (i, key) in keys.into_iter().enumerate() {
            app.see(&snapshot);
            app.key(key, &snapshot);
            if i % 3 == 0 {
                let buffer = render(&mut app, &snapshot, size);
                prop_assert!(!buffer.content.iter().any(|c| is_harmful(c.symbol())));
            }
        }
        render(&mut app, &snapshot, size);
    }

    #[test]
    fn no_text_reaches_the_terminal_unclean(words in "\\PC{0,20}|.{0,20}|[\u{200B}-\u{202F}\u{0}-\u{1F}\u{7F}-\u{9F}a日\u{301}👩]{0,20}") {
        let mut snapshot = fixtures::hostile();
        snapshot.target = words.as_str().into();
        let mut host = fixtures::host(&words);
        host.robots = words.as_str().into();
        snapshot.hosts = vec![host].into();
        snapshot.traps = vec![TrapView {
            kind: "calendar".into(),
            pattern: words.as_str().into(),
            skipped: 1,
            example: words.as_str().into(),
        }]
        .into();
        snapshot.exclusions =
            vec![ExclusionProgress { what: words.as_str().into(), undoing: false, urls: 1, running: true }]
                .into();
        snapshot.overloads[0].text.clone_from(&words);
        let mut change = snapshot.changes[0].clone();
        change.what = ChangeAction::Excluded { pattern: words.as_str().into(), excluded: true };
        snapshot.changes = vec![change].into();
        snapshot.db = words.as_str().into();
        snapshot.verdict.text.clone_from(&words);
        snapshot.notice = Some(words.as_str().into());
        let mut page = fixtures::page(1, &words);
        page.title = Some(words.clone());
        page.error = Some(words.clone());
        page.final_url = Some(words.clone());
        page.links = vec![words.as_str().into()];
        snapshot.recent = vec![std::sync::Arc::new(page)].into();
        for worker in &mut snapshot.workers {
            worker.url = Some(words.as_str().into());
        }
        for tab in Tab::ALL {
            let mut app = App::new();
            app.see(&snapshot);
            app.update(Action::Show(tab), &snapshot);
            // As it is at first, with what opens, and wide.
            for size in [(120, 36), (120, 36), (200, 60)] {
                let buffer = render(&mut app, &snapshot, size);
                for cell in &buffer.content {
                    prop_assert!(!is_harmful(cell.symbol()), "{:?}", cell.symbol());
                }
                app.update(Action::Open, &snapshot);
            }
        }
    }

    #[test]
    fn cleaned_text_takes_the_columns_it_says(words in ".{0,30}", columns in 0..20_usize) {
        let clean = text::clean(&words);
        prop_assert!(!is_harmful(&clean), "{clean:?}");
        prop_assert!(text::width(&text::cut(&clean, columns)) <= columns);
        prop_assert_eq!(text::clean(&clean), clean.clone());
    }
}
