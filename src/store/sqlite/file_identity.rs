//! Whether the file is still where it was opened.
//!
//! A file that was deleted, moved or replaced can still be written by a process that has it open, but
//! it is not found at its path any more. SQLite itself does not notice in its write-ahead mode.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::store::error::StoreError;

/// Which file it is: device and inode. `None` where that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(Option<(u64, u64)>);

impl FileIdentity {
    /// That of the file at a path now, through links.
    pub(super) fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().map(|file| (file.dev(), file.ino())))
    }

    /// Checks that the path still leads to it. Anything unclear counts as yes.
    ///
    /// # Errors
    /// [`StoreError::Gone`].
    pub(super) fn check(self, db: &str, path: &Path) -> Result<(), StoreError> {
        let Some(opened) = self.0 else { return Ok(()) };
        let how = match fs::metadata(path) {
            Ok(file) if (file.dev(), file.ino()) != opened => "replaced by another file",
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                "deleted or moved away"
            }
            _ => return Ok(()),
        };
        Err(StoreError::Gone { db: db.to_owned(), how })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_itself_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let [path, away, link] = ["a.db", "b.db", "l.db"].map(|name| folder.path().join(name));
        fs::write(&path, "1").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let identity = FileIdentity::of(&path);
        assert_eq!(identity, FileIdentity::of(&link));
        let said = || identity.check("a.db", &path).map_err(|error| error.to_string());
        assert_eq!(said(), Ok(()));
        fs::write(&path, "2").unwrap();
        assert_eq!(said(), Ok(()), "written by somebody else is another matter");
        fs::rename(&path, &away).unwrap();
        assert!(said().is_err_and(|error| error.starts_with("a.db was deleted or moved away")));
        fs::write(&path, "1").unwrap();
        assert!(said().is_err_and(|error| error.starts_with("a.db was replaced by another file")));
        fs::rename(&away, &path).unwrap();
        assert_eq!(said(), Ok(()));
        drop(folder);
        assert!(said().is_err());
        assert_eq!(FileIdentity::of(&path).check("a.db", &path).map_err(|e| e.to_string()), Ok(()));
    }
}
