//! What a scene of the verdict is made of.

use crawldeck::crawl::protocol::verdict::{Advice, Limit};
use crawldeck::settings::Settings;

/// What is crawled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// `crawldeck lab` with these options.
    Lab(&'static [&'static str]),
    /// Each page links to the next one, and to no other.
    Chain,
    /// Pages that are all answered 500.
    Failing,
    /// It answers for some seconds, then its port is closed.
    Dies,
    /// nginx without any limit.
    Quick,
    /// nginx that answers 503 to more than five requests at once.
    FewConnections,
    /// nginx that sends each body slowly, however many there are.
    SlowBodies,
}

/// Where pages are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// `SQLite`.
    Sqlite,
    /// `PostgreSQL` behind a relay that holds up each commit.
    SlowCommits,
    /// `PostgreSQL` behind a relay that passes nothing on from the tenth second on.
    Silent,
}

/// What is done while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The dial of permits is turned to this.
    Permits(u32),
    /// The crawl is paused.
    Pause,
}

/// One scene.
#[derive(Debug, Clone, Copy)]
pub struct VerdictScene {
    /// Its name, also that of its recording.
    pub name: &'static str,
    /// How it is set up, in words.
    pub setup: &'static str,
    /// What may be said: any of these is right.
    pub expected: &'static [(Limit, Advice)],
    /// Why that is right.
    pub why: &'static str,
    pub site: Site,
    pub saved: Saved,
    pub permits: u32,
    pub workers: u32,
    /// Further settings.
    pub settings: fn(&mut Settings),
    /// Faults of the pipeline.
    pub faults: &'static [&'static str],
    /// Steps, and the seconds after which they are made.
    pub steps: &'static [(u32, Step)],
    /// Whether nothing else may run meanwhile.
    pub alone: bool,
}
