//! The log tab: tui-logger's widget, with lines made harmless.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;
use tui_logger::{ExtLogRecord, LogFormatter, TuiLoggerWidget};

use crate::ui::action::Action;
use crate::ui::log_lines::LogLine;
use crate::ui::log_search::LogSearch;
use crate::ui::log_view::{LogView, is_listening};
use crate::ui::paint::{Painter, Segment};
use crate::ui::palette::Role;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::units;

/// Lays out the log, the newest line at the bottom:
///
/// ```text
/// ╭─ log ─────────────────────── info and worse · v more · V less ─╮
/// │ 10:02:41 INFO  crawl::control  permits 8 → 16                  │
/// │ 10:02:43 WARN  crawl::workers  503 from http://…               │
/// ╰────────────────────────────────────────────────────────────────╯
/// ```
///
/// While a search is on, lines around the one that it looks at, what it found in reverse or underlined:
///
/// ```text
/// ╭─ log ─── 3 of 17 lines with “503”   info and worse   v more   V less ─╮
/// ```
pub fn draw(painter: &mut Painter<'_>, area: Rect, log: &mut LogView) {
    let theme = painter.theme;
    let level = log.level_name();
    let mut segments = Vec::new();
    if let Some(search) = &mut log.search {
        search.refresh();
        search.rows = area.height.saturating_sub(2);
        segments.push(Segment::new(0, found_words(search), theme.bold(Role::Limit)));
    }
    segments.extend([
        Segment::new(1, format!("{level} and worse"), theme.strong()),
        Segment::new(2, format!("{} more", painter.keys.name_of(Action::LogMore)), theme.dim()),
        Segment::new(3, format!("{} less", painter.keys.name_of(Action::LogLess)), theme.dim()),
    ]);
    let inner = painter.frame(area, &[Span::styled("log", theme.strong())], segments);
    if !is_listening() {
        painter.text(inner, 0, 0, "nothing is logged here in this run", theme.dim());
        return;
    }
    let inner = inner.intersection(painter.buffer.area);
    if inner.is_empty() {
        return;
    }
    if let Some(search) = &log.search {
        searched(painter, inner, search);
        return;
    }
    TuiLoggerWidget::default()
        .formatter(Box::new(Formatter(theme)))
        .state(&log.state)
        .render(inner, painter.buffer);
}

/// Which of how many lines is looked at.
fn found_words(search: &LogSearch) -> String {
    let text = text::cut(&text::clean(search.text()), 30).into_owned();
    match (search.text(), search.hits(), search.hit()) {
        ("", ..) => "search".to_owned(),
        (_, 0, _) => format!("no line with “{text}”"),
        (_, n, None) => format!("{} with “{text}”", units::counted(n as u64, "line", "lines")),
        (_, n, Some(at)) => {
            let at = units::count(at as u64 + 1);
            format!("{at} of {} with “{text}”", units::counted(n as u64, "line", "lines"))
        }
    }
}

/// Lines around the one that the search looks at, which stands in the middle as far as there are others.
fn searched(painter: &mut Painter<'_>, inner: Rect, search: &LogSearch) {
    let theme = painter.theme;
    let height = usize::from(inner.height);
    let (lines, at) = search.around(height);
    let mut rows = Vec::new();
    let mut middle = 0;
    for (i, (number, line)) in lines.iter().enumerate() {
        if i == at {
            middle = rows.len();
        }
        let is_looked_at = search.place() == Some(*number);
        rows.extend(
            rows_of(theme, inner.width.into(), line).into_iter().map(|r| (r, is_looked_at)),
        );
    }
    let first = middle.saturating_sub(height / 2).min(rows.len().saturating_sub(height));
    for (y, (line, is_looked_at)) in (0..inner.height).zip(rows.iter().skip(first)) {
        painter.spans(inner, 0, y, &line.spans);
        let words: String = line.spans.iter().map(|span| &*span.content).collect();
        let style = if *is_looked_at { theme.selected() } else { theme.found() };
        for found in search.matches(&words) {
            let x = text::width(&words[..found.start]) as u16;
            let width = text::width(&words[found]) as u16;
            let place = Rect { x: inner.x + x, y: inner.y + y, width, height: 1 };
            painter.buffer.set_style(place.intersection(inner), style);
        }
    }
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
        rows_of(self.0, width, &LogLine::of(record))
    }
}

/// The rows of a line.
fn rows_of(theme: Theme, width: usize, line: &LogLine) -> Vec<Line<'static>> {
    let LogLine { time, level, target, message, .. } = line;
    let style = match *level {
        "ERROR" => theme.text(Role::Server),
        "WARN" => theme.text(Role::Client),
        "DEBUG" | "TRACE" => theme.dim(),
        _ => Style::new(),
    };
    let head = format!("{time} {level:<5} {target} ");
    // Further lines of one message are set in under the level.
    let indent = 9.min(width / 4);
    let first = width.saturating_sub(text::width(&head));
    if first < 12 {
        let whole = format!("{level} {message}");
        return text::wrap(&whole, width).into_iter().map(|l| Line::styled(l, style)).collect();
    }
    let mut words = text::wrap(message, first);
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
