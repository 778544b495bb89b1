//! Puts a report where it was asked for.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::ReportError;

/// Stands in every report; a file without it is none.
pub(super) const GENERATOR: &str = "crawldeck report";

/// Where that stands at the latest, in bytes.
const HEAD: u64 = 1024;

/// Asks whether a report may be written to `path`: it may if nothing is there, or a report.
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

/// Writes a report whole: beside its place first, then into it.
///
/// # Errors
/// When something that is no report is there, or it cannot be written.
pub fn save(path: &Path, html: &str) -> Result<(), ReportError> {
    check(path)?;
    // Of a symbolic link what it names is replaced, not the link.
    let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let write = || {
        // As any new file: what the umask leaves.
        let all = std::fs::Permissions::from_mode(0o666);
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(".crawldeck-report-").suffix(".html").permissions(all);
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(html.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&place).map_err(|error| error.error)
    };
    write().map_err(|error| cannot(path, &error))?;
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> ReportError {
    ReportError::CannotWrite { file: shown(path), why: error.to_string() }
}

fn shown(path: &Path) -> String {
    super::text::clean(&path.to_string_lossy()).into_owned()
}
