//! The server's side of a simulation: requests arrive, are served, and their answers leave.

use super::controllers::Outcome;
use super::run::{Event, Simulation};
use super::server::{HostTrouble, Law, Model};

impl Simulation<'_> {
    /// Requests that a host of a queue serves at once.
    fn places(&self) -> usize {
        match self.server.model {
            Model::HeavyTail => 500,
            _ if self.server.client_cpu > 0.0 => usize::MAX,
            _ => {
                let share = self.server.capacity.at(self.t) / self.server.hosts as f64;
                (share.round() as usize).max(1)
            }
        }
    }

    pub(super) fn arrive(&mut self, id: usize) {
        let (t, host) = (self.t, self.requests[id].host);
        if self.server.trouble == HostTrouble::Refuses && self.server.trouble.strikes(host, t) {
            self.after(0.02, Event::Answered(id, Outcome::Overload));
            return;
        }
        match self.server.model {
            Model::Queue { waiting, .. } => {
                if self.hosts[host].busy < self.places() {
                    self.serve(id);
                } else if self.hosts[host].waiting.len() < waiting {
                    self.hosts[host].waiting.push_back(id);
                } else {
                    self.after(0.005, Event::Answered(id, Outcome::Overload));
                }
            }
            Model::HeavyTail => {
                if self.hosts[host].busy < self.places() {
                    self.serve(id);
                } else {
                    self.hosts[host].waiting.push_back(id);
                }
            }
            Model::Bucket { rate, burst, .. } => {
                if self.hosts[host].take_token(t, rate, burst) {
                    let service = self.rng.lognormal(0.1, 0.25) + self.server.round_trip;
                    self.after(service, Event::Answered(id, Outcome::Ok));
                } else {
                    self.after(0.02, Event::Answered(id, Outcome::Refused));
                }
            }
            Model::Shared { work, cv, law } => {
                let work = self.rng.lognormal(work, cv);
                self.advance(host, law);
                self.hosts[host].share(id, work);
                self.plan_departure(host, law);
            }
        }
    }

    fn serve(&mut self, id: usize) {
        let (t, host) = (self.t, self.requests[id].host);
        let mut service = match self.server.model {
            Model::Queue { service, cv, .. } => self.rng.lognormal(service, cv),
            _ if self.rng.uniform() < 0.03 => (1.0 / self.rng.uniform().powf(1.0 / 1.5)).min(28.0),
            _ => 0.1 * self.rng.normal().exp(),
        };
        if self.server.trouble == HostTrouble::Slow && self.server.trouble.strikes(host, t) {
            service *= 50.0;
        }
        service = self.server.weather.service(t, service);
        self.hosts[host].busy += 1;
        self.after(service, Event::Served(id));
    }

    pub(super) fn serve_waiting(&mut self, host: usize) {
        let places = self.places();
        while self.hosts[host].busy < places
            && let Some(id) = self.hosts[host].waiting.pop_front()
        {
            self.serve(id);
        }
    }

    pub(super) fn served(&mut self, id: usize) {
        let host = self.requests[id].host;
        self.hosts[host].busy -= 1;
        self.serve_waiting(host);
        self.travel(id);
    }

    fn advance(&mut self, host: usize, law: Law) {
        let speed = law.speed(self.hosts[host].shared_by().max(1.0));
        self.hosts[host].advance(self.t, speed);
    }

    fn plan_departure(&mut self, host: usize, law: Law) {
        let speed = law.speed(self.hosts[host].shared_by().max(1.0));
        if let Some(wait) = self.hosts[host].next_departure(speed) {
            let version = self.hosts[host].version;
            self.after(wait, Event::Departs { host, version });
        }
    }

    pub(super) fn depart(&mut self, host: usize, version: u64) {
        let Model::Shared { law, .. } = self.server.model else { return };
        if self.hosts[host].version != version {
            return;
        }
        self.advance(host, law);
        let Some(id) = self.hosts[host].depart() else { return };
        self.plan_departure(host, law);
        self.travel(id);
    }

    /// The answer is on its way back.
    fn travel(&mut self, id: usize) {
        if self.server.round_trip > 0.0 {
            let time = self.server.round_trip * self.rng.between(0.7, 1.3);
            self.after(time, Event::Answered(id, Outcome::Ok));
        } else {
            self.answered(id, Outcome::Ok);
        }
    }
}
