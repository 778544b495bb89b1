//! The options of `tune`.

use clap::Args;

use crate::tune::limits::SweepBudget;

/// How much a sweep may take.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "What to measure")]
pub struct TuneOptions {
    /// How long to measure (2m), or how many pages (5000)
    #[arg(long, value_name = "BUDGET", default_value = "2m", value_parser = budget)]
    pub budget: SweepBudget,
}

fn budget(text: &str) -> Result<SweepBudget, String> {
    text.parse()
}
