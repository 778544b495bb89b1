//! Where log lines go.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::error::ProgramError;
use crate::cli::LogOptions;

/// Starts logging: to the dashboard's Log tab, or to standard error without a dashboard; also to
/// `file` if there is one. The guard returned writes the file: keep it as long as anything is logged.
/// What was `said` on standard error before is logged where that is not seen or not kept.
pub(super) fn start_logging(
    dashboard: bool,
    options: LogOptions,
    file: Option<&Path>,
    said: &[String],
) -> Result<Option<LogGuard>, ProgramError> {
    let filter = |levels: [&str; 3]| {
        let level = levels[usize::from(options.verbose).min(2)];
        let level = if options.is_quiet() { "off" } else { level };
        EnvFilter::try_from_env("CRAWLDECK_LOG")
            .unwrap_or_else(|_| EnvFilter::new(format!("crawldeck={level}")))
    };
    let mut guard = None;
    let to_file = match file {
        None => None,
        Some(path) => {
            let file =
                open(path).map_err(ProgramError::io(format!("--log-file {}", path.display())))?;
            let (writer, worker) = tracing_appender::non_blocking(Forgiving(file));
            guard = Some(LogGuard(Some(worker)));
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .log_internal_errors(false)
                .with_writer(writer);
            Some(layer.with_filter(filter(["info", "debug", "trace"])))
        }
    };
    let to_terminal = (!dashboard).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(|| Forgiving(std::io::stderr()))
            .log_internal_errors(false)
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_filter(filter(["error", "info", "debug"]))
    });
    let registry = tracing_subscriber::registry().with(to_file).with(to_terminal);
    #[cfg(feature = "tui")]
    {
        let tab = dashboard
            .then(|| crate::ui::log_layer().with_filter(filter(["debug", "debug", "trace"])));
        registry.with(tab).init();
    }
    #[cfg(not(feature = "tui"))]
    registry.init();
    if dashboard || file.is_some() {
        // Without both they are on the screen already.
        for line in said {
            tracing::warn!("{line}");
        }
    }
    Ok(guard)
}

/// Opens the log file to append to it. A FIFO needs a reader, and is not waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK.bits();
    let opened = OpenOptions::new().create(true).append(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENXIO) => io::Error::other("nobody reads this FIFO: start its reader first"),
        _ => error,
    })?;
    // Written by a thread of its own, which may wait for the reader.
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    Ok(file)
}

/// Writes as far as the file takes it. A log that cannot be written is no failure of what it tells of, and a
/// library that printed the error to a dead standard error would panic.
struct Forgiving<W>(W);

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Writes what is left of the log when dropped, within a second or so.
pub(super) struct LogGuard(Option<WorkerGuard>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        let guard = self.0.take();
        // It prints to standard output when the file takes nothing any more, and that may be dead too.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| drop(guard)));
    }
}
