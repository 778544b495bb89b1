//! What was learnt about the noise of this server, and about the elasticity at the present permits.

use crate::crawl::tuning::autopilot::level::Elasticity;

/// Bounds of the dispersion, and the weight of a new value.
const DISPERSION: (f64, f64) = (1.0, 40.0);
const DISPERSION_WEIGHT: f64 = 0.3;
/// A squared difference counts at most so many times its expectation.
const LARGEST: f64 = 60.0;
/// Weight of a new block in the noise of blocks.
const BLOCK_WEIGHT: f64 = 0.1;
/// Weight that a probe keeps when the next one in its direction comes.
const MEMORY: f64 = 0.7;
/// A probe contradicts the earlier ones when it differs by so many errors.
const CONTRADICTION: f64 = 2.5;
/// Variance that no probe is better than: the server changes.
const LEAST_VARIANCE: f64 = 0.0025;

/// Precision-weighted mean of the elasticities in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Pool {
    sum: f64,
    weight: f64,
}

/// Noise of the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    /// Variance of pages per second, as a multiple of that of a renewal process.
    pub dispersion: f64,
    /// Standard deviation of the logarithm of pages per second in a block.
    pub block: f64,
    up: Pool,
    down: Pool,
}

impl Default for Noise {
    fn default() -> Self {
        Self { dispersion: 1.0, block: 0.0, up: Pool::default(), down: Pool::default() }
    }
}

impl Noise {
    /// The same setting was measured twice: the logarithms differ by `difference`, where `error` was
    /// expected.
    pub(super) fn learn_dispersion(&mut self, difference: f64, error: f64) {
        let ratio = (difference / error).powi(2).min(LARGEST);
        let mixed = (ratio - self.dispersion).mul_add(DISPERSION_WEIGHT, self.dispersion);
        self.dispersion = mixed.clamp(DISPERSION.0, DISPERSION.1);
    }

    /// A block differs from the mean by `difference` (of the logarithm).
    pub(super) fn learn_block(&mut self, difference: f64) {
        let variance = self.block * self.block;
        let new = (difference * difference - variance).mul_add(BLOCK_WEIGHT, variance);
        self.block = new.sqrt();
    }

    /// Whether a probe surely differs from the earlier ones in its direction.
    pub(super) fn contradicts(&self, up: bool, new: Elasticity) -> bool {
        let pool = if up { self.up } else { self.down };
        if pool.weight == 0.0 {
            return false;
        }
        let difference = new.value - pool.sum / pool.weight;
        let variance = new.error.mul_add(new.error, LEAST_VARIANCE) + 1.0 / pool.weight;
        difference * difference > CONTRADICTION * CONTRADICTION * variance
    }

    /// Pools the elasticity of a probe with earlier ones in its direction, and with what is believed
    /// before the first one. A probe that contradicts the earlier ones replaces them: the server changed.
    pub(super) fn pool(&mut self, up: bool, prior: Elasticity, new: Elasticity) -> Elasticity {
        let replaces = self.contradicts(up, new);
        let pool = if up { &mut self.up } else { &mut self.down };
        if replaces {
            *pool = Pool::default();
        } else if pool.weight == 0.0 {
            pool.weight = 1.0 / prior.error.powi(2);
            pool.sum = prior.value * pool.weight;
        }
        let weight = 1.0 / new.error.mul_add(new.error, LEAST_VARIANCE);
        pool.sum = pool.sum.mul_add(MEMORY, new.value * weight);
        pool.weight = pool.weight.mul_add(MEMORY, weight);
        Elasticity { value: pool.sum / pool.weight, error: 1.0 / pool.weight.sqrt() }
    }

    /// The permits or the server changed.
    pub(super) fn forget_elasticities(&mut self) {
        (self.up, self.down) = (Pool::default(), Pool::default());
    }
}
