//! The configuration file: where it is, and its entries as text.
//!
//! It knows no option: [`super::option_reader`] checks keys and values.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::CliError;
use crate::small_file;

/// Name of the file, here or in `crawldeck` under XDG's directory of configurations.
pub const NAME: &str = "crawldeck.toml";
/// Most bytes of the file.
const MAX_BYTES: usize = 1 << 20;

/// An entry of the file.
#[derive(Debug)]
pub(super) struct FileEntry {
    /// As written.
    pub(super) key: String,
    /// The values, one by one, if it is a list.
    pub(super) values: Vec<String>,
    /// Whether it is a list.
    pub(super) list: bool,
    /// What it holds, if it is a table.
    pub(super) members: Option<Vec<FileEntry>>,
    /// Line of the key, from 1.
    pub(super) line: usize,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct ConfigFile {
    /// Its name in messages.
    pub(super) name: String,
    /// Whether it was found in the working directory: nobody named it, and whoever made the folder may
    /// have made it.
    pub(super) found_here: bool,
    pub(super) entries: Vec<FileEntry>,
}

/// Reads the file in `folder`, or else the user's under `home`; there may be none.
pub(super) fn find(folder: &Path, home: Option<&Path>) -> Result<Option<ConfigFile>, CliError> {
    let here = (folder.join(NAME), NAME.to_owned());
    let users = home.map(|home| home.join("crawldeck").join(NAME));
    let users = users.map(|path| (path.clone(), path.display().to_string()));
    for (path, name) in std::iter::once(here).chain(users) {
        match text_of(&path) {
            Ok(text) => {
                let found_here = name == NAME;
                return Ok(Some(ConfigFile { found_here, ..parse(&text, name)? }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(CliError::Source(format!("{name}: {error}"))),
        }
    }
    Ok(None)
}

/// Reads the file that the user named.
pub(super) fn read(path: &Path) -> Result<ConfigFile, CliError> {
    let name = path.display().to_string();
    let text = text_of(path)
        .map_err(|error| CliError::Source(format!("configuration file {name}: {error}")))?;
    parse(&text, name)
}

fn text_of(path: &Path) -> io::Result<String> {
    let bytes = small_file::read(path, MAX_BYTES)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}

/// Where the user's configurations are.
pub(super) fn home() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|strategy| strategy.config_dir())
}

fn parse(text: &str, name: String) -> Result<ConfigFile, CliError> {
    // The parser's own display would show the line, which may hold a secret.
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let message = error.message().lines().next().unwrap_or_default();
        CliError::Source(format!("{name}, line {line}: {message}"))
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.into_inner() {
        let line = line_of(text, key.span().start);
        let key = key.into_inner().into_owned();
        let members = match value.get_ref() {
            DeValue::Table(table) => Some(members(text, table, &key, &name)?),
            _ => None,
        };
        let (values, list) = match value.get_ref() {
            DeValue::Table(_) => (Vec::new(), true),
            value => values_of(value).map_err(|what| wrong_kind(&name, line, &key, what))?,
        };
        entries.push(FileEntry { key, values, list, members, line });
    }
    entries.sort_by_key(|entry| entry.line);
    Ok(ConfigFile { name, found_here: false, entries })
}

/// What a table holds.
fn members(
    text: &str,
    table: &DeTable<'_>,
    of: &str,
    name: &str,
) -> Result<Vec<FileEntry>, CliError> {
    let member =
        |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| -> Result<_, CliError> {
            let line = line_of(text, key.span().start);
            let key = key.get_ref().to_string();
            let (values, list) = values_of(value.get_ref())
                .map_err(|what| wrong_kind(name, line, &format!("{of}.{key}"), what))?;
            Ok(FileEntry { key, values, list, members: None, line })
        };
    let mut members = table.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    members.sort_by_key(|entry| entry.line);
    Ok(members)
}

/// The error about a value that no option takes.
pub(super) fn wrong_kind(name: &str, line: usize, key: &str, what: &str) -> CliError {
    CliError::Source(format!(
        "{name}, line {line}: {key} is {what}: options are numbers, strings, true, false, \
         or lists of them, with the long names of the command line as keys"
    ))
}

/// The values, one by one, and whether they are a list; an error names what cannot be a value.
fn values_of(value: &DeValue<'_>) -> Result<(Vec<String>, bool), &'static str> {
    match value {
        DeValue::Array(array) => {
            let values = array.iter().map(|value| scalar(value.get_ref()));
            Ok((values.collect::<Result<_, _>>()?, true))
        }
        value => Ok((vec![scalar(value)?], false)),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// A value as it would be typed; an error names what cannot be a value.
fn scalar(value: &DeValue<'_>) -> Result<String, &'static str> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(is) => Ok(is.to_string()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "no number"),
        DeValue::Datetime(_) => Err("a date"),
        DeValue::Array(_) => Err("a list of lists"),
        DeValue::Table(_) => Err("a table"),
    }
}
