//! What the autopilot and other controllers give on simulated servers: `cargo bench --bench autopilot`.
//!
//! `-- suite [SEEDS] [FIRST SEED] [CONTROLLERS] [SERVERS]` runs each of the twenty servers of the suite for
//! five simulated minutes, and prints for each controller: pages as a share of those of the best fixed
//! permits, with a 95 % interval over paired seeds, and after the first minute; seconds until 90 %; share of
//! the requests beyond 1.25 times the knee; changes a minute; shares of 429 and 5xx; the 95th percentile of
//! the latency in s; Jain's index of two crawls.
//! `-- random [SERVERS] [SEED] [CONTROLLERS] [quiet]` does so with random servers, `-- trace CONTROLLER
//! SERVER|SEED/NUMBER SEED` prints each step of a run, `-- cost` what measuring costs. Without a word it
//! prints both tables.
//!
//! Controllers, with commas between them: `balanced`, `gentle`, `latency300`, `hill`, `gradient2`, `vegas`,
//! `aimd`, `fixed10`. The autopilot's parameters were chosen with other seeds than those used here.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use crawl_simulation::controllers::Kind;
use crawl_simulation::measures::Measures;
use crawl_simulation::random_servers::random_server;
use crawl_simulation::server::Server;
use crawl_simulation::suite;
use crawl_simulation::table::{mean, measured, reference, run, swept};
use crawldeck::crawl::tuning::autopilot::{Autopilot, AutopilotLimits};
use crawldeck::crawl::tuning::finished_requests::FinishedRequests;
use crawldeck::crawl::tuning::reading::{Pressure, TuningReading};
use crawldeck::crawl::tuning::request_meter::{RequestEnd, RequestMeter};
use crawldeck::settings::autopilot_mode::AutopilotMode;

#[path = "../tests/support/crawl_simulation/mod.rs"]
mod crawl_simulation;

const ALL: &str = "balanced,gentle,latency300,hill,gradient2,vegas,aimd,fixed10";
/// Seeds of both tables.
const SUITE_SEEDS: (u64, u64) = (6, 8201);
const RANDOM_SERVERS: (u64, u64) = (48, 9200);

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "balanced" => Kind::Autopilot(AutopilotMode::Balanced),
        "gentle" => Kind::Autopilot(AutopilotMode::Gentle),
        "hill" => Kind::HillClimb,
        "gradient2" => Kind::Gradient2,
        "vegas" => Kind::Vegas,
        "aimd" => Kind::Aimd,
        _ => {
            if let Some(n) = name.strip_prefix("fixed") {
                return Some(Kind::Fixed(n.parse().ok()?));
            }
            let ms = name.strip_prefix("latency")?.parse().ok()?;
            Kind::Autopilot(AutopilotMode::Latency(Duration::from_millis(ms)))
        }
    })
}

fn kinds(names: &str) -> Vec<Kind> {
    names.split(',').filter_map(kind).collect()
}

fn column(runs: &[Measures], what: fn(&Measures) -> f64) -> Vec<f64> {
    runs.iter().map(what).collect()
}

fn line(name: &str, kind: Kind, runs: &[Measures]) {
    let of = |what| mean(&column(runs, what)).0;
    let (whole, interval) = mean(&column(runs, |m| m.whole));
    println!(
        "{name:32} {:20} {whole:.3} ±{interval:.3} {:.3} {:5.1} s  {:.2}  {:4.1}/min  429 {:.4}  5xx {:.4}  p95 {:.3}  Jain {:.2}",
        kind.name(),
        of(|m| m.after),
        of(|m| m.converged),
        of(|m| m.beyond),
        of(|m| m.changes),
        of(|m| m.refused),
        of(|m| m.overload),
        of(|m| m.p95),
        of(|m| m.jain),
    );
}

fn suite_table(seeds: u64, first: u64, kinds: &[Kind], filter: &str) {
    let chosen = |s: &Server| {
        filter.is_empty() || filter.split(',').any(|f| s.name.split(' ').next() == Some(f))
    };
    let servers: Vec<Server> = suite::servers().into_iter().filter(chosen).collect();
    let mut all: Vec<Vec<Vec<Measures>>> = vec![Vec::new(); kinds.len()];
    for server in &servers {
        let references: Vec<Vec<f64>> =
            (first..first + seeds).map(|s| reference(server, s)).collect();
        for (kind, all) in kinds.iter().zip(&mut all) {
            let seeds = (first..).zip(&references);
            let runs: Vec<Measures> = seeds.map(|(s, r)| measured(server, *kind, s, r)).collect();
            line(&server.name, *kind, &runs);
            all.push(runs);
        }
    }
    for (kind, all) in kinds.iter().zip(&all) {
        let of_seed = |what: fn(&Measures) -> f64| -> Vec<f64> {
            let seeds = 0..seeds as usize;
            seeds
                .map(|s| mean(&all.iter().map(|runs| what(&runs[s])).collect::<Vec<_>>()).0)
                .collect()
        };
        let whole = mean(&of_seed(|m| m.whole));
        let after = mean(&of_seed(|m| m.after));
        println!(
            "MEAN {:20} whole {:.4} ±{:.4}  after {:.4} ±{:.4}  beyond {:.3}  changes {:.1}",
            kind.name(),
            whole.0,
            whole.1,
            after.0,
            after.1,
            mean(&of_seed(|m| m.beyond)).0,
            mean(&of_seed(|m| m.changes)).0,
        );
    }
}

