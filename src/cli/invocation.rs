//! Reads command line, environment and configuration file into one invocation: file < environment
//! < flags.
//!
//! Each source is turned into arguments of the one command line that defines the options, so
//! that the same parsers read all of them.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use url::Url;

use super::command_line::{Cli, Subcommand};
use super::config_file;
use super::environment::Environment;
use super::error::CliError;
use super::merge::{GivenOption, MergedOptions};
use super::option_reader::OptionReader;
use super::options::CrawlOptions;
use super::source::{SECRETS, Source, Sources};
use crate::settings::BreakerSettings;
use crate::settings::autopilot_mode::AutopilotMode;

/// Options of a file in the working directory that are warned of: where requests pass, and where is written.
const REACH_BEYOND: [&str; 3] = ["proxy", "db", "log-file"];

/// The command to run, with its options.
#[derive(Debug)]
pub struct Invocation {
    /// The command with all options, wherever they come from.
    pub cli: Cli,
    /// Where they come from.
    pub sources: Sources,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// Reads command line, environment and configuration file.
///
/// # Errors
/// When one of them cannot be used, or help was requested.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Invocation, CliError> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = Cli::command().try_get_matches_from(&arguments)?;
    let (mode, flags) = match matches.subcommand() {
        None => (Mode::Demonstration, &matches),
        Some(("demo" | "tour", flags)) => (Mode::Demonstration, flags),
        Some(("crawl" | "config", flags)) => (Mode::Crawl, flags),
        Some(("tune", flags)) => (Mode::Tune, flags),
        Some(("resume", flags)) => (Mode::Resume, flags),
        Some(_) => {
            let cli = Cli::from_arg_matches(&matches)?;
            check_keys(&cli, &Sources::default())?;
            return Ok(Invocation { cli, sources: Sources::default(), warnings: Vec::new() });
        }
    };
    let mut reader = OptionReader::new();
    let from_variables = reader.environment(&environment.variables)?;
    let file = match chosen_file(flags, &environment.variables) {
        None => config_file::find(&environment.folder, environment.home.as_deref())?,
        Some(name) if name.is_empty() || name == "none" => None,
        Some(name) => Some(config_file::read(&environment.folder.join(Path::new(&name)))?),
    };
    let found_here = file.as_ref().is_some_and(|file| file.found_here);
    let from_file = reader.file(file)?;

    let mut merged = MergedOptions::default();
    merged.take(reader.flags(flags))?;
    for weaker in [from_variables, from_file] {
        let admitted = weaker.into_iter().filter(|given| mode.admits(given));
        merged.take(admitted.collect())?;
    }
    // A command, if there is one, stands before all options.
    let at = arguments.len().min(1 + usize::from(matches.subcommand().is_some()));
    arguments.splice(at..at, merged.arguments);
    let cli = Cli::from_arg_matches(&Cli::command().try_get_matches_from(arguments)?)?;
    check_keys(&cli, &merged.sources)?;
    let options = match &cli.command {
        None => Some(&cli.options),
        Some(
            Subcommand::Crawl { options, .. }
            | Subcommand::Config { options, .. }
            | Subcommand::Tune { options, .. }
            | Subcommand::Demo { options, .. }
            | Subcommand::Tour { options },
        ) => Some(&**options),
        // The stored settings are not known yet.
        Some(_) => None,
    };
    if let Some(options) = options {
        reader.warnings.extend(breaker_window(options, &merged.sources)?);
        reader.warnings.extend(mode_as_seed(&cli, options));
    }
    let mut warnings = reader.warnings;
    if found_here {
        // `config` prints the source of each setting itself.
        let is_config = matches!(cli.command, Some(Subcommand::Config { .. }));
        warnings.splice(0..0, about_file_here(&merged.sources, !is_config));
    }
    Ok(Invocation { cli, sources: merged.sources, warnings })
}

