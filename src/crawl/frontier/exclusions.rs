//! What was excluded while the crawl runs: patterns, and what only seeds that were undone had brought
//! into the scope. Each is matched against every new URL, every one that is handed out and every one
//! about to be requested. Its reason stands in the rows it skips, so that it can be undone.

use std::sync::Arc;

use regex::{Regex, RegexSet};
use url::Url;

use crate::crawl::frontier::exclusion::{Exclusion, excluded_reason};
use crate::settings::seed_reach::{SeedReach, UndoneSeed};
use crate::web::scope::{Scope, lies_within};

/// The exclusions in force.
#[derive(Debug, Default)]
pub struct Exclusions {
    patterns: Vec<Rule>,
    /// The patterns once more, in the same order.
    set: Option<RegexSet>,
    seeds: Vec<Rule>,
    /// Restorations under way. Their reasons are stored with the settings, so that a crash in the
    /// middle of one leaves no row behind.
    restoring: Vec<Restoration>,
    tickets: u64,
}

/// An exclusion in force.
#[derive(Debug)]
struct Rule {
    reason: Arc<str>,
    exclusion: Exclusion,
    /// How many URLs it has skipped in this run.
    count: u64,
}

impl Rule {
    fn new(exclusion: Exclusion) -> Self {
        Self { reason: exclusion.reason().into(), exclusion, count: 0 }
    }

    fn is_pattern(&self, text: &str) -> bool {
        matches!(&self.exclusion, Exclusion::Pattern(pattern) if pattern.as_str() == text)
    }
}

