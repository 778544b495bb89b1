//! The parts that every page or link passes and no other benchmark times alone: resolving a link, the
//! identity of a URL, the set of URLs seen, the queue, the gate of permits, a snapshot.
//!
//! Parsing is in `parse.rs`, the choice of the next URL in `frontier.rs`, a frame of the dashboard in
//! `deck.rs`, a batch of the saver in `store.rs`.
#![allow(missing_docs, reason = "criterion's macros write undocumented items")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::frontier::{Frontier, FrontierStart};
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::queue::Queue;
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::model::ids::page_id;
use crawldeck::model::url_identity::UrlHash;
use crawldeck::semaphore::ResizableSemaphore;
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Setting;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode};
use crawldeck::web::resolve::absolute;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// What is done in one go where a single step is too short for the clock.
const MANY: u64 = 10_000;

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn resolve(c: &mut Criterion) {
    let base = Url::parse("http://127.0.0.1:8700/s/012/page-012345.html").unwrap();
    let mut group = c.benchmark_group("resolve");
    for (form, value) in [
        ("root", "/s/013/page-013001.html"),
        ("same folder", "page-012346.html"),
        ("folder above", "../013/page-013001.html"),
        ("absolute", "http://127.0.0.1:8700/s/013/page-013001.html"),
        ("other host", "https://www.example.com/news/2026/11/some-long-title-of-a-page.html"),
        ("query and fragment", "/search?q=crawler&page=2#results"),
        ("escapes to write", "/straße/münchen?größe=1"),
    ] {
        group.bench_function(form, |b| {
            b.iter(|| absolute(black_box(&base), black_box(value), encoding_rs::UTF_8));
        });
    }
    group.finish();
}

fn identity(c: &mut Criterion) {
    let mut group = c.benchmark_group("identity of a URL");
    for (form, url) in [
        ("as it is", "http://127.0.0.1:8700/s/013/page-013001.html"),
        ("escapes in lower case", "http://127.0.0.1:8700/stra%c3%9fe/page-013001.html?a=%c3%bc"),
    ] {
        let url = Url::parse(url).unwrap();
        group.bench_function(form, |b| b.iter(|| UrlHash::of(black_box(&url))));
    }
    group.finish();
}

fn hash(n: u64) -> UrlHash {
    UrlHash(xxhash_rust::xxh3::xxh3_128(&n.to_le_bytes()).to_be_bytes())
}

/// A frontier that knows so many URLs.
fn knowing(urls: u64) -> Frontier {
    let frontier = Frontier::new(FrontierStart::default());
    let known: Vec<_> = (0..urls).map(|n| (hash(n), page_id(0, n as u32 + 1))).collect();
    frontier.remember(&known);
    frontier
}

fn seen(c: &mut Criterion) {
    let mut group = c.benchmark_group("URLs seen");
    for urls in [10_000, 1_000_000] {
        let frontier = knowing(urls);
        for (what, from) in [("known", 0), ("unknown", urls)] {
            // In no order, as links come.
            let asked: Vec<_> = (0..MANY).map(|n| hash(from + n * 7_919 % urls)).collect();
            group.throughput(Throughput::Elements(MANY));
            group.bench_function(BenchmarkId::new(what, urls), |b| {
                b.iter(|| asked.iter().filter(|hash| frontier.known(hash).is_some()).count());
            });
        }
    }
    let new: Vec<_> = (0..1_000_000).map(|n| (hash(n), page_id(0, n as u32 + 1))).collect();
    group.throughput(Throughput::Elements(new.len() as u64));
    group.bench_function("a million new", |b| {
        b.iter_with_large_drop(|| {
            let frontier = Frontier::new(FrontierStart::default());
            frontier.remember(&new);
            frontier
        });
    });
    group.finish();
}

