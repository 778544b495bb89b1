//! Writes a report to its file, and replaces nothing but a report.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::error::ReportError;
use crate::atomic_file::{AtomicFile, resolved};

/// Name of the file where none is given.
pub const DEFAULT_FILE: &str = "crawldeck-report.html";

/// Stands in every report; a file without it is none.
pub(super) const GENERATOR: &str = "crawldeck report";

/// Bytes of the file's beginning in which that stands.
const HEAD: u64 = 1024;

/// Checks that a report may be written to `path`: nothing is there, or a report.
///
/// # Errors
/// When something else is there.
pub fn check(path: &Path) -> Result<(), ReportError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(path, &error)),
    };
    let is_file = file.metadata().map_err(|error| cannot(path, &error))?.is_file();
    let mut head = Vec::new();
    if is_file {
        file.take(HEAD).read_to_end(&mut head).map_err(|error| cannot(path, &error))?;
    }
    let mark = format!("<meta name=\"generator\" content=\"{GENERATOR}");
    if !String::from_utf8_lossy(&head).contains(&mark) {
        return Err(ReportError::NotAReport { file: shown(path) });
    }
    Ok(())
}

/// Writes a report: the file is replaced as a whole.
///
/// # Errors
/// When something that is no report is there, or it cannot be written.
pub fn save(path: &Path, html: &str) -> Result<(), ReportError> {
    check(path)?;
    let write = || {
        let mut file = AtomicFile::create(resolved(path), ".crawldeck-report-")?;
        file.write_all(html.as_bytes())?;
        file.commit()
    };
    write().map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> ReportError {
    ReportError::CannotWrite { file: shown(path), why: error.to_string() }
}

fn shown(path: &Path) -> String {
    super::text::clean(&path.to_string_lossy()).into_owned()
}
