//! The command `config`: prints the settings in force.

use std::process::ExitCode;

use url::Url;

use super::error::ProgramError;
use super::output::print;
use crate::cli::CrawlOptions;
use crate::cli::show_config::{as_json, as_toml, shown_options, start_as_toml};
use crate::cli::source::{Source, Sources};

/// Prints the settings in force. Its own `--json` chooses the format, and is no setting to be shown.
pub(super) fn config(
    seeds: &[Url],
    recrawl: bool,
    options: &CrawlOptions,
    sources: &Sources,
) -> Result<ExitCode, ProgramError> {
    let mut all = shown_options(options, sources);
    let by_flag = matches!(sources.of("json"), Source::Flag(_));
    let text = if by_flag && options.output.json == Some(true) {
        all.retain(|one| one.key != "json");
        format!("{}\n", as_json(&all))
    } else {
        start_as_toml(seeds, recrawl) + &as_toml(&all)
    };
    print(text.as_bytes())
}
