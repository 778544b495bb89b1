//! Whether we are the limit: the event loop, the CPU, the workers or the saver.

use crate::crawl::tuning::autopilot::step::AutopilotHold;
use crate::crawl::tuning::reading::TuningReading;

/// Weight of a new tick in the means.
const WEIGHT: f64 = 0.1;
/// Lateness of the event loop from which permits are not raised, and from which they are lowered, in seconds.
const LATE: f64 = 0.03;
const TOO_LATE: f64 = 0.1;
/// Share of the CPU from which permits are not raised.
const BUSY: f64 = 0.97;
/// Workers are the limit when fewer than this share of the permits are in use.
const IDLE_PERMITS: f64 = 0.8;

/// Means of what shows that we are the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ClientLimit {
    loop_delay: f64,
    cpu: f64,
    saver: f64,
}

impl ClientLimit {
    pub(super) fn observe(&mut self, reading: &TuningReading) {
        let pressure = &reading.pressure;
        let saver = f64::from(u8::from(pressure.saver_full));
        self.loop_delay += WEIGHT * (pressure.loop_delay - self.loop_delay);
        self.cpu += WEIGHT * (pressure.cpu - self.cpu);
        self.saver += WEIGHT * (saver - self.saver);
    }

    /// What of ours limits, at so many permits.
    pub(super) fn holder(&self, permits: f64, reading: &TuningReading) -> Option<AutopilotHold> {
        let idle = f64::from(reading.in_flight) < IDLE_PERMITS * permits;
        if self.loop_delay > LATE {
            Some(AutopilotHold::LoopDelay(self.loop_delay))
        } else if self.cpu > BUSY {
            Some(AutopilotHold::Cpu(self.cpu))
        } else if self.saver > 0.5 {
            Some(AutopilotHold::Saver)
        } else if reading.pressure.throttled {
            Some(AutopilotHold::Shortage)
        } else if reading.pressure.workers_full && idle {
            Some(AutopilotHold::Workers)
        } else {
            None
        }
    }

    /// Whether fewer permits would relieve us.
    pub(super) fn overloaded(&self) -> bool {
        self.loop_delay > TOO_LATE
    }
}
