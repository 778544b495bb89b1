//! The autopilot has the dials until a hand is on one of them, and has them again when it is told so.

use crawldeck::crawl::protocol::change::ChangeAction;
use crawldeck::crawl::protocol::tuning::{AutopilotView, EffectVerdict};
use crawldeck::settings::autopilot_mode::AutopilotMode;

use super::*;
use crate::test_db::{done, refused};

fn flown(settings: &mut Settings) {
    settings.scope = ScopeKind::Host;
    settings.autopilot = Some(AutopilotMode::Balanced);
}

fn autopilot(s: &Snapshot) -> AutopilotView {
    s.tuning.autopilot.clone().expect("it was switched on")
}

fn is_driving(s: &Snapshot) -> bool {
    s.tuning.autopilot.as_ref().is_some_and(|autopilot| autopilot.driving)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_hand_on_a_dial_takes_over_and_tells_how_to_give_it_back() {
    let bench = Bench::new(20_000, Duration::from_millis(50)).await;
    let mut crawl = bench.start(flown).await;
    let climbs = seen(&mut crawl, "it climbs", |s| s.dials.permits == 8).await;
    assert_eq!((climbs.dials.workers, autopilot(&climbs).state.as_ref()), (24, "climbing"));
    let newest = &climbs.changes[0];
    assert_eq!(
        (newest.by, newest.what.to_string().as_str()),
        (Origin::Autopilot, "permits 4 → 8, workers 16 → 24")
    );
    let reason = newest.reason.as_deref().unwrap();
    assert!(reason.starts_with("4 permits give "), "{reason}");
    // The next turn comes too soon for ten seconds of measuring: what the autopilot measured counts.
    let is_told = |s: &Snapshot| {
        s.changes.iter().any(|change| {
            change.what.to_string().starts_with("permits 4 → 8")
                && change.effect.as_ref().is_some_and(|effect| {
                    effect.verdict == EffectVerdict::Better
                        && effect.after.pages_per_s.value > effect.before.pages_per_s.value
                })
        })
    };
    seen(&mut crawl, "what the first turn gave", is_told).await;

    let hands = [
        Command::Nudge(Dial::Permits, 1),
        Command::NudgeBoth(-1),
        Command::Set(Setting::Workers(30)),
        Command::Nudge(Dial::Rate, -1),
        Command::Undo,
    ];
    for hand in hands {
        give(&crawl, hand.clone()).await;
        let taken = seen(&mut crawl, "taken over", |s| !is_driving(s)).await;
        assert_eq!(autopilot(&taken).state.as_ref(), "off", "{hand:?}");
        let notice = taken.notice.as_deref().unwrap_or_default();
        assert!(notice.ends_with("A gives them back to the autopilot"), "{hand:?}: {notice}");
        let off =
            taken.changes.iter().position(|change| change.what.to_string() == "autopilot off");
        assert!(off.is_some_and(|at| at <= 1), "{hand:?}: {:#?}", taken.changes);
        give(&crawl, Command::ToggleAutopilot).await;
        let back = seen(&mut crawl, "given back", is_driving).await;
        assert!(
            matches!(
                back.changes[0].what,
                ChangeAction::Autopilot { new: Some(_), .. } | ChangeAction::SetBoth { .. }
            ),
            "{:#?}",
            back.changes[0]
        );
    }
    // What the autopilot does not turn stays in its hands.
    give(&crawl, Command::Set(Setting::Queue(50))).await;
    let s = seen(&mut crawl, "the queue is shorter", |s| s.dials.queue == 50).await;
    assert!(is_driving(&s));
    give(&crawl, Command::TogglePause).await;
    let paused =
        |s: &Snapshot| s.run == RunState::Paused && autopilot(s).state.as_ref() == "paused";
    seen(&mut crawl, "it shows the pause", paused).await;
    stopped(crawl, Command::StopNow).await;

    // A resumed crawl continues with it, and with what it learnt.
    let mut crawl = crawl::resume(bench.store().await, None, |_| {}).await.unwrap();
    seen(&mut crawl, "it drives again", is_driving).await;
    stopped(crawl, Command::StopNow).await;
    let off = |settings: &mut Settings| settings.autopilot = None;
    let mut crawl = crawl::resume(bench.store().await, None, off).await.unwrap();
    let s = seen(&mut crawl, "under way", |s| s.gate.in_use > 0).await;
    assert_eq!(s.tuning.autopilot, None);
    stopped(crawl, Command::StopNow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_follow_permits_unless_they_were_set_apart() {
    let bench = Bench::new(20_000, Duration::from_millis(50)).await;
    let mut crawl = bench.start(|settings| settings.permits = 8).await;
    let both = |s: &Snapshot| (s.dials.permits, s.dials.workers);
    assert_eq!(both(&crawl.snapshots.borrow()), (8, Settings::default().workers));
    done(&mut crawl, Command::NudgeBoth(-10), "permits 8 → 1, workers 16 → 10").await;
    // At the end of their range permits stand still, and workers with them.
    let why = refused(&mut crawl, Command::NudgeBoth(-10)).await;
    assert_eq!(why, "permits 1, workers 10 already");
    done(&mut crawl, Command::NudgeBoth(3), "permits 1 → 4, workers 10 → 16").await;
    done(&mut crawl, Command::Set(Setting::Workers(30)), "workers 16 → 30").await;
    done(&mut crawl, Command::NudgeBoth(-10), "permits 4 → 1, workers 30 → 27").await;
    assert_eq!(refused(&mut crawl, Command::NudgeBoth(-1)).await, "permits 1, workers 27 already");
    stopped(crawl, Command::StopNow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_turns_the_rate_and_not_a_cooldown_while_it_drives() {
    let faults = Faults::NONE.with(Fault::Latency, 20.0).with(Fault::RateLimit, 50.0);
    let bench = Bench::with_faults(20_000, faults).await;
    let mut crawl = bench.start(flown).await;
    let s = seen(&mut crawl, "a rate", |s| s.dials.rate.is_some()).await;
    assert!(s.hosts.iter().all(|host| host.wait.is_none_or(|wait| wait.for_s.is_none())));
    let rate = s.dials.rate.unwrap();
    assert!((0.5..60.0).contains(&rate), "{rate}");
    let turned = s.changes.iter().find(|change| change.what.to_string().starts_with("rate"));
    let turned = turned.expect("journaled");
    assert_eq!(turned.by, Origin::Autopilot);
    assert!(turned.reason.as_deref().is_some_and(|reason| reason.starts_with("429 answers")));
    let at = s.totals.ok;
    seen(&mut crawl, "pages go on", |s| s.totals.ok > at + 20).await;
    // By hand a 429 is a matter of its host again.
    give(&crawl, Command::Autopilot(None)).await;
    give(&crawl, Command::Set(Setting::Rate(None))).await;
    let cools =
        |s: &Snapshot| s.hosts.iter().any(|host| host.wait.is_some_and(|w| w.for_s.is_some()));
    seen(&mut crawl, "a cooldown", cools).await;
    stopped(crawl, Command::StopNow).await;
}
