//! The files that this process has open, and how many it may have: sockets count among them.

use nix::sys::resource::{Resource, getrlimit};

/// Maximum number of open files; `None` where the system does not tell.
#[must_use]
pub fn limit() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

/// Number of open files; `None` where the system does not tell.
#[must_use]
pub fn count() -> Option<u64> {
    // The folder that is read is one of them.
    Some((std::fs::read_dir("/dev/fd").ok()?.count() as u64).saturating_sub(1))
}
