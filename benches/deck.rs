//! What a frame costs with a thousand workers and two hundred hosts. The aim is less than 1 ms at 200×60 and
//! less than 2 ms at 300×100.
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
    let small = [Tab::Deck, Tab::Workers, Tab::Hosts, Tab::Pages].map(|tab| (tab, 200, 60));
    for (tab, width, height) in small.into_iter().chain([(Tab::Deck, 300, 100)]) {
        let mut app = App::new();
        app.update(Action::Show(tab), &snapshot);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let name = format!("{} {width}x{height}, 1000 workers, 200 hosts", tab.name());
        c.bench_function(&name, |b| {
            b.iter(|| {
                terminal
                    .draw(|frame| draw(frame, &mut app, &snapshot, Theme::dark(ColorDepth::True)))
                    .unwrap();
            });
        });
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
