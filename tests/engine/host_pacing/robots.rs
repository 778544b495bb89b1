//! What goes out while robots.txt is not known, cannot be had, or has grown old.

use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl::hosts::FetchPurpose;
use crawldeck::crawl::hosts::{HostQueues, Taken};
use crawldeck::crawl::hosts::{Outcome, Pace, ROBOTS_EXPIRE};
use crawldeck::crawl::protocol::host_view::WaitReason;
use crawldeck::model::page_state::PageState;
use crawldeck::web::robots::{RobotsAgents, RobotsPolicy, RobotsResponse};
use tokio::time::Instant;

use super::host_model::{SILENT, all, free, page, queues, rules, serve, status, taken, view};

fn pace() -> Pace {
    Pace { robots: true, attempts: 3, ..free() }
}

/// The one URL that may go, which is a robots.txt.
fn asked(queues: &mut HostQueues, now: Instant) -> String {
    let out = all(queues, now);
    assert_eq!(out.len(), 1, "{:?}", out.iter().map(|task| &task.url).collect::<Vec<_>>());
    assert!(matches!(out[0].purpose, FetchPurpose::Robots { .. }), "{}", out[0].url);
    out[0].url.to_string()
}

fn answer(
    queues: &mut HostQueues,
    url: &str,
    outcome: Outcome,
    fate: Arc<RobotsPolicy>,
    now: Instant,
) {
    queues.started(url, now);
    queues.ended(url, Some(now), Some(outcome), now);
    let host = crawldeck::crawl::hosts::host_of(url).into_owned();
    queues.robots_fetched(&host, url.starts_with("https"), fate, now);
}

#[test]
fn unknown_only_itself_goes_out_and_each_scheme_has_its_own() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 10);
    let mut secure = page("a.test", 99);
    secure.url = "https://a.test/99".into();
    queues.add(secure, 98);
    let url = asked(&mut queues, now);
    assert_eq!(url, "http://a.test/robots.txt");
    assert_eq!(view(&queues, "a.test", now).wait.unwrap().why, WaitReason::Robots);
    answer(&mut queues, &url, status(200), rules("User-agent: *\nDisallow: /x\n"), now);
    let mut out = all(&mut queues, now);
    assert_eq!(out.len(), 11);
    let last = out.pop().unwrap();
    assert_eq!(&*last.url, "https://a.test/robots.txt");
    assert!(out.iter().all(|task| !task.robots.as_ref().unwrap().allows("/x")));
}

#[test]
fn its_delay_runs_from_its_own_start_up_to_the_ceiling() {
    for (wish, gap, why) in [
        (2.0, 2, WaitReason::RobotsDelay),
        (500.0, 30, WaitReason::RobotsDelay),
        (0.5, 1, WaitReason::Delay),
    ] {
        let begin = Instant::now();
        let delay = Duration::from_secs(1);
        let mut queues = queues(Pace { delay, ..pace() }, &["a.test"], 5);
        let url = asked(&mut queues, begin);
        queues.started(&url, begin);
        let now = begin + Duration::from_millis(400);
        queues.ended(&url, Some(begin), Some(status(200)), now);
        queues.robots_fetched(
            "a.test",
            false,
            rules(&format!("User-agent: *\nCrawl-delay: {wish}\n")),
            now,
        );
        let gap = Duration::from_secs(gap);
        assert_eq!(view(&queues, "a.test", now).wait.unwrap().why, why);
        let almost = begin + gap - Duration::from_millis(1);
        assert!(taken(&mut queues, almost).is_none());
        assert!(taken(&mut queues, begin + gap).is_some());
    }
}

/// A delay may become known while URLs without one stand in the queue: that of the other scheme,
/// or that of a robots.txt requested again.
#[test]
fn urls_handed_out_before_a_delay_was_known_keep_it_too() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 5);
    let mut secure = page("a.test", 99);
    secure.url = "https://a.test/99".into();
    queues.add(secure, 98);
    let url = asked(&mut queues, now);
    answer(&mut queues, &url, status(200), rules(""), now);
    let mut out = all(&mut queues, now);
    let robots = out.pop().unwrap();
    assert_eq!((&*robots.url, out.len()), ("https://a.test/robots.txt", 5));
    let delay = rules("User-agent: *\nCrawl-delay: 5\n");
    answer(&mut queues, &robots.url, status(200), delay, now);
    let gap = Duration::from_secs(5);
    let mut starts = Vec::new();
    for second in 1..60 {
        let now = now + Duration::from_secs(second);
        for task in std::mem::take(&mut out) {
            if queues.may_start(&task.url, now) {
                queues.started(&task.url, now);
                starts.push(now);
                queues.ended(&task.url, Some(now), Some(status(200)), now);
            } else {
                queues.ended(&task.url, None, None, now);
                queues.push(task, true, 0);
            }
        }
        out = all(&mut queues, now);
    }
    assert!(starts.len() >= 5, "{}", starts.len());
    assert!(starts[0] >= now + gap);
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= gap), "{starts:?}");
}

