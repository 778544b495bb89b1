//! The twenty simulated servers of the suite.

use super::server::{Capacity, Feed, HostTrouble, Law, Model, Server, Weather};

fn queue(service: f64, waiting: usize) -> Model {
    Model::Queue { service, cv: 0.25, waiting }
}

fn bucket(name: &str, retry_after: Option<f64>, cooldown: f64, best: u32) -> Server {
    Server {
        model: Model::Bucket { rate: 50.0, burst: 10.0, retry_after },
        capacity: Capacity::Constant(5.5),
        knee: 1.0,
        best,
        cooldown,
        ..Server::new(name)
    }
}

fn ten_hosts(name: &str, trouble: HostTrouble, best: u32) -> Server {
    Server {
        hosts: 10,
        capacity: Capacity::Constant(80.0),
        knee: 1.75,
        trouble,
        best,
        ..Server::new(name)
    }
}

/// The servers in the order of the table.
#[must_use]
pub fn servers() -> Vec<Server> {
    let basic = Server::new;
    let mut all = vec![
        basic("1 capacity 32"),
        Server {
            model: Model::Shared { work: 0.08, cv: 0.3, law: Law::Soft { knee: 40.0 } },
            capacity: Capacity::Constant(120.0),
            knee: 1.0,
            best: 509,
            ..basic("2 soft knee")
        },
        Server {
            model: Model::Shared {
                work: 0.1,
                cv: 0.3,
                law: Law::Retrograde { contention: 0.02, coherency: 0.0005 },
            },
            capacity: Capacity::Constant(44.0),
            knee: 1.0,
            best: 44,
            ..basic("3 retrograde")
        },
        bucket("4a 429 with Retry-After", Some(1.0), 0.0, 5),
        bucket("4b 429 without", None, 0.0, 509),
        bucket("4c 4b and a cooldown of 60 s", None, 60.0, 5),
        Server {
            capacity: Capacity::Halved { normal: 32.0, from: 120.0, to: 200.0 },
            ..basic("5 capacity halves and returns")
        },
        Server {
            model: Model::HeavyTail,
            capacity: Capacity::Constant(500.0),
            knee: 1.0,
            best: 509,
            ..basic("6 heavy tail")
        },
        Server { capacity: Capacity::Drifting { low: 20.0, high: 60.0 }, ..basic("7 drift") },
        Server {
            model: queue(0.09, 100_000),
            capacity: Capacity::Constant(24.0),
            knee: 1.04,
            client_cpu: 0.0021,
            ..basic("8 our own CPU")
        },
        Server {
            model: Model::Shared { work: 0.04, cv: 1.0, law: Law::Link { streams: 4.0 } },
            capacity: Capacity::Constant(14.0),
            knee: 1.21,
            first_byte: 0.1,
            round_trip: 0.0,
            ..basic("9 bandwidth")
        },
        Server { feed: Feed::Gaps, ..basic("10 frontier gives 20/s") },
        ten_hosts("11a one host of ten answers 503", HostTrouble::Refuses, 509),
        ten_hosts("11b one host of ten is slow", HostTrouble::Slow, 399),
        Server {
            model: queue(2.0, 200),
            capacity: Capacity::Constant(4.0),
            best: 50,
            ..basic("12 2 s a page, capacity 4")
        },
    ];
    all.extend([
        Server { second_crawl: Some(60.0), ..basic("13 two crawls on one server") },
        Server { weather: Weather::Noisy, best: 44, ..basic("14 noisy service") },
        Server { weather: Weather::Stalls, ..basic("15 stalls") },
        Server { weather: Weather::Doubles, ..basic("16 service doubles") },
        Server { model: queue(0.1, 16), ..basic("17 503 past capacity + 16") },
    ]);
    all
}
