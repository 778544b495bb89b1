//! Options as the sources give them, each checked by the definition of its flag.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::config_file::{ConfigFile, wrong_kind};
use super::error::{CliError, reason};
use super::merge::{GivenOption, login};
use super::options::definitions;
use super::renamed::new_name;
use super::source::{MAX_VERBOSITY, PREFIX, Source};
use super::values::switch;

/// The list that the file may write as a table: each `NAME = VALUE` of it is an item `NAME=VALUE`.
const TABLE: &str = "bind";

/// Reads sources by the definitions of the options.
pub(super) struct OptionReader {
    definitions: Command,
    /// What the user should know, a line each.
    pub(super) warnings: Vec<String>,
}

impl OptionReader {
    pub(super) fn new() -> Self {
        Self { definitions: definitions(), warnings: Vec::new() }
    }

    fn option(&self, key: &str) -> Option<&Arg> {
        let mut all = self.definitions.get_arguments();
        all.find(|argument| argument.get_long() == Some(key) && key != "config")
    }

    /// The present name of an option that was once called `key`.
    fn renamed(&self, key: &str) -> Option<&'static str> {
        new_name(key).filter(|new| self.option(new).is_some())
    }

    /// The option whose name is nearest.
    fn nearest(&self, key: &str) -> Option<&str> {
        let all = self.definitions.get_arguments().filter_map(Arg::get_long);
        let likeness = |name: &str| strsim::jaro_winkler(name, &key.to_ascii_lowercase());
        all.filter(|name| *name != "config" && likeness(name) > 0.7)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }

    /// Whether the option takes the empty value.
    fn takes_empty(&mut self, key: &str) -> bool {
        self.definitions.try_get_matches_from_mut([format!("--{key}=")]).is_ok()
    }

    /// The options of the command line, where they stand already.
    pub(super) fn flags(&self, matches: &ArgMatches) -> Vec<GivenOption> {
        let given = |argument: &Arg| {
            let source = matches.value_source(argument.get_id().as_str());
            let long = argument.get_long().filter(|_| source == Some(ValueSource::CommandLine))?;
            let values = matches.get_raw(argument.get_id().as_str());
            let values: Vec<&OsStr> = values.into_iter().flatten().collect();
            Some(GivenOption {
                key: long.to_owned(),
                heading: String::new(),
                arguments: Vec::new(),
                login: login(long, &values),
                source: Source::Flag(format!("--{long}")),
            })
        };
        self.definitions.get_arguments().filter_map(given).collect()
    }

    /// The options that variables give.
    pub(super) fn environment(
        &mut self,
        all: &[(OsString, OsString)],
    ) -> Result<Vec<GivenOption>, CliError> {
        let mut found = Vec::new();
        for (name, value) in all {
            let Some(name) = name.to_str() else { continue };
            let key = name.strip_prefix(PREFIX).unwrap_or(name);
            let key = key.to_ascii_lowercase().replace('_', "-");
            if key == "config" {
                continue;
            }
            let Some(option) = self.option(&key) else {
                if let Some(new) = self.renamed(&key) {
                    let new = new.to_ascii_uppercase().replace('-', "_");
                    return Err(CliError::Source(format!(
                        "environment {name} is now {PREFIX}{new}"
                    )));
                }
                let near = self.nearest(&key).map_or(String::new(), |near| {
                    let near = near.to_ascii_uppercase().replace('-', "_");
                    format!("; the nearest is {PREFIX}{near}")
                });
                self.warnings.push(format!("environment {name} is no option{near}"));
                continue;
            };
            let source = Source::Environment(name.to_owned());
            let Some(value) = value.to_str() else {
                return Err(CliError::Source(format!("{source}: it is not UTF-8")));
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

    /// The options that the configuration file gives.
    pub(super) fn file(&mut self, file: Option<ConfigFile>) -> Result<Vec<GivenOption>, CliError> {
        let Some(ConfigFile { name, entries, .. }) = file else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in entries {
            if entry.members.is_some() && entry.key != TABLE {
                return Err(wrong_kind(&name, entry.line, &entry.key, "a table"));
            }
            let place = format!("{name}, line {}: {}", entry.line, entry.key);
            let Some(option) = self.option(&entry.key) else {
                if let Some(new) = self.renamed(&entry.key) {
                    return Err(CliError::Source(format!("{place} is now {new}")));
                }
                let near = self.nearest(&entry.key);
                let near = near.map_or(String::new(), |near| format!("; the nearest is {near}"));
                return Err(CliError::Source(format!("{place} is no option{near}")));
            };
            if entry.list && !is_list(option) {
                return Err(CliError::Source(format!("{place}: takes one value, not a list")));
            }
            let source = Source::File(name.clone());
            let option = option.clone();
            let members = entry.members.unwrap_or_default();
            if !members.is_empty() {
                for member in members {
                    let place = format!("{name}, line {}: {TABLE}.{}", member.line, member.key);
                    let value = format!("{}={}", member.key, member.values.join(" "));
                    found.extend(self.given(&option, vec![value], source.clone(), &place)?);
                }
                continue;
            }
            found.extend(self.given(&option, entry.values, source, &place)?);
        }
        Ok(found)
    }

    /// The arguments for `values`, once they are checked. Only empty values remove an optional value;
    /// for another option they count as not given.
    fn given(
        &mut self,
        option: &Arg,
        mut values: Vec<String>,
        source: Source,
        place: &str,
    ) -> Result<Option<GivenOption>, CliError> {
        values.retain(|value| !value.is_empty());
        let key = option.get_long().unwrap_or_default();
        if values.is_empty() {
            if !self.takes_empty(key) {
                return Ok(None);
            }
            values.push(String::new());
        }
        let error = |why: &str| CliError::Source(format!("{place}: {why}"));
        let all: Vec<&OsStr> = values.iter().map(OsStr::new).collect();
        let login = login(key, &all);
        let mut arguments: Vec<OsString> = Vec::new();
        for value in values {
            if matches!(option.get_action(), ArgAction::Count) {
                let times = value.parse().ok().filter(|times| *times <= MAX_VERBOSITY);
                let times: u8 = times.ok_or_else(|| error("takes 0, 1 or 2"))?;
                arguments.extend((0..times).map(|_| format!("--{key}").into()));
                continue;
            }
            let argument: OsString = format!("--{key}={value}").into();
            self.definitions
                .try_get_matches_from_mut([&argument])
                .map_err(|wrong| error(&reason(&wrong)))?;
            // `--quiet=false` would conflict with `--verbose`.
            if key != "quiet" || switch(&value) == Ok(true) {
                arguments.push(argument);
            }
        }
        let heading = option.get_help_heading().unwrap_or_default().to_owned();
        Ok(Some(GivenOption { key: key.to_owned(), heading, arguments, login, source }))
    }
}

fn is_list(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Append)
}
