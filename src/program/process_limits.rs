//! Limits that the system sets a process, met before they can end it.

use std::io;
use std::sync::Mutex;
use std::thread::{Builder, available_parallelism, scope};

use nix::sys::signal::{SigSet, Signal};

/// Threads that a command has beside those of the event loop: database, dashboard, log, name look-ups.
const OTHER_THREADS: usize = 8;

/// A write beyond the limit of file sizes (`ulimit -f`) is an error like that of a full disk, and does not
/// end the process: the signal for it stays blocked, in every thread that begins after this call.
pub(super) fn survive_file_size_limit() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    // Refused only for a signal that does not exist.
    let _ = signals.thread_block();
}

/// Whether the system allows as many threads as any command has, by starting them for a moment: libraries
/// panic where one cannot be started.
///
/// # Errors
/// What the system says when it refuses.
pub(super) fn check_threads() -> io::Result<()> {
    let threads = available_parallelism().map_or(1, usize::from) + OTHER_THREADS;
    let gate = Mutex::new(());
    scope(|scope| {
        let closed = gate.lock();
        let started: io::Result<Vec<_>> = (0..threads)
            .map(|_| Builder::new().spawn_scoped(scope, || drop(gate.lock())))
            .collect();
        drop(closed);
        started.map(|_| ())
    })
}
