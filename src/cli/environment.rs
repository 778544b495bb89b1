//! What a process finds around it: variables, working directory, the user's configuration folder.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::config_file;
use super::source::PREFIX;

/// Filters the log; no option.
const LOG: &str = "CRAWLDECK_LOG";
/// Where the tasks of a crawl panic; for tests, no option.
pub const PANIC_IN: &str = "CRAWLDECK_PANIC_IN";

/// Where a process reads its options from, except the command line.
#[derive(Debug, Default)]
pub struct Environment {
    /// The variables that begin with `CRAWLDECK_`.
    pub variables: Vec<(OsString, OsString)>,
    /// The working directory.
    pub folder: PathBuf,
    /// Where the user's configurations are.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let ours = |name: &OsStr| {
            name.to_str()
                .is_some_and(|name| name.starts_with(PREFIX) && name != LOG && name != PANIC_IN)
        };
        let variables = std::env::vars_os().filter(|(name, _)| ours(name)).collect();
        Self { variables, folder: PathBuf::new(), home: config_file::home() }
    }
}
