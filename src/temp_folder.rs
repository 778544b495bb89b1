//! A temporary folder of this process, which the next process removes where this one was killed.
//!
//! It imports no other module of the crate.
//!
//! The folder holds a file that its owner locks (`flock`) for as long as it lives: the kernel releases the
//! lock however the owner ends. A folder whose lock is free has no owner any more.

use std::fs::{self, DirEntry, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;
use tempfile::TempDir;

/// What the names of our folders begin with.
const PREFIX: &str = "crawldeck-";
/// The file that the owner locks.
const LOCK: &str = "owner.lock";
/// How often a folder is made anew when another process takes it for a dead one's in the moment between
/// the making of its lock file and the lock.
const ATTEMPTS: usize = 10;

/// A folder that only this user can enter (mode 0700); removed when dropped.
#[derive(Debug)]
pub struct TempFolder {
    folder: TempDir,
    /// Held for as long as the folder is in use.
    _lock: File,
}

impl TempFolder {
    /// Makes one in the system's temporary folder, and removes those of this user whose owners are dead.
    ///
    /// # Errors
    /// When the system refuses to make or to lock it.
    pub fn new() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    /// Likewise, in `parent`.
    ///
    /// # Errors
    /// When the system refuses to make or to lock it.
    pub fn new_in(parent: &Path) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let mut builder = tempfile::Builder::new();
            let only_ours = Permissions::from_mode(0o700);
            let folder = builder.prefix(PREFIX).permissions(only_ours).tempdir_in(parent)?;
            let place = folder.path().join(LOCK);
            let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place)?;
            match lock.try_lock() {
                // Still in its place: nobody has taken it for a dead one's.
                Ok(()) if is_at(&lock, &place) => {
                    remove_abandoned(parent, lock.metadata()?.uid());
                    return Ok(Self { folder, _lock: lock });
                }
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes it now.
    ///
    /// # Errors
    /// When something of it cannot be removed.
    pub fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

/// Whether `path` names this very file.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |known: fs::Metadata| (known.dev(), known.ino());
    let (Ok(ours), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    identity(ours) == identity(there)
}

/// Removes the folders of this user in `parent` whose owners are dead. What is not surely one of them stays.
fn remove_abandoned(parent: &Path, user: u32) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if is_ours(&entry, user) {
            remove_if_abandoned(&entry.path());
        }
    }
}

/// Whether an entry is a folder, no link to one, that has our prefix and belongs to `user`.
fn is_ours(entry: &DirEntry, user: u32) -> bool {
    let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
    // Of the entry itself: a symbolic link is not followed.
    named && entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == user)
}

fn remove_if_abandoned(folder: &Path) {
    let place = folder.join(LOCK);
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(&place);
    let Ok(lock) = opened else { return };
    if lock.try_lock().is_err() || !is_at(&lock, &place) {
        return;
    }
    // The lock file last: what a kill leaves now is found by the next process.
    let rest = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut removed = true;
    for entry in rest.filter(|entry| entry.file_name() != LOCK) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let gone = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed &= gone.is_ok();
    }
    if removed && fs::remove_file(&place).is_ok() {
        // Fails when something came in meanwhile, which stays then.
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    fn names(parent: &Path) -> Vec<String> {
        let names = fs::read_dir(parent).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A folder as a killed process leaves it: the lock is free, the files are there.
    fn abandoned(parent: &Path) -> std::path::PathBuf {
        let TempFolder { folder, _lock } = TempFolder::new_in(parent).unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/lab.db"), "rows").unwrap();
        fs::write(folder.path().join("lab.db"), "rows").unwrap();
        folder.keep()
    }

    #[test]
    fn only_this_user_can_enter_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = TempFolder::new_in(parent.path()).unwrap();
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        folder.close().unwrap();
        assert_eq!(names(parent.path()), Vec::<String>::new());
    }

    #[test]
    fn the_next_one_removes_what_a_dead_one_left() {
        let parent = tempfile::tempdir().unwrap();
        let lives = TempFolder::new_in(parent.path()).unwrap();
        let dead = abandoned(parent.path());
        let next = TempFolder::new_in(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(lives.path().join(LOCK).exists() && next.path().join(LOCK).exists());
        assert_eq!(names(parent.path()).len(), 2);
    }

    #[test]
    fn what_is_not_surely_a_dead_ones_stays() {
        let parent = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = abandoned(elsewhere.path());
        let at = |name: &str| parent.path().join(name);
        std::os::unix::fs::symlink(&target, at("crawldeck-link")).unwrap();
        fs::create_dir(at("crawldeck-without-lock")).unwrap();
        fs::create_dir(at("crawldeck-lock-elsewhere")).unwrap();
        let lock = at("crawldeck-lock-elsewhere").join(LOCK);
        std::os::unix::fs::symlink(target.join(LOCK), lock).unwrap();
        fs::create_dir(at("another")).unwrap();
        fs::write(at("another").join(LOCK), "").unwrap();
        fs::write(at("crawldeck-file"), "").unwrap();
        let before = names(parent.path());
        drop(TempFolder::new_in(parent.path()).unwrap());
        assert_eq!(names(parent.path()), before);
        assert!(target.join("inner/lab.db").exists());
    }
}
