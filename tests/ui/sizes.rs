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
use crate::screen::{COLOR, render, screen};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

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
    snapshot.overloads = fixtures::overloaded().overloads;
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
