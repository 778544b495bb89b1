//! When the crawl was paused, as its journal has it.

use crate::report::data::{ChangeKind, ChangeLine};
use crate::report::timeline::Timeline;

/// A span in which the crawl was paused, ms since 1970.
pub(super) type Pause = (i64, i64);

/// When the crawl was paused, by its journal. A pause without an end ends with its session.
pub(super) fn pauses(changes: &[ChangeLine], timeline: &Timeline) -> Vec<Pause> {
    let mut pauses = Vec::new();
    let mut since = None;
    let session_end = |at: i64| {
        let session = timeline.sessions.iter().rev().find(|session| session.from_ms <= at);
        session.map_or(at, |session| session.to_ms.max(at))
    };
    for change in changes {
        match (change.kind, since) {
            (ChangeKind::Pause, None) => since = Some(change.at_ms),
            (ChangeKind::Resume | ChangeKind::Stop, Some(from)) => {
                pauses.push((from, change.at_ms));
                since = None;
            }
            _ => {}
        }
    }
    pauses.extend(since.map(|from| (from, session_end(from))));
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::Session;

    #[test]
    fn pauses_end_with_what_ends_them() {
        let change = |seq, at_ms, kind| ChangeLine {
            seq,
            at_ms,
            by: String::new(),
            what: String::new(),
            kind,
            reason: None,
            effect: None,
        };
        let changes = [
            change(1, 10, ChangeKind::Pause),
            change(2, 15, ChangeKind::Turned),
            change(3, 20, ChangeKind::Resume),
            change(4, 30, ChangeKind::Pause),
            change(5, 40, ChangeKind::Stop),
            change(6, 50, ChangeKind::Pause),
        ];
        let session = Session { from_ms: 0, to_ms: 90, columns: Vec::new() };
        let timeline = Timeline { column_ms: 10, sessions: vec![session] };
        assert_eq!(pauses(&changes, &timeline), [(10, 20), (30, 40), (50, 90)]);
    }
}
