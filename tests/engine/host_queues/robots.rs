//! Nothing of a host goes out before its robots.txt, and what that says holds as long as nothing
//! newer is known.

use std::collections::{HashMap, HashSet};

use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Pace, ROBOTS_EXPIRE};
use crawldeck::crawl::protocol::host_view::WaitReason;
use crawldeck::store::OpenHost;
use crawldeck::web::http::RedirectChain;
use proptest::prelude::*;
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

/// Behind thousands of hosts the server would have closed the connection by then.
#[tokio::test(start_paused = true)]
async fn the_first_page_follows_its_robots_txt_before_other_hosts_have_their_turn() {
    let now = Instant::now();
    let mut queues = obeying();
    for host in 0..1_000 {
        fill(&mut queues, &format!("h{host}.test"), [1, 2]);
    }
    let asking: Vec<_> = (0..3).map(|_| taken(&mut queues, now).unwrap()).collect();
    for task in &asking {
        assert!(is_robots(task));
        asked(&mut queues, task, answered(200), now);
        queues.robots_fetched(&host_of(&task.url), false, rules(NO_RULES), now);
    }
    let next: Vec<_> = (0..4).map(|_| taken(&mut queues, now).unwrap()).collect();
    let hosts: Vec<_> = next.iter().map(|task| host_of(&task.url)).collect();
    assert_eq!(hosts, ["h2.test", "h1.test", "h0.test", "h3.test"]);
    assert_eq!(
        next.iter().map(|task| is_robots(task)).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    // The second page takes its turn after the robots.txt of all others.
    let rest = all_taken(&mut queues, now);
    assert!(rest[..996].iter().all(is_robots));
    assert_eq!((rest.len(), &*rest[996].url), (999, "http://h2.test/2"));
}

proptest! {
    /// Whatever order the answers come in, no host has more than its turn, and each URL goes out once.
    #[test]
    fn turns_stay_even_while_robots_files_arrive(hosts in 1..12_i64, pages in 1..6_i64, seed in any::<u64>()) {
        let now = Instant::now();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut queues = obeying();
        for id in 0..hosts * pages {
            queues.add(task(&format!("h{}.test", id % hosts), id + 1), id);
        }
        let (mut out, mut seen, mut order) = (Vec::new(), HashSet::new(), Vec::new());
        let mut known: HashSet<String> = HashSet::new();
        while seen.len() < (hosts * pages) as usize {
            match queues.take(now) {
                Taken::UrlTask(task) => {
                    let host = host_of(&task.url).into_owned();
                    if is_robots(&task) {
                        prop_assert!(!known.contains(&host), "asked for again: {host}");
                    } else {
                        prop_assert!(known.contains(&host), "before its robots.txt: {host}");
                        prop_assert!(seen.insert(task.id));
                        order.push(host);
                    }
                    out.push(task);
                }
                Taken::Throttled(_) => prop_assert!(!out.is_empty(), "nothing would ever go out"),
                other => prop_assert!(false, "{other:?}"),
            }
            while !out.is_empty() && rng.bool() {
                let task = out.swap_remove(rng.usize(..out.len()));
                asked(&mut queues, &task, answered(200), now);
                if is_robots(&task) {
                    let host = host_of(&task.url).into_owned();
                    queues.robots_fetched(&host, false, rules(NO_RULES), now);
                    known.insert(host);
                }
            }
        }
        // Once all are known, a host comes again only after every other one with URLs.
        let mut left: HashMap<String, i64> = (0..hosts).map(|h| (format!("h{h}.test"), pages)).collect();
        for (at, host) in order.iter().enumerate() {
            *left.get_mut(host).unwrap() -= 1;
            if let Some(next) = order[at + 1..].iter().position(|other| other == host) {
                let between: HashSet<_> = order[at + 1..=at + next].iter().collect();
                let others = known_before(&order, at).filter(|other| *other != host && left[*other] > 0);
                for other in others {
                    prop_assert!(between.contains(other), "{host} twice before {other}");
                }
            }
        }
        let empty = matches!(queues.take(now), Taken::Empty);
        prop_assert!(empty);
    }
}

/// The hosts of which a page went out up to `at`.
fn known_before(order: &[String], at: usize) -> impl Iterator<Item = &String> {
    order[..=at].iter().collect::<HashSet<_>>().into_iter()
}

/// A host that could not be read from disk gives way, also where another one came before it meanwhile.
#[tokio::test(start_paused = true)]
async fn a_host_that_was_not_read_gives_way_to_those_whose_robots_txt_came() {
    let now = Instant::now();
    let mut queues = obeying();
    fill(&mut queues, "a.test", [1]);
    let asking = taken(&mut queues, now).unwrap();
    asked(&mut queues, &asking, answered(200), now);
    let disk = OpenHost { host_id: 0, open: 9, url: "http://disk.test/".into() };
    queues.restore(&[disk], 1);
    let refill = queues.take(now);
    assert!(matches!(&refill, Taken::Refill { host, .. } if &**host == "disk.test"), "{refill:?}");
    queues.robots_fetched("a.test", false, rules(NO_RULES), now);
    fill(&mut queues, "b.test", [3]);
    queues.not_refilled("disk.test");
    assert_eq!(&*taken(&mut queues, now).unwrap().url, "http://a.test/1");
    assert_eq!(&*taken(&mut queues, now).unwrap().url, "http://b.test/robots.txt");
    assert!(matches!(queues.take(now), Taken::Refill { .. }));
}
