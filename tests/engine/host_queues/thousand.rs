//! A thousand requests to a host with a delay: no gap that the server sees is below it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::frontier::{FoundLink, Frontier, FrontierStart, Next};
use crawldeck::crawl::hosts::Pace;
use crawldeck::lab::test_origin::{OriginContent, TestOrigin, TestOriginConfig};
use crawldeck::model::url_identity::UrlHash;
use crawldeck::settings::Settings;
use crawldeck::store::{self, OpenMode};
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use super::host_model::answered;

/// Pages besides the first, so that there are a thousand requests besides robots.txt.
const PAGES: u32 = 999;

/// The gaps that the server saw, in ms, after a crawl with the user's `delay`.
async fn gaps(config: TestOriginConfig, delay: Duration) -> Vec<f64> {
    let origin = TestOrigin::start(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    let store = store::open(file.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![Url::parse(origin.url()).unwrap()],
        delay,
        sitemaps: false,
        ..Settings::default()
    };
    let summary = crawl::start(settings, store).await.unwrap().wait().await;
    assert_eq!((summary.ok, summary.pages), (1_000, 1_000), "{summary:?}");
    let times = origin.times();
    assert_eq!(times.requests.len(), 1_001, "each once");
    let gaps = times.gaps(|_| true);
    origin.stop().await;
    gaps
}

fn least(gaps: &[f64]) -> f64 {
    gaps.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Producer and workers on a paused clock, and URLs that stand in the queue for any time.
#[tokio::test(start_paused = true)]
async fn on_a_paused_clock() {
    const DELAY: Duration = Duration::from_millis(700);
    let pace = Pace { delay: DELAY, ..Pace::default() };
    let frontier = Arc::new(Frontier::new(FrontierStart { pace, ..FrontierStart::default() }));
    frontier.seed((0..=PAGES).map(|n| {
        let url = Url::parse(&format!("http://a.test/{n}")).unwrap();
        FoundLink::bare(url.as_str().into(), UrlHash::of(&url))
    }));
    let starts = Arc::new(Mutex::new(Vec::new()));
    let mut rng = fastrand::Rng::with_seed(1);
    let begin = Instant::now();
    let mut waited = Duration::ZERO;
    loop {
        let changed = frontier.changed();
        match frontier.next(Instant::now()) {
            Next::UrlTask(task) => {
                let in_queue = Duration::from_millis(rng.u64(0..2_000));
                let takes = Duration::from_millis(rng.u64(0..3_000));
                waited += in_queue;
                let (frontier, starts) = (Arc::clone(&frontier), Arc::clone(&starts));
                tokio::spawn(async move {
                    sleep(in_queue).await;
                    let began = Instant::now();
                    starts.lock().unwrap().push(began);
                    frontier.started(&task.url, true);
                    sleep(takes).await;
                    frontier.ended(&task.url, Some(began), Some(answered(200)));
                });
            }
            Next::Wait { throttled: true, due: Some(due) } => {
                tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                }
            }
            Next::Wait { throttled: true, due: None } => changed.await,
            Next::Wait { throttled: false, .. } => break,
            other => panic!("{other:?}"),
        }
    }
    sleep(Duration::from_secs(10)).await;
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 1_000);
    let gaps = starts.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.clone().min().unwrap() >= DELAY);
    // Nor longer than need be: the queue's time and the delay, and the clock's grain.
    let all = *starts.last().unwrap() - begin;
    assert!(all <= waited + 999 * (DELAY + Duration::from_millis(2)), "{all:?}, {waited:?}");
}

#[test]
fn for_real() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config =
        TestOriginConfig { content: OriginContent::Pages(PAGES), ..TestOriginConfig::default() };
    let gaps = runtime.block_on(gaps(config, Duration::from_millis(10)));
    // A machine that stands still for a moment hands over requests late: the gap before one is longer then,
    // and the gap behind it shorter.
    let all: f64 = gaps.iter().sum();
    let shortened = gaps.iter().filter(|&&gap| gap < 10.0).count();
    assert!(all >= 998.0 * 10.0 && shortened <= 10, "{all} ms, {shortened} below 10 ms");
    println!("1,000 requests, delay 10 ms: least gap {} ms", least(&gaps));
}
