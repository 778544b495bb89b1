//! The scenes with real servers, a minute each. They are no part of `cargo test`:
//!
//! ```text
//! tests/long.sh verdict                  plays all scenes, and prints the table
//! tests/long.sh verdict hang cpu         plays some of them
//! RECORD=1 tests/long.sh verdict         records them again, for `cargo test`
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crawldeck::crawl;
use crawldeck::crawl::protocol::command::{Command, Origin};
use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::protocol::verdict::Verdict;
use crawldeck::crawl::{Crawl, FaultSetup};
use crawldeck::settings::Settings;
use crawldeck::settings::dials::Setting;
use crawldeck::settings::faults::Faults;
use crawldeck::settings::scope_kind::ScopeKind;
use crawldeck::store::{self, OpenMode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::recording::Recorder;
use super::score::{MEASURED_S, Score};
use super::sites::{Relay, Served};
use crate::server::Server;
use crate::support::database::Database;
use crate::support::wait_in_thread;
use crate::verdict_scenes::{Saved, Site, Step, VERDICT_SCENES, VerdictScene};

/// Scenes that are played at the same time, where nothing needs the whole processor.
const AT_ONCE: usize = 4;
/// When a site dies, or a database falls silent, in seconds.
const ENDS_S: u64 = 8;

/// Where recordings are kept.
pub fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/engine/verdict/recorded")
}

/// The database of a scene, and what lives as long.
struct Kept {
    url: String,
    relay: Option<Relay>,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Kept {
    async fn new(scene: &VerdictScene, server: Option<&Arc<Server>>) -> Option<Self> {
        // In memory: the scenes are not about this machine's disk.
        let memory = PathBuf::from("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let (mut url, mut relay, mut database) =
            (folder.path().join("c.db").display().to_string(), None, None);
        if scene.saved != Saved::Sqlite {
            let server = Arc::clone(server?);
            let on = wait_in_thread(move || Database::on_postgres(&server.url)).await;
            let mut address = Url::parse(&on.url()).unwrap();
            let late = if scene.saved == Saved::SlowCommits { 1_000 } else { 0 };
            let between = Relay::to(address.port().unwrap(), Duration::from_millis(late)).await;
            address.set_port(Some(between.port)).unwrap();
            (url, relay, database) = (address.into(), Some(between), Some(on));
        }
        Some(Self { url, relay, _folder: folder, _database: database })
    }
}

async fn start(scene: &VerdictScene, url: &str, db: &str) -> Crawl {
    let store = store::open(db, OpenMode::CreateIfMissing).await.unwrap();
    let mut settings = Settings {
        seeds: vec![Url::parse(url).unwrap()],
        scope: ScopeKind::Host,
        sitemaps: false,
        permits: scene.permits,
        workers: scene.workers,
        ..Settings::default()
    };
    (scene.settings)(&mut settings);
    let mut faults = Faults::NONE;
    for fault in scene.faults {
        faults.set(fault.parse().unwrap());
    }
    let setup = FaultSetup { site: None, faults, scene: None };
    crawl::start_with_faults(settings, store, setup).await.unwrap()
}

/// Plays a scene; returns its row of the table.
async fn play(scene: &'static VerdictScene, server: Option<&Arc<Server>>) -> String {
    let left_out = |why| format!("| {} | left out: {why} |", scene.name);
    let Some(kept) = Kept::new(scene, server).await else { return left_out("no PostgreSQL") };
    let site = wait_in_thread(move || Served::start(scene.site)).await;
    let Some(site) = site else { return left_out("no nginx") };
    let address = site.url();
    let mut site = Some(site);
    let mut crawl = start(scene, &address, &kept.url).await;
    let begin = Instant::now();
    let at = |seconds: u64| begin + Duration::from_secs(seconds);
    let ends = scene.site == Site::Dies || scene.saved == Saved::Silent;
    let measured_from =
        scene.steps.last().map_or(if ends { ENDS_S } else { 0 }, |(s, _)| u64::from(*s));
    let end = at(measured_from + MEASURED_S as u64);
    let mut steps = scene.steps.iter().peekable();
    let mut has_ended = !ends;
    let mut score = Score::new(scene, measured_from as f64);
    let mut recorder = Recorder::default();
    let mut last_s = -1.0;
    loop {
        tokio::select! {
            changed = crawl.snapshots.changed() => if changed.is_err() { break },
            () = sleep_until(end) => break,
        }
        let s = Arc::clone(&crawl.snapshots.borrow_and_update());
        score.note(&s, &s.verdict);
        // A line for each second of history; while paused there are none.
        if is_due(&s, &mut last_s) {
            recorder.add(&s);
        }
        if !has_ended && Instant::now() >= at(ENDS_S) {
            has_ended = true;
            kept.relay.iter().for_each(Relay::fall_silent);
            if scene.site == Site::Dies {
                let gone = site.take();
                wait_in_thread(move || drop(gone)).await;
            }
        }
        if let Some((_, step)) = steps.next_if(|(s, _)| Instant::now() >= at(u64::from(*s))) {
            let command = match *step {
                Step::Permits(permits) => Command::Set(Setting::Permits(permits)),
                Step::Pause => Command::TogglePause,
            };
            crawl.commands.send((command, Origin::Key)).await.unwrap();
        }
    }
    let last = Arc::clone(&crawl.snapshots.borrow());
    println!("{}: {}", scene.name, summary(&last, &last.verdict));
    // It may have ended by itself.
    let _ = crawl.commands.send((Command::StopNow, Origin::Key)).await;
    crawl.wait().await;
    wait_in_thread(move || drop((site, kept))).await;
    if std::env::var_os("RECORD").is_some() {
        let path = recordings().join(format!("{}.jsonl", scene.name));
        std::fs::write(path, recorder.lines).unwrap();
    }
    score.row()
}

fn is_due(s: &Snapshot, last_s: &mut f64) -> bool {
    let end_s = s.history.last().map_or(0.0, |point| point.at_s);
    let is_due = end_s > *last_s || s.at_s >= *last_s + 2.0;
    if is_due {
        *last_s = end_s.max(s.at_s - 1.0);
    }
    is_due
}

fn summary(s: &Snapshot, verdict: &Verdict) -> String {
    let (t, l) = (s.throughput.last_10s, s.latency.last_10s);
    format!("{} [{t:.0} pages/s, p50 {:.0} ms, {:?}]", verdict.text, l.p50, verdict.advice)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes a minute a scene: tests/long.sh verdict"]
async fn scenes_with_real_servers() {
    let wanted: Vec<String> = std::env::var("SCENES")
        .map(|names| names.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    let scenes: Vec<_> = VERDICT_SCENES
        .iter()
        .filter(|scene| wanted.is_empty() || wanted.iter().any(|name| name == scene.name))
        .collect();
    assert!(!scenes.is_empty(), "no scene is called {wanted:?}");
    let server = if scenes.iter().any(|scene| scene.saved != Saved::Sqlite) {
        Some(Arc::new(wait_in_thread(|| Server::start("postgres")).await))
    } else {
        None
    };
    let places = Semaphore::new(AT_ONCE);
    let playing = scenes.iter().map(|scene| async {
        let _place = places.acquire_many(if scene.alone { AT_ONCE as u32 } else { 1 }).await;
        play(scene, server.as_ref()).await
    });
    let rows = futures_util::future::join_all(playing).await;
    wait_in_thread(move || drop(server)).await;
    println!("\n{}\n{}", Score::HEAD, rows.join("\n"));
    let wrong: Vec<_> = rows.iter().filter(|row| row.contains("WRONG")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
