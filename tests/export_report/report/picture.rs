//! The picture in the README: a real crawl of the lab with dials turned, seen by a real browser.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crawldeck::crawl::protocol::command::{Command as Turn, Origin};
use crawldeck::crawl::{self, Crawl};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::dials::{Dial, Setting};
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::settings::{BreakerSettings, Settings};
use crawldeck::store::{self, OpenMode};

use crate::support::run;

/// Waits until so many pages are done, then turns something.
async fn turn(crawl: &Crawl, pages: u64, command: Turn) {
    let mut snapshots = crawl.snapshots.clone();
    let far = snapshots.wait_for(|s| s.totals.pages >= pages || s.run.is_final()).await;
    assert!(!far.unwrap().run.is_final(), "over before {pages} pages");
    crawl.commands.send((command, Origin::Key)).await.unwrap();
}

async fn crawled(db: &Path) {
    let lab = Lab::start(LabConfig { pages: 6000, seed: 7, ..LabConfig::default() }).await.unwrap();
    let store = store::open(db.to_str().unwrap(), OpenMode::CreateIfMissing).await.unwrap();
    let settings = Settings {
        seeds: vec![lab.urls()[0].parse().unwrap()],
        scope: ScopeKind::Any,
        depth: Some(7),
        permits: 4,
        workers: 64,
        // A host that asks to be left alone is left alone for less than anybody watches.
        host_backoff: Duration::from_millis(500),
        max_host_backoff: Duration::from_secs(2),
        backoff: Duration::from_millis(200),
        breaker: BreakerSettings {
            cooldown: Duration::from_millis(500),
            max_cooldown: Duration::from_secs(1),
            ..BreakerSettings::default()
        },
        ..Settings::default()
    };
    let crawl = crawl::start(settings, store).await.unwrap();
    for (pages, command) in [
        (400, Turn::Set(Setting::Permits(8))),
        (1200, Turn::Set(Setting::Permits(24))),
        (2400, Turn::Set(Setting::Rate(Some(100.0)))),
        (2900, Turn::Set(Setting::Rate(None))),
        (3600, Turn::Nudge(Dial::Permits, 24)),
        (4200, Turn::TogglePause),
    ] {
        turn(&crawl, pages, command).await;
    }
    // In the picture a pause has to be seen.
    tokio::time::sleep(Duration::from_secs(2)).await;
    crawl.commands.send((Turn::TogglePause, Origin::Key)).await.unwrap();
    crawl.wait().await;
    lab.stop().await;
}

/// Run by `assets/report.sh`; needs Chromium.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws assets/report.png"]
async fn draw() {
    let folder = tempfile::tempdir().unwrap();
    let keep = std::env::var_os("REPORT_KEEP").map(PathBuf::from);
    let folder = keep.as_deref().unwrap_or(folder.path());
    crawled(&folder.join("lab.db")).await;
    run(folder, &["report", "lab.db"]).exits(0);
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/report.png");
    let taken = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--force-device-scale-factor=1", "--window-size=1280,1500"])
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", folder.join("crawldeck-report.html").display()))
        .output()
        .unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
}
