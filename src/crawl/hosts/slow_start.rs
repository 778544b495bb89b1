//! Slow start: after a host demanded a cooldown few requests are in flight to it, and with its
//! good answers more and more.

/// Limit at which slow start is over.
const OVER_AT: u32 = 32;
/// Good answers, for each request that may be in flight, after which one more may be.
const GOOD_ANSWERS: u32 = 4;

/// The slow start of one host.
#[derive(Debug, Default)]
pub struct SlowStart {
    /// The limit on requests in flight, and good answers since it last grew.
    state: Option<(u32, u32)>,
}

impl SlowStart {
    /// Maximum number of requests in flight, while it lasts.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.state.map(|(limit, _)| limit)
    }

    /// A host demanded a cooldown while `in_flight` requests were on their way: it begins with
    /// half of them, or the limit is halved.
    pub fn begin(&mut self, in_flight: u32) {
        let limit = match self.state {
            Some((limit, _)) => (limit / 2).max(1),
            None => (in_flight / 2).clamp(1, OVER_AT),
        };
        self.state = Some((limit, 0));
    }

    /// A good answer: after some of them one more request may be in flight.
    pub const fn grow(&mut self) {
        if let Some((limit, good)) = &mut self.state {
            *good += 1;
            if *good >= GOOD_ANSWERS * *limit {
                (*limit, *good) = (*limit + 1, 0);
            }
            if *limit > OVER_AT {
                self.state = None;
            }
        }
    }

    /// Ends it, by hand.
    pub const fn end(&mut self) {
        self.state = None;
    }
}