fn queue(c: &mut Criterion) {
    let mut group = c.benchmark_group("queue");
    let queue = Queue::new(100);
    group.bench_function("in and out, one task", |b| {
        b.iter(|| {
            queue.try_push(black_box(1)).unwrap();
            queue.try_pop().unwrap()
        });
    });
    let runtime = two_threads();
    for workers in [16, 1_000] {
        group.throughput(Throughput::Elements(MANY));
        group.bench_function(BenchmarkId::new("a producer and workers", workers), |b| {
            b.to_async(&runtime).iter(|| async {
                let queue = Arc::new(Queue::new(100));
                let workers: Vec<_> = (0..workers)
                    .map(|_| {
                        let queue = Arc::clone(&queue);
                        tokio::spawn(async move { while queue.pop().await.is_some() {} })
                    })
                    .collect();
                for item in 0..MANY {
                    queue.room().await;
                    queue.try_push(item).unwrap();
                }
                while !queue.is_empty() {
                    tokio::task::yield_now().await;
                }
                queue.close();
                for worker in workers {
                    worker.await.unwrap();
                }
            });
        });
    }
    group.finish();
}

fn gate(c: &mut Criterion) {
    let mut group = c.benchmark_group("gate");
    let gate = ResizableSemaphore::new(50);
    group.bench_function("a free permit", |b| b.iter(|| gate.try_acquire().unwrap()));
    let runtime = two_threads();
    for (permits, workers) in [(50, 50), (50, 200), (1_000, 1_000)] {
        group.throughput(Throughput::Elements(MANY));
        group.bench_function(format!("{permits} permits, {workers} workers"), |b| {
            b.to_async(&runtime).iter(|| async {
                let gate = ResizableSemaphore::new(permits);
                let each = MANY / workers;
                let workers: Vec<_> = (0..workers)
                    .map(|_| {
                        let gate = Arc::clone(&gate);
                        tokio::spawn(async move {
                            for _ in 0..each {
                                let _permit = gate.acquire().await;
                                tokio::task::yield_now().await;
                            }
                        })
                    })
                    .collect();
                for worker in workers {
                    worker.await.unwrap();
                }
            });
        });
    }
    group.finish();
}

/// A crawl of a thousand workers and as many requests in flight. Every command makes a snapshot, which
/// says how long the one before it took.
fn snapshot(c: &mut Criterion) {
    let runtime = two_threads();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.db");
    let (lab, mut crawl) = runtime.block_on(async {
        let faults = Faults::NONE.with(Fault::Latency, 1_000.0);
        let lab = Lab::start(LabConfig { pages: 300_000, faults, ..LabConfig::default() });
        let lab = lab.await.unwrap();
        let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
        let settings = Settings {
            seeds: vec![Url::parse(&lab.urls()[0]).unwrap()],
            scope: ScopeKind::Any,
            permits: 1_000,
            workers: 1_000,
            ..Settings::default()
        };
        let mut crawl = crawl::start(settings, store).await.unwrap();
        crawl.snapshots.wait_for(|s| s.gate.in_use == 1_000).await.unwrap();
        (lab, crawl)
    });
    let mut queue = 100;
    c.bench_function("snapshot of 1,000 workers", |b| {
        b.iter_custom(|times| {
            runtime.block_on(async {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    queue = if queue == 100 { 101 } else { 100 };
                    let set = Command::Set(Setting::Queue(queue));
                    crawl.commands.send((set, Origin::Api)).await.unwrap();
                    let seen = crawl.snapshots.wait_for(|s| s.dials.queue == queue).await.unwrap();
                    took += Duration::from_micros(seen.made_in_us);
                }
                took
            })
        });
    });
    runtime.block_on(async {
        crawl.commands.send((Command::StopNow, Origin::Api)).await.unwrap();
        crawl.wait().await;
        lab.stop().await;
    });
}

/// Whoever runs all benchmarks should not wait long for those of a few ns.
fn short() -> Criterion {
    let second = Duration::from_secs(1);
    Criterion::default().measurement_time(second).warm_up_time(second / 5).sample_size(20)
}

criterion_group! {
    name = benches;
    config = short();
    targets = resolve, identity, seen, queue, gate, snapshot
}
criterion_main!(benches);
