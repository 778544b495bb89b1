//! Helpers to drive the queues of hosts: URLs, answers, and a time that is passed in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::hosts::{FetchPurpose, UrlTask};
use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, OutcomeEffect, Pace};
use crawldeck::crawl::protocol::host_view::HostView;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::web::robots::{RobotsAgents, RobotsPolicy, RobotsResponse};
use tokio::time::Instant;
use url::Url;

pub const S: Duration = Duration::from_secs(1);

/// No robots.txt, no delay, no limit; else as the settings are by default.
pub fn free() -> Pace {
    Pace::default()
}

pub fn queues(pace: Pace) -> HostQueues {
    HostQueues::new(pace, HashMap::new())
}

pub fn task(host: &str, id: i64) -> Box<UrlTask> {
    let url = Url::parse(&format!("http://{host}/{id}")).unwrap();
    let hash = UrlHash::of(&url);
    Box::new(UrlTask { id, ..UrlTask::auxiliary(url.as_str().into(), hash, FetchPurpose::Page) })
}

/// Gives a host URLs of these ids.
pub fn fill(queues: &mut HostQueues, host: &str, ids: impl IntoIterator<Item = i64>) {
    for id in ids {
        queues.add(task(host, id), id - 1);
    }
}

/// The URL that is handed out now, if one is.
pub fn taken(queues: &mut HostQueues, now: Instant) -> Option<Box<UrlTask>> {
    match queues.take(now) {
        Taken::UrlTask(task) => Some(task),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("neither URL nor wait: {other:?}"),
    }
}

/// All URLs that are handed out now.
pub fn all_taken(queues: &mut HostQueues, now: Instant) -> Vec<UrlTask> {
    std::iter::from_fn(|| taken(queues, now).map(|task| *task)).collect()
}

/// When the first of those that wait may go.
pub fn due(queues: &mut HostQueues, now: Instant) -> Option<Instant> {
    match queues.take(now) {
        Taken::Throttled(due) => due,
        other => panic!("nothing waits: {other:?}"),
    }
}

pub fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None, took: S / 10 }
}

pub fn asks_for(status: u16, cooldown: Duration) -> Outcome {
    Outcome::Answered { status, retry_after: Some(cooldown), took: S / 10 }
}

pub const NO_ANSWER: Outcome = Outcome::Unanswered { took: S };

/// The URL's request starts and ends at `now`.
pub fn asked(
    queues: &mut HostQueues,
    task: &UrlTask,
    outcome: Outcome,
    now: Instant,
) -> OutcomeEffect {
    queues.started(task.target(), now);
    queues.ended(task.target(), Some(now), Some(outcome), now)
}

pub fn view(queues: &HostQueues, host: &str, now: Instant) -> HostView {
    let views = queues.views(usize::MAX, now);
    views.into_iter().find(|view| &*view.host == host).expect("known")
}

/// A robots.txt of this text.
pub fn rules(text: &str) -> Arc<RobotsPolicy> {
    Arc::new(RobotsPolicy::of(
        RobotsResponse::Answered { status: 200, body: text.as_bytes() },
        &RobotsAgents::default(),
    ))
}

pub fn unreachable() -> Arc<RobotsPolicy> {
    Arc::new(RobotsPolicy::of(
        RobotsResponse::Unreachable("no connection"),
        &RobotsAgents::default(),
    ))
}

pub fn is_robots(task: &UrlTask) -> bool {
    matches!(task.purpose, FetchPurpose::Robots { .. })
}

/// Answers the robots.txt that is the only thing handed out.
pub fn with_robots(queues: &mut HostQueues, text: &str, now: Instant) {
    let asking = taken(queues, now).expect("its robots.txt");
    assert!(is_robots(&asking), "{asking:?}");
    let host = host_of(&asking.url).into_owned();
    assert!(taken(queues, now).is_none(), "only robots.txt goes out");
    asked(queues, &asking, answered(200), now);
    queues.robots_fetched(&host, false, rules(text), now);
}
