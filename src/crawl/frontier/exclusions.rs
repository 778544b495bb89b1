//! What was excluded while the crawl runs: patterns, asked for every new URL, every one that is
//! handed out and every one about to be asked, and the reasons that stand in the rows, so that it
//! can be undone.

use std::sync::Arc;

use regex::{Regex, RegexSet};

/// The patterns in force.
#[derive(Debug, Default)]
pub struct Exclusions {
    patterns: Vec<Arc<str>>,
    set: Option<RegexSet>,
    /// How many URLs each has skipped in this run.
    counts: Vec<u64>,
    /// Reasons of skipped rows that are being brought back, each with the ticket of whoever does
    /// it. They are stored with the settings, so that a crash in the middle of it leaves nothing
    /// behind.
    reviving: Vec<(String, u64)>,
    tickets: u64,
}

/// The reason of a URL excluded by `pattern`.
#[must_use]
pub fn excluded_reason(pattern: &str) -> String {
    format!("excluded: {pattern}")
}

/// The reason of a URL whose host the user skips.
#[must_use]
pub fn skipped_host_reason(host: &str) -> String {
    format!("rest of {host} skipped")
}

/// The host of [`skipped_host_reason`].
#[must_use]
pub fn skipped_host_of(reason: &str) -> Option<&str> {
    reason.strip_prefix("rest of ")?.strip_suffix(" skipped")
}

impl Exclusions {
    /// The patterns given; those that are no regular expression are left out.
    #[must_use]
    pub fn of(patterns: &[String]) -> Self {
        let mut pruned = Self::default();
        for pattern in patterns {
            if let Err(error) = pruned.add(pattern) {
                tracing::warn!(%error, "a stored pattern is left out");
            }
        }
        pruned
    }

    /// With reasons of rows that are still to be brought back.
    #[must_use]
    pub fn reviving(mut self, reasons: &[String]) -> Self {
        for reason in reasons {
            self.revive(reason.clone());
        }
        self
    }

    /// The set with one more pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn with(&self, pattern: &str) -> Result<RegexSet, String> {
        if pattern.is_empty() {
            return Err("an empty pattern would exclude everything".to_owned());
        }
        // Alone first: an error of the set does not say which one it is about.
        Regex::new(pattern).map_err(|error| error.to_string())?;
        let patterns = self.patterns.iter().map(|known| &**known).chain([pattern]);
        RegexSet::new(patterns).map_err(|error| error.to_string())
    }

    /// Adds a pattern; what is being brought back of it stays skipped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        self.set = Some(self.with(pattern)?);
        self.patterns.push(pattern.into());
        self.counts.push(0);
        self.stop_reviving(&excluded_reason(pattern));
        Ok(())
    }

    /// Takes a pattern away; false when it was not there.
    pub fn remove(&mut self, pattern: &str) -> bool {
        let Some(at) = self.patterns.iter().position(|known| &**known == pattern) else {
            return false;
        };
        self.patterns.remove(at);
        self.counts.remove(at);
        self.set =
            (!self.patterns.is_empty()).then(|| RegexSet::new(&self.patterns).ok()).flatten();
        true
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set.is_none()
    }

    /// Whether it holds this pattern.
    #[must_use]
    pub fn holds(&self, pattern: &str) -> bool {
        self.patterns.iter().any(|known| &**known == pattern)
    }

    /// The patterns.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        self.patterns.iter().map(ToString::to_string).collect()
    }

    /// The first pattern that excludes `url`.
    #[must_use]
    pub fn excludes(&self, url: &str) -> Option<&Arc<str>> {
        let at = self.set.as_ref()?.matches(url).iter().next()?;
        self.patterns.get(at)
    }

    /// Counts URLs skipped because of a pattern.
    pub fn count(&mut self, pattern: &str, urls: u64) {
        if let Some(at) = self.patterns.iter().position(|known| &**known == pattern) {
            self.counts[at] += urls;
        }
    }

    /// How many URLs were skipped because of a pattern in this run; `None`: it is not in force.
    #[must_use]
    pub fn counted(&self, pattern: &str) -> Option<u64> {
        let at = self.patterns.iter().position(|known| &**known == pattern)?;
        self.counts.get(at).copied()
    }

    /// Rows skipped for `reason` are to be brought back, by whoever has the ticket returned. Earlier
    /// tickets for it hold no longer.
    pub fn revive(&mut self, reason: String) -> u64 {
        self.stop_reviving(&reason);
        self.tickets += 1;
        self.reviving.push((reason, self.tickets));
        self.tickets
    }

    /// Rows skipped for `reason` shall stay so.
    pub fn stop_reviving(&mut self, reason: &str) {
        self.reviving.retain(|known| known.0 != reason);
    }

    /// They are all back.
    pub fn revived(&mut self, ticket: u64) {
        self.reviving.retain(|known| known.1 != ticket);
    }

    /// Whether a ticket still holds.
    #[must_use]
    pub fn is_reviving(&self, ticket: u64) -> bool {
        self.reviving.iter().any(|known| known.1 == ticket)
    }

    /// The reasons of what is being brought back, and the tickets.
    #[must_use]
    pub fn reviving_now(&self) -> &[(String, u64)] {
        &self.reviving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_come_and_go() {
        let mut pruned = Exclusions::of(&["(".to_owned(), "^http://a/x".to_owned()]);
        assert_eq!(pruned.patterns(), ["^http://a/x"]);
        assert!(pruned.add("[").is_err() && pruned.add("").is_err());
        pruned.add("cal").expect("a pattern");
        assert_eq!(pruned.excludes("http://b/cal/1").map(|p| &**p), Some("cal"));
        assert_eq!(pruned.excludes("http://b/"), None);
        assert!(pruned.remove("cal") && !pruned.remove("cal"));
        assert_eq!(pruned.excludes("http://b/cal/1"), None);
        assert!(pruned.remove("^http://a/x") && pruned.is_empty());
    }

    #[test]
    fn what_is_excluded_again_is_not_brought_back() {
        let mut pruned = Exclusions::default().reviving(&["excluded: cal".to_owned()]);
        let cal = pruned.reviving_now()[0].1;
        let old = pruned.revive("excluded: x".to_owned());
        let new = pruned.revive("excluded: x".to_owned());
        pruned.add("cal").expect("a pattern");
        assert!(!pruned.is_reviving(cal) && !pruned.is_reviving(old) && pruned.is_reviving(new));
        pruned.revived(old);
        assert_eq!(pruned.reviving_now(), [("excluded: x".to_owned(), new)]);
        pruned.revived(new);
        assert!(pruned.reviving_now().is_empty());
    }

    #[test]
    fn each_pattern_counts_its_own() {
        let mut pruned = Exclusions::of(&["a".to_owned(), "b".to_owned()]);
        pruned.count("b", 3);
        pruned.count("c", 1);
        assert_eq!(
            [pruned.counted("a"), pruned.counted("b"), pruned.counted("c")],
            [Some(0), Some(3), None]
        );
        assert!(pruned.remove("a"));
        assert_eq!(pruned.counted("b"), Some(3));
    }
}
