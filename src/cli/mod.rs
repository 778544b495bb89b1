//! The command line, its configuration file and its environment: read into one [`Invocation`].
//!
//! ```text
//! invocation    command line, environment and file, read and merged
//!   merge         which source of an option holds
//!   option_reader environment and file, checked by the definitions of the options
//!     config_file   the file's entries as text
//! command_line  the commands ── options, display_options, lab, compare, tune   the options, by heading
//!                                 apply                 options put over settings
//!                                 values                how each kind of value is read
//! show_config   the settings in force, for `config`
//! error, source, environment, renamed
//! ```

mod apply;
mod command_line;
mod compare;
pub mod config_file;
pub mod display_options;
mod environment;
mod error;
mod invocation;
mod lab;
mod merge;
mod option_reader;
pub mod options;
mod renamed;
pub mod show_config;
pub mod source;
mod tune;
pub mod values;

pub use command_line::{Cli, ExportOptions, Subcommand, for_users};
pub use compare::CompareOptions;
pub use environment::{Environment, PANIC_IN};
pub use error::CliError;
pub use invocation::{Invocation, read};
pub use lab::LabOptions;
pub use options::{CrawlOptions, DEFAULT_DB, LogOptions};
