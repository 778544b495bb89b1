//! How far a scene has come: which of its steps happened, and when.

use super::hold_timer::HoldTimer;
use super::scene_steps::{SceneBaseline, SceneStep, StepReading, steps};
use crate::crawl::protocol::scene::Scene;
use crate::crawl::protocol::snapshot::Snapshot;

/// Seconds after which a step that happens by itself did not happen in time.
const IN_TIME_S: f64 = 150.0;
/// Seconds of a crawl's first scene after which its first pages say how it began,
const BEGAN_S: f64 = 4.0;
/// and of a later one: what is measured over ten seconds must hold nothing of the time before.
const BEGAN_LATER_S: f64 = 10.5;

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepState {
    /// It comes after the one that happens now.
    ToCome,
    /// It happens now.
    Now,
    /// It happened, so many seconds after the scene began.
    Done(f64),
    /// It did not happen in time.
    Missed,
}

/// The progress of the scene that is on.
#[derive(Debug, Clone, Default)]
pub struct SceneProgress {
    scene: Option<Scene>,
    begun_s: f64,
    baseline: SceneBaseline,
    /// When each step happened, in seconds since the scene began, and what was measured then.
    done: Vec<Option<(f64, String)>>,
    /// How long the measurement of the step that happens now holds.
    hold: HoldTimer,
    /// Since when it is the turn of the step that happens now.
    turn_s: f64,
}

impl SceneProgress {
    /// Takes note of a snapshot.
    pub fn see(&mut self, s: &Snapshot) {
        if s.scene != self.scene {
            *self = Self { scene: s.scene, begun_s: s.at_s, turn_s: s.at_s, ..Self::default() };
            if s.at_s < BEGAN_S {
                // It was on from the start.
                (self.begun_s, self.turn_s) = (0.0, 0.0);
            } else {
                (self.baseline.retries, self.baseline.resent) = (s.totals.retries, s.totals.resent);
            }
        }
        let Some(scene) = self.scene.filter(|_| !s.run.is_final()) else { return };
        let steps = steps(scene);
        self.done.resize(steps.len(), None);
        let began = if self.begun_s > 0.0 { BEGAN_LATER_S } else { BEGAN_S };
        let measured = s.latency.last_10s.count > 0 && s.at_s - self.begun_s >= began;
        if self.baseline.p50_ms == 0.0 && measured {
            self.baseline = SceneBaseline {
                p50_ms: s.latency.last_10s.p50,
                pages_per_s: s.throughput.last_10s,
                ..self.baseline
            };
        }
        let Some(now) = self.now() else { return };
        let reading = (steps[now].measure)(s, &self.baseline);
        if let Some(since_s) = self.hold.note(reading.share >= 1.0, s.at_s) {
            self.done[now] = Some((since_s - self.begun_s, reading.words));
            self.turn_s = s.at_s;
        }
    }

    /// The scene that is on, with its steps.
    #[must_use]
    pub fn scene(&self) -> Option<(Scene, &'static [SceneStep])> {
        self.scene.map(|scene| (scene, steps(scene)))
    }

    /// The step whose turn it is.
    fn now(&self) -> Option<usize> {
        self.done.iter().position(Option::is_none)
    }

    /// How many steps happened.
    #[must_use]
    pub fn ticked(&self) -> usize {
        self.done.iter().flatten().count()
    }

    /// Where a step is at the time of a snapshot.
    #[must_use]
    pub fn state(&self, step: usize, s: &Snapshot) -> StepState {
        match self.done.get(step).and_then(Option::as_ref) {
            Some((at_s, _)) => StepState::Done(*at_s),
            None if self.now().unwrap_or(0) != step => StepState::ToCome,
            None => {
                let by_itself = self.scene().is_some_and(|(_, steps)| !steps[step].is_viewers);
                let late = s.at_s - self.turn_s > IN_TIME_S;
                if by_itself && late { StepState::Missed } else { StepState::Now }
            }
        }
    }

    /// What a step measures now, or what was measured when it happened.
    #[must_use]
    pub fn reading(&self, at: usize, step: &SceneStep, s: &Snapshot) -> StepReading {
        match self.done.get(at).and_then(Option::as_ref) {
            Some((_, words)) => StepReading { share: 1.0, words: words.clone() },
            None => (step.measure)(s, &self.baseline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::protocol::snapshot::{GateView, ProducerShares, QueueView, SaverView};
    use crate::settings::faults::Fault;
    use crate::ui::keys::KeyMap;

    fn slow_database(at_s: f64) -> Snapshot {
        let mut s = Snapshot { at_s, scene: Some(Scene::SlowDatabase), ..Snapshot::default() };
        s.dials.permits = 16;
        s.faults = s.faults.with(Fault::Saver, 500.0);
        s.gate = GateView { limit: 16, ..GateView::default() };
        s.queue = QueueView { len: 0, capacity: 100 };
        s.saver = SaverView { limit_bytes: 1000, ..SaverView::default() };
        s
    }

    #[test]
    fn steps_tick_in_order_when_they_hold_for_a_second_and_never_untick() {
        let mut progress = SceneProgress::default();
        let mut s = slow_database(0.0);
        progress.see(&s);
        assert_eq!(progress.state(0, &s), StepState::Now);
        assert_eq!(progress.state(1, &s), StepState::ToCome);
        s.saver.backlog_bytes = 900;
        s.at_s = 3.0;
        progress.see(&s);
        assert_eq!(progress.ticked(), 0, "not yet for a second");
        s.saver.backlog_bytes = 100;
        s.at_s = 3.5;
        progress.see(&s);
        s.saver.backlog_bytes = 900;
        for at_s in [4.0, 4.6, 5.1] {
            s.at_s = at_s;
            progress.see(&s);
        }
        assert_eq!(progress.state(0, &s), StepState::Done(4.0));
        s.saver.backlog_bytes = 0;
        s.gate.limit = 5;
        s.queue.len = 100;
        s.producer = ProducerShares { blocked: 1.0, ..ProducerShares::default() };
        for tenth in 52..100 {
            s.at_s = f64::from(tenth) / 10.0;
            progress.see(&s);
        }
        assert_eq!(progress.ticked(), 4);
        assert_eq!(progress.state(4, &s), StepState::Now, "the viewer's");
        s.at_s = 500.0;
        assert_eq!(progress.state(4, &s), StepState::Now, "the viewer has time");
        s.scene = None;
        progress.see(&s);
        assert_eq!((progress.ticked(), progress.scene().is_none()), (0, true));
    }

    #[test]
    fn what_does_not_happen_in_time_is_said() {
        let mut progress = SceneProgress::default();
        let mut s = slow_database(0.0);
        progress.see(&s);
        s.at_s = IN_TIME_S + 1.0;
        progress.see(&s);
        assert_eq!(progress.state(0, &s), StepState::Missed);
    }

    #[test]
    fn every_scene_has_steps_and_none_is_too_long() {
        for scene in Scene::ALL {
            let steps = steps(scene);
            assert!((3..=5).contains(&steps.len()), "{scene}");
            for step in steps {
                let sentence = KeyMap::default().filled(step.sentence);
                assert!(sentence.len() <= 50, "{scene}: {sentence}");
                let reading = (step.measure)(&slow_database(1.0), &SceneBaseline::default());
                assert!((0.0..=1.0).contains(&reading.share), "{scene}: {reading:?}");
            }
        }
    }
}
