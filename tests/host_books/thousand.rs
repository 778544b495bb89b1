//! A thousand requests to a host with a delay: no gap that the server sees is below it.

use std::time::Duration;

use crawldeck::config::Settings;
use crawldeck::crawl;
use crawldeck::lab::origin::{Content, Origin, OriginConfig};
use crawldeck::lab::robots::Robots;
use crawldeck::store::{self, OpenMode};
use url::Url;

/// Pages besides the first, so that there are a thousand requests besides robots.txt.
const PAGES: u32 = 999;

/// The gaps that the server saw, in ms, after a crawl with the user's `delay`.
async fn gaps(config: OriginConfig, delay: Duration) -> Vec<f64> {
    let origin = Origin::start(config).await.unwrap();
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

/// The delay that a robots.txt wishes, on a clock of its own: nobody else is about, so that the
/// server reads a request before time goes on.
#[tokio::test(start_paused = true)]
async fn on_a_paused_clock() {
    let robots = Robots::crawl_delay(2.0);
    let config = OriginConfig { content: Content::Pages(PAGES), robots, ..OriginConfig::default() };
    let gaps = gaps(config, Duration::ZERO).await;
    assert!(least(&gaps) >= 2_000.0, "{}", least(&gaps));
    println!("1,000 requests, delay 2 s, paused clock: least gap {} ms", least(&gaps));
}

#[test]
fn for_real() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = OriginConfig { content: Content::Pages(PAGES), ..OriginConfig::default() };
    let gaps = runtime.block_on(gaps(config, Duration::from_millis(10)));
    assert!(least(&gaps) >= 10.0, "{}", least(&gaps));
    println!("1,000 requests, delay 10 ms: least gap {} ms", least(&gaps));
}
