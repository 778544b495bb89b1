//! Where an export goes: standard output, or a file that takes its place when it is whole.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Read as _, Stdout, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file.
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
    pub(super) fn open(&self, part: Option<usize>) -> io::Result<Output> {
        let Self::File(path) = self else {
            return Ok(Output::Stdout(BufWriter::with_capacity(64 << 10, io::stdout())));
        };
        let place = part.map_or_else(|| path.clone(), |part| self.part(part));
        // Of a symbolic link what it names is replaced, not the link; a pipe or a device is written to.
        let place = fs::canonicalize(&place).unwrap_or(place);
        if fs::metadata(&place).is_ok_and(|known| !known.is_file()) {
            let file = fs::OpenOptions::new().write(true).open(&place)?;
            return Ok(Output::Other(BufWriter::new(file)));
        }
        spare_databases(&place)?;
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::metadata(folder)?;
        // As any new file: what the umask leaves.
        let all = Permissions::from_mode(0o666);
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(".crawldeck-export-").permissions(all);
        // Without the name of a file that nobody has heard of.
        let file = builder.tempfile_in(folder).map_err(|error| error.kind())?;
        Ok(Output::File(BufWriter::with_capacity(64 << 10, file), place))
    }

    /// Writes a whole part.
    pub(super) fn write(&self, part: Option<usize>, bytes: &[u8]) -> io::Result<Output> {
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

/// An error where a database is, or what belongs to one: it is what exports are made of.
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
pub(super) enum Output {
    Stdout(BufWriter<Stdout>),
    Other(BufWriter<fs::File>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Output {
    /// Writes out what is left, and puts a file into its place.
    pub(super) fn keep(mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::File(buffer, place) = self {
            let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(place).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(to) => to.write(bytes),
            Self::Other(to) => to.write(bytes),
            Self::File(to, _) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(to) => to.flush(),
            Self::Other(to) => to.flush(),
            Self::File(to, _) => to.flush(),
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
