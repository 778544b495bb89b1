//! Promise: slow motion stretches the lab's server and the saver, is journaled and undone like any change, and is
//! of the lab alone.

use std::sync::Arc;

use crate::test_db::TestDb;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::{self, Crawl, FaultSetup};
use crawldeck::lab::{Lab, LabConfig};
use crawldeck::settings::Settings;
use crawldeck::settings::faults::{Fault, Faults};
use crawldeck::settings::slow_motion::SlowMotion;
use url::Url;

async fn seen(crawl: &mut Crawl, holds: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    Arc::clone(&*crawl.snapshots.wait_for(|s| holds(s)).await.unwrap())
}

async fn give(crawl: &Crawl, command: Command) {
    crawl.commands.send((command, Origin::Typed)).await.unwrap();
}

async fn start(lab: &Lab, test_db: &TestDb, faults: Faults, takes_faults: bool) -> Crawl {
    let seeds = vec![Url::parse(&lab.urls()[0]).unwrap()];
    let settings = Settings { seeds, permits: 4, ..Settings::default() };
    let site = takes_faults.then(|| lab.faulty_site());
    let setup = FaultSetup { site, faults, scene: None };
    crawl::start_with_faults(settings, test_db.store().await, setup).await.unwrap()
}

#[tokio::test]
async fn server_and_saver_take_ten_times_as_long_until_it_is_undone() {
    let faults = Faults::NONE.with(Fault::Latency, 40.0).with(Fault::Saver, 30.0);
    let lab = Lab::start(LabConfig { pages: 5_000, faults, ..LabConfig::default() });
    let (lab, test_db) = (lab.await.unwrap(), TestDb::new());
    let mut crawl = start(&lab, &test_db, faults, true).await;
    seen(&mut crawl, |s| s.totals.ok > 10).await;
    let slow = SlowMotion::new(0.1);
    give(&crawl, Command::Slow(slow)).await;
    let begun = seen(&mut crawl, |s| s.slow == slow).await;
    assert_eq!(begun.changes[0].what.to_string(), "slow motion ×0.1");
    // A page that was requested after that.
    let slowed = seen(&mut crawl, |s| {
        let after = |page_s: f64| page_s > begun.at_s + 0.6;
        s.recent.iter().any(|page| after(page.at_s) && page.status == Some(200))
    });
    let slowed = slowed.await;
    let page = slowed.recent.iter().find(|page| page.status == Some(200)).unwrap();
    assert!(page.elapsed_ms >= 400, "{} ms", page.elapsed_ms);
    seen(&mut crawl, |s| s.saver.last_transaction_ms >= 300.0).await;
    give(&crawl, Command::Undo).await;
    let undone = seen(&mut crawl, |s| s.slow.is_none()).await;
    assert_eq!(undone.changes[0].what.to_string(), "slow motion off");
    assert_eq!(undone.changes[0].undoes, Some(begun.changes[0].seq));
    give(&crawl, Command::Redo).await;
    seen(&mut crawl, |s| s.slow == slow).await;
    give(&crawl, Command::Slow(slow)).await;
    let refused = seen(&mut crawl, |s| s.notice.is_some()).await;
    assert_eq!(refused.notice.as_deref(), Some("slow motion ×0.1 already"));
    give(&crawl, Command::StopNow).await;
    crawl.wait().await;
    lab.stop().await;
}

#[tokio::test]
async fn another_site_has_none() {
    let lab = Lab::start(LabConfig { pages: 5_000, ..LabConfig::default() }).await.unwrap();
    let test_db = TestDb::new();
    let mut crawl = start(&lab, &test_db, Faults::NONE, false).await;
    give(&crawl, Command::Slow(SlowMotion::new(0.5))).await;
    let s = seen(&mut crawl, |s| s.notice.is_some()).await;
    assert!(s.notice.as_deref().unwrap().contains("only the lab site"), "{:?}", s.notice);
    assert_eq!((s.slow, s.changes.len()), (None, 0));
    give(&crawl, Command::StopNow).await;
    crawl.wait().await;
    lab.stop().await;
}
