//! Seeds from the file of `--list`, or from standard input.

use std::io::stdin;
use std::path::Path;

use url::Url;

use super::error::ProgramError;
use crate::cli::CrawlOptions;
use crate::cli::values::seed;
use crate::headless::tell;

/// `seeds`, and those of `--list`. A malformed line is reported and left out.
///
/// # Errors
/// When the file cannot be read, or gives no seed.
pub(super) fn with_listed_seeds(
    mut seeds: Vec<Url>,
    options: &CrawlOptions,
) -> Result<Vec<Url>, ProgramError> {
    let Some(list) = options.reach.list() else { return Ok(seeds) };
    let text = if list == Path::new("-") {
        std::io::read_to_string(stdin())
    } else {
        std::fs::read_to_string(list)
    }
    .map_err(|e| ProgramError::Usage(format!("--list {}: {e}", list.display())))?;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match seed(line) {
            Ok(url) => seeds.push(url),
            Err(error) => tell(&format!(
                "crawldeck: --list {}: line {} left out: {error}",
                list.display(),
                number + 1
            )),
        }
    }
    if seeds.is_empty() {
        return Err(ProgramError::Usage(format!("--list {}: no URL in it", list.display())));
    }
    Ok(seeds)
}
