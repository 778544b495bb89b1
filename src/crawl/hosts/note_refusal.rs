//! What an answer 429 or 503 means for its host: a cooldown, a lower limit, or a lower rate of the whole crawl.

use std::time::Duration;

use tokio::time::Instant;

use crate::crawl::hosts::host::HostQueue;
use crate::crawl::hosts::lowered_limit::Refusal;
use crate::crawl::hosts::pace::Pace;

impl HostQueue {
    /// What a refusal means; `None` for what is none. 429 and `Retry-After` demand a cooldown; a 503
    /// may mean that too many requests are in flight, a 429 that the rate is too high.
    pub(super) fn note_refusal(
        &mut self,
        status: Option<u16>,
        retry_after: Option<Duration>,
        started: Instant,
        pace: &Pace,
        now: Instant,
    ) -> Option<Refusal> {
        let failed = status.is_none_or(|status| status >= 500);
        if status == Some(429) {
            let is_rate = pace.rate_answers_429 && retry_after.is_none();
            self.lowered.ended(false, true, started, now);
            let excused = self.refusals.is_excused(now) && is_rate;
            return Some(if excused { Refusal::Excused } else { Refusal::Cooldown });
        }
        if status.is_some() {
            self.refusals.end();
        }
        if status == Some(503) && retry_after.is_none() {
            return Some(self.lowered.refused(started, self.in_flight(), now));
        }
        self.lowered.ended(!failed, status.is_some(), started, now);
        (status == Some(503)).then_some(Refusal::Cooldown)
    }
}
