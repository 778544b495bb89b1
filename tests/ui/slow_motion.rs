//! The promise: in slow motion the header says so, a dot is a page, and one page is followed by name.

use std::sync::Arc;

use crate::fixtures;
use crawldeck::crawl::protocol::snapshot::{PageState, PageView, Snapshot, WorkerState};
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::settings::slow_motion::SlowMotion;
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn screen(app: &mut App, s: &Snapshot, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, s, Theme::dark(ColorDepth::Ansi))).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>() + "\n";
    (0..height).map(row).collect()
}

/// A page of 412 ms is requested; then it has an answer.
fn slowed() -> (Snapshot, Snapshot) {
    let mut s = Snapshot { slow: SlowMotion::new(0.1), ..fixtures::permits_limited() };
    let url: Arc<str> = "http://127.0.0.1:8700/museum/followed-39811".into();
    s.workers.iter_mut().for_each(|worker| worker.for_ms += 50);
    s.workers[2].url = Some(Arc::clone(&url));
    (s.workers[2].state, s.workers[2].for_ms) = (WorkerState::FirstByte, 0);
    let mut after = s.clone();
    after.at_s += 1.0;
    after.workers[2].url = None;
    let newest = Arc::clone(&s.recent[0]);
    let (id, at_s) = (newest.id + 1_000, after.at_s);
    let page = PageView {
        id,
        at_s,
        url,
        elapsed_ms: 412,
        status: Some(200),
        state: PageState::Ok,
        ..PageView::clone(&newest)
    };
    after.recent = std::iter::once(Arc::new(page)).chain(s.recent.iter().cloned()).collect();
    (s, after)
}

#[test]
fn the_prompt_names_it_on_the_lab() {
    for on_lab in [true, false] {
        let s = Snapshot { site_takes_faults: on_lab, ..fixtures::permits_limited() };
        let mut app = App::new();
        app.key(KeyEvent::from(KeyCode::Char(':')), &s);
        assert_eq!(screen(&mut app, &s, (80, 24)).contains(" slow ×0.1"), on_lab);
    }
}

#[test]
fn the_page_that_is_followed_is_named_and_marked() {
    for size in [(80, 24), (120, 36), (200, 60)] {
        let (s, after) = slowed();
        let mut app = App::new();
        app.see(&s);
        let shown = screen(&mut app, &s, size);
        assert!(shown.lines().next().unwrap().contains("×0.1"), "{shown}");
        assert!(shown.contains("▶ follows /museum/followed-39811"), "{shown}");
        assert!(shown.contains("first byte"), "{shown}");
        assert!(!shown.contains("▶ 200"), "no row yet:\n{shown}");
        app.see(&after);
        let shown = screen(&mut app, &after, size);
        assert!(shown.contains("waits for the saver: 200 after 412 ms"), "{shown}");
        let stream = shown.lines().find(|line| line.contains("▶ 200"));
        if size.1 == 60 {
            assert!(stream.is_some_and(|line| line.contains("followed")), "{shown}");
        }
        let off = Snapshot { slow: None, ..after };
        app.see(&off);
        let shown = screen(&mut app, &off, size);
        assert!(!shown.contains("×0.1") && !shown.contains("follows"), "{shown}");
    }
}
