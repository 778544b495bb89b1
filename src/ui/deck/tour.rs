//! The guided tour: which step the viewer is at, which steps were seen, and what has to be sent to set the stage.
//!
//! Steps tick as those of scenes do: by a measurement that holds. The viewer goes on, back and past them.

use tokio::sync::watch;

use super::hold_timer::HoldTimer;
use super::scene_steps::StepReading;
use super::tour_steps::{STEPS, TourStep};
use crate::crawl::protocol::command::Command;
use crate::crawl::protocol::snapshot::Snapshot;
use crate::ui::action::Tab;
use crate::ui::tour_seen::TourSeen;

/// How the step that the viewer is at goes.
#[derive(Debug, Clone, PartialEq)]
pub enum TourState {
    /// It is waited for.
    Waits,
    /// It happened, so many seconds after it began, with this measured.
    Happened(f64, String),
}

/// The tour.
#[derive(Debug)]
pub struct Tour {
    /// The step that the viewer is at; all are behind it when it is one past the last.
    at: usize,
    begun: bool,
    /// When the step began; `None` until a snapshot tells.
    since_s: Option<f64>,
    state: TourState,
    hold: HoldTimer,
    /// Commands that set the stage, to be sent.
    commands: Vec<Command>,
    /// Whether each step happened.
    happened: [bool; STEPS.len()],
    /// Where what was seen is told.
    record: Option<watch::Sender<TourSeen>>,
}

impl Tour {
    /// A tour that begins; `record` is told what was seen.
    #[must_use]
    pub fn new(record: Option<watch::Sender<TourSeen>>) -> Self {
        Self {
            at: 0,
            begun: false,
            since_s: None,
            state: TourState::Waits,
            hold: HoldTimer::default(),
            commands: Vec::new(),
            happened: [false; STEPS.len()],
            record,
        }
    }

    /// A tour at a step that goes so.
    #[cfg(test)]
    pub(super) fn at(at: usize, state: TourState) -> Self {
        Self { at, begun: true, state, ..Self::new(None) }
    }

    /// How many steps there are.
    #[must_use]
    pub const fn len() -> usize {
        STEPS.len()
    }

    /// The step that the viewer is at, with its number from 1; `None` after the last one.
    #[must_use]
    pub fn step(&self) -> Option<(usize, &'static TourStep)> {
        STEPS.get(self.at).map(|step| (self.at + 1, step))
    }

    /// How it goes.
    #[must_use]
    pub const fn state(&self) -> &TourState {
        &self.state
    }

    /// What was seen so far.
    #[must_use]
    pub fn seen(&self) -> TourSeen {
        let missed = STEPS.iter().zip(self.happened).filter(|(_, happened)| !happened);
        TourSeen { steps: STEPS.len(), missed: missed.map(|(step, _)| step.title).collect() }
    }

    /// What is measured now.
    #[must_use]
    pub fn reading(&self, s: &Snapshot, tab: Tab) -> Option<StepReading> {
        self.step().map(|(_, step)| (step.measure)(s, tab))
    }

    /// Takes note of a snapshot, and of the tab that is shown.
    pub fn see(&mut self, s: &Snapshot, tab: Tab) {
        if !self.begun {
            self.begun = true;
            self.tell();
            self.enter(0, s);
        }
        let Some((_, step)) = self.step().filter(|_| self.state == TourState::Waits) else {
            return;
        };
        let since_s = *self.since_s.get_or_insert(s.at_s);
        let reading = (step.measure)(s, tab);
        // What is over cannot happen any more.
        let happens = reading.share >= 1.0 && !s.run.is_final();
        if let Some(happened_s) = self.hold.note(happens, s.at_s) {
            self.state = TourState::Happened((happened_s - since_s).max(0.0), reading.words);
            self.happened[self.at] = true;
            self.tell();
        }
    }

    fn tell(&self) {
        if let Some(record) = &self.record {
            record.send_replace(self.seen());
        }
    }

    /// Goes on to the next step, whether this one happened or not.
    pub fn forward(&mut self, s: &Snapshot) {
        if self.at < STEPS.len() {
            self.enter(self.at + 1, s);
        }
    }

    /// Goes back to the step before, if there is one; its stage is set again.
    pub fn back(&mut self, s: &Snapshot) -> bool {
        let is_after_first = self.at > 0;
        if is_after_first {
            self.enter(self.at - 1, s);
        }
        is_after_first
    }

