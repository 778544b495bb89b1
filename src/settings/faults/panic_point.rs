//! A fault for tests alone: a panic in a task of the crawl.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A task, or a part of one, that can be made to panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicPoint {
    /// The producer, before it takes a URL from the frontier.
    Producer,
    /// A worker, before it fetches a URL.
    Worker,
    /// A worker, while it ends a URL that has no response.
    GiveUp,
    /// A worker between two URLs.
    WorkerLoop,
    /// A thread that parses a page.
    Parser,
    /// The saver, between two batches.
    Saver,
    /// A transaction, a read or any other call of the database.
    Database,
    /// The heartbeat.
    Heartbeat,
    /// The loader, before it takes in the seeds.
    Loader,
    /// The task that excludes URLs.
    Exclude,
    /// The task that restores excluded URLs.
    Restore,
    /// The task that requests pages of an earlier crawl to which no link leads any more.
    Unlinked,
    /// The control task, at a tick.
    Control,
    /// The dashboard, before it draws a frame.
    Dashboard,
}

impl PanicPoint {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Producer,
        Self::Worker,
        Self::GiveUp,
        Self::WorkerLoop,
        Self::Parser,
        Self::Saver,
        Self::Database,
        Self::Heartbeat,
        Self::Loader,
        Self::Exclude,
        Self::Restore,
        Self::Unlinked,
        Self::Control,
        Self::Dashboard,
    ];

    /// Its name, as [`PanicPoints`] reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Worker => "worker",
            Self::GiveUp => "give-up",
            Self::WorkerLoop => "worker-loop",
            Self::Parser => "parser",
            Self::Saver => "saver",
            Self::Database => "database",
            Self::Heartbeat => "heartbeat",
            Self::Loader => "loader",
            Self::Exclude => "exclude",
            Self::Restore => "restore",
            Self::Unlinked => "unlinked",
            Self::Control => "control",
            Self::Dashboard => "dashboard",
        }
    }
}

/// When a point panics.
#[derive(Debug)]
struct ArmedPoint {
    point: PanicPoint,
    /// The pass at which it panics first, from 1.
    first: u32,
    /// Whether it panics at every pass from then on.
    again: bool,
    passes: AtomicU32,
}

/// The points that panic: none, unless a test wants it.
///
/// As text `saver:3,give-up:1+`: the saver at its third pass, and every URL that is given up.
#[derive(Debug, Default)]
pub struct PanicPoints(Vec<ArmedPoint>);

impl PanicPoints {
    /// Counts a pass through `point`.
    ///
    /// # Panics
    /// When a test wants it here.
    #[track_caller]
    pub fn pass(&self, point: PanicPoint) {
        for armed in self.0.iter().filter(|armed| armed.point == point) {
            let pass = armed.passes.fetch_add(1, Relaxed) + 1;
            let due = pass == armed.first || (armed.again && pass > armed.first);
            assert!(!due, "injected panic in {}", point.name());
        }
    }
}

impl PartialEq for PanicPoints {
    fn eq(&self, other: &Self) -> bool {
        let wanted = |points: &Self| -> Vec<_> {
            points.0.iter().map(|armed| (armed.point, armed.first, armed.again)).collect()
        };
        wanted(self) == wanted(other)
    }
}

/// The same points, not passed yet.
impl Clone for PanicPoints {
    fn clone(&self) -> Self {
        let again = |armed: &ArmedPoint| ArmedPoint { passes: AtomicU32::new(0), ..*armed };
        Self(self.0.iter().map(again).collect())
    }
}

impl FromStr for PanicPoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let armed = |part: &str| {
            let (name, pass) = part.split_once(':').unwrap_or((part, "1"));
            let point = PanicPoint::ALL.into_iter().find(|point| point.name() == name);
            let first = pass.trim_end_matches('+').parse().ok().filter(|first| *first > 0);
            let (Some(point), Some(first)) = (point, first) else {
                return Err(format!("'{part}' is no point that can panic"));
            };
            let again = pass.ends_with('+');
            Ok(ArmedPoint { point, first, again, passes: AtomicU32::new(0) })
        };
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(armed)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panics::caught_now;

    #[test]
    fn a_point_panics_when_it_is_wanted() {
        let points: PanicPoints = "saver:2,give-up:2+".parse().unwrap();
        let panics = |point| caught_now(|| points.pass(point)).is_err();
        assert_eq!([(); 3].map(|()| panics(PanicPoint::Saver)), [false, true, false]);
        assert_eq!([(); 3].map(|()| panics(PanicPoint::GiveUp)), [false, true, true]);
        assert!(!panics(PanicPoint::Worker));
        assert!("saver:0".parse::<PanicPoints>().is_err());
        assert!("nobody".parse::<PanicPoints>().is_err());
    }
}
