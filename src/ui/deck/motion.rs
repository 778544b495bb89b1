//! What moves between the stages. A dot is so many real pages: it sets out when the counter of its way passes
//! the next multiple, so nothing moves that did not happen.

use std::collections::VecDeque;
use std::time::Duration;

use super::track_state::TrackState;
use crate::crawl::protocol::flow::TRACKS;
use crate::crawl::protocol::snapshot::{RunState, Snapshot};
use crate::ui::palette::Role;

/// Time from one frame to the next: that of snapshots, so that most frames show both.
pub const FRAME: Duration = Duration::from_millis(100);
/// A frame may come this much sooner to be one with that of a snapshot.
pub const EARLY: Duration = Duration::from_millis(60);
/// Dots that may set out in a second.
const DOTS_PER_S: f32 = 5.0;
/// Dots that may wait to set out; more would show what is long past.
const WAITING: usize = 3;
/// Cells of the longest way.
const LONGEST: u16 = 8;
/// The track from which on a page has an answer.
const ANSWERED: usize = 3;
/// A frame that takes longer to write than this is one too many.
const SLOW: Duration = Duration::from_millis(20);

/// What sets out.
#[derive(Debug, Clone, Copy)]
struct Dot {
    /// What answer its pages got.
    role: Role,
    /// Whether it is the page that is followed by name.
    followed: bool,
}

/// One way.
#[derive(Debug, Clone, Default)]
struct Way {
    state: TrackState,
    passed: u64,
    /// Dots that set out next.
    waiting: VecDeque<Dot>,
    /// Dots under way: the cell, from the upper end.
    dots: Vec<(u16, Dot)>,
    /// Gaps that walk back: the cell, from the lower end.
    gaps: Vec<u16>,
}

/// Dots under way.
#[derive(Debug, Clone)]
pub struct Motion {
    enabled: bool,
    focused: bool,
    slow_frames: u8,
    pages_per_dot: u64,
    /// Frames in which everything moves by one cell, in slow motion more than one; and how many passed.
    frames_per_cell: u16,
    frames: u16,
    ways: [Way; TRACKS],
    failed: [u64; 3],
}

impl Default for Motion {
    /// Without motion: tests draw what a moment shows.
    fn default() -> Self {
        Self {
            enabled: false,
            focused: true,
            slow_frames: 0,
            pages_per_dot: 1,
            frames_per_cell: 1,
            frames: 0,
            ways: <[Way; TRACKS]>::default(),
            failed: [0; 3],
        }
    }
}

impl Motion {
    /// Whether dots move at all.
    pub const fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// The terminal has the user's attention, or lost it.
    pub fn focus(&mut self, focused: bool) {
        self.focused = focused;
        self.ways.iter_mut().for_each(Way::clear);
    }

    /// How long the last frame took to write. After two slow ones in a row ways show their state unmoved.
    pub fn wrote(&mut self, took: Duration) {
        if took <= SLOW {
            self.slow_frames = 0;
        } else if self.slow_frames < 2 {
            self.slow_frames += 1;
            if self.slow_frames == 2 {
                self.enabled = false;
            }
        }
    }

    /// Whether a frame is due: something is under way.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.runs() && self.ways.iter().any(Way::is_moving)
    }

    const fn runs(&self) -> bool {
        self.enabled && self.focused
    }

    /// How many pages a dot is.
    #[must_use]
    pub const fn pages_per_dot(&self) -> u64 {
        self.pages_per_dot
    }

    /// The state of a way: the one last seen, with its memory, or that of a snapshot alone.
    #[must_use]
    pub fn state(&self, track: usize, s: &Snapshot) -> TrackState {
        TrackState::of(s, track, self.ways[track].state)
    }

    /// Takes note of a snapshot, with which the page that is followed set out on the track `followed`.
    pub fn see(&mut self, s: &Snapshot, followed: Option<usize>) {
        let most = s.flow.per_s.iter().fold(0.0_f32, |a, b| a.max(*b));
        self.pages_per_dot = if s.slow.is_some() { 1 } else { pages_per_dot(most) };
        self.frames_per_cell = s.slow.map_or(1, |slow| slow.times().round() as u16).max(1);
        let failed =
            [s.totals.by_class[4] + s.totals.no_answer, s.totals.by_class[3], s.totals.by_class[2]];
        let worst = [Role::Server, Role::Client, Role::Moved]
            .into_iter()
            .zip(failed.iter().zip(self.failed))
            .find(|(_, (now, before))| **now > *before)
            .map_or(Role::Ok, |(role, _)| role);
        self.failed = failed;
        let runs = self.runs() && s.run != RunState::Paused;
        for (track, way) in self.ways.iter_mut().enumerate() {
            way.state = TrackState::of(s, track, way.state);
            let passed = s.flow.passed[track] / self.pages_per_dot;
            let new = passed.saturating_sub(way.passed / self.pages_per_dot);
            way.passed = s.flow.passed[track];
            if !runs {
                way.clear();
                continue;
            }
            let role = if track >= ANSWERED { worst } else { Role::Ok };
            for _ in 0..new.min(WAITING as u64) {
                if way.waiting.len() < WAITING {
                    way.waiting.push_back(Dot { role, followed: false });
                }
            }
            if followed == Some(track) && new > 0 {
                // The newest of them is it; where too many wait it takes the place of the last.
                if let Some(last) = way.waiting.back_mut() {
                    last.followed = true;
                }
            }
        }
    }

    /// A frame passed: moves everything by one cell, in slow motion with each tenth frame or so.
    pub fn advance(&mut self) {
        self.frames = (self.frames + 1) % self.frames_per_cell.max(1);
        if self.frames != 0 {
            return;
        }
        self.ways.iter_mut().for_each(Way::advance);
    }

    /// Whether a cell of a full way holds a dot.
    #[must_use]
    pub fn dense(&self, track: usize, cell: u16, cells: u16) -> bool {
        if self.runs() {
            return !self.ways[track].gaps.contains(&(cells - 1 - cell));
        }
        cells < 3 || cell != cells / 2
    }

    /// The dot in a cell of a free way.
    #[must_use]
    pub fn sparse(&self, track: usize, cell: u16, cells: u16) -> Option<Role> {
        if self.runs() {
            let dot = self.ways[track].dots.iter().find(|(at, _)| *at == cell)?.1;
            return Some(if dot.followed { Role::Limit } else { dot.role });
        }
        (cell == cells / 2).then_some(Role::Ok)
    }
}

