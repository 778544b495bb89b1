//! Which value stands on which row. It comes from the rows, so that each label stands on the row of its
//! value and labels are evenly spaced.

/// Rows between two labels, and the value between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Rows above the axis.
    pub rows: u16,
    /// Every so many rows have a label.
    pub every: u16,
    /// The value from one label to the next.
    pub step: f32,
}

/// What a step may begin with.
const ROUND: [f32; 5] = [1.0, 2.0, 2.5, 4.0, 5.0];
/// The top lies at least this far above the greatest value.
const AIR: f32 = 1.03;
/// Fewest and most labels above 0.
const LABELS: (f32, f32) = (2.0, 6.0);
/// As many labels look best.
const BEST: f32 = 5.0;
/// How much of the height one label too many or too few is worth.
const LABEL_COST: f32 = 0.1;

impl Scale {
    /// A scale for values up to `most` on so many rows above the axis.
    #[must_use]
    pub fn new(most: f32, rows: u16) -> Self {
        let rows = rows.max(1);
        let labels = |every: &u16| f32::from(rows) / f32::from(*every);
        let fits = |every: &u16| (LABELS.0..=LABELS.1).contains(&labels(every));
        let candidates = (1..=rows).filter(fits).map(|every| Self::every(most, rows, every));
        let cost = |scale: &Self| {
            let height = (scale.top() / needed(most)).ln();
            height + LABEL_COST * (labels(&scale.every) - BEST).abs()
        };
        candidates
            .min_by(|a, b| cost(a).total_cmp(&cost(b)))
            .unwrap_or_else(|| Self::every(most, rows, rows))
    }

    /// A scale whose labels stand on every so many rows.
    #[must_use]
    pub fn every(most: f32, rows: u16, every: u16) -> Self {
        let labels = f32::from(rows) / f32::from(every);
        Self { rows, every, step: round_step(needed(most) / labels) }
    }

    /// The value at the top of the highest row.
    #[must_use]
    pub fn top(self) -> f32 {
        self.step * f32::from(self.rows) / f32::from(self.every)
    }

    /// The row that a value stands on, counted from the axis, in parts of a row: 1.0 is the lowest.
    #[must_use]
    pub fn row(self, value: f32) -> f32 {
        if value.is_finite() { value / self.step * f32::from(self.every) } else { 0.0 }
    }

    /// Each row with a label, counted from the axis, and its value.
    pub fn labels(self) -> impl Iterator<Item = (u16, f32)> {
        let Self { rows, every, step } = self;
        (1..=rows / every).map(move |n| (n * every, step * f32::from(n)))
    }
}

/// What the top must reach.
fn needed(most: f32) -> f32 {
    if most.is_finite() && most > 0.0 { most * AIR } else { 1.0 }
}

/// The smallest round number that is not below a value.
fn round_step(value: f32) -> f32 {
    let power = 10_f32.powf(value.log10().floor());
    ROUND
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value * 0.9999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "round numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn labels_are_round_and_near_five() {
        let labels = |most, rows| Scale::new(most, rows).labels().collect::<Vec<_>>();
        assert_eq!(labels(51.2, 9), [(3, 20.0), (6, 40.0), (9, 60.0)]);
        assert_eq!(labels(0.0, 4), [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)]);
        assert_eq!(Scale::new(f32::NAN, 0).rows, 1);
    }

    #[test]
    fn the_top_is_above_the_greatest_value_but_not_far() {
        for rows in 2..=40 {
            for most in [0.4, 1.0, 7.0, 51.2, 99.0, 406.0, 640.0, 1999.0, 54_321.0, 1.0e9] {
                let scale = Scale::new(most, rows);
                assert!(scale.top() >= most * 1.029, "{rows} {most}: {scale:?}");
                let far = if rows < 4 { 3.2 } else { 2.2 };
                assert!(scale.top() <= most * far, "{rows} {most}: {scale:?} {}", scale.top());
                let labels: Vec<_> = scale.labels().collect();
                assert!((2..=6).contains(&labels.len()), "{rows} {most}: {labels:?}");
                for (row, value) in labels {
                    assert!((scale.row(value) - f32::from(row)).abs() < 0.001);
                }
            }
        }
    }
}
