//! States that need no measurement, and are told at once: a pause, a stop, a database that does not answer.

use crate::crawl::protocol::failure_hint::failure_hint;
use crate::crawl::protocol::snapshot::{OverloadKind, PauseReason, RunState, Snapshot};
use crate::crawl::protocol::verdict::{Advice, Limit, Stage, Verdict};
use crate::units;

/// What needs no measurement: it is not running, or the database refuses or is silent.
pub(super) fn at_once(s: &Snapshot) -> Option<Verdict> {
    let verdict = match s.run {
        RunState::Complete => Verdict::new(Limit::Over, None, Advice::None, "complete".into()),
        RunState::Stopped => {
            let text = match &s.ended_by {
                Some(why) => format!("stopped, can be resumed: {why}"),
                None => "stopped; can be resumed".to_owned(),
            };
            Verdict::new(Limit::Over, None, Advice::None, text)
        }
        RunState::Failed => {
            let text = match s.failures.first() {
                Some(last) => {
                    let hint = failure_hint(&last.what).map_or("", |(question, _)| question);
                    // For which file it was asked is of no use here.
                    let what = last.what.split(" (").next().unwrap_or_default();
                    format!("nothing answered: {what}; {hint}")
                }
                None => "nothing answered".into(),
            };
            let text = text.trim_end_matches("; ").to_owned();
            Verdict::new(Limit::Over, None, Advice::None, text)
        }
        RunState::Stopping => {
            let text = match s.gate.in_use {
                0 => "stopping: saving what is done".to_owned(),
                1 => "stopping: 1 request in flight finishes".to_owned(),
                n => format!("stopping: {n} requests in flight finish"),
            };
            let text = match &s.ended_by {
                Some(why) => format!("{text}; {why}"),
                None => with_outage(&text, s),
            };
            Verdict::new(Limit::Over, None, Advice::None, text)
        }
        RunState::Paused => paused(s),
        RunState::Starting | RunState::Running => {
            let text = format!("limited by {}", outage(s)?);
            Verdict::new(Limit::Saver, Some(Stage::Saver), Advice::None, text)
        }
    };
    Some(verdict)
}

/// Nothing new starts: because the user said so, or for a reason of our own.
fn paused(s: &Snapshot) -> Verdict {
    let by_user = s.pause_reasons.is_empty() || s.pause_reasons.contains(&PauseReason::User);
    let is_own = |what| matches!(what, OverloadKind::Disk | OverloadKind::Memory);
    let own = s.overloads.iter().find(|overload| is_own(overload.what));
    let (text, advice) = match own {
        Some(overload) if !by_user => (format!("paused: {}", overload.text), Advice::None),
        _ => ("paused by you: nothing new starts".to_owned(), Advice::Resume),
    };
    Verdict::new(Limit::Paused, None, advice, with_outage(&text, s))
}

fn with_outage(text: &str, s: &Snapshot) -> String {
    outage(s).map_or_else(|| text.to_owned(), |outage| format!("{text}; {outage}"))
}

/// What is wrong with the database, and since when: `the database for 12 s: disk full`. The time comes
/// first: where there is little room, it is the end that is cut off.
fn outage(s: &Snapshot) -> Option<String> {
    let outage = s.database_outage.as_ref()?;
    let for_s = (s.at_s - outage.since_s).max(0.0);
    Some(format!("the database for {}: {}", units::age(for_s), outage.text))
}