#[test]
fn that_cannot_be_fetched_is_requested_again_and_then_all_ends() {
    let silent =
        RobotsPolicy::of(RobotsResponse::Unreachable("timed out"), &RobotsAgents::default());
    let broken = RobotsPolicy::of(
        RobotsResponse::Answered { status: 503, body: b"" },
        &RobotsAgents::default(),
    );
    for (outcome, fate, state) in
        [(SILENT, silent, PageState::Failed), (status(503), broken, PageState::Skipped)]
    {
        let mut now = Instant::now();
        let mut queues = queues(pace(), &["a.test", "up.test"], 700);
        let fate = Arc::new(fate);
        let mut tries = 0;
        let mut gone = Vec::new();
        let end = now + Duration::from_mins(10);
        while now < end {
            match queues.take(now) {
                Taken::UrlTask(task) if task.url.contains("up.test") => {
                    if matches!(task.purpose, FetchPurpose::Robots { .. }) {
                        answer(&mut queues, &task.url, status(404), rules(""), now);
                    } else {
                        serve(&mut queues, &task, status(200), now);
                    }
                }
                Taken::UrlTask(task) => {
                    assert_eq!(task.purpose, FetchPurpose::Robots { https: false });
                    tries += 1;
                    answer(&mut queues, &task.url, outcome, Arc::clone(&fate), now);
                }
                Taken::Abandoned(some) => gone.extend(some),
                _ => now += Duration::from_millis(100),
            }
        }
        assert_eq!((tries, gone.len()), (3, 700), "{state:?}");
        assert!(gone.iter().all(|(task, give_up)| task.url.contains("a.test")
            && give_up.state == state
            && give_up.reason.contains("robots.txt")));
        assert!(queues.is_empty());
    }
}

#[test]
fn it_expires_after_a_day() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test"], 3);
    let url = asked(&mut queues, now);
    answer(&mut queues, &url, status(200), rules(""), now);
    let before = now + ROBOTS_EXPIRE - Duration::from_secs(1);
    let task = taken(&mut queues, before).unwrap();
    assert_eq!(task.purpose, FetchPurpose::Page);
    serve(&mut queues, &task, status(200), before);
    asked(&mut queues, now + ROBOTS_EXPIRE);
}

#[test]
fn its_redirect_goes_out_though_nothing_else_does() {
    let now = Instant::now();
    let mut queues = queues(pace(), &["a.test", "b.test"], 3);
    let mut out = all(&mut queues, now);
    assert_eq!(out.len(), 2, "one robots.txt each");
    out.sort_by(|a, b| a.url.cmp(&b.url));
    // The one of a leads to b, whose own is still on its way.
    let mut hop = out[0].clone();
    serve(&mut queues, &out[0], status(301), now);
    let first = url::Url::parse(&hop.url).unwrap();
    hop.url = first.join("http://b.test/robots-of-a.txt").unwrap().as_str().into();
    queues.push(hop, true, 0);
    let hop = all(&mut queues, now);
    assert_eq!(hop.len(), 1);
    assert_eq!(&*hop[0].url, "http://b.test/robots-of-a.txt");
    serve(&mut queues, &hop[0], status(200), now);
    queues.robots_fetched("a.test", false, rules(""), now);
    let pages = all(&mut queues, now);
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|task| task.url.contains("a.test")));
    // And within the same host.
    let mut hop = out[1].clone();
    serve(&mut queues, &out[1], status(302), now);
    hop.url = "http://b.test/elsewhere".into();
    queues.push(hop, true, 0);
    assert_eq!(&*all(&mut queues, now)[0].url, "http://b.test/elsewhere");
}
