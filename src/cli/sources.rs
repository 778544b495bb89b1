//! Where options come from: configuration file < environment < flags.
//!
//! Each source is turned into arguments of the one command line that defines the options, so
//! that all are read by the same parsers. Of an option given by several sources the strongest
//! holds, lists as a whole; of several ways to log in, that of the strongest source.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::file::{self, File};
use super::options::CrawlOptions;
use super::refusal::{Refusal, reason};
use super::values::{is_nothing, switch};
use super::{self as cli, Cli};
use crate::settings::BreakerSettings;

/// What the environment's variables begin with.
const PREFIX: &str = "CRAWLDECK_";
/// Filters the log; no option.
const LOG: &str = "CRAWLDECK_LOG";
/// Most times that `--verbose` makes a difference.
pub(super) const MOST_VERBOSE: u8 = 2;

/// Options that hold secrets, for the most part not stored with a crawl.
pub(super) const SECRETS: [&str; 5] = ["header", "auth", "bearer", "proxy", "db"];

/// Where the value of an option comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// This file.
    File(String),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) => f.write_str(name),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// The sources of all options, by long name.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<String, Source>);

impl Sources {
    /// Where `key` comes from.
    #[must_use]
    pub fn of(&self, key: &str) -> Source {
        self.0.get(key).cloned().unwrap_or(Source::Default)
    }
}

/// What the process finds around it.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The variables that begin with `CRAWLDECK_`.
    pub environment: Vec<(OsString, OsString)>,
    /// The working directory.
    pub folder: PathBuf,
    /// Where the user's configurations are.
    pub home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let ours = |name: &OsStr| {
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name != LOG)
        };
        let environment = std::env::vars_os().filter(|(name, _)| ours(name)).collect();
        Self { environment, folder: PathBuf::new(), home: file::home() }
    }
}

/// What is to be done.
#[derive(Debug)]
pub struct Invocation {
    /// The command with all options, wherever they come from.
    pub cli: Cli,
    /// Where they come from.
    pub sources: Sources,
    /// What the user should hear about, a line each.
    pub warnings: Vec<String>,
}

/// The options that can come from everywhere, as a command line of their own.
pub(super) fn definitions() -> Command {
    let command = Command::new("options").no_binary_name(true).disable_help_flag(true);
    CrawlOptions::augment_args(command)
}

/// Reads command line, environment and configuration file.
///
/// # Errors
/// When one of them cannot be used, or help was asked for.
pub fn read(
    arguments: impl IntoIterator<Item = OsString>,
    around: &Surroundings,
) -> Result<Invocation, Refusal> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = Cli::command().try_get_matches_from(&arguments)?;
    let (mode, flags) = match matches.subcommand() {
        None => (Mode::Demonstration, &matches),
        Some(("demo", flags)) => (Mode::Demonstration, flags),
        Some(("crawl" | "config", flags)) => (Mode::Crawl, flags),
        Some(("resume", flags)) => (Mode::Resume, flags),
        Some(_) => {
            let cli = Cli::from_arg_matches(&matches)?;
            return Ok(Invocation { cli, sources: Sources::default(), warnings: Vec::new() });
        }
    };
    let mut reader = Reader { definitions: definitions(), warnings: Vec::new() };
    let environment = reader.environment(&around.environment)?;
    let file = match chosen_file(flags, &around.environment) {
        None => file::find(&around.folder, around.home.as_deref())?,
        Some(name) if name.is_empty() || name == "none" => None,
        Some(name) => Some(file::read(&around.folder.join(Path::new(&name)))?),
    };
    let file = reader.file(file)?;

    let mut merged = Merged::default();
    merged.take(reader.flags(flags))?;
    for weaker in [environment, file] {
        let admitted = weaker.into_iter().filter(|given| mode.admits(given));
        merged.take(admitted.collect())?;
    }
    // A command, if there is one, stands before all options.
    let at = arguments.len().min(1 + usize::from(matches.subcommand().is_some()));
    arguments.splice(at..at, merged.arguments);
    let cli = Cli::from_arg_matches(&Cli::command().try_get_matches_from(arguments)?)?;
    let options = match &cli.command {
        None => Some(&cli.options),
        Some(
            cli::Command::Crawl { options, .. }
            | cli::Command::Config { options, .. }
            | cli::Command::Demo { options, .. },
        ) => Some(&**options),
        // Of what is stored nothing is known yet.
        Some(_) => None,
    };
    if let Some(options) = options {
        reader.warnings.extend(breaker_window(options, &merged.sources)?);
    }
    Ok(Invocation { cli, sources: merged.sources, warnings: reader.warnings })
}

