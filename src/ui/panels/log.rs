//! The log tab: tui-logger's widget, with lines made harmless.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;
use tui_logger::{ExtLogRecord, LogFormatter, TuiLoggerWidget};

use crate::ui::action::Action;
use crate::ui::log_view::{LogView, is_listening};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;

/// Lays out the log, the newest line at the bottom:
///
/// ```text
/// ╭─ log ─────────────────────── info and worse · v more · V less ─╮
/// │ 10:02:41 INFO  crawl::control  permits 8 → 16                  │
/// │ 10:02:43 WARN  crawl::workers  503 from http://…               │
/// ╰────────────────────────────────────────────────────────────────╯
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, log: &LogView) {
    let theme = painter.theme;
    let segments = vec![
        Segment::new(0, format!("{} and worse", log.level_name()), theme.strong()),
        Segment::new(1, format!("{} more", painter.keys.name_of(Action::LogMore)), theme.dim()),
        Segment::new(2, format!("{} less", painter.keys.name_of(Action::LogLess)), theme.dim()),
    ];
    let inner = painter.frame(area, &[Span::styled("log", theme.strong())], segments);
    if !is_listening() {
        painter.text(inner, 0, 0, "nothing is logged here in this run", theme.dim());
        return;
    }
    let inner = inner.intersection(painter.buffer.area);
    if inner.is_empty() {
        return;
    }
    TuiLoggerWidget::default()
        .formatter(Box::new(Formatter(theme)))
        .state(&log.state)
        .render(inner, painter.buffer);
}

/// The newest lines of information and worse, for a panel beside others.
pub fn newest(painter: &mut Painter<'_>, area: Rect, log: &LogView) {
    let theme = painter.theme;
    let note = vec![Segment::new(0, "information and worse", theme.dim())];
    let inner = painter.panel(area, "log", Role::Dim, note);
    let inner = inner.intersection(painter.buffer.area);
    if !is_listening() {
        painter.text(inner, 0, 0, "nothing is logged here in this run", theme.dim());
    } else if !inner.is_empty() {
        TuiLoggerWidget::default()
            .formatter(Box::new(Formatter(theme)))
            .state(&log.newest)
            .render(inner, painter.buffer);
    }
}

/// Time, level, where from, what; wrapped, and without characters that a page could have put in.
struct Formatter(Theme);

impl LogFormatter for Formatter {
    fn min_width(&self) -> u16 {
        4
    }

    fn format(&self, width: usize, record: &ExtLogRecord) -> Vec<Line<'_>> {
        let theme = self.0;
        let level = record.level.as_str();
        let style = match level {
            "ERROR" => theme.text(Role::Server),
            "WARN" => theme.text(Role::Client),
            "DEBUG" | "TRACE" => theme.dim(),
            _ => Style::new(),
        };
        let time = record.timestamp.strftime("%H:%M:%S").to_string();
        let target = text::clean(record.target()).replace("crawldeck::", "");
        let head = format!("{time} {level:<5} {target} ");
        let message = text::clean(record.msg().trim()).into_owned();
        // Further lines of one message are set in under the level.
        let indent = 9.min(width / 4);
        let first = width.saturating_sub(text::width(&head));
        if first < 12 {
            let whole = format!("{level} {message}");
            return text::wrap(&whole, width).into_iter().map(|l| Line::styled(l, style)).collect();
        }
        let mut words = text::wrap(&message, first);
        let rest = if words.len() > 1 {
            let tail = message.chars().skip(words[0].chars().count()).collect::<String>();
            words.truncate(1);
            text::wrap(tail.trim_start(), width.saturating_sub(indent))
        } else {
            Vec::new()
        };
        let mut lines = vec![Line::from(vec![
            Span::styled(format!("{time} "), theme.dim()),
            Span::styled(format!("{level:<5} "), style),
            Span::styled(format!("{target} "), theme.dim()),
            Span::styled(words.pop().unwrap_or_default(), style),
        ])];
        lines.extend(rest.into_iter().map(|l| Line::styled(format!("{:indent$}{l}", ""), style)));
        lines
    }
}
