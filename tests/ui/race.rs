//! The promise: the race of `compare` looks like this, at every size, and no size breaks it.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use crate::tape::terminal::Terminal;
use crawldeck::compare::Strategy;
use crawldeck::compare::ipc::{StrategyEnd, StrategyProgress};
use crawldeck::compare::progress::{ComparisonProgress, Lane, LaneState};
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::keys::KeyMap;
use crawldeck::ui::race::draw;
use crawldeck::ui::theme::Theme;
use ratatui::Terminal as Drawing;
use ratatui::backend::TestBackend;

const COLOR: Theme = Theme::dark(ColorDepth::Ansi);
const MIB: u64 = 1 << 20;

fn lane(strategy: Strategy, counts: (u64, u64, u64), elapsed_s: f64, mib: u64, ms: f64) -> Lane {
    let (ok, failed, in_flight) = counts;
    let progress = StrategyProgress {
        ok,
        failed,
        in_flight,
        elapsed_s,
        rss_bytes: mib * MIB,
        rss_peak_bytes: mib * MIB,
        stall_ms: ms,
        saved: if strategy == Strategy::Full { ok + failed } else { 0 },
    };
    let done = ok + failed == 100;
    let state = if done { LaneState::Finished } else { LaneState::Running };
    let end = done.then(|| StrategyEnd { progress, ..StrategyEnd::default() });
    let mut lane = Lane { state, end, ..Lane::new(strategy, 100) };
    let most = [1, 100, 10, 10, 10, 10][lane_number(strategy)];
    let steps = (elapsed_s * 10.0) as u32;
    for step in 1..steps {
        let at_s = f64::from(step) / 10.0;
        // It falls off towards the end.
        let left = if done { f64::from(steps - step) * f64::from(most) / 4.0 } else { 1e9 };
        let in_flight = left.min(f64::from(most)) as u64;
        lane.advance(StrategyProgress { elapsed_s: at_s, in_flight, ..progress });
    }
    lane.advance(progress);
    lane
}

fn lane_number(strategy: Strategy) -> usize {
    let all = [Strategy::FOUR.as_slice(), Strategy::CPU.as_slice()].concat();
    all.iter().position(|one| *one == strategy).unwrap()
}

fn board(lanes: Vec<Lane>, finished: bool) -> ComparisonProgress {
    let mut board = ComparisonProgress {
        scale: 1.0,
        permits: 10,
        lanes,
        finished,
        ..ComparisonProgress::default()
    };
    board.set_lower_bounds(&[1.0, 2.0, 1.0, 0.0, 0.0].repeat(20));
    board
}

fn waiting() -> ComparisonProgress {
    board(Strategy::FOUR.map(|strategy| Lane::new(strategy, 100)).to_vec(), false)
}

fn racing() -> ComparisonProgress {
    let lanes = vec![
        lane(Strategy::Sequential, (7, 0, 1), 4.23, 20, 2000.7),
        lane(Strategy::Unlimited, (100, 0, 0), 2.07, 24, 4.6),
        lane(Strategy::Limited, (43, 0, 10), 4.21, 22, 1.0),
        lane(Strategy::Full, (41, 3, 10), 4.19, 29, 1.1),
    ];
    board(lanes, false)
}

fn over() -> ComparisonProgress {
    let lanes = vec![
        lane(Strategy::Sequential, (100, 0, 0), 80.15, 23, 2002.2),
        lane(Strategy::Unlimited, (100, 0, 0), 2.01, 27, 3.7),
        lane(Strategy::Limited, (100, 0, 0), 9.01, 25, 3.9),
        lane(Strategy::Full, (100, 0, 0), 9.02, 32, 3.7),
        lane(Strategy::Inline, (100, 0, 0), 2.28, 30, 537.6),
        lane(Strategy::Pool, (100, 0, 0), 1.23, 34, 4.3),
    ];
    board(lanes, true)
}

fn broken() -> ComparisonProgress {
    let mut broken = racing();
    broken.lanes[0].state = LaneState::Failed;
    broken.lanes[0].why = Some("was killed by signal 9 \x1b[31m".to_owned());
    broken
}

fn stopping() -> ComparisonProgress {
    ComparisonProgress { stopping: true, ..racing() }
}

