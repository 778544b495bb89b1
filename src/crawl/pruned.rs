//! What was excluded while the crawl runs: patterns, asked for every new URL and every one that is
//! handed out, and the reasons that stand in the rows, so that it can be undone.

use std::sync::Arc;

use regex::{Regex, RegexSet};

/// The patterns in force.
#[derive(Debug, Default)]
pub struct Pruned {
    patterns: Vec<Arc<str>>,
    set: Option<RegexSet>,
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

impl Pruned {
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

    /// Adds a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        if pattern.is_empty() {
            return Err("an empty pattern would exclude everything".to_owned());
        }
        // Alone first: an error of the set does not say which one it is about.
        Regex::new(pattern).map_err(|error| error.to_string())?;
        let mut patterns = self.patterns.clone();
        patterns.push(pattern.into());
        self.set = Some(RegexSet::new(&patterns).map_err(|error| error.to_string())?);
        self.patterns = patterns;
        Ok(())
    }

    /// Takes a pattern away; false when it was not there.
    pub fn remove(&mut self, pattern: &str) -> bool {
        let Some(at) = self.patterns.iter().position(|known| &**known == pattern) else {
            return false;
        };
        self.patterns.remove(at);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_come_and_go() {
        let mut pruned = Pruned::of(&["(".to_owned(), "^http://a/x".to_owned()]);
        assert_eq!(pruned.patterns(), ["^http://a/x"]);
        assert!(pruned.add("[").is_err() && pruned.add("").is_err());
        pruned.add("cal").expect("a pattern");
        assert_eq!(pruned.excludes("http://b/cal/1").map(|p| &**p), Some("cal"));
        assert_eq!(pruned.excludes("http://b/"), None);
        assert!(pruned.remove("cal") && !pruned.remove("cal"));
        assert_eq!(pruned.excludes("http://b/cal/1"), None);
        assert!(pruned.remove("^http://a/x") && pruned.is_empty());
    }
}
