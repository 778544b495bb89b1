//! Degradation: when a local resource is under pressure, the crawl slows down by itself, says why, and
//! speeds up again when it is over.
//!
//! A pure function of gauges over time. The user's permits stay a ceiling above all of it: it
//! only takes away, and gives back what it took.

use crate::crawl::control::shortage_limit::{ShortageLimit, connections_that_fit};
use crate::crawl::measure::shortages::ShortageReading;
use crate::crawl::protocol::snapshot::{Overload, OverloadKind, PauseReason};
use crate::open_files;
use crate::units;

/// Seconds between two steps.
const STEP_S: f64 = 1.0;
/// Seconds without overload before permits are given back, a quarter at a time.
const QUIET_S: f64 = 3.0;
/// The saver is behind when so much of its buffer is used,
const BEHIND: f64 = 0.75;
/// and has caught up when no more than this is.
const CAUGHT_UP: f64 = 0.4;
/// Of the memory limit: from here on the crawl slows down,
const MEMORY_TIGHT: f64 = 0.85;
/// from here on nothing new starts, until it is below the former.
const MEMORY_FULL: f64 = 1.0;
/// Free disk space, as a multiple of the minimum: below this the crawl slows down.
const DISK_TIGHT: u64 = 2;

/// What is measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Seconds since the start of this run.
    pub at_s: f64,
    /// The user's permits.
    pub permits: u32,
    /// Share of the saver's buffer in use, 0..=1.
    pub backlog: f64,
    /// Bytes free on the database's disk, where that is known.
    pub disk_free: Option<u64>,
    /// Bytes below which nothing new starts.
    pub min_disk: u64,
    /// Resident memory, in bytes.
    pub rss: u64,
    /// Its limit, in bytes.
    pub max_memory: Option<u64>,
    /// Requests that failed because this machine is short of something.
    pub shortages: ShortageReading,
    /// Whether every host with URLs to go is down.
    pub everything_down: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Throttle {
    /// Permits in force.
    pub permits: u32,
    /// Reasons to start nothing new.
    pub pauses: Vec<PauseReason>,
    /// What is overloaded.
    pub overloads: Vec<Overload>,
}

/// Watches the gauges.
#[derive(Debug, Default)]
pub struct LoadShedder {
    /// Permits left, when some were taken away.
    left: Option<u32>,
    stepped_s: f64,
    overloaded_s: f64,
    since: Vec<(OverloadKind, f64)>,
    saver_behind: bool,
    memory_full: bool,
    disk_full: bool,
    shortage_limit: ShortageLimit,
}

impl LoadShedder {
    /// With the limit on open files, and the connections that fit it.
    #[must_use]
    pub fn with_files(limit: u64, connections: u32) -> Self {
        let shortage_limit = ShortageLimit::with_files(limit, connections);
        Self { shortage_limit, ..Self::default() }
    }

    /// Of so many permits, those that are in force.
    #[must_use]
    pub fn ceiling(&self, permits: u32) -> u32 {
        let permits = self.shortage_limit.ceiling(permits);
        self.left.map_or(permits, |left| left.min(permits)).max(1)
    }

    /// Reads the gauges; to be called a few times a second.
    pub fn update(&mut self, g: &Gauges) -> Throttle {
        let mut found = Vec::new();
        let mut pauses = Vec::new();
        self.saver(g, &mut found);
        self.disk(g, &mut found, &mut pauses);
        self.memory(g, &mut found, &mut pauses);
        let slows = !found.is_empty();
        self.step(g, slows);
        self.shortage_limit.update(g.shortages, g.permits, g.at_s);
        for (what, text) in self.shortage_limit.overloads(g.permits, g.at_s) {
            if !found.iter().any(|(other, _)| *other == what) {
                found.push((what, text));
            }
        }
        let permits = self.ceiling(g.permits);
        if g.everything_down {
            let text = "every host with URLs to go is down: they are probed, nothing is given up";
            found.push((OverloadKind::EverythingDown, text.to_owned()));
        }
        self.since.retain(|(kind, _)| found.iter().any(|(other, _)| other == kind));
        let mut overloads = Vec::new();
        for (what, text) in found {
            let since = self.since.iter().find(|(kind, _)| *kind == what).map(|(_, since)| *since);
            let since_s = since.unwrap_or(g.at_s);
            if since.is_none() {
                self.since.push((what, g.at_s));
            }
            let text = if what != OverloadKind::EverythingDown && permits < g.permits {
                format!("{text}; {permits} of {} permits used", g.permits)
            } else {
                text
            };
            overloads.push(Overload { what, text, since_s });
        }
        Throttle { permits, pauses, overloads }
    }

    fn saver(&mut self, g: &Gauges, found: &mut Vec<(OverloadKind, String)>) {
        let mark = if self.saver_behind { CAUGHT_UP } else { BEHIND };
        self.saver_behind = g.backlog >= mark;
        if self.saver_behind {
            let text = format!("saver behind: its buffer is {:.0} % full", g.backlog * 100.0);
            found.push((OverloadKind::Saver, text));
        }
    }

