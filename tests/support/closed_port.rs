//! A port that refuses connections for as long as the test wants.
#![allow(dead_code, reason = "no test file uses everything")]

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that refuses connections. A socket is bound to it, so that the system gives
/// it to no server of another test.
pub struct ClosedPort {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl ClosedPort {
    /// A port that nobody else has.
    pub fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { address: bound.local_addr().unwrap(), _bound: bound }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of the port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}
