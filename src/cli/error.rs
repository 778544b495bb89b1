//! Errors of command line, environment and configuration file, without the secrets in them.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;

use super::renamed::new_name;
use super::source::SECRETS;
use crate::settings::mask::mask;
use crate::terminal_text::escaped;

/// Why no command can be run.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A wrong command line, or a request for help.
    #[error("{0}")]
    CommandLine(#[source] Box<clap::Error>),
    /// A wrong configuration file or environment, or a flag that was renamed, in one line.
    #[error("{0}")]
    Source(String),
}

impl From<clap::Error> for CliError {
    fn from(mut error: clap::Error) -> Self {
        if let Some(renamed) = renamed_flag(&error) {
            return Self::Source(renamed);
        }
        let of_secret = matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(name))
            if SECRETS.iter().any(|secret| is_named(name, secret)));
        let mut shown = Vec::new();
        for (kind, value) in error.context() {
            let ContextValue::String(text) = value else { continue };
            let given = matches!(
                kind,
                ContextKind::InvalidValue
                    | ContextKind::InvalidArg
                    | ContextKind::InvalidSubcommand
            );
            if kind == ContextKind::InvalidValue && of_secret {
                shown.push((kind, "***".to_owned()));
            } else if given {
                shown.push((kind, escaped(&mask(text)).into_owned()));
            }
        }
        for (kind, text) in shown {
            error.insert(kind, ContextValue::String(text));
        }
        Self::CommandLine(Box::new(error))
    }
}

/// What is said of an unknown flag that had another name before: `--again is now --recrawl`.
fn renamed_flag(error: &clap::Error) -> Option<String> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(given))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let old = given.strip_prefix("--")?.split([' ', '=']).next()?;
    new_name(old).map(|new| format!("--{old} is now --{new}"))
}

/// Whether clap's `--header <K: V>` is the option `header`.
fn is_named(shown: &str, long: &str) -> bool {
    shown.strip_prefix("--").and_then(|name| name.split([' ', '=']).next()) == Some(long)
}

/// What clap reports of the value of one option, in one line and without the value itself.
pub(super) fn reason(error: &clap::Error) -> String {
    if let Some(source) = error.source() {
        return one_line(&source.to_string());
    }
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(values))) if !values.is_empty() => {
            format!("takes one of {}", values.join(", "))
        }
        (ErrorKind::ArgumentConflict, _) => "given more than once".into(),
        _ => "cannot be used".into(),
    }
}

/// Regular expressions explain themselves in several lines, the last one best.
fn one_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    last.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
