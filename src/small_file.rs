//! A file that is read whole, bounded in size and in time: a device without end, or a FIFO that nobody
//! writes, holds up no start.
//!
//! It imports no other module of the crate.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;

/// How long the writer of a FIFO may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between two looks at a FIFO.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The bytes of a file of at most `max_bytes`. Those of a FIFO, such as the shell makes for `<(command)`,
/// must be there within five seconds.
///
/// # Errors
/// When it cannot be opened or read, is larger, or its writer does not end in time.
pub(crate) fn read(path: &Path, max_bytes: usize) -> io::Result<Vec<u8>> {
    read_within(path, max_bytes, PATIENCE)
}

fn read_within(path: &Path, max_bytes: usize, patience: Duration) -> io::Result<Vec<u8>> {
    // A FIFO without a writer would be waited for otherwise.
    let flags = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let is_fifo = file.metadata()?.file_type().is_fifo();
    let deadline = Instant::now() + patience;
    let mut bytes = Vec::new();
    loop {
        let room = (max_bytes + 1).saturating_sub(bytes.len()) as u64;
        let read = (&file).take(room).read_to_end(&mut bytes);
        if bytes.len() > max_bytes {
            return Err(io::Error::other(format!("larger than {max_bytes} bytes")));
        }
        let waits = match read {
            // Nobody has opened it for writing so far.
            Ok(_) => is_fifo && bytes.is_empty(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            Err(error) => return Err(error),
        };
        if !waits {
            return Ok(bytes);
        }
        if Instant::now() >= deadline {
            let seconds = patience.as_secs_f64();
            let why = format!("its writer has not ended within {seconds} s");
            return Err(io::Error::new(ErrorKind::TimedOut, why));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use std::io::Write as _;

    use super::*;

    fn why(path: &Path) -> String {
        read_within(path, 1000, Duration::from_millis(50)).unwrap_err().to_string()
    }

    #[test]
    fn nothing_without_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(why(&fifo), "its writer has not ended within 0.05 s");
        assert_eq!(why(Path::new("/dev/zero")), "larger than 1000 bytes");
        assert!(why(folder.path()).starts_with("Is a directory"));
        let file = folder.path().join("file");
        std::fs::write(&file, vec![b'x'; 1001]).unwrap();
        assert_eq!(why(&file), "larger than 1000 bytes");
        std::fs::write(&file, vec![b'x'; 1000]).unwrap();
        assert_eq!(read(&file, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn a_fifo_is_read_to_its_writers_end() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let writer = std::thread::spawn({
            let fifo = fifo.clone();
            move || {
                let mut to = OpenOptions::new().write(true).open(fifo).unwrap();
                for _ in 0..3 {
                    to.write_all(b"permits = 20\n").unwrap();
                }
            }
        });
        let patience = Duration::from_mins(1);
        assert_eq!(read_within(&fifo, 1000, patience).unwrap(), b"permits = 20\n".repeat(3));
        writer.join().unwrap();
    }
}
