//! What a frame of the Deck costs: 200×60, a thousand workers,
//! two hundred hosts. The aim is less than 1 ms.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench fails by panicking")]

#[path = "../tests/support/fixtures/mod.rs"]
#[allow(clippy::expect_used, reason = "a bench fails by panicking")]
mod fixtures;

use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::action::{Action, Tab};
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn frames(c: &mut Criterion) {
    let snapshot = fixtures::two_hundred_hosts();
    for tab in [Tab::Deck, Tab::Workers, Tab::Hosts, Tab::Pages] {
        let mut app = App::new();
        app.update(Action::Show(tab), &snapshot);
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        c.bench_function(&format!("{} 200x60, 1000 workers, 200 hosts", tab.name()), |b| {
            b.iter(|| {
                terminal
                    .draw(|frame| draw(frame, &mut app, &snapshot, Theme::dark(ColorDepth::Ansi)))
                    .unwrap();
            });
        });
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
