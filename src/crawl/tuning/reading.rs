//! What tuning is fed with, ten times a second.

use crate::crawl::tuning::finished_requests::FinishedRequests;

/// What the engine reports at a tick. Ticks are 100 ms apart; a late one does no harm.
#[derive(Debug, Clone, Copy)]
pub struct TuningReading<'a> {
    /// Now, in seconds since any fixed moment; never less than at the tick before.
    pub at: f64,
    /// Requests in flight.
    pub in_flight: u32,
    /// Integral of the requests in flight since any fixed moment, in seconds: the mean of the requests in flight
    /// between two readings is its difference over that of [`Self::at`].
    pub in_flight_seconds: f64,
    /// What finished since the last tick.
    pub finished: &'a FinishedRequests,
    /// Hosts that were asked in the last seconds.
    pub active_hosts: u32,
    /// What holds requests back other than permits.
    pub pressure: Pressure,
}

/// What holds requests back other than permits.
#[expect(clippy::struct_excessive_bools, reason = "they are independent readings")]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pressure {
    /// A permit is free, but there is no URL, or all hosts with URLs rest or are at their limit.
    pub starved: bool,
    /// A permit is free, but the rate of the whole crawl holds the next request back.
    pub rate_limited: bool,
    /// All workers are busy.
    pub workers_full: bool,
    /// The saver cannot keep up.
    pub saver_full: bool,
    /// The crawl slows itself down because this machine is short of something.
    pub throttled: bool,
    /// Lateness of the event loop now, in seconds.
    pub loop_delay: f64,
    /// Share of the CPU that the crawl may use which it used since the last tick, 0 to 1.
    pub cpu: f64,
}
