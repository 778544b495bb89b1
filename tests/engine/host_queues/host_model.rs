//! Words to speak to the books of hosts with: URLs, answers, and a time that is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::entry::{Entry, Errand};
use crawldeck::crawl::host::{After, Outcome, Pace};
use crawldeck::crawl::host_view::HostView;
use crawldeck::crawl::window::{Taken, Window, host_of};
use crawldeck::web::robots::{Fate, Names, Reply};
use crawldeck::web::url::UrlHash;
use tokio::time::Instant;
use url::Url;

pub const S: Duration = Duration::from_secs(1);

/// No robots.txt, no delay, no limit; else as the settings are by default.
pub fn free() -> Pace {
    Pace::default()
}

pub fn window(pace: Pace) -> Window {
    Window::new(pace, HashMap::new())
}

pub fn entry(host: &str, id: i64) -> Box<Entry> {
    let url = Url::parse(&format!("http://{host}/{id}")).unwrap();
    let hash = UrlHash::of(&url);
    Box::new(Entry { id, ..Entry::aside(url.as_str().into(), hash, Errand::Page) })
}

/// Gives a host URLs of these ids.
pub fn fill(window: &mut Window, host: &str, ids: impl IntoIterator<Item = i64>) {
    for id in ids {
        window.add(entry(host, id), id - 1);
    }
}

/// The URL that is handed out now, if one is.
pub fn taken(window: &mut Window, now: Instant) -> Option<Box<Entry>> {
    match window.take(now) {
        Taken::Entry(entry) => Some(entry),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("neither URL nor wait: {other:?}"),
    }
}

/// All URLs that are handed out now.
pub fn all_taken(window: &mut Window, now: Instant) -> Vec<Entry> {
    std::iter::from_fn(|| taken(window, now).map(|entry| *entry)).collect()
}

/// When the first of those that wait may go.
pub fn due(window: &mut Window, now: Instant) -> Option<Instant> {
    match window.take(now) {
        Taken::Throttled(due) => due,
        other => panic!("nothing waits: {other:?}"),
    }
}

pub fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None, took: S / 10 }
}

pub fn asks_for(status: u16, rest: Duration) -> Outcome {
    Outcome::Answered { status, retry_after: Some(rest), took: S / 10 }
}

pub const NO_ANSWER: Outcome = Outcome::Unanswered { took: S };

/// The URL's request starts and ends at `now`.
pub fn asked(window: &mut Window, entry: &Entry, outcome: Outcome, now: Instant) -> After {
    window.started(entry.target(), now);
    window.ended(entry.target(), Some(now), Some(outcome), now)
}

pub fn view(window: &Window, host: &str, now: Instant) -> HostView {
    let views = window.views(usize::MAX, now);
    views.into_iter().find(|view| &*view.host == host).expect("known")
}

/// A robots.txt of this text.
pub fn rules(text: &str) -> Arc<Fate> {
    Arc::new(Fate::of(Reply::Answered { status: 200, body: text.as_bytes() }, &Names::default()))
}

pub fn unreachable() -> Arc<Fate> {
    Arc::new(Fate::of(Reply::Unreachable("no connection"), &Names::default()))
}

pub fn is_robots(entry: &Entry) -> bool {
    matches!(entry.errand, Errand::Robots { .. })
}

/// Answers the robots.txt that is the only thing handed out.
pub fn with_robots(window: &mut Window, text: &str, now: Instant) {
    let asking = taken(window, now).expect("its robots.txt");
    assert!(is_robots(&asking), "{asking:?}");
    let host = host_of(&asking.url).into_owned();
    assert!(taken(window, now).is_none(), "only robots.txt goes out");
    asked(window, &asking, answered(200), now);
    window.robots(&host, false, rules(text), now);
}
