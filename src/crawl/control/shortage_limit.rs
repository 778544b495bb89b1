//! The permits that fit what this machine can open at once: fewer when files, memory, ports or threads
//! are short, more again when that is over.
//!
//! Shortages without a pause between them are one incident: four fifths of what was in flight at its begin
//! are left, and less only down to an eighth, because what others open cannot be helped by fewer
//! permits. After quiet they come back, a tenth a second, up to just below what was too many; that is
//! tried again, and ever more rarely when it was too many again.

use crate::crawl::measure::shortages::ShortageReading;
use crate::crawl::protocol::snapshot::OverloadKind;
use crate::web::http::Shortage;

/// Seconds between two steps down within an incident.
const BURST_S: f64 = 1.0;
/// Of what was in flight when an incident began, at least this part is left,
const LEAST_PART: u32 = 8;
/// and at least so many.
const LEAST: u32 = 4;
/// Seconds without a shortage before permits are given back.
const QUIET_S: f64 = 3.0;
/// Seconds between two steps.
const STEP_S: f64 = 1.0;
/// Seconds for which a shortage is told at least.
const TOLD_S: f64 = 10.0;
/// First and longest time after which a level that was too many is tried again, in seconds.
const RETRY_S: (f64, f64) = (30.0, 600.0);
/// Files that the crawl needs besides those that are open at the start and its connections: for the
/// database, name look-ups and the log.
const OTHER_FILES: u64 = 8;

/// The requests that may be in flight at once with so many files in all, of which so many are open at the
/// start. `shared`: the site is served by this process, which has a file for each connection too.
#[must_use]
pub fn connections_that_fit(limit: u64, open: u64, shared: bool) -> u32 {
    let free = limit.saturating_sub(open);
    // Where hardly any are free, the half of them is.
    let room = free.saturating_sub(OTHER_FILES).max(free / 2);
    let room = if shared { room / 2 } else { room };
    u32::try_from(room).unwrap_or(u32::MAX).max(1)
}

/// Watches the shortages.
#[derive(Debug, Default)]
pub struct ShortageLimit {
    /// Limit on open files, and the connections that fit it; `None`: not known.
    files: Option<(u64, u32)>,
    /// Permits left, when some were taken away.
    left: Option<u32>,
    seen: [u64; Shortage::ALL.len()],
    /// When each was last met.
    last_s: [Option<f64>; Shortage::ALL.len()],
    stepped_s: f64,
    /// Permits that are left at least, whatever happens in this incident.
    least: u32,
    /// Permits that were too many, until when they are not tried again, and the wait for that.
    too_many: Option<u32>,
    retry_at_s: f64,
    retry_s: f64,
}

impl ShortageLimit {
    /// With this limit on open files, which so many connections fit.
    #[must_use]
    pub fn with_files(limit: u64, connections: u32) -> Self {
        Self { files: Some((limit, connections)), ..Self::default() }
    }

    /// Of so many permits, those that are in force.
    #[must_use]
    pub fn ceiling(&self, permits: u32) -> u32 {
        let fit = self.files.map_or(u32::MAX, |(_, connections)| connections);
        permits.min(fit).min(self.left.unwrap_or(u32::MAX)).max(1)
    }

    /// Takes in a reading, `at_s` seconds after the start; `permits` are the user's.
    pub fn update(&mut self, reading: ShortageReading, permits: u32, at_s: f64) {
        let newest_s = self.newest_s();
        let mut is_short = false;
        for (at, count) in reading.counts.into_iter().enumerate() {
            if count > self.seen[at] {
                (self.seen[at], self.last_s[at], is_short) = (count, Some(at_s), true);
            }
        }
        let now = self.ceiling(permits);
        if is_short {
            if at_s - newest_s >= QUIET_S {
                let in_flight = reading.in_flight.map_or(now, |flying| flying.clamp(1, now));
                self.begin_incident(in_flight, now, at_s);
            } else if at_s - self.stepped_s >= BURST_S {
                self.stepped_s = at_s;
                self.left = Some((now * 4 / 5).max(self.least).min(now));
            }
            return;
        }
        if self.left.is_some() && at_s - newest_s >= QUIET_S && at_s - self.stepped_s >= STEP_S {
            self.stepped_s = at_s;
            self.give_back(now, permits, at_s);
        }
    }

