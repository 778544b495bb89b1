//! Standard output, written as a whole.

use std::io::{Write, stdout};
use std::process::ExitCode;

use super::error::ProgramError;

/// Writes to standard output; a reader that has closed the pipe is no failure.
pub(super) fn print(bytes: &[u8]) -> Result<ExitCode, ProgramError> {
    match stdout().write_all(bytes).and_then(|()| stdout().flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(ProgramError::io("standard output")(e))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
