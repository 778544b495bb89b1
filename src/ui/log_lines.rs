//! A copy of the lines that tui-logger keeps, for the search: its widget can neither search nor scroll to a line.
//!
//! The only way to its lines is the formatter of a widget, which is given each line that the widget draws. A
//! widget that is drawn into the void, a row a line, therefore reads them, the newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget as _;
use tui_logger::{ExtLogRecord, LevelFilter, LogFormatter, TuiLoggerWidget, TuiWidgetState};

use super::text;
use crate::lock::Lock as _;

/// Most lines kept: as many as tui-logger keeps.
pub const MOST_LINES: usize = 10_000;
/// Most characters of a line.
const LONGEST: usize = 2_000;
/// Lines read at first; what is new since the last draw is seldom more.
const FEW: u16 = 128;

/// A line of the log, cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When, by the clock.
    pub time: String,
    /// How bad: `ERROR`, …, `TRACE`.
    pub level: &'static str,
    /// The same as a number, 1 for the worst.
    pub badness: usize,
    /// Which part of the program.
    pub target: String,
    /// What it says.
    pub message: String,
    at_ns: i128,
}

impl LogLine {
    /// What a record says, without characters that a page could have put in.
    #[must_use]
    pub fn of(record: &ExtLogRecord) -> Self {
        let message: String = record.msg().trim().chars().take(LONGEST).collect();
        Self {
            time: record.timestamp.strftime("%H:%M:%S").to_string(),
            level: record.level.as_str(),
            badness: record.level as usize,
            target: text::clean(record.target()).replace("crawldeck::", ""),
            message: text::clean(&message).into_owned(),
            at_ns: record.timestamp.timestamp().as_nanosecond(),
        }
    }

    /// The whole line, as it is read.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {:<5} {} {}", self.time, self.level, self.target, self.message)
    }
}

/// Lines read, the newest first, until one that is known.
#[derive(Default)]
struct LinesRead {
    lines: Vec<LogLine>,
    known: Option<LogLine>,
    met_known: bool,
}

/// A formatter that keeps what it is given.
struct LineReader(Arc<Mutex<LinesRead>>);

impl LogFormatter for LineReader {
    fn min_width(&self) -> u16 {
        1
    }

    fn format(&self, _: usize, record: &ExtLogRecord) -> Vec<Line<'_>> {
        let mut read = self.0.locked();
        if !read.met_known {
            let line = LogLine::of(record);
            read.met_known = read.known.as_ref() == Some(&line);
            if !read.met_known {
                read.lines.push(line);
            }
        }
        vec![Line::default()]
    }
}

/// The lines of the log, the oldest first, as they were at the last refresh.
#[derive(Debug, Default)]
pub struct LogCopy {
    lines: VecDeque<LogLine>,
    /// Number of the first line kept, counted over all that were ever kept.
    first: u64,
}

impl LogCopy {
    /// Takes over what was logged since; whether there was anything.
    pub fn refresh(&mut self) -> bool {
        let most = MOST_LINES as u16;
        let mut rows = if self.lines.is_empty() { most } else { FEW };
        loop {
            let read = self.read(rows);
            // A line that is not known any more was pushed out of the buffer.
            let all = read.met_known || read.lines.len() < rows.into() || rows == most;
            if all {
                return self.take(read);
            }
            rows = rows.saturating_mul(4).min(most);
        }
    }

    /// Reads the newest lines, a maximum of `rows`, until the newest of the copy.
    fn read(&self, rows: u16) -> LinesRead {
        let read = LinesRead { known: self.lines.back().cloned(), ..LinesRead::default() };
        let read = Arc::new(Mutex::new(read));
        let area = Rect { x: 0, y: 0, width: 1, height: rows };
        let everything = TuiWidgetState::new().set_default_display_level(LevelFilter::Trace);
        TuiLoggerWidget::default()
            .formatter(Box::new(LineReader(read.clone())))
            .state(&everything)
            .render(area, &mut Buffer::empty(area));
        std::mem::take(&mut *read.locked())
    }

    fn take(&mut self, read: LinesRead) -> bool {
        if !read.met_known {
            self.first += self.lines.len() as u64;
            self.lines.clear();
        }
        let is_new = !read.lines.is_empty();
        self.lines.extend(read.lines.into_iter().rev());
        while self.lines.len() > MOST_LINES {
            self.lines.pop_front();
            self.first += 1;
        }
        is_new
    }

    /// The lines of this level and worse with their numbers, which stay theirs while others come and go.
    #[must_use]
    pub fn of_level(&self, badness: usize) -> impl DoubleEndedIterator<Item = (u64, &LogLine)> {
        let numbered = self.lines.iter().enumerate();
        let numbered = numbered.map(|(at, line)| (self.first + at as u64, line));
        numbered.filter(move |(_, line)| line.badness <= badness)
    }
}
