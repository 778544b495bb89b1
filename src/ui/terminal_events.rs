//! Events of the terminal, read on a thread of its own until the terminal is gone.
//!
//! crossterm reads a terminal that was closed over and over, and takes a core for it. So it is asked only
//! while the terminal is there.

use std::fs::File;
use std::io::{self, IsTerminal as _, stdin};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use crossterm::event::{self, Event};
use futures_util::Stream;
use futures_util::stream::poll_fn;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;

use super::terminal_replies::ReplyFilter;

/// How long a new size waits at most, in ms: it comes as a signal, not as input.
const LOOK_EVERY_MS: u8 = 50;
/// Pause when there is input that makes no event yet: what crossterm has not noticed, or a part of a key.
const NOT_TAKEN: Duration = Duration::from_millis(10);
/// Events that may wait for the dashboard.
const WAITING: usize = 64;

/// The events of the terminal, and an error once it is gone. The thread ends soon after the stream is dropped.
///
/// # Errors
/// When there is no terminal, or the system allows no more threads.
pub(super) fn terminal_events() -> io::Result<impl Stream<Item = io::Result<Event>> + Unpin> {
    let terminal = input()?;
    // From here on a new size is noticed, which is a signal.
    wait(&terminal, 0)?;
    is_waiting()?;
    let (sender, mut events) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("terminal events".to_owned()).spawn(move || {
        if let Err(error) = read(&terminal, &sender) {
            // The dashboard may have ended meanwhile.
            let _ = sender.blocking_send(Err(error));
        }
    })?;
    Ok(poll_fn(move |context| events.poll_recv(context)))
}

/// What crossterm reads: standard input, or the terminal of the process when that is something else.
fn input() -> io::Result<OwnedFd> {
    if stdin().is_terminal() {
        stdin().as_fd().try_clone_to_owned()
    } else {
        Ok(File::open("/dev/tty")?.into())
    }
}

/// Reads until nobody takes the events any more.
fn read(terminal: &OwnedFd, to: &mpsc::Sender<io::Result<Event>>) -> io::Result<()> {
    let mut replies = ReplyFilter::default();
    while !to.is_closed() {
        let mut idle = wait(terminal, LOOK_EVERY_MS)?;
        let mut none = true;
        while !to.is_closed() && is_waiting()? {
            (idle, none) = (false, false);
            let event = event::read()?;
            for event in replies.take(event, is_waiting()?) {
                // The dashboard may have ended meanwhile.
                let _ = to.blocking_send(Ok(event));
            }
        }
        if none && let Some(event) = replies.pause() {
            let _ = to.blocking_send(Ok(event));
        }
        if idle {
            std::thread::sleep(NOT_TAKEN);
        }
    }
    Ok(())
}

/// Waits for input, but not longer than this, in ms. Returns whether the wait ended at once, and would again
/// until the input is taken. Fails when the terminal is gone.
fn wait(terminal: &OwnedFd, most_ms: u8) -> io::Result<bool> {
    const GONE: PollFlags = PollFlags::POLLHUP.union(PollFlags::POLLERR);
    let mut watched = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
    match poll(&mut watched, PollTimeout::from(most_ms)) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let found = watched[0].revents().unwrap_or(PollFlags::empty());
    if found.intersects(GONE) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it was closed"));
    }
    // Not valid is what macOS says of `/dev/tty`.
    Ok(!found.is_empty())
}

/// Whether crossterm has an event.
fn is_waiting() -> io::Result<bool> {
    match event::poll(Duration::ZERO) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        found => found,
    }
}
