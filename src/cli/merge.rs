//! Which source of an option holds: the strongest, lists as a whole.
//!
//! The ways to log in (`auth`, `bearer`, a header `Authorization`) are one matter: that of the
//! strongest source holds. So are more and less logging.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use super::error::CliError;
use super::source::{Source, Sources};
use super::values::is_nothing;

/// An option as a source gives it.
pub(super) struct GivenOption {
    /// Its long name.
    pub(super) key: String,
    /// Its heading in the help; empty for flags.
    pub(super) heading: String,
    /// What stands on the command line for it; for flags nothing more.
    pub(super) arguments: Vec<OsString>,
    /// How it logs in, if it does.
    pub(super) login: Option<&'static str>,
    pub(super) source: Source,
}

/// The options taken so far, from the strongest source on.
#[derive(Default)]
pub(super) struct MergedOptions {
    /// What stands on the command line for options of weaker sources.
    pub(super) arguments: Vec<OsString>,
    pub(super) sources: Sources,
    /// Whether a source has given a login.
    has_login: bool,
}

impl MergedOptions {
    /// Takes what no stronger source has given. More and less logging are one matter, and so are
    /// the ways to log in: all of them end in one `Authorization`.
    pub(super) fn take(&mut self, source: Vec<GivenOption>) -> Result<(), CliError> {
        let logging = |key: &str| matches!(key, "verbose" | "quiet");
        let taken: HashSet<String> = self.sources.0.keys().cloned().collect();
        let logging_taken = taken.iter().any(|key| logging(key));
        let (mut loud, mut login) = (None, None);
        for mut given in source {
            if taken.contains(&given.key) || (logging_taken && logging(&given.key)) {
                continue;
            }
            if logging(&given.key) && !given.arguments.is_empty() {
                only(&mut loud, &given, &given.key)?;
            }
            if let Some(way) = given.login {
                if !self.has_login {
                    only(&mut login, &given, way)?;
                } else if given.key == "header" {
                    // The other headers of the list are no login.
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
        self.has_login |= login.is_some();
        Ok(())
    }
}

/// Notes `name` as the option that `given`'s source uses for a matter; a second one is an error.
fn only(used: &mut Option<String>, given: &GivenOption, name: &str) -> Result<(), CliError> {
    let Some(other) = used.replace(name.to_owned()) else { return Ok(()) };
    let mut both = [other.as_str(), name];
    both.sort_unstable();
    let [one, two] = both;
    Err(CliError::Source(match &given.source {
        Source::Flag(_) => format!("--{one} and --{two} cannot be used together"),
        source => format!("{source}: {one} and {two} cannot be used together"),
    }))
}

/// How the option `key` logs in, if one of `values` makes it.
pub(super) fn login(key: &str, values: &[&OsStr]) -> Option<&'static str> {
    let is_value = |value: &&OsStr| value.to_str().is_none_or(|text| !is_nothing(text));
    match key {
        "auth" if values.iter().any(is_value) => Some("auth"),
        "bearer" if values.iter().any(is_value) => Some("bearer"),
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
