//! Redirects that lead to one page: it is requested once, and its result stands for all of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use crate::crawl::fetch::outcome::PageOutcome;
use crate::crawl::frontier::Frontier;
use crate::crawl::hosts::UrlTask;
use crate::crawl::pipeline::flow::Flow;
use crate::crawl::pipeline::signals::{Signals, Stopping};
use crate::crawl::pipeline::storage::Storage;
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::crawl::protocol::snapshot::WorkerState;
use crate::lock::Lock;
use crate::model::url_identity::UrlHash;
use crate::store::PreviousPage;
use crate::web::http::RedirectChain;

/// Maximum redirect targets remembered: then all are forgotten.
const MAX_TARGETS: usize = 4_096;

/// Where redirects lead.
#[derive(Debug, Default)]
pub struct Redirects {
    /// Pages that redirects led to recently.
    targets: Mutex<HashMap<UrlHash, Arc<PreviousPage>>>,
    /// Pages that are requested by way of a redirect at this moment, and the URLs that lead there
    /// too and wait for the result.
    #[expect(clippy::vec_box, reason = "as they come and go, without being copied")]
    in_flight: Mutex<HashMap<UrlHash, Vec<Box<UrlTask>>>>,
}

impl Redirects {
    /// Remembers the page that a redirect led to.
    pub fn remember(&self, target: UrlHash, outcome: &PageOutcome) {
        let page = PreviousPage {
            id: 0,
            state: outcome.state,
            status: outcome.status,
            content_length: outcome.length,
            content_type: outcome.content_type.clone(),
            title: outcome.title.clone(),
            final_url: None,
            content: outcome.content.clone(),
            links_missing: false,
        };
        let mut targets = self.targets.locked();
        if targets.len() >= MAX_TARGETS {
            targets.clear();
        }
        targets.insert(target, Arc::new(page));
    }
}

/// A request by way of a redirect: other URLs that lead there wait until this is dropped.
pub struct InFlightRedirect<'a> {
    redirects: &'a Redirects,
    frontier: &'a Frontier,
    target: UrlHash,
}

impl<'a> InFlightRedirect<'a> {
    /// `None` when another request to `target` is in flight already: then the URL waits for that.
    pub fn begin(
        redirects: &'a Redirects,
        frontier: &'a Frontier,
        target: UrlHash,
        mut task: Box<UrlTask>,
        chain: RedirectChain,
    ) -> Option<(Self, Box<UrlTask>, RedirectChain)> {
        match redirects.in_flight.locked().entry(target) {
            Entry::Vacant(place) => {
                place.insert(Vec::new());
                Some((Self { redirects, frontier, target }, task, chain))
            }
            Entry::Occupied(mut waiting) => {
                task.chain = Some(Box::new(chain));
                task.continues_attempt = true;
                waiting.get_mut().push(task);
                None
            }
        }
    }
}

impl Drop for InFlightRedirect<'_> {
    fn drop(&mut self) {
        let waiting = self.redirects.in_flight.locked().remove(&self.target);
        for task in waiting.into_iter().flatten() {
            self.frontier.requeue(task, None);
        }
    }
}

/// The page that a redirect leads to, if it is done: it need not be fetched for each of them,
/// unless each fetch counts (`duplicate_seeds`).
pub async fn known_target(
    redirects: &Redirects,
    frontier: &Frontier,
    (storage, flow, signals): (&Storage, &Flow, &Signals),
    slot: &WorkerSlot,
    target: &UrlHash,
) -> Result<Option<Arc<PreviousPage>>, Stopping> {
    if let Some(known) = redirects.targets.locked().get(target) {
        return Ok(Some(Arc::clone(known)));
    }
    if frontier.known(target).is_none() {
        return Ok(None);
    }
    slot.enter(WorkerState::Database);
    let read = || storage.store.previous_page(storage.crawl, *target);
    let page = storage.read(flow, signals, "the target of a redirect", read).await?;
    let whole = page.filter(|page| page.status.is_some() && page.final_url.is_none());
    Ok(whole.map(Arc::new))
}
