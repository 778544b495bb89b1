//! Little's law as a check of our own counting: requests in flight = requests per second × mean latency.
//!
//! Over ten seconds it holds only as far as what was in flight at the ends does not matter, and a request that
//! hangs for a minute does. So the times of what is still in flight are added: then the law is exact, and a
//! difference that lasts is an error in how requests are counted.

use std::collections::VecDeque;

use crate::crawl::protocol::tuning::LittlesLaw;
use crate::crawl::tuning::reading::TuningReading;

/// Seconds between two points.
const POINT_S: f64 = 0.95;
/// Points that are kept: ten seconds.
const POINTS: usize = 11;
/// Both sides agree within this share, for a request that ends is counted in two steps,
const AGREES: f64 = 0.03;
/// and within so many requests in flight.
const AGREES_REQUESTS: f64 = 0.25;
/// A difference by this share,
const MISMATCH: f64 = 0.1;
/// in so many points one after another, is an error of ours.
const LASTING_POINTS: u32 = 11;

/// Sums since the start of the run at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct LawPoint {
    at: f64,
    /// Integral of the requests in flight, in seconds.
    in_flight_seconds: f64,
    /// Times of the requests that ended, in seconds, and how many those were.
    ended_seconds: f64,
    ended: f64,
    /// Times so far of those in flight, in seconds.
    ages: f64,
}

/// Follows the readings of a run.
#[derive(Debug, Default)]
pub struct LittlesLawCheck {
    sums: LawPoint,
    points: VecDeque<LawPoint>,
    mismatches: u32,
}

impl LittlesLawCheck {
    /// Takes a reading.
    pub fn read(&mut self, reading: &TuningReading<'_>) {
        let finished = reading.finished;
        self.sums.at = reading.at;
        self.sums.in_flight_seconds = reading.in_flight_seconds;
        self.sums.ended_seconds += finished.permit_seconds;
        self.sums.ended += f64::from(finished.requests);
        self.sums.ages = finished.age_seconds;
        let last = self.points.back().map_or(f64::NEG_INFINITY, |point| point.at);
        if reading.at - last >= POINT_S {
            self.points.push_back(self.sums);
            if self.points.len() > POINTS {
                self.points.pop_front();
            }
            let wrong = self.view().is_some_and(|law| !law.agrees) && self.difference() > MISMATCH;
            self.mismatches = if wrong { self.mismatches + 1 } else { 0 };
        }
    }

    /// The first and the last point, and the seconds between them.
    fn ends(&self) -> Option<(&LawPoint, &LawPoint, f64)> {
        let (first, last) = (self.points.front()?, self.points.back()?);
        let seconds = last.at - first.at;
        (seconds > 0.0).then_some((first, last, seconds))
    }

    /// The difference of both sides in requests in flight, what is still in flight accounted for.
    fn unexplained(&self) -> f64 {
        self.ends().map_or(0.0, |(first, last, seconds)| {
            let in_flight = last.in_flight_seconds - first.in_flight_seconds;
            let counted = last.ended_seconds - first.ended_seconds + last.ages - first.ages;
            (in_flight - counted).abs() / seconds
        })
    }

    fn in_flight(&self) -> f64 {
        self.ends().map_or(0.0, |(first, last, seconds)| {
            (last.in_flight_seconds - first.in_flight_seconds) / seconds
        })
    }

    /// The difference as a share of what is in flight.
    fn difference(&self) -> f64 {
        self.unexplained() / self.in_flight().max(f64::MIN_POSITIVE)
    }

    /// The law over the last ten seconds; `None` while nothing is in flight or nothing ended.
    #[must_use]
    pub fn view(&self) -> Option<LittlesLaw> {
        let (first, last, seconds) = self.ends()?;
        let ended = last.ended - first.ended;
        let in_flight = self.in_flight();
        if ended <= 0.0 || in_flight <= 0.0 {
            return None;
        }
        Some(LittlesLaw {
            in_flight,
            requests_per_s: ended / seconds,
            mean_latency_s: (last.ended_seconds - first.ended_seconds) / ended,
            agrees: self.unexplained() <= AGREES_REQUESTS.max(AGREES * in_flight),
        })
    }

    /// By how much both sides have differed for more than ten seconds, as a share; `None` where they agree.
    #[must_use]
    pub fn lasting_mismatch(&self) -> Option<f64> {
        (self.mismatches >= LASTING_POINTS).then(|| self.difference())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::tuning::finished_requests::FinishedRequests;
    use crate::crawl::tuning::reading::Pressure;

    /// Reads a crawl of this many requests in flight that take `latency` seconds each, ten times a second for
    /// so long; `counted` of its ends are counted.
    fn crawl(
        in_flight: u32,
        latency: f64,
        seconds: u32,
        counted: impl Fn(u64) -> bool,
    ) -> LittlesLawCheck {
        let mut law = LittlesLawCheck::default();
        let n = f64::from(in_flight);
        let mut ends = 0_u64;
        for tick in 1..=10 * seconds {
            let at = f64::from(tick) / 10.0;
            // Request i ends first at latency·(i + 1)/n, then every latency.
            let until = (at * n / latency).floor() as u64;
            let mut finished = FinishedRequests::default();
            for end in ends..until {
                if counted(end) {
                    finished.requests += 1;
                    finished.permit_seconds += if end < u64::from(in_flight) {
                        latency * (end + 1) as f64 / n
                    } else {
                        latency
                    };
                }
            }
            ends = until;
            let ended = |i: f64| latency * (i + 1.0) / n;
            finished.age_seconds = (0..in_flight)
                .map(|i| {
                    let first = ended(f64::from(i));
                    if at < first { at } else { (at - first) % latency }
                })
                .sum();
            let in_flight_seconds = n * at;
            law.read(&TuningReading {
                at,
                in_flight,
                in_flight_seconds,
                finished: &finished,
                active_hosts: 1,
                pressure: Pressure::default(),
            });
        }
        law
    }

    #[test]
    fn it_holds_for_short_and_long_requests() {
        for (in_flight, latency) in [(48, 0.222), (4, 0.05), (16, 7.0), (1, 3.0)] {
            let law = crawl(in_flight, latency, 40, |_| true);
            let view = law.view().expect("requests ended");
            assert!(view.agrees && law.lasting_mismatch().is_none(), "{view:?}");
            assert!((view.in_flight - f64::from(in_flight)).abs() < 1e-6, "{view:?}");
            if latency < 1.0 {
                assert!((view.product() / view.in_flight - 1.0).abs() < 0.05, "{view:?}");
            }
        }
    }

    #[test]
    fn ends_that_are_not_counted_are_found() {
        let law = crawl(48, 0.222, 40, |end| end % 5 > 0);
        let view = law.view().expect("requests ended");
        assert!(!view.agrees, "{view:?}");
        let share = law.lasting_mismatch().expect("it lasts");
        assert!((share - 0.2).abs() < 0.02, "{share}");
        assert_eq!(crawl(48, 0.222, 9, |end| end % 5 > 0).lasting_mismatch(), None);
    }
}
