//! The options of `compare`.

use std::path::PathBuf;

use clap::Args;

use super::display_options::DisplayOptions;
use super::options::LogOptions;
use super::values::{dial, factor};
use crate::settings::dials::Dial;

/// What is compared, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct CompareOptions {
    /// Factor for the lab's delays: 0.1 is the same work in a tenth of the time
    #[arg(long, value_name = "F", default_value = "1", value_parser = factor, help_heading = "What to compare", conflicts_with = "list")]
    pub scale: f64,
    /// Your own URLs, one per line, instead of the article's on the lab; '-' is standard input
    #[arg(long, value_name = "FILE", help_heading = "What to compare")]
    pub list: Option<PathBuf>,
    /// Maximum requests in flight, for the strategies that have a limit
    #[arg(long, value_name = "N", default_value = "10", value_parser = dial(Dial::Permits), help_heading = "What to compare")]
    pub permits: u32,
    /// Also compare parsing in the event loop with parsing in the blocking pool
    #[arg(long, help_heading = "What to compare")]
    pub cpu: bool,
    /// No dashboard, even on a terminal: one strategy after the other
    #[arg(long, help_heading = "Output")]
    pub headless: bool,
    /// Print one JSON object instead of the table; no dashboard
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// How the dashboard looks.
    #[command(flatten)]
    pub display: DisplayOptions,
    /// More (-v) or less (-q) logging.
    #[command(flatten)]
    pub logging: LogOptions,
}
