//! Drawing the dashboard on a buffer of a given size.

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::settings::appearance::ColorDepth;
use crawldeck::ui::app::App;
use crawldeck::ui::draw::draw;
use crawldeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// With colours, in Unicode.
pub(crate) const COLOR: Theme = Theme::dark(ColorDepth::Ansi);

/// The dashboard, drawn once.
pub(crate) fn render(app: &mut App, snapshot: &Snapshot, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app, snapshot, COLOR)).unwrap();
    terminal.backend().buffer().clone()
}

/// All cells of a buffer in one line.
pub(crate) fn screen(buffer: &Buffer) -> String {
    buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
}
