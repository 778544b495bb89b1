//! The autopilot: a pure controller of permits and rate.
//!
//! [`Autopilot`] is its face; what it does at a tick is in the files by subject (`climb`, `watch`, `probing`,
//! `change`, `targeting`), what it remembers in the others.

mod change;
mod client_limit;
mod climb;
mod controller;
mod cruise;
mod drive;
mod goals;
mod holder;
mod holding;
mod level;
mod low_latency;
mod noise;
mod overload_answers;
mod parameters;
mod prior;
mod probe;
mod probing;
mod rate_dial;
mod recall;
mod step;
mod target;
mod targeting;
mod watch;
mod window;

pub use controller::{Autopilot, AutopilotLimits};
pub use parameters::PROBE_EVERY;
pub use step::{AutopilotCommand, AutopilotState, AutopilotStep, ComparedPermits};
#[cfg(feature = "internals")]
pub use step::{AutopilotHold, AutopilotStatus};
