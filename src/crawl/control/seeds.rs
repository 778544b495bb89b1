//! Seeds that are added while the crawl runs, and undone.

use std::sync::Arc;

use url::Url;

use crate::crawl::control::control_task::Control;
use crate::crawl::frontier::{self, FoundLink};
use crate::crawl::protocol::change::{ChangeAction, SeedUndo};
use crate::crawl::protocol::command::Origin;
use crate::model::url_identity::UrlHash;
use crate::settings::seed_reach::UndoneSeed;

/// Most directories of a scope within that of a new seed which are noted in the journal: with more, the
/// seed cannot be undone.
const MAX_ABSORBED: usize = 1_000;

impl Control {
    /// Adds a seed. One that was undone is added again, with what was skipped then.
    pub(super) fn add_seed(&mut self, mut url: Url, origin: Origin) {
        let context = Arc::clone(&self.context);
        crate::web::url::strip_user(&mut url);
        let hash = UrlHash::of(&url);
        if !*context.signals.seen_ready.borrow() {
            return self.refuse("the URLs known from before are still being read: try again");
        }
        if let Some(reason) = context.frontier.excluded_by_pattern(url.as_str()) {
            return self.refuse(format!("that URL is {reason}"));
        }
        let is_known = context.frontier.known(&hash).is_some();
        if is_known && !context.frontier.is_left_by_seed(url.as_str()) {
            return self.refuse("that URL is known already");
        }
        let (scope, gain) = context.fetch.scope().with_seed(&url);
        let scope = Arc::new(scope);
        // Before the frontier knows of it: no link that is in scope now may be missed.
        context.fetch.set_scope(Arc::clone(&scope));
        let new_host = context.fetch.fetcher.add_seed(&url);
        self.settings.added_seeds.push(url.clone());
        let undo =
            (gain.absorbed.len() <= MAX_ABSORBED).then(|| Box::new(SeedUndo { gain, new_host }));
        let what = ChangeAction::Seed { url: url.clone(), added: true, undo };
        let seed = FoundLink::bare(url.as_str().into(), hash);
        let reads_sitemaps = frontier::are_read(&context.settings);
        let restorations = self.log_with(what, origin, None, |edit| {
            if reads_sitemaps {
                edit.sitemaps_of_seed(&url, context.settings.ignore_robots);
            }
            edit.add_seed(&url, seed, &scope)
        });
        for restoration in restorations {
            self.exclusions.restore(restoration);
        }
    }

    /// Undoes the seed of the entry `seq`: scope, credentials and private addresses become what they were
    /// before, and what is in scope because of this seed alone is skipped. Pages that were fetched stay.
    pub(super) fn undo_seed(&mut self, url: Url, undo: &SeedUndo, origin: Origin, seq: u64) {
        let context = Arc::clone(&self.context);
        if undo.gain.scope != self.settings.scope {
            return self.refuse("the scope is of another kind by now: that seed cannot be undone");
        }
        let scope = Arc::new(context.fetch.scope().without_seed(&url, &undo.gain));
        let fetcher = &context.fetch.fetcher;
        fetcher.remove_seed(&url, undo.new_host);
        if let Some(seed_names) = fetcher.seed_names(self.settings.fetch.seed_names.len()) {
            self.settings.fetch.seed_names = seed_names;
        }
        let added = &mut self.settings.added_seeds;
        if let Some(at) = added.iter().rposition(|seed| *seed == url) {
            added.remove(at);
        }
        let what = ChangeAction::Seed { url: url.clone(), added: false, undo: None };
        let seed = UndoneSeed { url, reach: undo.gain.reach.clone() };
        let (reason, _) =
            self.log_with(what, origin, Some(seq), |edit| edit.undo_seed(seed, &scope));
        // After the frontier: a page whose links are found by the scope before has begun before.
        context.fetch.set_scope(scope);
        self.exclusions.exclude(&reason);
    }
}
