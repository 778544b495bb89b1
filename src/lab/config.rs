//! What the lab serves.
//!
//! It is there without the feature `lab` as well: the command line knows it.

use crate::settings::faults::Faults;

/// What the lab serves.
#[derive(Debug, Clone, PartialEq)]
pub struct LabConfig {
    /// The first of four ports in a row; free ones if `None`.
    pub port: Option<u16>,
    /// How many URLs the generated web has; at least 1.
    pub pages: u32,
    /// The generated web is the same for the same seed and number of pages.
    pub seed: u64,
    /// What is wrong with it from the start. Latencies and errors are of the generated web alone:
    /// the endpoints keep theirs, and `robots.txt` and sitemaps never fail.
    pub faults: Faults,
    /// Whether a part of the pages lies below `/private/`, which every `robots.txt` forbids
    /// and pages link to all the same.
    pub forbidden: bool,
}

impl Default for LabConfig {
    fn default() -> Self {
        Self { port: None, pages: 10_000, seed: 1, faults: Faults::NONE, forbidden: true }
    }
}
