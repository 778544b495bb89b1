//! Standard output, written as a whole. What a terminal would obey is escaped there; a file or a pipe gets
//! every byte as it is.

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;

use super::error::ProgramError;
use crate::headless::tell;
use crate::terminal_text::EscapingWriter;

/// Writes what a command is there to print; a reader that has closed the pipe is no failure.
pub(super) fn print(bytes: &[u8]) -> Result<ExitCode, ProgramError> {
    match write(bytes) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(ProgramError::io("standard output")(e))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Writes what came of something else, such as a crawl, whose exit code stands: a failure is told on
/// standard error.
pub(super) fn print_result(bytes: &[u8]) {
    if let Err(error) = print(bytes) {
        tell(&format!("crawldeck: {error}"));
    }
}

fn write(bytes: &[u8]) -> std::io::Result<()> {
    let mut to = EscapingWriter::new(stdout(), stdout().is_terminal());
    to.write_all(bytes)?;
    to.flush()
}
