//! How long the choice of the next URL takes, with 1, 100 and 10,000 hosts; and what a frontier of
//! `MILLION` (5) million URLs takes in memory, and whether the choice is slower there.
//!
//! Only [`HostQueues::take`] is timed, each call for itself, so that a median can be given; the clock of
//! the hosts is moved by hand. Criterion times the same calls for comparison between versions.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant as Watch};

use crawldeck::crawl::frontier::{FoundLink, Frontier, FrontierStart, Next};
use crawldeck::crawl::hosts::{FetchPurpose, UrlTask};
use crawldeck::crawl::hosts::{HostQueues, Taken, host_of};
use crawldeck::crawl::hosts::{Outcome, Pace};
use crawldeck::model::ids::{host_id, page_id, seq_of};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::store::FrontierRow;
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

/// A frontier of generated URLs, in turn one of each host. What is saved of it is dropped: rows that it
/// reads back are generated anew.
struct Large {
    frontier: Frontier,
    hosts: u32,
    known: u32,
}

impl Large {
    fn new(hosts: u32) -> Self {
        Self { frontier: Frontier::new(FrontierStart::default()), hosts, known: 0 }
    }

    fn url(&self, seq: u32) -> Arc<str> {
        format!("http://host-{}.test/articles/{}/page-{seq}.html", seq % self.hosts, seq % 97)
            .into()
    }

    async fn grow(&mut self, to: u32) {
        while self.known < to {
            let seqs = self.known + 1..=to.min(self.known + 1_000);
            self.known = *seqs.end();
            self.frontier.seed(seqs.map(|seq| {
                let url = self.url(seq);
                let hash = UrlHash::of(&Url::parse(&url).unwrap());
                FoundLink::bare(url, hash)
            }));
            let (_, cost) = self.frontier.next_batch().await.unwrap();
            self.frontier.committed(cost);
        }
    }

    /// Chooses so many URLs, each of which is answered at once; returns what each choice took, sorted.
    fn choose(&self, count: usize) -> Vec<Duration> {
        let mut each = Vec::with_capacity(count);
        while each.len() < count {
            let now = Instant::now();
            let watch = Watch::now();
            let next = self.frontier.next(black_box(now));
            let took = watch.elapsed();
            match next {
                Next::UrlTask(task) => {
                    each.push(took);
                    self.frontier.started(&task.url, false);
                    self.frontier.ended(&task.url, Some(now), Some(answered(200)));
                }
                Next::Refill { host, after, limit, commits } => {
                    let rows = self.rows(&host, seq_of(after), limit as usize);
                    self.frontier.refilled(&host, rows, commits, now, 0);
                }
                other => panic!("{other:?}"),
            }
        }
        each.sort_unstable();
        each
    }

    fn rows(&self, host: &str, after: u32, limit: usize) -> Vec<FrontierRow> {
        let number: u32 = host["host-".len()..].trim_end_matches(".test").parse().unwrap();
        let mut first = after / self.hosts * self.hosts + number;
        if first <= after {
            first += self.hosts;
        }
        let seqs = (first..=self.known).step_by(self.hosts as usize).take(limit);
        let row = |seq| {
            let url = self.url(seq);
            FrontierRow {
                id: page_id(0, seq),
                url_hash: UrlHash::of(&Url::parse(&url).unwrap()),
                url,
                depth: 0,
                attempts: 0,
                resent: 0,
                not_before_ms: 0,
                found_on: None,
                host_id: host_id(host),
                lastmod_ms: None,
            }
        };
        seqs.map(row).collect()
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> f64 {
    memory_stats::memory_stats().unwrap().physical_mem as f64
}

fn large(_: &mut Criterion) {
    let millions = std::env::var("MILLION").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let (few, all) = (200_000, millions * 1_000_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for hosts in [1, 10_000] {
        let before = resident();
        let mut large = Large::new(hosts);
        for urls in [few, all] {
            runtime.block_on(large.grow(urls));
            let each = large.choose(50_000);
            let memory = resident() - before;
            println!(
                "{hosts} hosts, {urls} URLs: {:.0} MiB, {:.1} bytes a URL; choice: median {} ns, 99 % {} ns",
                memory / f64::from(1 << 20),
                memory / f64::from(urls),
                each[each.len() / 2].as_nanos(),
                each[each.len() * 99 / 100].as_nanos()
            );
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(200)).sample_size(20);
    targets = choose, large
}
criterion_main!(benches);
