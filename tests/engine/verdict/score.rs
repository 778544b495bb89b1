//! How often a verdict was right, and how often it changed.

use std::collections::BTreeMap;

use crawldeck::crawl::protocol::snapshot::Snapshot;
use crawldeck::crawl::protocol::verdict::{Advice, Limit, Verdict};

use crate::verdict_scenes::VerdictScene;

/// Seconds that a scene is measured for, from its last step on.
pub const MEASURED_S: f64 = 60.0;
/// Of these, seconds that are left out at the beginning.
const LEFT_OUT_S: f64 = 10.0;
/// Share of the time that the verdict must be right.
const RIGHT: f64 = 0.95;
/// Most changes of it within the time.
const CHANGES: u32 = 2;

/// The verdicts of one scene.
pub struct Score {
    scene: &'static VerdictScene,
    from_s: f64,
    /// Time of the snapshot before, and what was said in it.
    last: Option<(f64, (Limit, Advice))>,
    right_s: f64,
    all_s: f64,
    changes: u32,
    /// What else was said, and for how long.
    else_said: BTreeMap<String, f64>,
}

impl Score {
    /// The head of the table.
    pub const HEAD: &str =
        "| scene | expected | right | changes | else said |\n|---|---|---|---|---|";

    /// A scene that is measured from a second on.
    pub fn new(scene: &'static VerdictScene, measured_from_s: f64) -> Self {
        Self {
            scene,
            from_s: measured_from_s + LEFT_OUT_S,
            last: None,
            right_s: 0.0,
            all_s: 0.0,
            changes: 0,
            else_said: BTreeMap::new(),
        }
    }

    /// Takes in what was said in a snapshot.
    pub fn note(&mut self, s: &Snapshot, verdict: &Verdict) {
        let now = (verdict.limit, verdict.advice);
        if let Some((before_s, before)) = self.last
            && before_s >= self.from_s
        {
            let span = s.at_s - before_s;
            self.all_s += span;
            if self.scene.expected.contains(&before) {
                self.right_s += span;
            } else {
                let said = format!("{:?} {:?}", before.0, before.1);
                *self.else_said.entry(said).or_default() += span;
            }
            self.changes += u32::from(before != now);
        }
        self.last = Some((s.at_s, now));
    }

    /// What is wrong, if anything is.
    pub fn fault(&self) -> Option<String> {
        let is_right =
            self.all_s > 0.0 && self.right_s >= RIGHT * self.all_s && self.changes <= CHANGES;
        (!is_right).then(|| self.row())
    }

    /// The share of the time that it was right.
    pub fn share(&self) -> f64 {
        self.right_s / self.all_s.max(0.001)
    }

    /// The row of the table.
    pub fn row(&self) -> String {
        let expected: Vec<_> = self
            .scene
            .expected
            .iter()
            .map(|(limit, advice)| format!("{limit:?} {advice:?}"))
            .collect();
        let others: Vec<_> =
            self.else_said.iter().map(|(said, s)| format!("{said} {s:.1} s")).collect();
        let is_right = self.share() >= RIGHT && self.changes <= CHANGES;
        format!(
            "| {} | {} | {:.1} %{} | {} | {} |",
            self.scene.name,
            expected.join(" or "),
            100.0 * self.share(),
            if is_right { "" } else { " WRONG" },
            self.changes,
            others.join("; ")
        )
    }
}
