//! What follows from the start and the end of a request.

use tokio::time::Instant;

use crate::crawl::hosts::host_name::host_of;
use crate::crawl::hosts::outcome::{Outcome, OutcomeEffect};
use crate::crawl::hosts::queues::HostQueues;

/// From so many active hosts on a 429 does not turn the rate of the whole crawl.
const SEVERAL_HOSTS: u32 = 3;
/// Weight of the newest request in the mean over all hosts.
const NEWEST: f32 = 0.02;

impl HostQueues {
    /// Whether a URL that was taken may still be requested; see
    /// [`HostQueue::may_start`](crate::crawl::hosts::HostQueue::may_start).
    #[must_use]
    pub fn may_start(&self, url: &str, now: Instant) -> bool {
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return true };
        let Some(host) = &self.hosts[index] else { return true };
        // It may have fallen silent since: its URLs in the queue must not take all permits.
        host.may_start(&self.pace, now) && host.in_flight() < self.share(index, now)
    }

    /// The number of requests that the host of `url` has answered in this run.
    #[must_use]
    pub fn answers_of(&self, url: &str) -> u32 {
        let index = self.by_name.get(&*host_of(url));
        index.and_then(|&index| self.hosts[index].as_ref()).map_or(0, |host| host.answers)
    }

    /// The request for a URL taken has actually started.
    pub fn started(&mut self, url: &str, now: Instant) {
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return };
        let Some(host) = &mut self.hosts[index] else { return };
        host.note_start(&self.pace, now);
        self.list(index);
    }

    /// The request for a URL taken, which started at `began`, has ended; `None`: it never began, or
    /// the crawl gave it up.
    pub fn ended(
        &mut self,
        url: &str,
        began: Option<Instant>,
        outcome: Option<Outcome>,
        now: Instant,
    ) -> OutcomeEffect {
        let nothing = OutcomeEffect {
            counts: true,
            opened: None,
            closed: false,
            refused: false,
            lowered: None,
        };
        let Some(&index) = self.by_name.get(&*host_of(url)) else { return nothing };
        // Among several hosts a 429 is the business of its host.
        self.pace.rate_answers_429 = self.rate_dial && self.active_hosts < SEVERAL_HOSTS;
        let Some(host) = &mut self.hosts[index] else { return nothing };
        let mut effect = nothing;
        if let (None, Some(began)) = (outcome, began) {
            host.lowered.ended(false, false, began, now);
        }
        if let (Some(outcome), Some(began)) = (outcome, began) {
            effect = host.note_outcome(outcome, began, &self.pace, now, fastrand::f64());
            if let Outcome::Answered { took, .. } = outcome {
                let ms = took.as_secs_f32() * 1000.0;
                self.mean_ms = Some(self.mean_ms.map_or(ms, |mean| mean + NEWEST * (ms - mean)));
            }
        }
        host.handed_out = host.handed_out.saturating_sub(1);
        if began.is_none() {
            host.unstarted = host.unstarted.saturating_sub(1);
        }
        if effect.opened.is_some() || effect.refused {
            self.consider_giving_up(index, now);
        }
        self.list(index);
        self.note_idleness(index);
        effect
    }
}