/// Far more than there are cells, and no bounds yet.
fn large() -> ComparisonProgress {
    let mut large = racing();
    large.is_user_list = true;
    for lane in &mut large.lanes {
        (lane.total, lane.lower_bound) = (250_000, None);
        lane.progress.ok *= 1000;
        (lane.state, lane.end) = (LaneState::Running, None);
    }
    large
}

fn all() -> [(&'static str, ComparisonProgress); 6] {
    [
        ("waiting", waiting()),
        ("racing", racing()),
        ("over", over()),
        ("broken", broken()),
        ("stopping", stopping()),
        ("large", large()),
    ]
}

/// The screen as text, line ends trimmed.
fn screen(board: &ComparisonProgress, (width, height): (u16, u16), theme: Theme) -> String {
    let mut terminal = Drawing::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, board, (theme, &KeyMap::default()), false)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_race_at_every_size_of_interest() {
    for (name, board) in all() {
        for (width, height) in [(200, 60), (120, 36), (80, 24), (60, 15)] {
            let once = !matches!(name, "racing" | "over");
            if once && (width, height) != (80, 24) {
                continue;
            }
            let name = format!("race_{name}_{width}x{height}");
            insta::assert_snapshot!(name, screen(&board, (width, height), COLOR));
        }
    }
    insta::assert_snapshot!(
        "race_ascii_80x24",
        screen(&racing(), (80, 24), Theme::mono().in_ascii())
    );
}

#[test]
fn no_size_panics() {
    for (_, board) in all() {
        for height in 0..=40 {
            for width in (0..=130).chain([200, 300]) {
                let mut terminal = Drawing::new(TestBackend::new(width, height)).unwrap();
                terminal
                    .draw(|frame| draw(frame, &board, (COLOR, &KeyMap::default()), false))
                    .unwrap();
            }
        }
    }
}

#[test]
fn every_url_is_a_cell() {
    for size in [(120, 36), (200, 60)] {
        let screen = screen(&racing(), size, Theme::mono());
        let done = 7 + 100 + 43 + 41;
        let full = |line: &str| line.matches('█').count();
        // Above the charts.
        let cells: usize = screen.lines().take_while(|l| !l.contains("peak")).map(full).sum();
        assert_eq!(cells, done, "{screen}");
        assert_eq!(screen.matches('▮').count(), 1 + 10 + 10, "{screen}");
        assert_eq!(screen.matches('✗').count(), 3, "{screen}");
    }
}

#[test]
fn nothing_from_outside_reaches_the_terminal() {
    let screen = screen(&broken(), (120, 36), COLOR);
    assert!(screen.contains("killed by signal 9") && !screen.contains('\x1b'), "{screen}");
}

fn compare(options: &[&str]) -> (Terminal, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = vec!["crawldeck", "compare"];
    command.extend(options);
    (Terminal::start(&command, (120, 36), folder.path(), &[]), folder)
}

#[test]
fn a_race_ends_in_the_table_on_screen_and_after_leaving() {
    let (mut terminal, _folder) = compare(&["--scale", "0.02"]);
    let before = terminal.modes();
    terminal.expect("OVER");
    let text = terminal.text();
    assert_eq!(text.matches("✓ done").count(), 4, "{text}");
    assert!(text.contains("100 of 100"), "{text}");
    terminal.send(b"q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
    assert_eq!(terminal.modes(), before);
    let text = terminal.text();
    assert!(text.contains("strategy") && text.contains("first come, first served"), "{text}");
    assert!(!text.contains("OVER"), "{text}");
}

#[test]
fn a_race_that_is_stopped_prints_what_there_is() {
    for key in [&b"q"[..], b"\x03"] {
        let (mut terminal, _folder) = compare(&[]);
        let before = terminal.modes();
        // The one without a limit is through, the others are not.
        terminal.expect("✓ done");
        terminal.send(key);
        assert_eq!(terminal.end(), 3);
        terminal.assert_restored();
        assert_eq!(terminal.modes(), before);
        let text = terminal.text();
        assert!(text.contains("partial: sequential: interrupted after "), "{text}");
        assert!(text.contains("partial: full: interrupted after "), "{text}");
        assert!(!text.contains("partial: unlimited"), "{text}");
    }
}

#[test]
fn headless_shows_no_race() {
    let (mut terminal, _folder) = compare(&["--headless", "--scale", "0.01"]);
    assert_eq!(terminal.end(), 0);
    let text = terminal.text();
    assert!(text.contains("full: done, 100 of 100 URLs") && !text.contains("RACING"), "{text}");
}
