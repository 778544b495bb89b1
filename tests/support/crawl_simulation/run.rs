//! The simulation: events in virtual time from a server and its crawls.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::client::{Client, Held};
use super::controllers::{Controller, Finish, Outcome, View};
use super::host::Host;
use super::rng::Rng;
use super::server::{Model, Server};

/// Length of a simulated crawl, in seconds.
pub const DURATION: usize = 300;
/// The most permits that any controller may set.
pub const MAX_PERMITS: u32 = 512;
/// Time between two ticks of a controller, in seconds.
const TICK: f64 = 0.1;
/// An answer that takes longer counts as a time-out, in seconds.
const TIME_OUT: f64 = 30.0;
/// Latencies that a log keeps, from the sixtieth second on.
const LATENCIES: usize = 400_000;

/// What one crawl did in one second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Second {
    /// Pages that succeeded.
    pub ok: f64,
    /// Answers 503 and time-outs.
    pub overload: f64,
    /// Answers 429.
    pub refused: f64,
    /// Requests sent.
    pub sent: f64,
    /// Requests sent while more than 1.25 times the knee were in flight.
    pub beyond: f64,
    /// Changes of the permits.
    pub changes: f64,
    /// Mean of the permits.
    pub permits: f64,
    /// Mean of the requests in flight.
    pub in_flight: f64,
}

/// What one crawl did.
#[derive(Debug, Clone, Default)]
pub struct CrawlLog {
    /// Second by second.
    pub seconds: Vec<Second>,
    /// Latencies of good answers after the first minute, in seconds.
    pub latencies: Vec<f32>,
    /// What the controller said at each step, with its time in seconds.
    pub steps: Vec<(f64, String)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Tick,
    Arrives(usize),
    Served(usize),
    Departs { host: usize, version: u64 },
    Answered(usize, Outcome),
    Released(usize, Outcome),
    Parsed { crawl: usize },
    Wakes { crawl: usize },
}

#[derive(Debug, Clone, Copy)]
struct Due {
    at: f64,
    number: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.number.cmp(&self.number))
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    crawl: usize,
    pub host: usize,
    sent_at: f64,
    /// Requests of the crawl in flight when it was sent, with it.
    in_flight: u32,
}

pub(super) struct Simulation<'a> {
    pub server: &'a Server,
    pub t: f64,
    until: f64,
    due: BinaryHeap<Due>,
    number: u64,
    pub rng: Rng,
    pub requests: Vec<Request>,
    free: Vec<usize>,
    pub hosts: Vec<Host>,
    clients: Vec<Client>,
    logs: Vec<CrawlLog>,
    open: Vec<usize>,
}

/// Simulates a crawl of `seconds` for each controller, of one server, from a seed.
#[must_use]
pub fn simulate(
    server: &Server,
    seed: u64,
    seconds: usize,
    controllers: Vec<Box<dyn Controller>>,
) -> Vec<CrawlLog> {
    let burst = if let Model::Bucket { burst, .. } = server.model { burst } else { 0.0 };
    let log = CrawlLog { seconds: vec![Second::default(); seconds + 1], ..CrawlLog::default() };
    let logs = vec![log; controllers.len()];
    let clients = controllers.into_iter().enumerate();
    let mut simulation = Simulation {
        server,
        t: 0.0,
        until: seconds as f64,
        due: BinaryHeap::new(),
        number: 0,
        rng: Rng::new(seed),
        requests: Vec::new(),
        free: Vec::new(),
        hosts: (0..server.hosts).map(|_| Host::new(burst)).collect(),
        clients: clients.map(|(i, c)| Client::new(c, server.hosts, i == 0)).collect(),
        logs,
        open: Vec::new(),
    };
    simulation.run();
    simulation.logs
}

