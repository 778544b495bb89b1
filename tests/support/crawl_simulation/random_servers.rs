//! Random servers: a quarter each queues, soft knees, retrograde ones and links.

use super::rng::Rng;
use super::server::{Capacity, Law, Model, Server};

/// The random server of a seed, with its number: the kind is the number modulo four. Its knee and best
/// permits are those of a sweep, see [`super::table::swept`].
#[must_use]
pub fn random_server(seed: u64, number: u64) -> Server {
    let mut rng = Rng::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
    let (capacity, service) = loop {
        let capacity = rng.log_between(3.0, 300.0);
        let service = rng.log_between(0.02, 2.0);
        if capacity / service > 1.0 && capacity / service < 1500.0 {
            break (capacity.round(), service);
        }
    };
    let cv = rng.between(0.1, 1.0);
    let round_trip = service * rng.between(0.0, 0.5);
    let mut server = Server {
        capacity: Capacity::Constant(capacity),
        knee: 1.0,
        round_trip,
        ..Server::new(&format!("random {seed}/{number}"))
    };
    match number % 4 {
        0 => server.model = Model::Queue { service, cv, waiting: 100_000 },
        1 => server.model = Model::Shared { work: service, cv, law: Law::Soft { knee: capacity } },
        2 => {
            let contention = rng.between(0.005, 0.05);
            let coherency = (1.0 - contention) / (capacity * capacity);
            let law = Law::Retrograde { contention, coherency };
            server.model = Model::Shared { work: service, cv, law };
        }
        _ => {
            let streams = rng.between(2.0, 20.0).min(capacity);
            let work = service * rng.between(0.2, 1.0);
            server.model = Model::Shared { work, cv: 1.0, law: Law::Link { streams } };
            (server.first_byte, server.round_trip) = (service, 0.0);
        }
    }
    server
}