    fn disk(
        &mut self,
        g: &Gauges,
        found: &mut Vec<(OverloadKind, String)>,
        pauses: &mut Vec<PauseReason>,
    ) {
        let Some(free) = g.disk_free else { return };
        // Some room to come back, or it would flutter.
        let minimum = if self.disk_full { g.min_disk + g.min_disk / 4 } else { g.min_disk };
        self.disk_full = g.min_disk > 0 && free < minimum;
        if self.disk_full {
            pauses.push(PauseReason::Disk);
            let text = format!("disk nearly full: {} free", units::bytes(free));
            found.push((OverloadKind::Disk, text));
        } else if free < g.min_disk.saturating_mul(DISK_TIGHT) {
            let text = format!("disk filling up: {} free", units::bytes(free));
            found.push((OverloadKind::Disk, text));
        }
    }

    fn memory(
        &mut self,
        g: &Gauges,
        found: &mut Vec<(OverloadKind, String)>,
        pauses: &mut Vec<PauseReason>,
    ) {
        let Some(limit) = g.max_memory.filter(|limit| *limit > 0) else { return };
        let used = g.rss as f64 / limit as f64;
        let mark = if self.memory_full { MEMORY_TIGHT } else { MEMORY_FULL };
        self.memory_full = used >= mark;
        if used < MEMORY_TIGHT {
            return;
        }
        let text = format!("memory short: {} of {}", units::bytes(g.rss), units::bytes(limit));
        found.push((OverloadKind::Memory, text));
        if self.memory_full {
            pauses.push(PauseReason::Memory);
        }
    }

    /// Halves the permits once a second under overload; gives a quarter back per second of quiet.
    fn step(&mut self, g: &Gauges, slows: bool) {
        if slows {
            self.overloaded_s = g.at_s;
        }
        if g.at_s - self.stepped_s < STEP_S {
            return;
        }
        self.stepped_s = g.at_s;
        let now = self.left.unwrap_or(g.permits).min(g.permits);
        if slows {
            self.left = Some((now / 2).max(1));
        } else if self.left.is_some() && g.at_s - self.overloaded_s >= QUIET_S {
            let more = now + (g.permits / 4).max(1);
            self.left = (more < g.permits).then_some(more);
        }
    }
}

/// Knows how many connections fit the limit on open files; `shared`: the site is in this process.
pub(super) fn load_shedder(shared: bool) -> LoadShedder {
    match (open_files::limit(), open_files::count()) {
        (Some(limit), Some(open)) => {
            LoadShedder::with_files(limit, connections_that_fit(limit, open, shared))
        }
        _ => LoadShedder::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::control::overload::OverloadKind as K;

    fn calm(at_s: f64) -> Gauges {
        Gauges {
            at_s,
            permits: 16,
            backlog: 0.1,
            disk_free: Some(10 << 30),
            min_disk: 256 << 20,
            rss: 50 << 20,
            max_memory: Some(1 << 30),
            shortages: ShortageReading::default(),
            everything_down: false,
        }
    }

    #[test]
    fn under_overload_permits_halve_and_come_back_after_quiet() {
        let mut shedder = LoadShedder::default();
        assert_eq!(shedder.update(&calm(0.0)), Throttle { permits: 16, ..Throttle::default() });
        let behind = |at_s| Gauges { backlog: 0.8, ..calm(at_s) };
        let permits: Vec<u32> =
            (1..=6).map(|s| shedder.update(&behind(f64::from(s))).permits).collect();
        assert_eq!(permits, [8, 4, 2, 1, 1, 1]);
        let throttle = shedder.update(&behind(6.5));
        assert_eq!(throttle.overloads[0].what, OverloadKind::Saver);
        assert!((throttle.overloads[0].since_s - 1.0).abs() < 0.01);
        assert!(throttle.overloads[0].text.contains("1 of 16 permits"), "{throttle:?}");
        // Half empty is not yet caught up.
        assert_eq!(shedder.update(&Gauges { backlog: 0.5, ..calm(7.5) }).overloads.len(), 1);
        let permits: Vec<u32> =
            (8..=15).map(|s| shedder.update(&calm(f64::from(s))).permits).collect();
        assert_eq!(permits, [1, 1, 1, 5, 9, 13, 16, 16], "{shedder:?}");
    }

    #[test]
    fn several_overloads_hold_at_once_and_the_worst_pause() {
        let mut shedder = LoadShedder::default();
        let bad = Gauges {
            disk_free: Some(100 << 20),
            rss: 2 << 30,
            backlog: 1.0,
            shortages: ShortageReading { counts: [1, 0, 0, 0], in_flight: Some(9) },
            everything_down: true,
            ..calm(5.0)
        };
        let throttle = shedder.update(&bad);
        assert_eq!(throttle.pauses, [PauseReason::Disk, PauseReason::Memory]);
        let kinds: Vec<_> = throttle.overloads.iter().map(|overload| overload.what).collect();
        assert_eq!(kinds, [K::Saver, K::Disk, K::Memory, K::Files, K::EverythingDown]);
        // A little more than the minimum is not yet enough to resume.
        let better = Gauges { disk_free: Some(300 << 20), rss: 900 << 20, ..calm(20.0) };
        assert_eq!(shedder.update(&better).pauses, [PauseReason::Disk, PauseReason::Memory]);
        let well = Gauges { disk_free: Some(330 << 20), rss: 800 << 20, ..calm(21.0) };
        assert!(shedder.update(&well).pauses.is_empty());
    }

    #[test]
    fn the_users_ceiling_stands_above() {
        let mut shedder = LoadShedder::default();
        shedder.update(&Gauges { backlog: 1.0, ..calm(1.0) });
        let lower = shedder.update(&Gauges { permits: 3, backlog: 1.0, ..calm(1.5) });
        assert_eq!(lower.permits, 3);
    }
}
