//! What a simulated crawl is measured by, against the best fixed permits with the same seed.

use super::run::{CrawlLog, DURATION, Second};

/// Seconds of the start that "after" leaves out.
const START: usize = 60;
/// Seconds from which two crawls are compared.
const SHARED_FROM: usize = 120;

/// Measures of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// Pages, as a share of those of the best fixed permits.
    pub whole: f64,
    /// Likewise, after the first minute.
    pub after: f64,
    /// Share of the requests sent while more than 1.25 times the knee were in flight.
    pub beyond: f64,
    /// Changes of the permits a minute, after the first minute.
    pub changes: f64,
    /// Share of the answers that were 429.
    pub refused: f64,
    /// Share of the answers that were 5xx or time-outs.
    pub overload: f64,
    /// 95th percentile of the latency after the first minute, in seconds.
    pub p95: f64,
    /// Jain's index of two crawls, 1 for one.
    pub jain: f64,
    /// Seconds until 90 % of the best fixed throughput.
    pub converged: f64,
}

fn sum(logs: &[CrawlLog], from: usize, to: usize, what: fn(&Second) -> f64) -> f64 {
    logs.iter().flat_map(|log| &log.seconds[from..to]).map(what).sum()
}

/// Good answers of all crawls in each second.
#[must_use]
pub fn pages(logs: &[CrawlLog]) -> Vec<f64> {
    (0..DURATION).map(|s| sum(logs, s, s + 1, |second| second.ok)).collect()
}

/// First second from which five and ten seconds have 90 % of the reference.
fn converged(pages: &[f64], reference: &[f64]) -> f64 {
    let reaches = |from: usize, length: usize| {
        let sum = |v: &[f64]| v[from..from + length].iter().sum::<f64>();
        sum(pages) >= 0.9 * sum(reference)
    };
    let found = (0..DURATION - 10).find(|s| reaches(*s, 5) && reaches(*s, 10));
    found.unwrap_or(DURATION) as f64
}

fn jain(logs: &[CrawlLog]) -> f64 {
    let pages =
        |log: &CrawlLog| log.seconds[SHARED_FROM..DURATION].iter().map(|s| s.ok).sum::<f64>();
    let (mut total, mut squares) = (0.0, 0.0);
    for log in logs {
        total += pages(log);
        squares += pages(log).powi(2);
    }
    total * total / (logs.len() as f64 * squares)
}

/// Measures a run against the pages per second of the best fixed permits.
#[must_use]
pub fn measure(logs: &[CrawlLog], reference: &[f64]) -> Measures {
    let pages = pages(logs);
    let share = |from: usize| {
        pages[from..].iter().sum::<f64>() / reference[from..].iter().sum::<f64>().max(1.0)
    };
    let sent = sum(logs, 0, DURATION, |s| s.sent).max(1.0);
    let of_sent = |what| sum(logs, 0, DURATION, what) / sent;
    let mut latencies = logs.first().map(|l| l.latencies.clone()).unwrap_or_default();
    latencies.sort_by(f32::total_cmp);
    let p95 = latencies.get((latencies.len() as f64 * 0.95) as usize);
    let minutes = (DURATION - START) as f64 / 60.0;
    Measures {
        whole: share(0),
        after: share(START),
        beyond: of_sent(|s| s.beyond),
        changes: sum(&logs[..1], START, DURATION, |s| s.changes) / minutes,
        refused: of_sent(|s| s.refused),
        overload: of_sent(|s| s.overload),
        p95: p95.map_or(0.0, |l| f64::from(*l)),
        jain: jain(logs),
        converged: converged(&pages, reference),
    }
}