impl Simulation<'_> {
    fn run(&mut self) {
        self.after(0.0, Event::Tick);
        self.pump(0);
        while let Some(due) = self.due.pop() {
            if due.at >= self.until {
                break;
            }
            self.t = due.at;
            match due.event {
                Event::Tick => self.tick(),
                Event::Arrives(request) => self.arrive(request),
                Event::Served(request) => self.served(request),
                Event::Departs { host, version } => self.depart(host, version),
                Event::Answered(request, outcome) => self.answered(request, outcome),
                Event::Released(request, outcome) => self.release(request, outcome),
                Event::Parsed { crawl } => {
                    self.clients[crawl].busy -= 1;
                    self.pump(crawl);
                }
                Event::Wakes { crawl } => self.pump(crawl),
            }
        }
    }

    pub(super) fn after(&mut self, seconds: f64, event: Event) {
        self.number += 1;
        self.due.push(Due { at: self.t + seconds, number: self.number, event });
    }

    fn second(&mut self, crawl: usize) -> &mut Second {
        &mut self.logs[crawl].seconds[self.t as usize]
    }

    /// Starts as many requests as may start.
    fn pump(&mut self, crawl: usize) {
        if !self.clients[crawl].active {
            return;
        }
        let t = self.t;
        let client = &mut self.clients[crawl];
        client.feed(t, self.server.feed.rate(t));
        (client.starved, client.rate_limited) = (false, false);
        loop {
            let client = &mut self.clients[crawl];
            match client.held(t, &mut self.open) {
                Some(Held::Full) => return,
                Some(Held::Starved) => {
                    client.starved = true;
                    return;
                }
                Some(Held::Rate(at)) => {
                    client.rate_limited = true;
                    if client.wakes_at <= t || client.wakes_at > at {
                        client.wakes_at = at;
                        self.after(at - t, Event::Wakes { crawl });
                    }
                    return;
                }
                None => {}
            }
            let host = self.open[self.rng.below(self.open.len())];
            self.send(crawl, host);
        }
    }

    fn send(&mut self, crawl: usize, host: usize) {
        let t = self.t;
        self.clients[crawl].start(t, host);
        let in_flight = self.clients[crawl].in_flight;
        let total: u32 = self.clients.iter().map(|c| c.in_flight).sum();
        let beyond = f64::from(total) > 1.25f64.mul_add(self.server.knee_at(t), 1.0);
        let second = self.second(crawl);
        second.sent += 1.0;
        second.beyond += f64::from(u8::from(beyond));
        let request = Request { crawl, host, sent_at: t, in_flight };
        let id = if let Some(id) = self.free.pop() {
            self.requests[id] = request;
            id
        } else {
            self.requests.push(request);
            self.requests.len() - 1
        };
        if self.server.first_byte > 0.0 {
            let wait = self.server.first_byte * self.rng.between(0.8, 1.2);
            self.after(wait, Event::Arrives(id));
        } else {
            self.arrive(id);
        }
    }

    pub(super) fn answered(&mut self, id: usize, outcome: Outcome) {
        if self.server.client_cpu > 0.0 {
            let job = self.rng.lognormal(self.server.client_cpu, 0.3);
            let t = self.t;
            let done = self.clients[self.requests[id].crawl].compute(t, job);
            self.after(done - t, Event::Released(id, outcome));
        } else {
            self.release(id, outcome);
        }
    }

    fn release(&mut self, id: usize, outcome: Outcome) {
        let (t, request) = (self.t, self.requests[id]);
        let (crawl, latency) = (request.crawl, t - request.sent_at);
        let late = outcome == Outcome::Ok && latency > TIME_OUT;
        let outcome = if late { Outcome::Overload } else { outcome };
        self.free.push(id);
        self.clients[crawl].end(t, request.host);
        let second = self.second(crawl);
        match outcome {
            Outcome::Ok => second.ok += 1.0,
            Outcome::Overload => second.overload += 1.0,
            Outcome::Refused => second.refused += 1.0,
        }
        let latencies = &mut self.logs[crawl].latencies;
        if outcome == Outcome::Ok && t > 60.0 && latencies.len() < LATENCIES {
            latencies.push(latency as f32);
        }
        let broken = self.pace_host(crawl, request.host, outcome);
        self.clients[crawl].controller.finished(&Finish {
            at: t,
            sent_at: request.sent_at,
            outcome,
            host: request.host,
            in_flight: request.in_flight,
            broken,
        });
        if self.server.client_cpu > 0.0 {
            let job = self.rng.lognormal(self.server.client_cpu, 0.3);
            let done = self.clients[crawl].compute(t, job);
            self.after(done - t, Event::Parsed { crawl });
        } else {
            self.clients[crawl].busy -= 1;
        }
        self.pump(crawl);
    }

    /// Cooldowns and the breaker; returns whether the host's breaker is open.
    fn pace_host(&mut self, crawl: usize, host: usize, outcome: Outcome) -> bool {
        let t = self.t;
        let client = &mut self.clients[crawl];
        let pace = &mut client.hosts[host];
        let mut wakes = None;
        if let (Outcome::Refused, Model::Bucket { retry_after, .. }) = (outcome, &self.server.model)
        {
            let own = self.server.cooldown * f64::from(1 << pace.refusals.min(3));
            let replaced = client.controller.replaces_cooldown();
            let rest = retry_after.unwrap_or(if replaced { 0.0 } else { own });
            if rest > 0.0 && pace.rests_until <= t {
                pace.refusals += i32::from(retry_after.is_none());
                pace.rests_until = t + rest;
                wakes = Some(rest);
            }
        }
        if self.server.hosts > 1 {
            match outcome {
                Outcome::Ok => pace.succeeded(),
                Outcome::Overload => wakes = pace.failed(t).map(|at| at - t),
                Outcome::Refused => {}
            }
        }
        let broken = pace.broken();
        if let Some(wait) = wakes {
            self.after(wait + 1e-6, Event::Wakes { crawl });
        }
        broken
    }

    fn tick(&mut self) {
        let t = self.t;
        for host in 0..self.hosts.len() {
            self.serve_waiting(host);
        }
        for crawl in 0..self.clients.len() {
            if crawl > 0 && self.server.second_crawl.is_some_and(|at| t >= at) {
                self.clients[crawl].active = true;
            }
            if !self.clients[crawl].active {
                continue;
            }
            self.clients[crawl].count_in_flight(t);
            self.pump(crawl);
            let hosts = self.server.hosts as u32;
            let client = &mut self.clients[crawl];
            let view = View {
                at: t,
                in_flight: client.in_flight,
                in_flight_seconds: client.in_flight_seconds,
                starved: client.starved,
                rate_limited: client.rate_limited,
                workers_full: client.busy >= client.workers(),
                loop_delay: (client.core_free - t).max(0.0),
                cpu: (client.core_used / TICK).min(1.0),
                active_hosts: hosts,
            };
            client.core_used = 0.0;
            let said = client.controller.tick(&view);
            let moved = client.apply(t);
            let (permits, in_flight) = (client.settings.permits, client.in_flight);
            self.logs[crawl].steps.extend(said.into_iter().map(|text| (t, text)));
            let second = self.second(crawl);
            second.changes += f64::from(u8::from(moved));
            second.permits += f64::from(permits) * TICK;
            second.in_flight += f64::from(in_flight) * TICK;
            self.pump(crawl);
        }
        self.after(TICK, Event::Tick);
    }
}