/// Skipped rows that are being restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// The reason in the rows.
    pub reason: String,
    /// The number of this restoration: a later one for the same reason has another.
    pub ticket: u64,
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

    /// With seeds that were undone; `scope` is that of the others.
    #[must_use]
    pub fn with_undone_seeds(mut self, seeds: &[UndoneSeed], scope: &Arc<Scope>) -> Self {
        for seed in seeds {
            self.undo_seed(seed.clone(), scope);
        }
        self
    }

    /// With reasons of rows that are still to be restored.
    #[must_use]
    pub fn with_restorations(mut self, reasons: &[String]) -> Self {
        for reason in reasons {
            self.begin_restoring(reason.clone());
        }
        self
    }

    /// A pattern, and the set with it.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    fn with(&self, pattern: &str) -> Result<(Regex, RegexSet), String> {
        if pattern.is_empty() {
            return Err("an empty pattern would exclude everything".to_owned());
        }
        // Alone first: an error of the set does not say which one it is about.
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        let known = self.patterns();
        let patterns = known.iter().map(|known| &**known).chain([pattern]);
        let set = RegexSet::new(patterns).map_err(|error| error.to_string())?;
        Ok((regex, set))
    }

    /// Whether a pattern may be added.
    ///
    /// # Errors
    /// When it is there already, excludes everything or is no regular expression.
    pub fn check(&self, pattern: &str) -> Result<(), String> {
        if self.patterns.iter().any(|rule| rule.is_pattern(pattern)) {
            return Err("excluded already".to_owned());
        }
        self.with(pattern).map(drop)
    }

    /// Adds a pattern; what is being restored of it stays skipped.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let (regex, set) = self.with(pattern)?;
        self.set = Some(set);
        self.patterns.push(Rule::new(Exclusion::Pattern(regex)));
        self.cancel_restoring(&excluded_reason(pattern));
        Ok(())
    }

    /// Takes a pattern away; false when it was not there.
    pub fn remove(&mut self, pattern: &str) -> bool {
        let Some(at) = self.patterns.iter().position(|rule| rule.is_pattern(pattern)) else {
            return false;
        };
        self.patterns.remove(at);
        let patterns = self.patterns();
        self.set = (!patterns.is_empty()).then(|| RegexSet::new(&patterns).ok()).flatten();
        true
    }

    /// Keeps out what a seed that was undone had brought into the scope, which is `scope` now; what was
    /// being restored of it stays skipped. Returns its reason.
    pub fn undo_seed(&mut self, seed: UndoneSeed, scope: &Arc<Scope>) -> Arc<str> {
        let exclusion = Exclusion::UndoneSeed { seed: Arc::new(seed), scope: Arc::clone(scope) };
        let rule = Rule::new(exclusion);
        let reason = Arc::clone(&rule.reason);
        self.seeds.retain(|known| known.reason != reason);
        self.seeds.push(rule);
        self.set_scope(scope);
        self.cancel_restoring(&reason);
        reason
    }

    /// A seed was added, which widened the scope to `scope`. What seeds that were undone kept out and is in
    /// scope again is to be restored.
    pub fn seed_added(&mut self, url: &Url, scope: &Arc<Scope>) -> Vec<Restoration> {
        self.set_scope(scope);
        let mut reasons = Vec::new();
        self.seeds.retain(|rule| {
            let Exclusion::UndoneSeed { seed, scope } = &rule.exclusion else { return true };
            let gone = seed.url == *url || scope.covers(&seed.url, &seed.reach);
            if gone || is_entered(seed, url) {
                reasons.push(rule.reason.to_string());
            }
            !gone
        });
        reasons.into_iter().map(|reason| self.begin_restoring(reason)).collect()
    }

    fn set_scope(&mut self, now: &Arc<Scope>) {
        for rule in &mut self.seeds {
            if let Exclusion::UndoneSeed { scope, .. } = &mut rule.exclusion {
                *scope = Arc::clone(now);
            }
        }
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.patterns.iter().chain(&self.seeds)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.set.is_none() && self.seeds.is_empty()
    }

    /// The patterns.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        let text = |rule: &Rule| match &rule.exclusion {
            Exclusion::Pattern(pattern) => Some(pattern.as_str().to_owned()),
            Exclusion::UndoneSeed { .. } => None,
        };
        self.patterns.iter().filter_map(text).collect()
    }

    /// The seeds that were undone.
    #[must_use]
    pub fn undone_seeds(&self) -> Vec<UndoneSeed> {
        let seed = |rule: &Rule| match &rule.exclusion {
            Exclusion::Pattern(_) => None,
            Exclusion::UndoneSeed { seed, .. } => Some(UndoneSeed::clone(seed)),
        };
        self.seeds.iter().filter_map(seed).collect()
    }

    /// The reason of the first exclusion that keeps `url` out.
    #[must_use]
    pub fn excludes(&self, url: &str) -> Option<&Arc<str>> {
        self.excluded_by_pattern(url).or_else(|| self.left_by_seed(url))
    }

    /// Likewise, of the patterns.
    #[must_use]
    pub fn excluded_by_pattern(&self, url: &str) -> Option<&Arc<str>> {
        let at = self.set.as_ref()?.matches(url).iter().next()?;
        self.patterns.get(at).map(|rule| &rule.reason)
    }

    /// Likewise, of the seeds that were undone.
    #[must_use]
    pub fn left_by_seed(&self, url: &str) -> Option<&Arc<str>> {
        self.seeds.iter().find(|rule| rule.exclusion.holds(url)).map(|rule| &rule.reason)
    }

    /// The exclusion with this reason, while it is in force.
    #[must_use]
    pub fn exclusion(&self, reason: &str) -> Option<&Exclusion> {
        self.rules().find(|rule| *rule.reason == *reason).map(|rule| &rule.exclusion)
    }

    /// Counts URLs skipped for a reason.
    pub fn count(&mut self, reason: &str, urls: u64) {
        let mut rules = self.patterns.iter_mut().chain(&mut self.seeds);
        if let Some(rule) = rules.find(|rule| *rule.reason == *reason) {
            rule.count += urls;
        }
    }

    /// How many URLs were skipped for a reason in this run; `None`: it is not in force.
    #[must_use]
    pub fn counted(&self, reason: &str) -> Option<u64> {
        self.rules().find(|rule| *rule.reason == *reason).map(|rule| rule.count)
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

    /// The reason of the rows that a restoration restores, while it is running.
    #[must_use]
    pub fn restored_reason(&self, ticket: u64) -> Option<&str> {
        let restoration = self.restoring.iter().find(|known| known.ticket == ticket)?;
        Some(&restoration.reason)
    }

    /// The restorations under way.
    #[must_use]
    pub fn restorations(&self) -> &[Restoration] {
        &self.restoring
    }
}

/// Whether a seed brings a part, and not all, of what `seed` had brought into the scope again.
fn is_entered(seed: &UndoneSeed, added: &Url) -> bool {
    matches!(seed.reach, SeedReach::Directory { .. }) && lies_within(added, &seed.url, &seed.reach)
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
        assert_eq!(exclusions.excludes("http://b/cal/1").map(|p| &**p), Some("excluded: cal"));
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
            exclusions.restored_reason(cal).is_none()
                && exclusions.restored_reason(old.ticket).is_none()
                && exclusions.restored_reason(new.ticket).is_some()
        );
        exclusions.end_restoring(old.ticket);
        assert_eq!(exclusions.restorations(), std::slice::from_ref(&new));
        exclusions.end_restoring(new.ticket);
        assert!(exclusions.restorations().is_empty());
    }

    #[test]
    fn each_pattern_counts_its_own() {
        let mut exclusions = Exclusions::of(&["a".to_owned(), "b".to_owned()]);
        let counted = |exclusions: &Exclusions| {
            ["a", "b", "c"].map(|pattern| exclusions.counted(&excluded_reason(pattern)))
        };
        exclusions.count(&excluded_reason("b"), 3);
        exclusions.count(&excluded_reason("c"), 1);
        assert_eq!(counted(&exclusions), [Some(0), Some(3), None]);
        assert!(exclusions.remove("a"));
        assert_eq!(counted(&exclusions), [None, Some(3), None]);
    }
}