/// Refuses a `breaker-least` above the window; the usual one is lowered, and that is said.
fn breaker_window(options: &CrawlOptions, sources: &Sources) -> Result<Option<String>, Refusal> {
    let usual = BreakerSettings::default();
    let given = options.breaker.breaker_least;
    let least = given.unwrap_or(usual.least);
    let window = options.breaker.breaker_window.unwrap_or(usual.window);
    if least <= window {
        return Ok(None);
    }
    let of_window = format!("breaker-window {window} ({})", sources.of("breaker-window"));
    if given.is_none() {
        return Ok(Some(format!("breaker-least is lowered from {least} to {of_window}")));
    }
    let of_least = sources.of("breaker-least");
    Err(Refusal::Source(format!(
        "breaker-least {least} ({of_least}) is above {of_window}: more than are looked back at"
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

/// Whose sources are asked for.
#[derive(Clone, Copy)]
enum Mode {
    Demonstration,
    Crawl,
    Resume,
}

impl Mode {
    /// Whether an option of file or environment counts: a resumed crawl has its own settings, but
    /// no secrets; the demonstration is to be the same everywhere, and leaves databases alone.
    fn admits(self, given: &Given) -> bool {
        let output = matches!(given.heading.as_str(), "Output" | "Logging");
        match self {
            Self::Crawl => true,
            Self::Resume => output || SECRETS.contains(&given.key.as_str()),
            Self::Demonstration => output && given.key != "db",
        }
    }
}

/// An option as a source gives it.
struct Given {
    key: String,
    heading: String,
    /// What stands on the command line for it; for flags nothing more.
    arguments: Vec<OsString>,
    /// How it logs in, if it does.
    login: Option<&'static str>,
    source: Source,
}

/// What has been taken so far, the strongest first.
#[derive(Default)]
struct Merged {
    arguments: Vec<OsString>,
    sources: Sources,
    /// Whether a source has said who logs in.
    login_said: bool,
}

impl Merged {
    /// Takes what no stronger source has said. More and less logging are one matter, and so are
    /// the ways to log in: all of them end in one `Authorization`.
    fn take(&mut self, source: Vec<Given>) -> Result<(), Refusal> {
        let logging = |key: &str| matches!(key, "verbose" | "quiet");
        let said: HashSet<String> = self.sources.0.keys().cloned().collect();
        let logging_said = said.iter().any(|key| logging(key));
        let (mut loud, mut login) = (None, None);
        for mut given in source {
            if said.contains(&given.key) || (logging_said && logging(&given.key)) {
                continue;
            }
            if logging(&given.key) && !given.arguments.is_empty() {
                only(&mut loud, &given, &given.key)?;
            }
            if let Some(way) = given.login {
                if !self.login_said {
                    only(&mut login, &given, way)?;
                } else if given.key == "header" {
                    // The other headers of the list say nothing of it.
                    given.arguments.retain(|argument| !is_authorization(argument));
                    if given.arguments.is_empty() {
                        continue;
                    }
                } else {
                    continue;
                }
            }
            self.arguments.extend(given.arguments);
            self.sources.0.insert(given.key, given.source);
        }
        self.login_said |= login.is_some();
        Ok(())
    }
}

/// Notes `name` as what `given`'s source says of a matter, or refuses the second of it.
fn only(said: &mut Option<String>, given: &Given, name: &str) -> Result<(), Refusal> {
    let Some(other) = said.replace(name.to_owned()) else { return Ok(()) };
    let mut both = [other.as_str(), name];
    both.sort_unstable();
    let [one, two] = both;
    Err(Refusal::Source(match &given.source {
        Source::Flag(_) => format!("--{one} and --{two} cannot be used together"),
        source => format!("{source}: {one} and {two} cannot be used together"),
    }))
}

/// How the option `key` logs in, if with one of `values` it does.
fn login(key: &str, values: &[&OsStr]) -> Option<&'static str> {
    let some = |value: &&OsStr| value.to_str().is_none_or(|text| !is_nothing(text));
    match key {
        "auth" if values.iter().any(some) => Some("auth"),
        "bearer" if values.iter().any(some) => Some("bearer"),
        "header" if values.iter().any(|value| is_authorization(value)) => {
            Some("header Authorization")
        }
        _ => None,
    }
}

/// Whether a header, or the argument that gives one, is `Authorization`.
fn is_authorization(header: &OsStr) -> bool {
    let header = header.to_string_lossy();
    let name = header.split_once(':').map_or("", |(name, _)| name);
    name.strip_prefix("--header=").unwrap_or(name).trim().eq_ignore_ascii_case("authorization")
}

/// Reads sources by the definitions of the options.
struct Reader {
    definitions: Command,
    warnings: Vec<String>,
}

impl Reader {
    fn option(&self, key: &str) -> Option<&Arg> {
        let mut all = self.definitions.get_arguments();
        all.find(|argument| argument.get_long() == Some(key) && key != "config")
    }

    /// The option whose name is nearest.
    fn nearest(&self, key: &str) -> Option<&str> {
        let all = self.definitions.get_arguments().filter_map(Arg::get_long);
        let likeness = |name: &str| strsim::jaro_winkler(name, &key.to_ascii_lowercase());
        all.filter(|name| *name != "config" && likeness(name) > 0.7)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }

    /// Whether an empty value is one.
    fn takes_nothing(&mut self, key: &str) -> bool {
        self.definitions.try_get_matches_from_mut([format!("--{key}=")]).is_ok()
    }

    /// What was given on the command line itself, where it stands already.
    fn flags(&self, matches: &ArgMatches) -> Vec<Given> {
        let given = |argument: &Arg| {
            let source = matches.value_source(argument.get_id().as_str());
            let long = argument.get_long().filter(|_| source == Some(ValueSource::CommandLine))?;
            let values = matches.get_raw(argument.get_id().as_str());
            let values: Vec<&OsStr> = values.into_iter().flatten().collect();
            Some(Given {
                key: long.to_owned(),
                heading: String::new(),
                arguments: Vec::new(),
                login: login(long, &values),
                source: Source::Flag(format!("--{long}")),
            })
        };
        self.definitions.get_arguments().filter_map(given).collect()
    }

    fn environment(&mut self, all: &[(OsString, OsString)]) -> Result<Vec<Given>, Refusal> {
        let mut found = Vec::new();
        for (name, value) in all {
            let Some(name) = name.to_str() else { continue };
            let key = name.strip_prefix(PREFIX).unwrap_or(name);
            let key = key.to_ascii_lowercase().replace('_', "-");
            if key == "config" {
                continue;
            }
            let Some(option) = self.option(&key) else {
                let near = self.nearest(&key).map_or(String::new(), |near| {
                    let near = near.to_ascii_uppercase().replace('-', "_");
                    format!("; the nearest is {PREFIX}{near}")
                });
                self.warnings.push(format!("environment {name} is no option{near}"));
                continue;
            };
            let source = Source::Environment(name.to_owned());
            let Some(value) = value.to_str() else {
                return Err(Refusal::Source(format!("{source}: it is not UTF-8")));
            };
            let values = if is_list(option) {
                value.lines().map(str::to_owned).collect()
            } else {
                vec![value.to_owned()]
            };
            let option = option.clone();
            let place = source.to_string();
            found.extend(self.given(&option, values, source, &place)?);
        }
        Ok(found)
    }

    fn file(&mut self, file: Option<File>) -> Result<Vec<Given>, Refusal> {
        let Some(File { name, entries }) = file else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in entries {
            let place = format!("{name}, line {}: {}", entry.line, entry.key);
            let Some(option) = self.option(&entry.key) else {
                let near = self.nearest(&entry.key);
                let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
                return Err(Refusal::Source(format!("{place} is no option{near}")));
            };
            if entry.list && !is_list(option) {
                return Err(Refusal::Source(format!("{place}: takes one value, not a list")));
            }
            let source = Source::File(name.clone());
            let option = option.clone();
            found.extend(self.given(&option, entry.values, source, &place)?);
        }
        Ok(found)
    }

    /// The arguments that stand for `values`, once they are known to be good. Nothing but empty
    /// values takes away what need not be there, and otherwise counts as not given.
    fn given(
        &mut self,
        option: &Arg,
        mut values: Vec<String>,
        source: Source,
        place: &str,
    ) -> Result<Option<Given>, Refusal> {
        values.retain(|value| !value.is_empty());
        let key = option.get_long().unwrap_or_default();
        if values.is_empty() {
            if !self.takes_nothing(key) {
                return Ok(None);
            }
            values.push(String::new());
        }
        let refused = |why: &str| Refusal::Source(format!("{place}: {why}"));
        let all: Vec<&OsStr> = values.iter().map(OsStr::new).collect();
        let login = login(key, &all);
        let mut arguments: Vec<OsString> = Vec::new();
        for value in values {
            if matches!(option.get_action(), ArgAction::Count) {
                let times = value.parse().ok().filter(|times| *times <= MOST_VERBOSE);
                let times: u8 = times.ok_or_else(|| refused("takes 0, 1 or 2"))?;
                arguments.extend((0..times).map(|_| format!("--{key}").into()));
                continue;
            }
            let argument: OsString = format!("--{key}={value}").into();
            self.definitions
                .try_get_matches_from_mut([&argument])
                .map_err(|error| refused(&reason(&error)))?;
            // Beside `verbose`, only a quiet that is meant may stand on a command line.
            if key != "quiet" || switch(&value) == Ok(true) {
                arguments.push(argument);
            }
        }
        let heading = option.get_help_heading().unwrap_or_default().to_owned();
        Ok(Some(Given { key: key.to_owned(), heading, arguments, login, source }))
    }
}

fn is_list(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Append)
}
