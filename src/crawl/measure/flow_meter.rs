//! How many pages pass between the stages in a second.

use std::collections::VecDeque;

use crate::crawl::protocol::flow::{FlowView, TRACKS};

/// Readings kept, ten a second.
const READINGS: usize = 11;

/// The last readings of the counters between the stages.
#[derive(Debug, Default)]
pub struct FlowMeter(VecDeque<(f64, [u64; TRACKS])>);

impl FlowMeter {
    /// What passed until `at_s`; `tick` tells that a tenth of a second has passed since the reading
    /// before.
    pub fn read(&mut self, at_s: f64, passed: [u64; TRACKS], tick: bool) -> FlowView {
        if tick || self.0.is_empty() {
            self.0.push_back((at_s, passed));
            while self.0.len() > READINGS {
                self.0.pop_front();
            }
        }
        let (then, before) = self.0.front().copied().unwrap_or((at_s, passed));
        let span = at_s - then;
        let mut per_s = [0.0; TRACKS];
        if span > 0.05 {
            for (rate, (now, before)) in per_s.iter_mut().zip(passed.iter().zip(before)) {
                *rate = (now.saturating_sub(before) as f64 / span) as f32;
            }
        }
        FlowView { passed, per_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_second() {
        let mut meter = FlowMeter::default();
        for tenth in 0..=30_u32 {
            let n = u64::from(tenth.saturating_sub(20)) * 5;
            let view = meter.read(f64::from(tenth) / 10.0, [n, 0, 0, 0, u64::from(tenth)], true);
            let first = if tenth <= 20 { 0.0 } else { (tenth as f32 - 20.0) * 5.0 };
            assert!((view.per_s[0] - first).abs() < 0.01, "{tenth}: {view:?}");
            assert!(tenth == 0 || (view.per_s[4] - 10.0).abs() < 0.01, "{tenth}: {view:?}");
        }
    }
}
