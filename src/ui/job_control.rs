//! Stopped and continued by others than the user's Ctrl-Z: `kill -TSTP`, `kill -STOP`, `fg`.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::{Stream, stream};
use nix::sys::signal::{Signal, raise};
use nix::unistd::{getpgid, getpgrp, getppid, getsid};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the process was stopped and continued since the terminal was last drawn on: a shell has had it
/// meanwhile.
static CONTINUED: AtomicBool = AtomicBool::new(false);

/// Whether the process was continued since the last call.
pub(super) fn was_continued() -> bool {
    CONTINUED.swap(false, Ordering::SeqCst)
}

/// Key presses and changes of size that stand for the signals of job control: TSTP is a Ctrl-Z; after CONT
/// everything is drawn anew. Runs in a runtime with signals.
///
/// # Errors
/// When the operating system refuses.
pub(super) fn job_control() -> io::Result<impl Stream<Item = io::Result<Event>> + Unpin> {
    let stop = signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?;
    let resume = signal(SignalKind::from_raw(Signal::SIGCONT as i32))?;
    let next = async |(mut stop, mut resume): (tokio::signal::unix::Signal, _)| {
        let resume_ref: &mut tokio::signal::unix::Signal = &mut resume;
        let event = tokio::select! {
            _ = stop.recv() => {
                Event::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL))
            }
            _ = resume_ref.recv() => {
                CONTINUED.store(true, Ordering::SeqCst);
                Event::Resize(0, 0)
            }
        };
        Some((Ok(event), (stop, resume)))
    };
    Ok(Box::pin(stream::unfold((stop, resume), next)))
}

/// Stops the process until it is continued; returns at once where no shell could continue it.
///
/// # Errors
/// When the operating system refuses.
pub(super) fn stop() -> io::Result<()> {
    if has_shell() {
        raise(Signal::SIGSTOP)?;
        CONTINUED.store(true, Ordering::SeqCst);
    }
    Ok(())
}

/// Whether a shell with job control started the process: its parent is of the same session and of another group.
/// The kernel lets Ctrl-Z stop no other process.
fn has_shell() -> bool {
    let parent = getppid();
    let same_session = getsid(Some(parent)).ok() == getsid(None).ok();
    same_session && getpgid(Some(parent)).ok() != Some(getpgrp())
}
