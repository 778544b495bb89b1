//! Where an export goes: standard output, or a file that takes its place when it is whole.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Read as _, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::atomic_file::{AtomicFile, resolved};
use crate::terminal_text::EscapingWriter;

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output; a terminal gets what it would obey as `\u` and four digits.
    Stdout,
    /// A file, or a device, of which a terminal is written to likewise.
    File(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Target {
    /// `-` or nothing is standard output.
    #[must_use]
    pub fn of(path: Option<&Path>) -> Self {
        path.filter(|path| *path != Path::new("-"))
            .map_or(Self::Stdout, |path| Self::File(path.to_owned()))
    }

    /// Whether it is standard output.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        *self == Self::Stdout
    }

    /// The name of a part, for one that is several: `sitemap-2.xml` beside `sitemap.xml`.
    pub(super) fn part_name(&self, part: usize) -> String {
        self.part(part)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    fn part(&self, part: usize) -> PathBuf {
        let Self::File(path) = self else { return PathBuf::new() };
        let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
        name.push(format!("-{part}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    }

    /// Begins to write it, or a part of it.
    pub(super) fn open(&self, part: Option<usize>) -> io::Result<ExportOutput> {
        let Self::File(path) = self else {
            let to = EscapingWriter::new(io::stdout(), io::stdout().is_terminal());
            return Ok(ExportOutput::Stdout(BufWriter::with_capacity(64 << 10, to)));
        };
        let place = part.map_or_else(|| path.clone(), |part| self.part(part));
        let place = resolved(&place);
        // A pipe or a device is written to, not replaced.
        if fs::metadata(&place).is_ok_and(|known| !known.is_file()) {
            let file = fs::OpenOptions::new().write(true).open(&place)?;
            let is_terminal = file.is_terminal();
            return Ok(ExportOutput::Other(BufWriter::new(EscapingWriter::new(file, is_terminal))));
        }
        spare_databases(&place)?;
        Ok(ExportOutput::File(AtomicFile::create(place, ".crawldeck-export-")?))
    }

    /// Writes a whole part.
    pub(super) fn write(&self, part: Option<usize>, bytes: &[u8]) -> io::Result<ExportOutput> {
        let mut output = self.open(part)?;
        output.write_all(bytes)?;
        output.flush()?;
        Ok(output)
    }
}

/// How a database of `SQLite` begins.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// What stands beside one, by the ends of the names.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// An error where a database is, or a file that belongs to one: exports are made of them.
fn spare_databases(place: &Path) -> io::Result<()> {
    let is_database = |path: &Path| {
        let mut head = [0; SQLITE.len()];
        fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
            && head == SQLITE
    };
    let name = place.to_string_lossy();
    let mut databases = BESIDE.iter().filter_map(|end| name.strip_suffix(end));
    if is_database(place) || databases.any(|of| is_database(Path::new(of))) {
        return Err(io::Error::other("a SQLite database is there: choose another file"));
    }
    Ok(())
}

/// What is being written. A file that is not kept is gone when it is dropped.
#[derive(Debug)]
pub(super) enum ExportOutput {
    /// Where it is a terminal, what that would obey is escaped.
    Stdout(BufWriter<EscapingWriter<Stdout>>),
    /// Likewise.
    Other(BufWriter<EscapingWriter<fs::File>>),
    File(AtomicFile),
}

impl ExportOutput {
    /// Writes out what is left, and puts a file into its place.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::File(file) => file.commit(),
            Self::Stdout(_) | Self::Other(_) => Ok(()),
        }
    }
}

impl Write for ExportOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(to) => to.write(bytes),
            Self::Other(to) => to.write(bytes),
            Self::File(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(to) => to.flush(),
            Self::Other(to) => to.flush(),
            Self::File(to) => to.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_beside_the_whole() {
        let target = Target::of(Some(Path::new("a/b.c/sitemap.xml")));
        assert_eq!(target.part(2), Path::new("a/b.c/sitemap-2.xml"));
        assert_eq!(target.part_name(12), "sitemap-12.xml");
        assert_eq!(Target::of(Some(Path::new("map"))).part_name(1), "map-1");
        assert!(Target::of(Some(Path::new("-"))).is_stdout() && Target::of(None).is_stdout());
    }
}