/// The sweep of a random server, which takes long: kept in a file.
fn random(seed: u64, number: u64) -> Server {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("autopilot-sweeps");
    let path = folder.join(format!("{seed}-{number}"));
    let mut server = random_server(seed, number);
    if let Ok(text) = fs::read_to_string(&path)
        && let Some((best, knee)) = text.split_once(' ')
        && let (Ok(best), Ok(knee)) = (best.parse(), knee.parse())
    {
        (server.best, server.knee) = (best, knee);
        return server;
    }
    server = swept(server, 900 + number);
    let _ = fs::create_dir_all(folder);
    let _ = fs::write(path, format!("{} {}", server.best, server.knee));
    server
}

fn random_table(count: u64, seed: u64, kinds: &[Kind], quiet: bool) {
    let mut all: Vec<Vec<Measures>> = vec![Vec::new(); kinds.len()];
    for number in 0..count {
        let server = random(seed, number);
        let reference = reference(&server, 100 + number);
        let rate = reference.iter().sum::<f64>() / reference.len() as f64;
        let mut text = format!(
            "{number:2} {:?} K {:.0} knee {:.0} best {} {rate:.0}/s |",
            server.model,
            server.capacity.at(0.0),
            server.knee_at(0.0),
            server.best
        );
        for (kind, all) in kinds.iter().zip(&mut all) {
            let m = measured(&server, *kind, 100 + number, &reference);
            let _ = write!(text, " {:.2}/{:.2} ({:.2})", m.whole, m.beyond, m.after);
            all.push(m);
        }
        if !quiet {
            println!("{text}");
        }
    }
    for (kind, runs) in kinds.iter().zip(&all) {
        let mut whole = column(runs, |m| m.whole);
        let (average, interval) = mean(&whole);
        let by_type: Vec<String> = (0..4)
            .map(|t| {
                let of = |what: fn(&Measures) -> f64| {
                    mean(&runs.iter().skip(t).step_by(4).map(what).collect::<Vec<_>>()).0
                };
                format!("{:.3}/{:.3}/{:.2}", of(|m| m.whole), of(|m| m.after), of(|m| m.beyond))
            })
            .collect();
        whole.sort_by(f64::total_cmp);
        println!(
            "RANDOM {:20} {average:.3} ±{interval:.3}  worst tenth {:.3}  worst {:.3}  after {:.3}  beyond {:.3}  changes {:.1} | {}",
            kind.name(),
            whole[whole.len() / 10],
            whole[0],
            mean(&column(runs, |m| m.after)).0,
            mean(&column(runs, |m| m.beyond)).0,
            mean(&column(runs, |m| m.changes)).0,
            by_type.join(" ")
        );
    }
}

fn trace(kind: Kind, name: &str, seed: u64) {
    let server = if let Some((s, n)) = name.split_once('/') {
        Some(random(s.parse().unwrap_or(1), n.parse().unwrap_or(0)))
    } else {
        suite::servers().into_iter().find(|s| s.name.split(' ').next() == Some(name))
    };
    let Some(server) = server else { return };
    let logs = run(&server, kind, seed);
    for (i, log) in logs.iter().enumerate() {
        for (at, text) in &log.steps {
            println!("{i} {at:6.1} {text}");
        }
        for (s, second) in log.seconds.iter().enumerate().step_by(10) {
            println!(
                "{i} {s:4} ok {:.0} permits {:.0} in flight {:.0} 429 {:.0}",
                second.ok, second.permits, second.in_flight, second.refused
            );
        }
    }
}

/// Nanoseconds per finished request and per tick.
fn cost() {
    let start = tokio::time::Instant::now();
    let meter = RequestMeter::new(start);
    let (count, begin) = (5_000_000_u32, Instant::now());
    for i in 0..count {
        let took = Duration::from_micros(u64::from(50_000 + i % 100));
        let request = meter.begin();
        meter.finish(RequestEnd::Answer(black_box(took)), start, took, false, 1);
        drop(request);
    }
    let per_request = begin.elapsed().as_secs_f64() * 1e9 / f64::from(count);
    println!("{per_request:.1} ns per request: begin, finish, end");
    let limits = AutopilotLimits { max_permits: 512, max_rate: None };
    let mut autopilot = Autopilot::new(AutopilotMode::Balanced, limits, None);
    let mut finished = FinishedRequests::with_room();
    (0..32).for_each(|_| finished.answer(0.1));
    let (ticks, begin) = (1_000_000_u32, Instant::now());
    for i in 1..=ticks {
        let (at, permits) = (f64::from(i) * 0.1, autopilot.permits());
        black_box(autopilot.tick(&TuningReading {
            at,
            in_flight: permits,
            in_flight_seconds: at * f64::from(permits),
            finished: &finished,
            active_hosts: 1,
            pressure: Pressure::default(),
        }));
    }
    println!("{:.0} ns per tick", begin.elapsed().as_secs_f64() * 1e9 / f64::from(ticks));
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let text = |i: usize, default: &str| args.get(i).cloned().unwrap_or_else(|| default.to_owned());
    let number = |i: usize, default: u64| text(i, "").parse().unwrap_or(default);
    let (suite, random) = (SUITE_SEEDS, RANDOM_SERVERS);
    match text(0, "").as_str() {
        "suite" => {
            let kinds = kinds(&text(3, ALL));
            suite_table(number(1, suite.0), number(2, suite.1), &kinds, &text(4, ""));
        }
        "random" => {
            let kinds = kinds(&text(3, ALL));
            random_table(number(1, random.0), number(2, random.1), &kinds, text(4, "") == "quiet");
        }
        "trace" => {
            if let Some(kind) = kind(&text(1, "balanced")) {
                trace(kind, &text(2, "1"), number(3, 1));
            }
        }
        "cost" => cost(),
        _ => {
            suite_table(suite.0, suite.1, &kinds(ALL), "");
            random_table(random.0, random.1, &kinds(ALL), true);
        }
    }
}