    /// When any of them was last met.
    fn newest_s(&self) -> f64 {
        self.last_s.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Shortages began while `in_flight` requests were, of `now` permits in force.
    fn begin_incident(&mut self, in_flight: u32, now: u32, at_s: f64) {
        self.stepped_s = at_s;
        self.left = Some((in_flight * 4 / 5).max(1));
        self.least = (in_flight / LEAST_PART).max(LEAST).min(in_flight);
        let retried = self.too_many.is_some_and(|too_many| now >= too_many);
        let times = if retried { 2.0 } else { 1.0 };
        self.retry_s = (times * self.retry_s).clamp(RETRY_S.0, RETRY_S.1);
        self.retry_at_s = at_s + self.retry_s;
        // While few are in flight it is not they that are too many.
        if self.too_many.is_none() || retried || 2 * in_flight > now {
            self.too_many = Some(in_flight.max(2));
        }
    }

    fn give_back(&mut self, now: u32, permits: u32, at_s: f64) {
        let mut more = now + (now / 10).max(1);
        match self.too_many {
            Some(too_many) if at_s < self.retry_at_s => more = more.min(too_many - 1).max(now),
            Some(too_many) if now > too_many => (self.too_many, self.retry_s) = (None, 0.0),
            _ => {}
        }
        self.left = (more < self.ceiling_of_files(permits)).then_some(more);
    }

    fn ceiling_of_files(&self, permits: u32) -> u32 {
        Self { files: self.files, ..Self::default() }.ceiling(permits)
    }

    /// What is short, in words; `permits` are the user's.
    #[must_use]
    pub fn overloads(&self, permits: u32, at_s: f64) -> Vec<(OverloadKind, String)> {
        let mut found = Vec::new();
        let lowered = self.left.is_some_and(|left| left < permits);
        let newest = self.newest_s();
        for (shortage, last_s) in Shortage::ALL.into_iter().zip(self.last_s) {
            let Some(last_s) = last_s else { continue };
            if at_s - last_s < TOLD_S || lowered && last_s >= newest {
                let text = format!("{}: fewer requests at once", shortage.message());
                found.push((kind_of(shortage), text));
            }
        }
        if let Some((limit, connections)) = self.files
            && connections < permits
            && !found.iter().any(|(kind, _)| *kind == OverloadKind::Files)
        {
            let text = format!("no more than {limit} files may be open here (ulimit -n)");
            found.push((OverloadKind::Files, text));
        }
        found
    }
}

const fn kind_of(shortage: Shortage) -> OverloadKind {
    match shortage {
        Shortage::Files => OverloadKind::Files,
        Shortage::Memory => OverloadKind::Memory,
        Shortage::Ports => OverloadKind::Ports,
        Shortage::Threads => OverloadKind::Threads,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(files: u64, in_flight: Option<u32>) -> ShortageReading {
        ShortageReading { counts: [files, 0, 0, 0], in_flight }
    }

    #[test]
    fn a_burst_is_one_incident_and_what_was_too_many_is_tried_ever_more_rarely() {
        let mut limit = ShortageLimit::default();
        limit.update(reading(0, None), 300, 0.0);
        assert_eq!(limit.ceiling(300), 300);
        // 40 connections fit.
        limit.update(reading(90, Some(40)), 300, 1.0);
        limit.update(reading(200, Some(40)), 300, 1.1);
        limit.update(reading(260, Some(37)), 300, 1.9);
        assert_eq!(limit.ceiling(300), 32, "not 1 of 300");
        assert_eq!(limit.overloads(300, 2.0)[0].0, OverloadKind::Files);
        // What the user sets below it holds.
        assert_eq!(limit.ceiling(7), 7);
        let (mut incidents, mut shortages) = (0, 260);
        let mut run = |limit: &mut ShortageLimit, from: u32, to: u32| {
            incidents = 0;
            for tick in from * 10..to * 10 {
                let too_many = limit.ceiling(300) > 40;
                (incidents, shortages) =
                    (incidents + u32::from(too_many), shortages + u64::from(too_many));
                limit.update(
                    reading(shortages, too_many.then_some(40)),
                    300,
                    f64::from(tick) / 10.0,
                );
            }
            incidents
        };
        assert_eq!(run(&mut limit, 2, 30), 0, "{limit:?}");
        assert_eq!(limit.ceiling(300), 39, "{limit:?}");
        assert_eq!(run(&mut limit, 30, 600), 4, "{limit:?}");
        assert!(run(&mut limit, 600, 3_600) <= 5, "{limit:?}");
        assert!((32..=40).contains(&limit.ceiling(300)), "{limit:?}");
        assert!(!limit.overloads(300, 3_600.0).is_empty(), "it is told while permits are missing");
        // There is room again.
        for tick in 36_000..46_000 {
            limit.update(reading(shortages, None), 300, f64::from(tick) / 10.0);
        }
        assert_eq!((limit.ceiling(300), limit.overloads(300, 4_600.0)), (300, Vec::new()));
    }

    /// Another program takes all files for a while.
    #[test]
    fn a_shortage_that_fewer_permits_do_not_help_takes_few_back_and_passes() {
        let mut limit = ShortageLimit::default();
        let mut shortages = 0;
        for tick in 10..260_u32 {
            shortages += 5;
            let in_flight = limit.ceiling(300).min(40);
            limit.update(reading(shortages, Some(in_flight)), 300, f64::from(tick) / 10.0);
        }
        assert_eq!(limit.ceiling(300), 5, "an eighth of what was in flight at first: {limit:?}");
        for tick in 260..1_200_u32 {
            limit.update(reading(shortages, None), 300, f64::from(tick) / 10.0);
        }
        assert_eq!(limit.ceiling(300), 300, "it is over after a minute and a half: {limit:?}");
    }

    #[test]
    fn what_cannot_fit_is_not_tried() {
        for (files, open, shared, fit) in [
            (64, 20, false, 36),
            (64, 20, true, 18),
            (24, 16, false, 4),
            (24, 23, false, 1),
            (16, 20, false, 1),
        ] {
            assert_eq!(connections_that_fit(files, open, shared), fit, "{files} {open}");
        }
        let mut limit = ShortageLimit::with_files(64, 36);
        assert_eq!((limit.ceiling(300), limit.ceiling(10)), (36, 10));
        assert_eq!(limit.overloads(10, 1.0), []);
        let (kind, text) = limit.overloads(300, 1.0).remove(0);
        assert_eq!(kind, OverloadKind::Files);
        assert_eq!(text, "no more than 64 files may be open here (ulimit -n)");
        limit.update(reading(1, Some(30)), 300, 1.0);
        for second in 2..100 {
            limit.update(reading(1, None), 300, f64::from(second));
        }
        assert_eq!(limit.ceiling(300), 36);
    }
}
