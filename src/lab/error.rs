//! Why the lab cannot serve.

use std::io;

/// Why the lab could not be served.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Four ports from the given one go past the last.
    #[error("port {0} is too high: the lab needs four in a row; choose one up to 65532")]
    PortTooHigh(u16),
    /// Another program listens there.
    #[error(
        "port {port} is in use: stop the program that listens there, choose another --port, \
         or leave it out to take free ones"
    )]
    PortInUse {
        /// The port.
        port: u16,
        /// The error of the system.
        source: io::Error,
    },
    /// The system refuses the port, for example one below 1024.
    #[error("cannot listen on port {port} of 127.0.0.1 ({source}): choose another --port")]
    Listen {
        /// The port; 0 means any free one.
        port: u16,
        /// The error of the system.
        source: io::Error,
    },
    /// The system has no socket for all addresses of the loopback network alone.
    #[error(
        "cannot serve many hosts on this system ({0}): they need the addresses from 127.0.0.1 on, as \
         Linux has them from version 5.7; leave --hosts out"
    )]
    OneAddress(io::Error),
    /// Standard output or the signals cannot be used.
    #[error("cannot serve the lab: {0}")]
    Io(#[from] io::Error),
}
