//! 1,000 requests to one host with a gap: what its server sees between two of them is never less.

use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::frontier::{FoundLink, Frontier, FrontierStart, Next};
use crawldeck::crawl::hosts::Pace;
use crawldeck::crawl::hosts::UrlTask;
use crawldeck::crawl::protocol::snapshot::RunState;
use crawldeck::lab::robots::OriginRobots;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::store::{self, OpenMode};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use super::host_model::status;

const REQUESTS: usize = 1_000;

/// What the engine grants a request to arrive in: a tenth of the gap, 50 to 250 ms.
fn on_its_way(gap: Duration) -> Duration {
    (gap / 10).clamp(Duration::from_millis(50), Duration::from_millis(250))
}

/// The gaps that a server sees on a clock that only this test moves: any time in the queue, any
/// time on the way up to what counts as arrived, any time to answer.
async fn gaps(delay: Duration, slowest: Duration, workers: usize) -> Vec<Duration> {
    let pace = Pace { delay, ..Pace::default() };
    let frontier = Arc::new(Frontier::new(FrontierStart { pace, ..FrontierStart::default() }));
    frontier.seed((0..REQUESTS).map(|n| {
        let url = Url::parse(&format!("http://h.test/{n}")).unwrap();
        FoundLink::bare(url.as_str().into(), UrlHash::of(&url))
    }));
    let (queue, received) = mpsc::channel(10);
    let received = Arc::new(Mutex::new(received));
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let some = move |most: Duration| most.mul_f64(fastrand::f64());
    for _ in 0..workers {
        let (frontier, received, seen) =
            (Arc::clone(&frontier), Arc::clone(&received), Arc::clone(&seen));
        tokio::spawn(async move {
            loop {
                let next = received.lock().await.recv().await;
                let Some(task): Option<Box<UrlTask>> = next else { return };
                sleep(some(slowest)).await;
                assert!(frontier.start(&task, &task.url), "nothing here forbids it");
                let began = Instant::now();
                let grace = on_its_way(task.gap);
                let travel = some(grace);
                sleep(travel).await;
                seen.lock().unwrap().push(Instant::now());
                let answer = some(slowest);
                // As its mark does: with the head of the answer, or when it must have arrived.
                sleep(answer.min(grace.saturating_sub(travel))).await;
                frontier.started(&task.url, true);
                sleep(answer.saturating_sub(grace.saturating_sub(travel))).await;
                frontier.ended(&task.url, Some(began), Some(status(200)));
            }
        });
    }
    let mut left = REQUESTS;
    while left > 0 {
        let changed = frontier.changed();
        match frontier.next(Instant::now()) {
            Next::UrlTask(task) => {
                left -= 1;
                queue.send(task).await.unwrap();
            }
            Next::Retry => {}
            Next::Wait { throttled: true, due: Some(due) } => {
                tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                }
            }
            Next::Wait { throttled: true, due: None } => changed.await,
            other => panic!("{other:?} with {left} left"),
        }
    }
    while seen.lock().unwrap().len() < REQUESTS {
        sleep(delay).await;
    }
    let seen = seen.lock().unwrap();
    seen.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn by_the_paused_clock() {
    for (delay_ms, slowest_ms, workers) in [(10, 3, 1), (100, 50, 16), (1_000, 5_000, 16)] {
        let delay = Duration::from_millis(delay_ms);
        let gaps = gaps(delay, Duration::from_millis(slowest_ms), workers).await;
        assert_eq!(gaps.len(), REQUESTS - 1);
        let least = gaps.iter().min().unwrap();
        assert!(*least >= delay, "{least:?} between two, {delay:?} wanted");
    }
}

/// The whole engine and a server of this machine, by the real clock.
async fn for_real(requests: u32, delay: Duration, robots: OriginRobots, latency: Duration) {
    let origin = TestOriginConfig {
        content: OriginContent::Pages(requests),
        robots,
        latency,
        ..TestOriginConfig::default()
    };
    let origin = TestOrigin::start(origin).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gap.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![Url::parse(origin.url()).unwrap()],
        delay,
        sitemaps: false,
        ..Settings::default()
    };
    let mut crawl = crawl::start(settings, store).await.unwrap();
    let end = crawl.snapshots.wait_for(|snapshot| snapshot.run.is_final()).await.unwrap();
    assert_eq!(end.run, RunState::Complete, "{:?}", end.totals);
    drop(end);
    crawl.wait().await;
    let times = origin.times();
    assert!(
        times.dropped == 0 && times.requests.len() > requests as usize,
        "{}",
        times.requests.len()
    );
    // robots.txt is a request like any other.
    let gaps = times.gaps(|_| true);
    let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let wanted = delay.max(Duration::from_millis(10)).as_secs_f64() * 1000.0;
    let worst = gaps.iter().position(|gap| *gap <= least).unwrap();
    assert!(least >= wanted, "{least} ms before request {} of {}", worst + 1, gaps.len() + 1);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_real_by_the_users_delay() {
    let delay = Duration::from_millis(10);
    for_real(REQUESTS as u32, delay, OriginRobots::Missing, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_real_by_crawl_delay_from_a_server_slower_than_the_gap() {
    // Slower than a request is granted to arrive as well, so that two are under way at once.
    let latency = Duration::from_millis(80);
    for_real(200, Duration::ZERO, OriginRobots::crawl_delay(0.01), latency).await;
}
