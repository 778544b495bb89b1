//! What these tests share: queues with hosts in them, and a host that answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::hosts::{FetchPurpose, UrlTask};
use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, OutcomeEffect, Pace};
use crawldeck::crawl::protocol::host_view::HostView;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::BreakerSettings;
use crawldeck::web::robots::{RobotsAgents, RobotsPolicy, RobotsResponse};
use tokio::time::Instant;
use url::Url;

pub const SECOND: Duration = Duration::from_secs(1);

/// A page of a host, with this id.
pub fn page(host: &str, id: i64) -> Box<UrlTask> {
    let url = Url::parse(&format!("http://{host}/{id}")).unwrap();
    let mut task = UrlTask::auxiliary(url.as_str().into(), UrlHash::of(&url), FetchPurpose::Page);
    task.id = id;
    Box::new(task)
}

/// Queues with so many pages of each host, ids from 1.
pub fn queues(pace: Pace, hosts: &[&str], pages: i64) -> HostQueues {
    let mut queues = HostQueues::new(pace, HashMap::new());
    let mut id = 0;
    for _ in 0..pages {
        for host in hosts {
            id += 1;
            queues.add(page(host, id), id - 1);
        }
    }
    queues
}

/// No limits, no breaker, no robots.txt.
pub fn free() -> Pace {
    Pace {
        breaker: BreakerSettings { ratio: 2.0, ..BreakerSettings::default() },
        ..Pace::default()
    }
}

/// What a host's robots.txt says.
pub fn rules(text: &str) -> Arc<RobotsPolicy> {
    Arc::new(RobotsPolicy::of(
        RobotsResponse::Answered { status: 200, body: text.as_bytes() },
        &RobotsAgents::default(),
    ))
}

/// The URL that may go now.
pub fn taken(queues: &mut HostQueues, now: Instant) -> Option<Box<UrlTask>> {
    match queues.take(now) {
        Taken::UrlTask(task) => Some(task),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("neither a URL nor none: {other:?}"),
    }
}

/// All that may go now, not yet started.
pub fn all(queues: &mut HostQueues, now: Instant) -> Vec<Box<UrlTask>> {
    std::iter::from_fn(|| taken(queues, now)).collect()
}

/// Answers with this status, after no time.
pub const fn status(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None, took: Duration::from_millis(10) }
}

/// Never answers.
pub const SILENT: Outcome = Outcome::Unanswered { took: SECOND };

/// Starts a URL taken and ends it.
pub fn serve(
    queues: &mut HostQueues,
    task: &UrlTask,
    outcome: Outcome,
    now: Instant,
) -> OutcomeEffect {
    queues.started(task.target(), now);
    queues.ended(task.target(), Some(now), Some(outcome), now)
}

/// What viewers see of the host of a URL or name.
pub fn view(queues: &HostQueues, host: &str, now: Instant) -> HostView {
    let host = &*host_of(host);
    queues.views(usize::MAX, now).into_iter().find(|view| &*view.host == host).unwrap()
}
