//! What a crawl leaves behind: its journal of changes, and the same pages after every kind of stop and
//! with all dials turned.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_journaled_undone_and_kept() {
    let bench = Bench::new(2_000, Duration::from_millis(30)).await;
    let mut crawl = bench.start(|_| {}).await;
    set(&mut crawl, Setting::Permits(12)).await;
    give(&crawl, Command::Nudge(Dial::Permits, 3)).await;
    give(&crawl, Command::Nudge(Dial::Permits, 1)).await;
    seen(&mut crawl, "both presses count", |s| s.dials.permits == 16).await;
    give(&crawl, Command::Nudge(Dial::Workers, -100)).await;
    seen(&mut crawl, "clamped", |s| s.dials.workers == 1).await;
    // Already there: refused with a word, and no entry.
    give(&crawl, Command::Nudge(Dial::Workers, -1)).await;
    let refused = seen(&mut crawl, "a word", |s| s.notice.is_some()).await;
    assert_eq!(refused.changes.len(), 4);
    give(&crawl, Command::Undo).await;
    seen(&mut crawl, "workers are back", |s| s.dials.workers == 16).await;
    give(&crawl, Command::Undo).await;
    give(&crawl, Command::Undo).await;
    seen(&mut crawl, "both presses are undone", |s| s.dials.permits == 12).await;
    give(&crawl, Command::Set(Setting::Rate(Some(500.0)))).await;
    give(&crawl, Command::TogglePause).await;
    give(&crawl, Command::TogglePause).await;
    give(&crawl, Command::Set(Setting::Queue(33))).await;
    let expected = [
        "permits 10 → 12",
        "permits 12 → 15",
        "permits 15 → 16",
        "workers 16 → 1",
        "workers 1 → 16",
        "permits 16 → 15",
        "permits 15 → 12",
        "rate off → 500/s",
        "pause",
        "resume",
        "queue 100 → 33",
        "stop",
    ];
    let all = seen(&mut crawl, "all but the stop", |s| s.changes.len() == expected.len() - 1).await;
    let undone: Vec<_> = all.changes.iter().filter(|c| c.undone).map(|c| c.seq).collect();
    assert_eq!(undone, [4, 3, 2]);
    stopped(crawl, Command::Stop).await;
    let sql = "SELECT seq, what, by_whom FROM changes ORDER BY seq";
    let journal: Vec<(i64, String, String)> = query(&bench.db(), sql).await;
    let words: Vec<_> = journal.iter().map(|row| row.1.as_str()).collect();
    assert_eq!(words, expected);
    assert!(journal.iter().zip(1..).all(|(row, seq)| row.0 == seq && row.2 == "key"));

    let mut crawl = crawl::resume(bench.store().await, None, |_| {}).await.unwrap();
    let first = seen(&mut crawl, "a snapshot", |s| s.seq > 0).await;
    assert_eq!((first.dials.permits, first.dials.workers, first.dials.queue), (12, 16, 33));
    assert_eq!(first.dials.rate, Some(500.0));
    assert_eq!(first.changes.len(), expected.len());
    assert!(first.changes[0].at_s <= 0.0, "an earlier run's: {:?}", first.changes[0]);
    // What an earlier run turned can still be undone.
    give(&crawl, Command::Undo).await;
    seen(&mut crawl, "the queue is back", |s| s.dials.queue == 100).await;
    stopped(crawl, Command::StopNow).await;
    // What an option turned is in the journal as well.
    let turned = |settings: &mut Settings| settings.permits = 5;
    let mut crawl = crawl::resume(bench.store().await, None, turned).await.unwrap();
    let s = seen(&mut crawl, "by an option", |s| {
        s.changes.first().is_some_and(|change| change.by == Origin::Resume)
    })
    .await;
    assert_eq!(s.changes[0].what.to_string(), "permits 12 → 5");
    stopped(crawl, Command::StopNow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_loses_nothing_and_leaves_no_task() {
    let bench = Bench::new(1_000, Duration::from_millis(20)).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let mut crawl = bench.start(busy).await;
    seen(&mut crawl, "under way", |s| s.totals.pages > 50 && s.gate.in_use == 50).await;
    let snapshots = crawl.snapshots.clone();
    let summary = stopped(crawl, Command::Stop).await;
    let last = snapshots.borrow().clone();
    assert_eq!((last.run, summary.state), (RunState::Stopped, RunState::Stopped));
    assert_eq!((last.gate.in_use, last.workers.len(), last.saver.backlog_pages), (0, 0, 0));
    assert_eq!(last.saver.backlog_bytes, 0);
    assert!(snapshots.has_changed().is_err(), "somebody can still write snapshots");
    let db = bench.db();
    let rows: Vec<(i64, i64)> =
        query(&db, "SELECT (SELECT count(*) FROM scraped_pages), (SELECT count(*) FROM frontier)")
            .await;
    assert_eq!(rows, [(summary.pages as i64, summary.open as i64)]);
    let path = db.clone();
    let totals = tokio::task::spawn_blocking(move || totals(&path)).await.unwrap();
    assert_eq!(totals["discovered"], summary.pages + summary.open);
    let requests: Vec<(i64, i64)> = query(
        &db,
        "SELECT (SELECT sum(attempts + resent + coalesce(json_array_length(redirects), 0)) \
         FROM scraped_pages) + (SELECT sum(attempts + resent) FROM frontier), \
         (SELECT count(*) FROM scraped_pages WHERE final_url IN (SELECT url FROM scraped_pages))",
    )
    .await;
    let (known, to_known) = requests[0];
    // All are accounted for, but for those of redirects that were on their way to the next hop. A redirect
    // to a page that is known already needs one request less.
    let lost = bench.lab.load().requests as i64 - known;
    assert!((-to_known..=50).contains(&lost), "{lost} requests more than are known ({to_known})");

    let crawl = crawl::resume(bench.store().await, None, |_| {}).await.unwrap();
    let summary = crawl.wait().await;
    bench.assert_true(&summary).await;
    // Idle connections of the HTTP client close on their own; the pipeline's tasks are gone.
    support::wait_until("no task is left", || metrics.num_alive_tasks() == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_once_waits_for_nobody() {
    let bench = Bench::new(1_000, Duration::from_hours(1)).await;
    let mut crawl = bench.start(busy).await;
    support::wait_until("the entry is requested", || bench.lab.load().in_flight == 1);
    seen(&mut crawl, "in flight", |s| s.gate.in_use == 1).await;
    // A graceful stop first: it waits.
    give(&crawl, Command::Stop).await;
    let stopping = seen(&mut crawl, "stopping", |s| s.run == RunState::Stopping).await;
    assert_eq!(stopping.gate.in_use, 1);
    let seq = stopping.seq;
    seen(&mut crawl, "still stopping", |s| s.seq > seq + 3 && s.run == RunState::Stopping).await;
    let summary = stopped(crawl, Command::Stop).await;
    assert_eq!((summary.state, summary.pages, summary.open), (RunState::Stopped, 0, 1));
    let rows: Vec<(i64, i64)> =
        query(&bench.db(), "SELECT count(*), sum(attempts) FROM frontier").await;
    assert_eq!(rows, [(1, 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_dials_the_truth_is_found() {
    for (permits, workers, queue) in [(1, 16, 100), (5, 1, 1), (50, 64, 1), (50, 3, 7)] {
        let bench = Bench::new(2_000, Duration::ZERO).await;
        let dials = |s: &mut Settings| (s.permits, s.workers, s.queue) = (permits, workers, queue);
        let summary = bench.start(dials).await.wait().await;
        assert!(bench.lab.load().peak <= u64::from(permits.min(workers)));
        bench.assert_true(&summary).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_everything_all_the_time_changes_nothing_but_the_pace() {
    let seed = fastrand::u64(..);
    eprintln!("seed: {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let bench = Bench::new(3_000, Duration::from_millis(1)).await;
    let crawl = bench.start(|_| {}).await;
    let commands = crawl.commands.clone();
    let ended = tokio::spawn(crawl.wait());
    let mut paused = false;
    for _ in 0..400 {
        let command = match rng.u8(..8) {
            0 | 1 => Command::Nudge(Dial::Permits, rng.i32(-30..30)),
            2 | 3 => Command::Nudge(Dial::Workers, rng.i32(-30..30)),
            4 => Command::Set(Setting::Queue(rng.u32(1..60))),
            5 => Command::Set(Setting::Rate(rng.bool().then_some(5000.0))),
            6 => Command::Undo,
            _ => {
                paused = !paused;
                Command::TogglePause
            }
        };
        if commands.send((command, Origin::Key)).await.is_err() {
            break;
        }
    }
    if paused {
        let _ = commands.send((Command::TogglePause, Origin::Key)).await;
    }
    let _ = commands.send((Command::Set(Setting::Workers(20)), Origin::Key)).await;
    let _ = commands.send((Command::Set(Setting::Permits(20)), Origin::Key)).await;
    drop(commands);
    let summary = tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap().unwrap();
    bench.assert_true(&summary).await;
}
