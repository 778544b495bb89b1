//! Nothing of a host goes out before its robots.txt, and what that says holds as long as nothing
//! newer is known.

use crawldeck::crawl::hosts::{HostQueues, host_of};
use crawldeck::crawl::hosts::{Pace, ROBOTS_EXPIRE};
use crawldeck::crawl::protocol::host_view::WaitReason;
use crawldeck::web::http::RedirectChain;
use tokio::time::Instant;
use url::Url;

use super::host_model::*;

fn obeying() -> HostQueues {
    queues(Pace { robots: true, ..free() })
}

const NO_RULES: &str = "User-agent: *\nAllow: /\n";

#[tokio::test(start_paused = true)]
async fn before_the_robots_txt_nothing_else_goes_out() {
    let now = Instant::now();
    let mut queues = obeying();
    fill(&mut queues, "a.test", 1..=9);
    let asking = taken(&mut queues, now).unwrap();
    assert!(is_robots(&asking));
    assert_eq!(&*asking.url, "http://a.test/robots.txt");
    assert!(taken(&mut queues, now + 600 * S).is_none());
    assert_eq!(view(&queues, "a.test", now).wait.unwrap().why, WaitReason::Robots);
    // Other hosts do not wait for it.
    fill(&mut queues, "b.test", [1]);
    with_robots(&mut queues, NO_RULES, now);
    assert_eq!(host_of(&taken(&mut queues, now).unwrap().url), "b.test");
    asked(&mut queues, &asking, answered(200), now);
    assert!(taken(&mut queues, now).is_none(), "read, but not yet understood");
    queues.robots_fetched("a.test", false, rules("User-agent: *\nDisallow: /x\n"), now);
    let pages = all_taken(&mut queues, now);
    assert_eq!(pages.len(), 9);
    assert!(pages.iter().all(|page| !page.robots.as_ref().unwrap().allows("/x")));
}

#[tokio::test(start_paused = true)]
async fn it_expires_after_a_day_and_its_delay_holds_until_another_is_known() {
    let now = Instant::now();
    let mut queues = obeying();
    fill(&mut queues, "a.test", 1..=9);
    with_robots(&mut queues, "User-agent: *\nCrawl-delay: 10\n", now);
    let last = now + ROBOTS_EXPIRE - S / 1000;
    let page = taken(&mut queues, last).unwrap();
    assert!(!is_robots(&page));
    asked(&mut queues, &page, answered(200), last);
    assert_eq!(due(&mut queues, last), Some(last + 10 * S));
    let again = taken(&mut queues, last + 10 * S).unwrap();
    assert!(is_robots(&again));
    assert_eq!(again.gap, 10 * S, "its request is one like any other");
    assert!(taken(&mut queues, last + 60 * S).is_none(), "only robots.txt goes out");
    // It cannot be had: the next try keeps the delay as well.
    asked(&mut queues, &again, NO_ANSWER, last + 60 * S);
    queues.robots_fetched("a.test", false, unreachable(), last + 60 * S);
    assert_eq!(due(&mut queues, last + 60 * S), Some(last + 70 * S));
    let again = taken(&mut queues, last + 70 * S).unwrap();
    assert!(is_robots(&again));
    asked(&mut queues, &again, answered(200), last + 70 * S);
    queues.robots_fetched("a.test", false, rules("User-agent: *\nCrawl-delay: 2\n"), last + 71 * S);
    assert_eq!(due(&mut queues, last + 71 * S), Some(last + 72 * S), "the new one, from its start");
    assert!(!is_robots(&taken(&mut queues, last + 73 * S).unwrap()));
}

/// Both schemes of a name have a robots.txt of their own, and one pace.
#[tokio::test(start_paused = true)]
async fn http_and_https_have_two_robots_files_and_one_pace() {
    let now = Instant::now();
    let mut queues = obeying();
    fill(&mut queues, "a.test", [1]);
    let mut page = task("a.test", 2);
    page.url = page.url.replace("http:", "https:").into();
    queues.add(page, 1);
    with_robots(&mut queues, "User-agent: *\nCrawl-delay: 5\n", now);
    let plain = taken(&mut queues, now + 5 * S).unwrap();
    asked(&mut queues, &plain, answered(200), now + 5 * S);
    assert_eq!(due(&mut queues, now + 5 * S), Some(now + 10 * S));
    let asking = taken(&mut queues, now + 10 * S).unwrap();
    assert_eq!(&*asking.url, "https://a.test/robots.txt");
    asked(&mut queues, &asking, answered(200), now + 10 * S);
    queues.robots_fetched("a.test", true, rules(NO_RULES), now + 10 * S);
    assert_eq!(due(&mut queues, now + 10 * S), Some(now + 15 * S), "the strictest of both");
}

/// The next hop of a robots.txt goes out although none is known, but at the pace of its host.
#[tokio::test(start_paused = true)]
async fn a_redirected_robots_txt_is_followed_on_its_host_and_on_another() {
    for target in ["http://a.test/r.txt", "http://b.test/r.txt"] {
        for b_is_asking in [false, true] {
            let now = Instant::now();
            let mut queues = obeying();
            fill(&mut queues, "a.test", 1..=3);
            let mut asking = taken(&mut queues, now).unwrap();
            fill(&mut queues, "b.test", 1..=3);
            let own = b_is_asking.then(|| taken(&mut queues, now).unwrap());
            asked(&mut queues, &asking, answered(301), now);
            asking.chain = Some(Box::new(RedirectChain::new(&Url::parse(target).unwrap())));
            queues.push(asking, true, 3);
            let out = all_taken(&mut queues, now);
            let hop = out.iter().find(|task| task.target() == target).expect("the next hop");
            assert!(out.iter().all(is_robots), "no page: {out:?}");
            assert!(hop.robots.is_none());
            asked(&mut queues, hop, answered(200), now);
            queues.robots_fetched("a.test", false, rules(NO_RULES), now);
            let pages = all_taken(&mut queues, now);
            assert_eq!(pages.len(), 3, "{target}: {pages:?}");
            assert!(pages.iter().all(|page| host_of(&page.url) == "a.test"), "b's is not known");
            for own in own
                .as_deref()
                .into_iter()
                .chain(out.iter().filter(|e| &*e.url == "http://b.test/robots.txt"))
            {
                asked(&mut queues, own, answered(200), now);
                queues.robots_fetched("b.test", false, rules(NO_RULES), now);
            }
            assert_eq!(all_taken(&mut queues, now).len(), 3, "{target}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirected_robots_txt_keeps_the_gap_of_its_target() {
    let now = Instant::now();
    let mut queues = obeying();
    fill(&mut queues, "b.test", 1..=3);
    with_robots(&mut queues, "User-agent: *\nCrawl-delay: 5\n", now);
    fill(&mut queues, "a.test", [1]);
    let mut asking = taken(&mut queues, now).unwrap();
    asked(&mut queues, &asking, answered(301), now);
    let target = Url::parse("http://b.test/r.txt").unwrap();
    asking.chain = Some(Box::new(RedirectChain::new(&target)));
    queues.push(asking, true, 3);
    assert_eq!(due(&mut queues, now), Some(now + 5 * S));
    let hop = taken(&mut queues, now + 5 * S).unwrap();
    assert_eq!((hop.target(), hop.gap), (target.as_str(), 5 * S));
}
