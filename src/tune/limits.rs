//! What bounds a sweep.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longest wait for URLs at once, and in all, in seconds.
pub(super) const LONGEST_WAIT_S: (f64, f64) = (10.0, 30.0);

/// Shortest and longest budget of time.
const TIMES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(24));

/// How long a sweep may take, or how many pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepBudget {
    /// Time in which the crawl is not paused.
    Time(Duration),
    /// Pages that are fetched.
    Pages(u64),
}

impl Default for SweepBudget {
    fn default() -> Self {
        Self::Time(Duration::from_mins(2))
    }
}

impl fmt::Display for SweepBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{}", humantime::format_duration(*time)),
            Self::Pages(pages) => write!(f, "{pages} pages"),
        }
    }
}

impl FromStr for SweepBudget {
    type Err = String;

    /// # Errors
    /// What is wrong with the text, in a line fit for the user.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!("takes a time from 1s to 24h, such as 2m, or a number of pages, not '{text}'")
        };
        if let Ok(pages) = text.parse() {
            return if pages > 0 { Ok(Self::Pages(pages)) } else { Err(refused()) };
        }
        let time = humantime::parse_duration(text).map_err(|_| refused())?;
        if (TIMES.0..=TIMES.1).contains(&time) { Ok(Self::Time(time)) } else { Err(refused()) }
    }
}

/// What bounds a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepLimits {
    /// Maximum permits.
    pub max_permits: u32,
    /// How long it may take.
    pub budget: SweepBudget,
    /// The user's rate limit in requests per second, which the sweep never exceeds.
    pub rate: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_time_or_a_number_of_pages() {
        let read = |text: &str| text.parse::<SweepBudget>();
        assert_eq!(read("2m"), Ok(SweepBudget::default()));
        assert_eq!(read("1m 30s"), Ok(SweepBudget::Time(Duration::from_secs(90))));
        assert_eq!(read("5000"), Ok(SweepBudget::Pages(5000)));
        assert_eq!(SweepBudget::default().to_string(), "2m");
        for wrong in ["", "0", "-3", "0s", "10ms", "2d", "soon", "1.5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
