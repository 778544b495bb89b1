//! The search in the log: which lines have the text, and which of them is looked at.

use regex::{Regex, RegexBuilder};

use super::log_lines::{LogCopy, LogLine};

/// A search that is on.
#[derive(Debug)]
pub struct LogSearch {
    text: String,
    /// The text, in upper or lower case; `None` where there is none to search for.
    pattern: Option<Regex>,
    badness: usize,
    copy: LogCopy,
    /// Numbers of the lines that have the text, the oldest first.
    hits: Vec<u64>,
    /// The line looked at; the newest hit where none was chosen.
    at: Option<u64>,
    /// Rows shown; set by the draw.
    pub rows: u16,
}

impl LogSearch {
    /// A search for a text among the lines of this level and worse. It begins at the newest line that has it.
    #[must_use]
    pub fn new(text: &str, badness: usize) -> Self {
        let mut search = Self {
            text: String::new(),
            pattern: None,
            badness,
            copy: LogCopy::default(),
            hits: Vec::new(),
            at: None,
            rows: 0,
        };
        search.copy.refresh();
        search.set_text(text);
        search
    }

    /// Searches for another text.
    pub fn set_text(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.pattern = pattern(text);
        self.at = None;
        self.find();
    }

    /// Shows lines of this level and worse.
    pub fn set_badness(&mut self, badness: usize) {
        self.badness = badness;
        self.at = None;
        self.find();
    }

    /// Takes over lines that were logged since.
    pub fn refresh(&mut self) {
        if self.copy.refresh() {
            self.find();
        }
    }

    fn find(&mut self) {
        let has = |line: &LogLine| {
            self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(&line.text()))
        };
        let found = self.copy.of_level(self.badness).filter(|(_, line)| has(line));
        self.hits = found.map(|(number, _)| number).collect();
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a piece of text has what is searched for, in bytes.
    pub fn matches<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        let found = self.pattern.as_ref().map(|pattern| pattern.find_iter(text));
        found.into_iter().flatten().map(|found| found.range())
    }

    /// How many lines have the text.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.hits.len()
    }

    /// Which of the lines that have the text is looked at, counted from the oldest; `None` where another line
    /// is.
    #[must_use]
    pub fn hit(&self) -> Option<usize> {
        self.hits.binary_search(&self.place()?).ok()
    }

    /// The number of the line looked at.
    #[must_use]
    pub fn place(&self) -> Option<u64> {
        self.at.or_else(|| self.hits.last().copied())
    }

    /// Goes to the next line that has the text, an older one or a newer one, beyond the last to the first.
    pub fn step(&mut self, older: bool) {
        let Some(place) = self.place() else { return };
        let before = self.hits.partition_point(|hit| *hit < place);
        let after = self.hits.partition_point(|hit| *hit <= place);
        let next = if older {
            before.checked_sub(1).map_or_else(|| self.hits.last(), |at| self.hits.get(at))
        } else {
            self.hits.get(after).or_else(|| self.hits.first())
        };
        self.at = next.copied();
    }

    /// Moves by so many lines from the one looked at.
    pub fn scroll(&mut self, lines: isize) {
        let numbers: Vec<u64> =
            self.copy.of_level(self.badness).map(|(number, _)| number).collect();
        let Some(last) = numbers.len().checked_sub(1) else { return };
        let place = self.place().unwrap_or(u64::MAX);
        let at = numbers.partition_point(|number| *number < place).min(last);
        self.at = Some(numbers[at.saturating_add_signed(lines).min(last)]);
    }

    /// The lines that can be seen around the one looked at, a maximum of so many on each side, with their
    /// numbers; and the place of that one among them.
    #[must_use]
    pub fn around(&self, rows: usize) -> (Vec<(u64, &LogLine)>, usize) {
        let lines: Vec<_> = self.copy.of_level(self.badness).collect();
        let place = self.place().unwrap_or(u64::MAX);
        let at = lines.partition_point(|(number, _)| *number < place);
        let at = at.min(lines.len().saturating_sub(1));
        let first = at.saturating_sub(rows);
        let end = (at + rows + 1).min(lines.len());
        (lines[first..end].to_vec(), at - first)
    }
}

/// The text as it is, in upper or lower case; `None` where it is empty, or too long to be searched for.
fn pattern(text: &str) -> Option<Regex> {
    let mut builder = RegexBuilder::new(&regex::escape(text));
    (!text.is_empty()).then(|| builder.case_insensitive(true).build().ok()).flatten()
}