    fn enter(&mut self, at: usize, s: &Snapshot) {
        self.at = at;
        self.since_s = None;
        self.state = TourState::Waits;
        self.hold = HoldTimer::default();
        self.commands.clear();
        let Some((_, step)) = self.step() else { return };
        if s.slow.is_some() {
            self.commands.push(Command::Slow(None));
        }
        self.commands.push(Command::Stage(Box::new((step.setup)(s.dials))));
        self.commands.extend(step.turned.map(Command::Set));
    }

    /// The next command that sets the stage, if one is to be sent.
    pub fn take_command(&mut self) -> Option<Command> {
        (!self.commands.is_empty()).then(|| self.commands.remove(0))
    }

    /// Puts a command back that could not be sent.
    pub fn put_back(&mut self, command: Command) {
        self.commands.insert(0, command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(at_s: f64, open: u64) -> Snapshot {
        let mut s = Snapshot { at_s, ..Snapshot::default() };
        s.frontier.open = open;
        s
    }

    fn commands(tour: &mut Tour) -> Vec<Command> {
        std::iter::from_fn(|| tour.take_command()).collect()
    }

    fn stage(at: usize) -> Command {
        Command::Stage(Box::new((STEPS[at].setup)(Snapshot::default().dials)))
    }

    #[test]
    fn a_step_ticks_when_it_is_measured_and_holds_and_the_viewer_goes_on() {
        let (record, seen) = watch::channel(TourSeen::default());
        let mut tour = Tour::new(Some(record));
        tour.see(&growing(0.0, 3), Tab::Deck);
        assert_eq!(commands(&mut tour), [stage(0)]);
        tour.see(&growing(2.0, 1_900), Tab::Deck);
        tour.see(&growing(2.9, 1_900), Tab::Deck);
        assert_eq!(*tour.state(), TourState::Waits, "not yet for a second");
        tour.see(&growing(3.1, 1_900), Tab::Deck);
        assert!(matches!(tour.state(), TourState::Happened(at_s, words)
            if (*at_s - 2.0).abs() < 0.01 && words.starts_with("1,900 URLs")));
        assert!(seen.borrow().words().starts_with("1 of 12 steps seen, without the queue, "));
        tour.see(&growing(9.0, 1_900), Tab::Deck);
        assert_eq!(tour.step().map(|(n, _)| n), Some(1), "it waits for the viewer");
        tour.forward(&growing(9.0, 1_900));
        assert_eq!((tour.step().map(|(n, _)| n), tour.state()), (Some(2), &TourState::Waits));
    }

    #[test]
    fn a_step_that_is_gone_back_to_sets_its_stage_again() {
        let s = growing(1.0, 0);
        let mut tour = Tour::new(None);
        tour.see(&s, Tab::Deck);
        assert!(!tour.back(&s), "there is none before the first");
        for _ in 0..8 {
            tour.forward(&s);
        }
        let undo = STEPS.iter().position(|step| step.title == "undo").unwrap();
        assert_eq!(commands(&mut tour), [stage(undo), Command::Set(STEPS[undo].turned.unwrap())]);
        assert!(tour.back(&s));
        assert_eq!(commands(&mut tour), [stage(undo - 1)]);
        tour.put_back(Command::Undo);
        assert_eq!(tour.take_command(), Some(Command::Undo), "it is sent once there is room");
    }

    #[test]
    fn it_ends_after_the_last_step_and_says_what_was_not_seen() {
        let s = growing(1.0, 0);
        let mut tour = Tour::new(None);
        tour.see(&s, Tab::Deck);
        for _ in 0..20 {
            tour.forward(&s);
        }
        assert!(tour.step().is_none());
        assert_eq!(tour.seen().words(), "no step seen");
        tour.see(&growing(2.0, 1_900), Tab::Deck);
        assert!(tour.back(&s), "the last step can be looked at again");
        assert_eq!(tour.step().map(|(n, _)| n), Some(12));
    }

    #[test]
    fn slow_motion_ends_with_its_step() {
        let s = Snapshot {
            slow: crate::settings::slow_motion::SlowMotion::new(0.1),
            ..growing(1.0, 0)
        };
        let mut tour = Tour::new(None);
        tour.see(&s, Tab::Deck);
        assert_eq!(commands(&mut tour), [Command::Slow(None), stage(0)]);
    }
}
