//! Means of blocks of time with intervals, and differences of two of them.
//!
//! Pages per second of neighbouring seconds are not independent, and there are few of them. So three things
//! widen an interval: Student's t for few blocks, the correlation of neighbouring blocks, and the noise that
//! counts have in any case, even where the blocks happen to agree.

use crate::crawl::protocol::tuning::Estimate;

/// The 97.5 % quantile of Student's t by degrees of freedom.
/// Source: any table of the t distribution, for example NIST/SEMATECH e-Handbook, 1.3.6.7.2.
const STUDENT_T: [(f64, f64); 17] = [
    (1.0, 12.706),
    (2.0, 4.303),
    (3.0, 3.182),
    (4.0, 2.776),
    (5.0, 2.571),
    (6.0, 2.447),
    (7.0, 2.365),
    (8.0, 2.306),
    (9.0, 2.262),
    (10.0, 2.228),
    (12.0, 2.179),
    (15.0, 2.131),
    (20.0, 2.086),
    (30.0, 2.042),
    (60.0, 2.0),
    (120.0, 1.98),
    (f64::INFINITY, 1.96),
];

/// Correlation of neighbouring blocks beyond which it is not followed.
const MOST_CORRELATED: f64 = 0.9;
/// Least coefficient of variation that a count's noise is reckoned with: no server is a clockwork.
const LEAST_CV: f64 = 0.2;
/// Relative error of the value compared with beyond which a quotient says nothing.
const MOST_RELATIVE_ERROR: f64 = 0.4;

/// Half the width of a 95 % interval in standard errors.
#[must_use]
pub fn student_t(dof: f64) -> f64 {
    if dof < 1.0 {
        return f64::INFINITY;
    }
    // Quantiles are nearly a line over the reciprocal of the degrees of freedom.
    let x = dof.recip();
    let above = STUDENT_T.iter().position(|(d, _)| *d >= dof).unwrap_or(STUDENT_T.len() - 1);
    let ((d0, t0), (d1, t1)) = (STUDENT_T[above.saturating_sub(1)], STUDENT_T[above]);
    let (x0, x1) = (d0.recip(), d1.recip());
    if (x0 - x1).abs() < f64::EPSILON { t1 } else { t1 + (t0 - t1) * (x - x1) / (x0 - x1) }
}

/// A mean, its standard error and the degrees of freedom behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MeanError {
    /// The mean.
    pub mean: f64,
    /// Its standard error; infinite where too little was measured.
    pub error: f64,
    /// Degrees of freedom.
    pub dof: f64,
}

impl MeanError {
    /// With half the width of the 95 % interval.
    #[must_use]
    pub fn interval(self) -> Estimate {
        let ci = self.error * student_t(self.dof);
        Estimate { value: self.mean, ci: if ci.is_nan() { f64::INFINITY } else { ci } }
    }

    /// Of a sum or a difference of two: its error and degrees of freedom (Welch, Satterthwaite).
    fn combined(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
        let (va, vb) = (a.0 * a.0, b.0 * b.0);
        let below = va * va / a.1.max(1.0) + vb * vb / b.1.max(1.0);
        let dof = if below > 0.0 { (va + vb) * (va + vb) / below } else { a.1.min(b.1) };
        ((va + vb).sqrt(), dof)
    }

    /// How much more `other` is, in per cent of this one, with its 95 % interval (Welch's test on the
    /// quotient).
    #[must_use]
    pub fn percent_to(self, other: Self) -> Estimate {
        let unknown = Estimate { value: 0.0, ci: f64::INFINITY };
        if self.mean <= 0.0 {
            return unknown;
        }
        let quotient = other.mean / self.mean;
        let relative = self.error / self.mean;
        if relative.is_nan() || relative >= MOST_RELATIVE_ERROR {
            return Estimate { value: 100.0 * (quotient - 1.0), ..unknown };
        }
        let (error, dof) =
            Self::combined((quotient * relative, self.dof), (other.error / self.mean, other.dof));
        let percent = Self { mean: 100.0 * (quotient - 1.0), error: 100.0 * error, dof };
        percent.interval()
    }

    /// How much more `other` is, with its 95 % interval.
    #[must_use]
    pub fn difference_to(self, other: Self) -> Estimate {
        let (error, dof) = Self::combined((self.error, self.dof), (other.error, other.dof));
        Self { mean: other.mean - self.mean, error, dof }.interval()
    }

    /// Whether chance explains the difference to `other`.
    #[must_use]
    pub fn agrees_with(self, other: Self) -> bool {
        let difference = self.difference_to(other);
        difference.value.abs() <= difference.ci
    }
}

