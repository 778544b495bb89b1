//! What the latency says about the elasticity before a probe measures it.
//!
//! Without a queue, pages per second follow permits; the longer pages take, the less they do. A server
//! with a soft knee has an elasticity of `1 / ratio²`, a retrograde one at most `1 / ratio`, and a queue
//! has 1 before its knee and 0 beyond it. The belief is weak: a few good measurements outweigh it, yet
//! it decides where pages are too few to tell.

use crate::crawl::tuning::autopilot::level::Elasticity;

/// Elasticity where there is no queue, the power of its decline, and the standard error of the belief.
const WITHOUT_QUEUE: f64 = 0.6;
const DECLINE: f64 = 2.1;
const ERROR: f64 = 0.25;

/// The elasticity to expect where latency is `ratio` times that without a queue.
pub(super) fn elasticity(ratio: f64) -> Elasticity {
    Elasticity { value: WITHOUT_QUEUE / ratio.max(1.0).powf(DECLINE), error: ERROR }
}
