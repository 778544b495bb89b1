//! The autopilot on six simulated servers, one seed each (the full table is a release benchmark), and
//! what must hold whatever the numbers are.

use std::time::Duration;

use crawldeck::settings::autopilot_learnt::AutopilotLearnt;
use crawldeck::settings::autopilot_mode::AutopilotMode;

use crate::crawl_simulation::controllers::Kind;
use crate::crawl_simulation::measures::Measures;
use crate::crawl_simulation::server::Server;
use crate::crawl_simulation::suite;
use crate::crawl_simulation::table::{measured, reference};
use crate::crawl_simulation::{DURATION, simulate};

/// None of the parameters was chosen with this seed.
const SEED: u64 = 8201;

fn server(number: &str) -> Server {
    let named = |s: &Server| s.name.split(' ').next() == Some(number);
    suite::servers().into_iter().find(named).unwrap_or_else(|| panic!("no server {number}"))
}

fn drive(number: &str, kind: Kind) -> Measures {
    let server = server(number);
    measured(&server, kind, SEED, &reference(&server, SEED))
}

fn balanced(number: &str) -> Measures {
    drive(number, Kind::Autopilot(AutopilotMode::Balanced))
}

#[test]
fn a_queue_of_32_servers_is_filled_and_not_more() {
    let m = balanced("1");
    assert!(m.whole > 0.96 && m.after > 0.97, "{m:?}");
    assert!(m.beyond < 0.2 && m.changes <= 9.0 && m.converged < 6.0, "{m:?}");
}

#[test]
fn a_limit_of_requests_per_second_is_found_by_the_rate() {
    // Of what the server answers: any fixed permits would be refused all the time.
    let answers = vec![50.0; DURATION];
    let m = measured(&server("4b"), Kind::Autopilot(AutopilotMode::Balanced), SEED, &answers);
    assert!(m.whole > 0.95 && m.refused < 0.005, "{m:?}");
}

#[test]
fn half_the_capacity_is_noticed_and_its_return_too() {
    let m = balanced("5");
    assert!(m.whole > 0.93 && m.beyond < 0.2, "{m:?}");
}

#[test]
fn a_heavy_tail_is_not_mistaken_for_a_queue() {
    let m = balanced("6");
    assert!(m.after > 0.95 && m.beyond < 0.05, "{m:?}");
}

#[test]
fn our_own_cpu_is_not_mistaken_for_the_server() {
    let m = balanced("8");
    assert!(m.whole > 0.96 && m.beyond < 0.5, "{m:?}");
}

#[test]
fn two_crawls_share_a_server() {
    let m = balanced("13");
    assert!(m.jain > 0.9 && m.whole > 0.96, "{m:?}");
}

#[test]
fn gentle_burdens_the_server_less() {
    let m = drive("9", Kind::Autopilot(AutopilotMode::Gentle));
    assert!(m.whole > 0.85 && m.beyond < 0.1, "{m:?}");
}

#[test]
fn a_latency_target_is_kept() {
    let m = drive("1", Kind::Autopilot(AutopilotMode::Latency(Duration::from_millis(200))));
    assert!(m.p95 <= 0.2 && m.whole > 0.9, "{m:?}");
}

#[test]
fn a_resumed_crawl_begins_near_where_the_last_one_was() {
    let learnt = AutopilotLearnt {
        permits: 36,
        low_latency: 0.11,
        low_latency_error: 0.02,
        dispersion: 1.0,
        block_noise: 0.03,
        ..AutopilotLearnt::default()
    };
    let m = drive("1", Kind::Resumed(AutopilotMode::Balanced, learnt));
    assert!(m.whole > 0.96 && m.beyond < 0.2 && m.converged <= 3.0, "{m:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let autopilot = Kind::Autopilot(AutopilotMode::Balanced).build();
        let logs = simulate(&server("1"), SEED, 40, vec![autopilot]);
        logs[0].seconds.iter().map(|second| (second.ok, second.permits)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