/// The mean of blocks, each a length in seconds and a count; `latency_cv` is the coefficient of variation of
/// the latency, of which the noise of the counts follows. `None` without time.
#[must_use]
pub fn mean_of_blocks(blocks: &[(f64, f64)], latency_cv: f64) -> Option<MeanError> {
    let seconds: f64 = blocks.iter().map(|block| block.0).sum();
    if seconds <= 0.0 {
        return None;
    }
    let count: f64 = blocks.iter().map(|block| block.1).sum();
    let mean = count / seconds;
    let rates: Vec<_> =
        blocks.iter().filter(|(s, _)| *s > 0.0).map(|(s, n)| (n / s, s / seconds)).collect();
    // Of a count of none nothing is known but that it is about one at most.
    let floor =
        if count > 0.0 { mean * latency_cv.max(LEAST_CV) / count.sqrt() } else { seconds.recip() };
    let Some((error, dof)) = error_of_mean(&rates, mean) else {
        return Some(MeanError { mean, error: f64::INFINITY, dof: 0.0 });
    };
    Some(MeanError { mean, error: error.max(floor), dof })
}

/// Standard error and degrees of freedom of the mean of values with weights that add up to 1, in their order;
/// `None` for a single value.
fn error_of_mean(values: &[(f64, f64)], mean: f64) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let variance =
        values.iter().map(|(x, w)| w * (x - mean) * (x - mean)).sum::<f64>() * n / (n - 1.0);
    let inflation = inflation(correlation(values, mean), n);
    Some(((variance / n * inflation).sqrt(), n - 1.0))
}

/// Correlation of neighbouring values as far as it must be reckoned with: estimated from few values it comes
/// out too low (M. Kendall, 1954), so half its standard error is added.
fn correlation(values: &[(f64, f64)], mean: f64) -> f64 {
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|(x, _)| (x - mean) * (x - mean)).sum();
    if squares <= 0.0 {
        return 0.0;
    }
    let products: f64 = values.windows(2).map(|two| (two[0].0 - mean) * (two[1].0 - mean)).sum();
    let estimate = if n > 8.0 {
        (products / squares + n.recip()) / (1.0 - 4.0 / n)
    } else {
        products / squares + n.recip()
    };
    (estimate + 0.5 / n.sqrt()).clamp(0.0, MOST_CORRELATED)
}

/// By how much a correlation from one value to the next raises the variance of the mean of `n`.
fn inflation(correlation: f64, n: f64) -> f64 {
    let (mut sum, mut power) = (0.0, correlation);
    let mut k = 1.0;
    while k < n && power > 1e-4 {
        sum += (1.0 - k / n) * power;
        power *= correlation;
        k += 1.0;
    }
    1.0 + 2.0 * sum
}

/// Mean and error of values that are equally good, in their order: the percentiles of the latency of single
/// blocks; `None` for fewer than two.
#[must_use]
pub fn mean_of_values(values: &[f64]) -> Option<MeanError> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let weighted: Vec<_> = values.iter().map(|x| (*x, n.recip())).collect();
    let (error, dof) = error_of_mean(&weighted, mean)?;
    Some(MeanError { mean, error, dof })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_between_those_of_the_table() {
        assert!(student_t(0.5).is_infinite());
        for (dof, t) in [(1.0, 12.706), (4.0, 2.776), (11.0, 2.201), (40.0, 2.021), (1e9, 1.96)] {
            assert!((student_t(dof) - t).abs() < 0.005, "{dof}: {} is not {t}", student_t(dof));
        }
    }

    #[test]
    fn few_and_alike_blocks_still_have_the_noise_of_counts() {
        let mean = mean_of_blocks(&[(1.0, 100.0); 10], 1.0).expect("time");
        assert_eq!((mean.mean, mean.dof), (100.0, 9.0));
        // The noise of a thousand independent events is a thirtieth of them.
        assert!((mean.error - 100.0 / 1000_f64.sqrt()).abs() < 1e-9, "{mean:?}");
        let none = mean_of_blocks(&[(1.0, 0.0); 10], 1.0).expect("time");
        assert!((none.error - 0.1).abs() < 1e-9, "{none:?}");
        let single = mean_of_blocks(&[(1.0, 100.0)], 1.0).expect("time");
        assert!(single.interval().ci.is_infinite());
        assert_eq!(mean_of_blocks(&[], 1.0), None);
    }

    #[test]
    fn blocks_that_follow_each_other_widen_the_interval() {
        let wave = |period: usize| -> Vec<_> {
            let high = |second: usize| (second / period).is_multiple_of(2);
            (0..32).map(|s| (1.0, if high(s) { 120.0 } else { 80.0 })).collect()
        };
        let error = |period| mean_of_blocks(&wave(period), 0.2).expect("time").error;
        assert!(error(8) > 2.0 * error(1), "{} and {}", error(8), error(1));
    }

    #[test]
    fn a_difference_in_per_cent_has_the_errors_of_both() {
        let of = |mean| MeanError { mean, error: 3.0, dof: 1e6 };
        let percent = of(100.0).percent_to(of(110.0));
        assert!((percent.value - 10.0).abs() < 1e-9);
        let exact = 1.96 * 100.0 * (0.03_f64 * 1.1).hypot(0.03);
        assert!((percent.ci - exact).abs() < 0.01, "{percent:?} is not ±{exact}");
        assert!(of(0.0).percent_to(of(1.0)).ci.is_infinite());
        assert!(of(6.0).percent_to(of(60.0)).ci.is_infinite(), "known within a half only");
        assert!(of(100.0).agrees_with(of(108.0)) && !of(100.0).agrees_with(of(109.0)));
    }
}