/// What is said of `crawldeck.toml` in the working directory, which applies to all that runs there: if
/// `announced`, that it is in force; and which of its settings reach beyond the crawl itself.
fn about_file_here(sources: &Sources, announced: bool) -> Vec<String> {
    let is_from_file = |key: &&str| sources.of(key) == Source::File(config_file::NAME.to_owned());
    let mut said = Vec::new();
    if announced {
        said.push(format!("settings from ./{}", config_file::NAME));
    }
    let reaching: Vec<&str> = REACH_BEYOND.into_iter().filter(is_from_file).collect();
    if !reaching.is_empty() {
        said.push(format!(
            "WARNING: ./{} sets {}: somebody who made this folder decides where requests pass or files are \
             written (--config none leaves it out)",
            config_file::NAME,
            reaching.join(", ")
        ));
    }
    said
}

/// An error where the keys that were chosen do not go together; it begins with their source.
fn check_keys(cli: &Cli, sources: &Sources) -> Result<(), CliError> {
    let display = match &cli.command {
        None => &cli.options.display,
        Some(
            Subcommand::Crawl { options, .. }
            | Subcommand::Config { options, .. }
            | Subcommand::Tune { options, .. }
            | Subcommand::Resume { options, .. }
            | Subcommand::Demo { options, .. },
        ) => &options.display,
        Some(Subcommand::Compare { options }) => &options.display,
        Some(_) => return Ok(()),
    };
    display.check_keys().map_err(|why| {
        let place = match sources.of("bind") {
            Source::Default => "--bind".to_owned(),
            Source::File(name) => format!("{name}: bind"),
            source => source.to_string(),
        };
        CliError::Source(format!("{place}: {why}"))
    })
}

/// A warning where the autopilot's mode was given as a word of its own, which makes a seed of it.
fn mode_as_seed(cli: &Cli, options: &CrawlOptions) -> Option<String> {
    let Some(Subcommand::Crawl { seeds, .. } | Subcommand::Config { seeds, .. }) = &cli.command
    else {
        return None;
    };
    options.dials.autopilot.as_ref()?;
    let host = |seed: &Url| Some(seed.host_str()?.parse::<AutopilotMode>().ok()?.to_string());
    let mode = seeds.iter().find_map(host)?;
    Some(format!(
        "'{mode}' is taken as a URL: the mode of the autopilot follows an equals sign, --autopilot={mode}"
    ))
}

/// An error where `breaker-min-requests` is above the window; a default above it is lowered, with a
/// warning.
fn breaker_window(options: &CrawlOptions, sources: &Sources) -> Result<Option<String>, CliError> {
    let default = BreakerSettings::default();
    let given = options.breaker.breaker_min_requests;
    let min = given.unwrap_or(default.min_requests);
    let window = options.breaker.breaker_window.unwrap_or(default.window);
    if min <= window {
        return Ok(None);
    }
    let of_window = format!("breaker-window {window} ({})", sources.of("breaker-window"));
    if given.is_none() {
        return Ok(Some(format!("breaker-min-requests is lowered from {min} to {of_window}")));
    }
    let of_min = sources.of("breaker-min-requests");
    Err(CliError::Source(format!(
        "breaker-min-requests {min} ({of_min}) is above {of_window}: the breaker looks at no more requests"
    )))
}

/// The file named by flag or environment.
fn chosen_file(flags: &ArgMatches, environment: &[(OsString, OsString)]) -> Option<OsString> {
    let variable = || {
        let found = environment.iter().find(|(name, _)| name == "CRAWLDECK_CONFIG");
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    };
    flags.get_one::<OsString>("config").or_else(variable).cloned()
}

/// What decides which options of file and environment count.
#[derive(Clone, Copy)]
enum Mode {
    Demonstration,
    Crawl,
    Resume,
    Tune,
}

/// Options of file and environment that `tune` does not take: it turns these dials itself, and leaves databases
/// alone.
const NOT_OF_TUNE: [&str; 4] = ["db", "permits", "workers", "autopilot"];

impl Mode {
    /// Whether an option of file or environment counts. A resumed crawl has its stored settings, but
    /// no secrets; the demonstration is the same everywhere, and leaves databases alone.
    fn admits(self, given: &GivenOption) -> bool {
        let output = matches!(given.heading.as_str(), "Output" | "Dashboard" | "Logging");
        match self {
            Self::Crawl => true,
            Self::Tune => !NOT_OF_TUNE.contains(&given.key.as_str()),
            Self::Resume => output || SECRETS.contains(&given.key.as_str()),
            Self::Demonstration => output && given.key != "db",
        }
    }
}
