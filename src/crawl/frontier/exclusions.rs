//! What was excluded while the crawl runs: patterns, matched against every new URL, every one that
//! is handed out and every one about to be requested, and the reasons that stand in the rows, so
//! that an exclusion can be undone.

use std::sync::Arc;

use regex::{Regex, RegexSet};

/// The patterns in force.
#[derive(Debug, Default)]
pub struct Exclusions {
    patterns: Vec<Arc<str>>,
    set: Option<RegexSet>,
    /// How many URLs each has skipped in this run.
    counts: Vec<u64>,
    /// Restorations under way. Their reasons are stored with the settings, so that a crash in the
    /// middle of one leaves no row behind.
    restoring: Vec<Restoration>,
    tickets: u64,
}

/// Skipped rows that are being restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// The reason in the rows.
    pub reason: String,
    /// The number of this restoration: a later one for the same reason has another.
    pub ticket: u64,
}

/// The reason of a URL excluded by `pattern`.
#[must_use]
pub fn excluded_reason(pattern: &str) -> String {
    format!("excluded: {pattern}")
}

impl Exclusions {
    /// The patterns given; those that are no regular expression are left out.
    #[must_use]
    pub fn of(patterns: &[String]) -> Self {
        let mut exclusions = Self::default();
        for pattern in patterns {
            if let Err(error) = exclusions.add(pattern) {
                tracing::warn!(%error, "a stored pattern is left out");
            }
        }
        exclusions
    }

    /// With reasons of rows that are still to be restored.
    #[must_use]
    pub fn with_restorations(mut self, reasons: &[String]) -> Self {
        for reason in reasons {
            self.begin_restoring(reason.clone());
        }
        self
    }

    /// The set with one more pattern.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    fn set_with(&self, pattern: &str) -> Result<RegexSet, String> {
        if pattern.is_empty() {
            return Err("an empty pattern would exclude everything".to_owned());
        }
        // Alone first: an error of the set does not say which one it is about.
        Regex::new(pattern).map_err(|error| error.to_string())?;
        let patterns = self.patterns.iter().map(|known| &**known).chain([pattern]);
        RegexSet::new(patterns).map_err(|error| error.to_string())
    }

    /// Whether a pattern may be added.
    ///
    /// # Errors
    /// When it is there already, excludes everything or is no regular expression.
    pub fn check(&self, pattern: &str) -> Result<(), String> {
        if self.position(pattern).is_some() {
            return Err("excluded already".to_owned());
        }
        self.set_with(pattern).map(drop)
    }

    /// Adds a pattern; what is being restored of it stays skipped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        self.set = Some(self.set_with(pattern)?);
        self.patterns.push(pattern.into());
        self.counts.push(0);
        self.cancel_restoring(&excluded_reason(pattern));
        Ok(())
    }

    /// Takes a pattern away; false when it was not there.
    pub fn remove(&mut self, pattern: &str) -> bool {
        let Some(at) = self.position(pattern) else {
            return false;
        };
        self.patterns.remove(at);
        self.counts.remove(at);
        self.set =
            (!self.patterns.is_empty()).then(|| RegexSet::new(&self.patterns).ok()).flatten();
        true
    }

    fn position(&self, pattern: &str) -> Option<usize> {
        self.patterns.iter().position(|known| &**known == pattern)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set.is_none()
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
        if let Some(at) = self.position(pattern) {
            self.counts[at] += urls;
        }
    }

    /// How many URLs were skipped because of a pattern in this run; `None`: it is not in force.
    #[must_use]
    pub fn counted(&self, pattern: &str) -> Option<u64> {
        let at = self.position(pattern)?;
        self.counts.get(at).copied()
    }

    /// Rows skipped for `reason` are to be restored. Earlier restorations for it are cancelled.
    pub fn begin_restoring(&mut self, reason: String) -> Restoration {
        self.cancel_restoring(&reason);
        self.tickets += 1;
        let restoration = Restoration { reason, ticket: self.tickets };
        self.restoring.push(restoration.clone());
        restoration
    }

    /// Rows skipped for `reason` stay skipped.
    pub fn cancel_restoring(&mut self, reason: &str) {
        self.restoring.retain(|known| known.reason != reason);
    }

    /// All rows of a restoration are restored.
    pub fn end_restoring(&mut self, ticket: u64) {
        self.restoring.retain(|known| known.ticket != ticket);
    }

    /// Whether a restoration is running.
    #[must_use]
    pub fn is_restoring(&self, ticket: u64) -> bool {
        self.restoring.iter().any(|known| known.ticket == ticket)
    }

    /// The restorations under way.
    #[must_use]
    pub fn restorations(&self) -> &[Restoration] {
        &self.restoring
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_come_and_go() {
        let mut exclusions = Exclusions::of(&["(".to_owned(), "^http://a/x".to_owned()]);
        assert_eq!(exclusions.patterns(), ["^http://a/x"]);
        assert!(exclusions.add("[").is_err() && exclusions.add("").is_err());
        exclusions.add("cal").expect("a pattern");
        assert_eq!(exclusions.excludes("http://b/cal/1").map(|p| &**p), Some("cal"));
        assert_eq!(exclusions.excludes("http://b/"), None);
        assert!(exclusions.remove("cal") && !exclusions.remove("cal"));
        assert_eq!(exclusions.excludes("http://b/cal/1"), None);
        assert!(exclusions.remove("^http://a/x") && exclusions.is_empty());
    }

    #[test]
    fn what_is_excluded_again_is_not_restored() {
        let mut exclusions = Exclusions::default().with_restorations(&["excluded: cal".to_owned()]);
        let cal = exclusions.restorations()[0].ticket;
        let old = exclusions.begin_restoring("excluded: x".to_owned());
        let new = exclusions.begin_restoring("excluded: x".to_owned());
        exclusions.add("cal").expect("a pattern");
        assert!(
            !exclusions.is_restoring(cal)
                && !exclusions.is_restoring(old.ticket)
                && exclusions.is_restoring(new.ticket)
        );
        exclusions.end_restoring(old.ticket);
        assert_eq!(exclusions.restorations(), std::slice::from_ref(&new));
        exclusions.end_restoring(new.ticket);
        assert!(exclusions.restorations().is_empty());
    }

    #[test]
    fn each_pattern_counts_its_own() {
        let mut exclusions = Exclusions::of(&["a".to_owned(), "b".to_owned()]);
        exclusions.count("b", 3);
        exclusions.count("c", 1);
        assert_eq!(
            [exclusions.counted("a"), exclusions.counted("b"), exclusions.counted("c")],
            [Some(0), Some(3), None]
        );
        assert!(exclusions.remove("a"));
        assert_eq!(exclusions.counted("b"), Some(3));
    }
}
