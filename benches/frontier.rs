//! Choosing the next URL: what one `take` costs among few and many hosts with different delays.
//!
//! `cargo bench --bench frontier`
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use crawldeck::config::HostRule;
use crawldeck::crawl::entry::{Entry, Errand};
use crawldeck::crawl::host::{Outcome, Pace};
use crawldeck::crawl::window::{Taken, Window};
use crawldeck::web::robots::{Fate, Reply};
use crawldeck::web::url::UrlHash;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::time::Instant;

/// A window in which each of `hosts` has URLs and a delay of its own, by its robots.txt.
fn window(hosts: u32, now: Instant) -> Window {
    let pace = Pace { robots: true, max_robots_delay: Duration::from_hours(1), ..Pace::default() };
    let mut window = Window::new(pace, std::collections::HashMap::<_, HostRule>::new());
    let each = 40_000 / i64::from(hosts).clamp(8, 40_000);
    for host in 0..hosts {
        for url in 0..each {
            let id = i64::from(host) * each + url + 1;
            let text = format!("http://host-{host}.example/page/{url}");
            let entry = Entry { id, ..Entry::aside(text.into(), UrlHash([0; 16]), Errand::Page) };
            window.add(Box::new(entry), id - 1);
        }
    }
    // Every host's robots.txt is asked for and says another delay.
    for _ in 0..hosts {
        let Taken::Entry(robots) = window.take(now) else { panic!("robots.txt") };
        let name = robots.url.trim_start_matches("http://").trim_end_matches("/robots.txt");
        let millis = 1 + name.len() as u64 * 7 + name.bytes().map(u64::from).sum::<u64>() % 997;
        let text = format!("User-agent: *\nCrawl-delay: {}\n", millis as f64 / 1000.0);
        let fate = Fate::of(Reply::Answered { status: 200, body: text.as_bytes() }, "crawldeck");
        let (name, outcome) = (name.to_owned(), answered());
        window.started(&robots.url, now);
        window.ended(&robots.url, Some(now), Some(outcome), now);
        window.robots(&name, false, fate.into(), now);
    }
    window
}

fn answered() -> Outcome {
    Outcome::Answered { status: 200, retry_after: None, took: Duration::from_millis(20) }
}

fn choose(c: &mut Criterion) {
    for hosts in [1, 100, 10_000] {
        c.bench_function(&format!("choose among {hosts} hosts"), |b| {
            let mut now = Instant::now();
            let mut window = window(hosts, now);
            let mut id = 1 << 40;
            b.iter(|| {
                // The next one that is due; the clock goes on to its time.
                let entry = loop {
                    match window.take(now) {
                        Taken::Entry(entry) => break entry,
                        Taken::Throttled(Some(due)) => now = due,
                        other => panic!("{other:?}"),
                    }
                };
                window.started(entry.target(), now);
                window.ended(entry.target(), Some(now), Some(answered()), now);
                // Its place is taken by another, so that the size stays.
                id += 1;
                let entry = black_box(Entry { id, ..*entry });
                window.add(Box::new(entry), id - 1);
            });
        });
    }
}

criterion_group!(benches, choose);
criterion_main!(benches);
