//! Runs for the table: paired seeds, the best fixed permits, means with intervals.

use super::controllers::Kind;
use super::measures::{Measures, measure, pages};
use super::run::{CrawlLog, DURATION, MAX_PERMITS, simulate};
use super::server::Server;

/// Length of the runs of a sweep and of their start that does not count, in seconds.
const SWEEP: usize = 90;
const SWEEP_START: usize = 20;
/// Factor between two permits of a sweep.
const SWEEP_STEP: f64 = 1.25;

/// One run of a server under a controller (under two of its kind where a second crawl joins).
#[must_use]
pub fn run(server: &Server, kind: Kind, seed: u64) -> Vec<CrawlLog> {
    let crawls = 1 + usize::from(server.second_crawl.is_some());
    simulate(server, seed, DURATION, (0..crawls).map(|_| kind.build()).collect())
}

/// Pages per second of the best fixed permits.
#[must_use]
pub fn reference(server: &Server, seed: u64) -> Vec<f64> {
    pages(&run(server, Kind::Fixed(server.best), seed))
}

/// A controller's measures on a server, with the same seed as the reference.
#[must_use]
pub fn measured(server: &Server, kind: Kind, seed: u64, reference: &[f64]) -> Measures {
    measure(&run(server, kind, seed), reference)
}

/// The server with its best fixed permits and its knee, from a sweep.
#[must_use]
pub fn swept(mut server: Server, seed: u64) -> Server {
    let mut found: Vec<(u32, f64)> = Vec::new();
    let mut permits = 1.0;
    while permits <= f64::from(MAX_PERMITS) {
        let fixed = Kind::Fixed(permits as u32).build();
        let logs = simulate(&server, seed, SWEEP, vec![fixed]);
        let counted = &logs[0].seconds[SWEEP_START..SWEEP];
        found.push((permits as u32, counted.iter().map(|s| s.ok).sum()));
        permits = (permits * SWEEP_STEP).round().max(permits + 1.0);
    }
    let best = found.iter().map(|(_, ok)| *ok).fold(0.0, f64::max);
    let at_least =
        |share: f64| found.iter().find(|(_, ok)| *ok >= share * best).map_or(1, |(p, _)| *p);
    server.best = at_least(1.0);
    server.knee = f64::from(at_least(0.95)) / server.capacity.at(0.0);
    server
}

/// A mean and half the width of its 95 % interval.
#[must_use]
pub fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, 1.96 * (squares / (n - 1.0).max(1.0) / n.max(1.0)).sqrt())
}