impl Way {
    fn clear(&mut self) {
        self.waiting.clear();
        self.dots.clear();
        self.gaps.clear();
    }

    fn is_moving(&self) -> bool {
        !(self.waiting.is_empty() && self.dots.is_empty() && self.gaps.is_empty())
    }

    fn advance(&mut self) {
        for at in self.dots.iter_mut().map(|(at, _)| at).chain(&mut self.gaps) {
            *at += 1;
        }
        self.dots.retain(|(at, _)| *at < LONGEST);
        self.gaps.retain(|at| *at < LONGEST);
        // Two dots never share a cell, nor do they touch.
        let free = self.dots.iter().all(|(at, _)| *at >= 2);
        if free && let Some(dot) = self.waiting.pop_front() {
            self.dots.push((0, dot));
            self.gaps.push(0);
        }
    }
}

/// The smallest of 1, 2, 5, 10, 20 … with which at most so many dots set out in a second.
fn pages_per_dot(per_s: f32) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let pages = step * power;
            if per_s / pages as f32 <= DOTS_PER_S || power >= 1_000_000_000 {
                return pages;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::protocol::flow::FlowView;
    use crate::settings::slow_motion::SlowMotion;

    fn flowing(passed: u64, per_s: f32) -> Snapshot {
        let flow = FlowView { passed: [passed; TRACKS], per_s: [per_s; TRACKS] };
        Snapshot { run: RunState::Running, flow, ..Snapshot::default() }
    }

    fn moving() -> Motion {
        let mut motion = Motion::default();
        motion.enable(true);
        motion
    }

    #[test]
    fn a_dot_is_few_pages_when_few_pass() {
        let dots = [0.0, 4.0, 5.1, 51.0, 240.0, 12_000.0].map(pages_per_dot);
        assert_eq!(dots, [1, 1, 2, 20, 50, 5000]);
    }

    #[test]
    fn a_dot_sets_out_when_its_pages_have_passed() {
        let mut motion = moving();
        motion.see(&flowing(0, 10.0), None);
        assert!(!motion.is_moving());
        motion.see(&flowing(1, 10.0), None);
        assert!(!motion.is_moving(), "one page of two");
        motion.see(&flowing(2, 10.0), None);
        assert!(motion.is_moving());
        motion.advance();
        let place = |motion: &Motion| (0..6).find(|cell| motion.sparse(0, *cell, 6).is_some());
        assert_eq!(place(&motion), Some(0));
        motion.advance();
        assert_eq!(place(&motion), Some(1));
        assert!(motion.dense(0, 5, 6) && !motion.dense(0, 4, 6), "the gap walks back");
        for _ in 0..10 {
            motion.advance();
        }
        assert!(!motion.is_moving(), "it has arrived");
    }

    #[test]
    fn from_the_gate_on_a_dot_wears_the_worst_answer_of_its_pages() {
        let mut motion = moving();
        let mut s = flowing(1, 1.0);
        s.totals.by_class[4] = 1;
        motion.see(&s, None);
        motion.advance();
        assert_eq!(
            (motion.sparse(2, 0, 4), motion.sparse(3, 0, 4)),
            (Some(Role::Ok), Some(Role::Server))
        );
    }

    #[test]
    fn in_slow_motion_a_dot_is_a_page_and_takes_ten_frames_for_a_cell() {
        let mut motion = moving();
        let slow = |passed| Snapshot { slow: SlowMotion::new(0.1), ..flowing(passed, 40.0) };
        motion.see(&slow(0), None);
        motion.see(&slow(1), Some(3));
        assert_eq!(motion.pages_per_dot(), 1);
        let place = |motion: &Motion| (0..8).find(|cell| motion.sparse(3, *cell, 8).is_some());
        let places: Vec<_> = (0..30)
            .map(|_| {
                motion.advance();
                place(&motion)
            })
            .collect();
        assert_eq!(
            (places[8], places[9], places[18], places[19]),
            (None, Some(0), Some(0), Some(1))
        );
        assert_eq!(motion.sparse(3, 2, 8), Some(Role::Limit), "the one that is followed");
        assert_eq!(motion.sparse(2, 2, 8), Some(Role::Ok));
    }

    #[test]
    fn nothing_moves_unfocused_paused_or_over_a_slow_link() {
        let mut motion = moving();
        motion.focus(false);
        motion.see(&flowing(5, 1.0), None);
        assert!(!motion.is_moving());
        motion.focus(true);
        motion.see(&flowing(9, 1.0), None);
        assert!(motion.is_moving());
        motion.see(&Snapshot { run: RunState::Paused, ..flowing(15, 1.0) }, None);
        assert!(!motion.is_moving());
        motion.see(&flowing(18, 1.0), None);
        for took in [25, 5, 25] {
            motion.wrote(Duration::from_millis(took));
        }
        assert!(motion.is_moving(), "not two in a row");
        motion.wrote(Duration::from_millis(25));
        assert!(!motion.is_moving());
    }
}
