//! What a typed filter of pages means, for pages in memory and for those in a database.

use crate::model::page_state::PageState;

/// Most characters of a filter; what is typed beyond them is ignored.
const LONGEST: usize = 500;

/// A filter of pages as typed: a status (`404`), a class (`5xx`), a state (`failed`) or any text of URL,
/// title, type or error, in upper or lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFilter {
    text: String,
    class: Option<u16>,
    status: Option<u16>,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
pub struct FilteredPage<'a> {
    /// How it ended.
    pub state: PageState,
    /// Its final status.
    pub status: Option<u16>,
    /// Its URL.
    pub url: &'a str,
    /// Title, error and media type, as far as it has them.
    pub texts: [Option<&'a str>; 3],
}

impl PageFilter {
    /// The filter that was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let text: String = typed.trim().to_lowercase().chars().take(LONGEST).collect();
        let class = text.strip_suffix("xx").and_then(|c| c.parse().ok()).filter(|c| *c < 10);
        // Three digits mean the status, whatever URL has them as well.
        let status = text.parse().ok().filter(|status| (100..600).contains(status));
        Self { text, class, status }
    }

    /// Whether every page passes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a page passes.
    #[must_use]
    pub fn passes(&self, page: FilteredPage<'_>) -> bool {
        if self.text.is_empty() {
            return true;
        }
        if let (Some(class), Some(status)) = (self.class, page.status)
            && status / 100 == class
        {
            return true;
        }
        if self.status.is_some() {
            return page.status == self.status;
        }
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        page.state.name() == self.text || has(page.url) || page.texts.into_iter().flatten().any(has)
    }

    /// The status that is meant, if one is.
    pub(super) const fn status(&self) -> Option<u16> {
        self.status
    }

    /// First and last status of the class that is meant; a range of none without a class.
    pub(super) fn statuses(&self) -> (i64, i64) {
        self.class.map_or((1, 0), |class| (100 * i64::from(class), 100 * i64::from(class) + 99))
    }

    /// What is searched, in lower case.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A pattern for `LIKE … ESCAPE '!'` that every text with it matches. Databases know upper and lower case of
    /// ASCII alone: in place of any other character, anything matches, and [`Self::passes`] decides.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.text.len() + 2);
        pattern.push('%');
        for c in self.text.chars() {
            match c {
                '%' | '_' | '!' => pattern.extend(['!', c]),
                c if c.is_ascii() => pattern.push(c),
                _ if pattern.ends_with('%') && !pattern.ends_with("!%") => {}
                _ => pattern.push('%'),
            }
        }
        pattern.push('%');
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_has_the_text() {
        for (typed, pattern) in [
            (" Tide ", "%tide%"),
            ("50%_a!b", "%50!%!_a!!b%"),
            ("ÉtéX", "%t%x%"),
            ("%é", "%!%%%"),
            ("", "%%"),
        ] {
            assert_eq!(PageFilter::new(typed).pattern(), pattern, "{typed}");
        }
    }

    #[test]
    fn three_digits_are_a_status_and_a_digit_with_xx_a_class() {
        let meant = |typed: &str| {
            let filter = PageFilter::new(typed);
            (filter.status(), filter.statuses())
        };
        assert_eq!(meant("404"), (Some(404), (1, 0)));
        assert_eq!(meant("4xx"), (None, (400, 499)));
        assert_eq!(meant("4040"), (None, (1, 0)));
        assert_eq!(meant("page"), (None, (1, 0)));
    }
}
