//! Promise: what a scene changes by itself is changed in time, and journaled as its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;

use crate::test_db::TestDb;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::{RunState, Snapshot};
use crawldeck::crawl::{self, Crawl, FaultSetup};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::faults::Fault;
use url::Url;

async fn seen(crawl: &mut Crawl, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    Arc::clone(&*crawl.snapshots.wait_for(|s| holds(s)).await.unwrap())
}

async fn give(crawl: &Crawl, command: Command) {
    crawl.commands.send((command, Origin::Key)).await.unwrap();
}

#[tokio::test]
async fn the_capacity_halves_and_returns_until_it_is_turned_by_hand() {
    let (scene, mut settings) = (Scene::MovingTarget, Settings::default());
    let faults = scene.stage(&mut settings);
    let config = LabConfig { pages: 2_000, faults, ..LabConfig::default() };
    let lab = Lab::start(config).await.unwrap();
    settings.seeds = vec![Url::parse(&lab.urls()[0]).unwrap()];
    let setup = FaultSetup { site: Some(lab.faulty_site()), faults, scene: Some(scene) };
    let test_db = TestDb::new();
    let mut crawl = crawl::start_with_faults(settings, test_db.store().await, setup).await.unwrap();
    let begun = seen(&mut crawl, |s| s.totals.pages > 0).await;
    assert_eq!((begun.scene, begun.faults.get(Fault::Capacity)), (Some(scene), Some(32.0)));
    // Nothing is in flight any more: from here on the clock jumps.
    give(&crawl, Command::TogglePause).await;
    seen(&mut crawl, |s| s.run == RunState::Paused && s.gate.in_use == 0).await;
    tokio::time::pause();
    for (at_s, capacity, text) in [(60.0, 16.0, "32 → 16"), (120.0, 32.0, "16 → 32")] {
        let s = seen(&mut crawl, |s| s.faults.get(Fault::Capacity) == Some(capacity)).await;
        assert!((at_s..at_s + 1.5).contains(&s.at_s), "{}", s.at_s);
        let change = &s.changes[0];
        assert_eq!(change.by, Origin::Scene);
        assert_eq!(change.what.to_string(), format!("fault capacity {text}"));
    }
    give(&crawl, Command::Fault("capacity 20".parse().unwrap())).await;
    let s = seen(&mut crawl, |s| s.at_s > 250.0).await;
    assert_eq!(s.faults.get(Fault::Capacity), Some(20.0));
    tokio::time::resume();
    give(&crawl, Command::StopNow).await;
    crawl.wait().await;
    lab.stop().await;
}
