//! Seeds from the file of `--list`, or from standard input.

use std::io::{Read, stdin};
use std::path::Path;

use url::Url;

use super::error::ProgramError;
use crate::cli::CrawlOptions;
use crate::headless::tell;
use crate::web::url_list;

/// `seeds`, and those of `--list`. A line that is no URL is reported and left out.
///
/// # Errors
/// When the file cannot be read, or gives no seed.
pub(super) fn with_listed_seeds(
    mut seeds: Vec<Url>,
    options: &CrawlOptions,
) -> Result<Vec<Url>, ProgramError> {
    let Some(list) = options.reach.list() else { return Ok(seeds) };
    for (line, url) in url_list::parse(&read_list(list)?) {
        match url {
            Ok(url) => seeds.push(url),
            Err(error) => {
                tell(&format!("crawldeck: --list {}: {line} left out: {error}", list.display()));
            }
        }
    }
    if seeds.is_empty() {
        return Err(ProgramError::Usage(format!("--list {}: no URL in it", list.display())));
    }
    Ok(seeds)
}

/// The bytes of a list, `-` being standard input.
pub(super) fn read_list(list: &Path) -> Result<Vec<u8>, ProgramError> {
    let mut bytes = Vec::new();
    let read = if list == Path::new("-") {
        stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(list)
    };
    read.map_err(|error| ProgramError::Usage(format!("--list {}: {error}", list.display())))
}
