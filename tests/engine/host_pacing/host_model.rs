//! What these tests share: a window with hosts in it, and a host that answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::config::BreakerSettings;
use crawldeck::crawl::entry::{Entry, Errand};
use crawldeck::crawl::host::{After, Outcome, Pace};
use crawldeck::crawl::host_view::HostView;
use crawldeck::crawl::window::{Taken, Window, host_of};
use crawldeck::web::robots::{Fate, Names, Reply};
use crawldeck::web::url::UrlHash;
use tokio::time::Instant;
use url::Url;

pub const SECOND: Duration = Duration::from_secs(1);

/// A page of a host, with this id.
pub fn page(host: &str, id: i64) -> Box<Entry> {
    let url = Url::parse(&format!("http://{host}/{id}")).unwrap();
    let mut entry = Entry::aside(url.as_str().into(), UrlHash::of(&url), Errand::Page);
    entry.id = id;
    Box::new(entry)
}

/// A window with so many pages of each host, ids from 1.
pub fn window(pace: Pace, hosts: &[&str], pages: i64) -> Window {
    let mut window = Window::new(pace, HashMap::new());
    let mut id = 0;
    for _ in 0..pages {
        for host in hosts {
            id += 1;
            window.add(page(host, id), id - 1);
        }
    }
    window
}

/// No limits, no breaker, no robots.txt.
pub fn free() -> Pace {
    Pace {
        breaker: BreakerSettings { ratio: 2.0, ..BreakerSettings::default() },
        ..Pace::default()
    }
}

/// What a host's robots.txt says.
pub fn rules(text: &str) -> Arc<Fate> {
    Arc::new(Fate::of(Reply::Answered { status: 200, body: text.as_bytes() }, &Names::default()))
}

/// The URL that may go now.
pub fn taken(window: &mut Window, now: Instant) -> Option<Box<Entry>> {
    match window.take(now) {
        Taken::Entry(entry) => Some(entry),
        Taken::Throttled(_) | Taken::Empty => None,
        other => panic!("neither a URL nor none: {other:?}"),
    }
}

/// All that may go now, not yet started.
pub fn all(window: &mut Window, now: Instant) -> Vec<Box<Entry>> {
    std::iter::from_fn(|| taken(window, now)).collect()
}

/// Answers with this status, after no time.
pub const fn status(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None, took: Duration::from_millis(10) }
}

/// Never answers.
pub const SILENT: Outcome = Outcome::Unanswered { took: SECOND };

/// Starts a URL taken and ends it.
pub fn serve(window: &mut Window, entry: &Entry, outcome: Outcome, now: Instant) -> After {
    window.started(entry.target(), now);
    window.ended(entry.target(), Some(now), Some(outcome), now)
}

/// What viewers see of the host of a URL or name.
pub fn view(window: &Window, host: &str, now: Instant) -> HostView {
    let host = &*host_of(host);
    window.views(usize::MAX, now).into_iter().find(|view| &*view.host == host).unwrap()
}
