//! What was seen of the guided tour, in words.

/// What was seen of the guided tour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TourSeen {
    /// How many steps there are; 0 before the tour begins.
    pub steps: usize,
    /// Titles of those that did not happen.
    pub missed: Vec<&'static str>,
}

impl TourSeen {
    /// In a line: `11 of 12 steps seen, without slow motion`.
    #[must_use]
    pub fn words(&self) -> String {
        let seen = self.steps - self.missed.len();
        let count = format!("{seen} of {} steps seen", self.steps);
        match self.missed.len() {
            0 if self.steps > 0 => count,
            n if n == self.steps => "no step seen".to_owned(),
            _ => format!("{count}, without {}", self.missed.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_named() {
        let of =
            |steps, missed: &[&'static str]| TourSeen { steps, missed: missed.to_vec() }.words();
        assert_eq!(of(3, &["b", "c"]), "1 of 3 steps seen, without b, c");
        assert_eq!(of(3, &[]), "3 of 3 steps seen");
        assert_eq!((of(1, &["a"]).as_str(), of(0, &[]).as_str()), ("no step seen", "no step seen"));
    }
}
