//! How long the choice of the next URL takes, with 1, 100 and 10,000 hosts.
//!
//! Only [`HostQueues::take`] is timed, each call for itself, so that a median can be given; the clock of
//! the hosts is moved by hand. Criterion times the same calls for comparison between versions.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant as Watch};

use crawldeck::crawl::hosts::{FetchPurpose, UrlTask};
use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, Pace};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::web::robots::{RobotsAgents, RobotsPolicy, RobotsResponse};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::time::Instant;
use url::Url;

/// Pages of each host.
const PAGES: usize = 3;

/// What the hosts are like.
#[derive(Clone, Copy)]
enum Kind {
    /// Each has a gap of its own, 0.5 to 30 s.
    Delays,
    /// As before, and with each choice new URLs of hosts in cooldown are found.
    Found,
    /// None has a gap.
    Free,
}

impl Kind {
    const ALL: [(Self, &str); 3] =
        [(Self::Delays, "different delays"), (Self::Found, "and new URLs"), (Self::Free, "no gap")];
}

struct Field {
    queues: HostQueues,
    now: Instant,
    kind: Kind,
    hosts: usize,
    id: i64,
}

fn task(host: usize, id: i64) -> Box<UrlTask> {
    let url = Url::parse(&format!("http://host-{host}.test/{id}")).unwrap();
    let mut task = UrlTask::auxiliary(url.as_str().into(), UrlHash::of(&url), FetchPurpose::Page);
    task.id = id;
    Box::new(task)
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None, took: Duration::from_millis(50) }
}

impl Field {
    fn new(hosts: usize, kind: Kind) -> Self {
        let pace = Pace { robots: !matches!(kind, Kind::Free), ..Pace::default() };
        let queues = HostQueues::new(pace, HashMap::new());
        let mut field = Self { queues, now: Instant::now(), kind, hosts, id: 0 };
        for host in 0..hosts * PAGES {
            field.find(host % hosts);
        }
        field
    }

    fn find(&mut self, host: usize) {
        self.id += 1;
        self.queues.add(task(host, self.id), self.id - 1);
    }

    /// One choice, timed, and what follows from it, untimed.
    fn step(&mut self) -> Duration {
        let watch = Watch::now();
        let taken = self.queues.take(black_box(self.now));
        let took = watch.elapsed();
        match taken {
            Taken::UrlTask(task) => self.serve(task),
            Taken::Throttled(due) => self.now = due.unwrap(),
            other => panic!("{other:?}"),
        }
        if matches!(self.kind, Kind::Found) && fastrand::u8(..) < 128 {
            let host = fastrand::usize(..self.hosts);
            self.find(host);
        }
        took
    }

    fn serve(&mut self, task: Box<UrlTask>) {
        let now = self.now;
        self.queues.started(&task.url, now);
        self.queues.ended(&task.url, Some(now), Some(answered(200)), now);
        if matches!(task.purpose, FetchPurpose::Robots { .. }) {
            let delay = 0.5 + fastrand::f64() * 29.5;
            let text = format!("User-agent: *\nCrawl-delay: {delay}\nDisallow: /private/\n");
            let reply = RobotsResponse::Answered { status: 200, body: text.as_bytes() };
            let host = host_of(&task.url).into_owned();
            self.queues.robots_fetched(
                &host,
                false,
                Arc::new(RobotsPolicy::of(reply, &RobotsAgents::default())),
                now,
            );
        } else {
            self.queues.push(task, false, self.id);
        }
    }
}

fn choose(c: &mut Criterion) {
    fastrand::seed(1);
    let mut group = c.benchmark_group("choose");
    for (kind, name) in Kind::ALL {
        for hosts in [1, 100, 10_000] {
            let mut field = Field::new(hosts, kind);
            // Until every robots.txt is known.
            for _ in 0..5 * hosts {
                field.step();
            }
            let mut each: Vec<Duration> = (0..200_000).map(|_| field.step()).collect();
            each.sort_unstable();
            let at = |share: f64| each[(each.len() as f64 * share) as usize].as_nanos();
            println!(
                "{hosts} hosts, {name}: median {} ns, 99 % {} ns, worst {} ns",
                at(0.5),
                at(0.99),
                each[each.len() - 1].as_nanos()
            );
            group.bench_function(format!("{name}/{hosts}"), |b| {
                b.iter_custom(|times| (0..times).map(|_| field.step()).sum());
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(200)).sample_size(20);
    targets = choose
}
criterion_main!(benches);
