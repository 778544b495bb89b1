//! Slow motion: the factor by which the lab's server and the saver are slowed down, so that single pages can be
//! followed through the stages.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The least factor.
const LEAST: f64 = 0.01;

/// Slow motion: everything at the server and in the saver takes so many times as long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct SlowMotion(f64);

impl SlowMotion {
    /// A factor below 1, and at least 0.01.
    #[must_use]
    pub fn new(factor: f64) -> Option<Self> {
        (LEAST..1.0).contains(&factor).then_some(Self(factor))
    }

    /// How many times as long everything takes: 10 for a factor of 0.1.
    #[must_use]
    pub fn times(self) -> f64 {
        1.0 / self.0
    }

    /// Reads `×0.1`, `x0.1`, `0.1`, or `off`, which is also 1.
    ///
    /// # Errors
    /// What is allowed, in a line fit for the user.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim().to_lowercase();
        match text.as_str() {
            "off" | "none" => Ok(None),
            text => match text.trim_start_matches(['×', 'x', '*']).trim_start().parse() {
                Ok(1.0) => Ok(None),
                Ok(factor) => Self::new(factor).map(Some).ok_or_else(|| wrong(text)),
                Err(_) => Err(wrong(text)),
            },
        }
    }
}

fn wrong(text: &str) -> String {
    format!("slow takes ×{LEAST} to ×1, or off, not '{text}'")
}

impl fmt::Display for SlowMotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "×{}", self.0)
    }
}

impl TryFrom<f64> for SlowMotion {
    type Error = String;

    fn try_from(factor: f64) -> Result<Self, String> {
        Self::new(factor).ok_or_else(|| wrong(&factor.to_string()))
    }
}

impl From<SlowMotion> for f64 {
    fn from(slow: SlowMotion) -> Self {
        slow.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_read_in_each_of_its_spellings() {
        let tenth = SlowMotion::new(0.1);
        for text in ["×0.1", "x0.1", "0.1", " X 0.1 ", "*0.1"] {
            assert_eq!(SlowMotion::parse(text), Ok(tenth), "{text}");
        }
        assert_eq!(SlowMotion::parse("off"), Ok(None));
        assert_eq!(SlowMotion::parse("×1"), Ok(None));
        assert_eq!(tenth.unwrap().to_string(), "×0.1");
        assert!((tenth.unwrap().times() - 10.0).abs() < 1e-9);
        for text in ["0", "2", "-1", "NaN", "fast", "", "0.001"] {
            let said = SlowMotion::parse(text).unwrap_err();
            assert!(said.contains("×0.01 to ×1, or off"), "{said}");
        }
        let text = serde_json::to_string(&tenth).unwrap();
        assert_eq!((text.as_str(), serde_json::from_str(&text).unwrap()), ("0.1", tenth));
        assert!(serde_json::from_str::<SlowMotion>("7").is_err());
    }
}
