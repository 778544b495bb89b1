//! What the lab serves.
//!
//! It is there without the feature `lab` as well: the command line knows it.

use crate::settings::faults::Faults;

/// What the lab serves.
#[derive(Debug, Clone, PartialEq)]
pub struct LabConfig {
    /// The first of four ports in a row, or the one port of all `hosts`; free ones if `None`.
    pub port: Option<u16>,
    /// This many hosts, each with as many pages as the others, at addresses from 127.0.0.1 on and one
    /// port; from 1 to 16,777,214, and only on Linux. `None`: four hosts of unequal size at
    /// 127.0.0.1, each on a port of its own.
    pub hosts: Option<u32>,
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
    /// Whether some pages fail at first and are answered when they are requested again.
    pub flaky: bool,
}

impl Default for LabConfig {
    fn default() -> Self {
        Self {
            port: None,
            hosts: None,
            pages: 10_000,
            seed: 1,
            faults: Faults::NONE,
            forbidden: true,
            flaky: true,
        }
    }
}
