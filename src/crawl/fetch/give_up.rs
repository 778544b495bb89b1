//! The end of a URL that has no response.

use std::sync::Arc;

use crate::crawl::fetch::attempt::FetchAttempt;
use crate::crawl::fetch::context::CrawlContext;
use crate::crawl::fetch::{page, site_files};
use crate::crawl::hosts::{FetchPurpose, UrlTask};
use crate::crawl::pipeline::worker_slots::WorkerSlot;
use crate::settings::faults::PanicPoint;
use crate::web::http::{FetchError, RedirectChain};

/// Ends a URL without a response; `chain` are the redirects on the way to where it failed.
pub async fn give_up(
    context: &Arc<CrawlContext>,
    slot: &Arc<WorkerSlot>,
    task: Box<UrlTask>,
    chain: Option<RedirectChain>,
    failure: FetchError,
) {
    context.signals.panic_points.pass(PanicPoint::GiveUp);
    if task.purpose == FetchPurpose::Page {
        page::finish(context, slot, task, FetchAttempt::unfetched(failure, chain)).await;
    } else {
        let agents = &context.fetch.robots_agents;
        site_files::failed(&context.frontier, agents, &task, &failure);
    }
}
