//! A file that is put into its place whole: written beside it first, then renamed.
//!
//! It imports no other module of the crate.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;

/// A file being written. Dropped without [`AtomicFile::commit`], it leaves its place as it was.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    file: BufWriter<NamedTempFile>,
    place: PathBuf,
}

/// Where a write to `path` ends: the target of a symbolic link, which stays a link; else `path`.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

impl AtomicFile {
    /// Begins a file for `place` in the same folder, under a temporary name that begins with `prefix`.
    ///
    /// # Errors
    /// When the folder does not exist or cannot be written.
    pub(crate) fn create(place: PathBuf, prefix: &str) -> io::Result<Self> {
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::metadata(folder)?;
        // As any new file: the umask decides.
        let all = Permissions::from_mode(0o666);
        let mut builder = tempfile::Builder::new();
        // The kind alone: the error's text would name the temporary file.
        let file = builder
            .prefix(prefix)
            .permissions(all)
            .tempfile_in(folder)
            .map_err(|error| error.kind())?;
        Ok(Self { file: BufWriter::with_capacity(BUFFER, file), place })
    }

    /// Writes out the rest, and puts the file into its place.
    ///
    /// # Errors
    /// When the disk or the folder refuses; the place is as it was then.
    pub(crate) fn commit(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(self.place).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out");
        let mut dropped = AtomicFile::create(place.clone(), ".part-").unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut kept = AtomicFile::create(place.clone(), ".part-").unwrap();
        kept.write_all(b"whole").unwrap();
        assert!(!place.exists());
        kept.commit().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        AtomicFile::create(folder.path().join("none/out"), ".part-").unwrap_err();
    }
}
