//! Listening sockets whose connections can be closed at any time: one by one by the handler of a
//! request, and all at once when the lab stops. A handler can also take over its connection, to send
//! bytes that no HTTP library would write.
//!
//! It must not know HTTP.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

use super::error::LabError;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A listening socket on the port `offset` above `first`, or on a free one if `first` is 0.
///
/// # Errors
/// The port is in use, refused or too high.
pub async fn bind(first: u16, offset: u16) -> Result<TcpListener, LabError> {
    let port = match first {
        0 => 0,
        first => first.checked_add(offset).ok_or(LabError::PortTooHigh(first))?,
    };
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|source| refused(port, source))
}

/// A listening socket on this port of every address of the loopback network, and of none that another
/// machine could reach; on a free port if it is 0.
///
/// # Errors
/// The port is in use or refused, or the system has no such socket.
pub fn bind_loopback(port: u16) -> Result<TcpListener, LabError> {
    let socket = TcpSocket::new_v4()?;
    bind_to_loopback_device(&socket).map_err(LabError::OneAddress)?;
    // As `TcpListener::bind` does: a port is free again once its listener is closed.
    socket.set_reuseaddr(true)?;
    let bound = socket.bind((Ipv4Addr::UNSPECIFIED, port).into());
    bound.and_then(|()| socket.listen(BACKLOG)).map_err(|source| refused(port, source))
}

/// Linux delivers what is sent to any address of 127.0.0.0/8 to its loopback device.
#[cfg(target_os = "linux")]
fn bind_to_loopback_device(socket: &TcpSocket) -> io::Result<()> {
    socket.bind_device(Some(b"lo"))
}

#[cfg(not(target_os = "linux"))]
fn bind_to_loopback_device(_: &TcpSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn refused(port: u16, source: io::Error) -> LabError {
    match source.kind() {
        io::ErrorKind::AddrInUse => LabError::PortInUse { port, source },
        _ => LabError::Listen { port, source },
    }
}

/// A listener whose connections close when `close_all` is cancelled.
pub struct CuttableListener {
    listener: TcpListener,
    close_all: CancellationToken,
    takeovers: TaskTracker,
}

impl CuttableListener {
    /// Wraps the listener. Cancelling `close_all` closes every connection, those taken over as well;
    /// `takeovers` has the tasks of the latter.
    pub fn new(
        listener: TcpListener,
        close_all: CancellationToken,
        takeovers: TaskTracker,
    ) -> Self {
        Self { listener, close_all, takeovers }
    }
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Small responses must not wait for the client's acknowledgement.
                    let _ = stream.set_nodelay(true);
                    // A client that is gone already has no address any more.
                    let Ok(local) = stream.local_addr() else { continue };
                    return (CuttableStream::new(stream, local, self), peer);
                }
                // Out of file descriptors: accepting at once would be a busy loop.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, empty once it was taken over. A poll and [`ConnectionHandle::take_over`] lock it,
/// never across an await.
type SharedStream = Arc<Mutex<Option<TcpStream>>>;

/// Lets the handler of a request close its connection or take it over.
#[derive(Debug, Clone)]
pub struct ConnectionHandle {
    stream: SharedStream,
    /// The address to which the client connected.
    local: SocketAddr,
    /// Cancelled to close this connection alone.
    close: CancellationToken,
    close_all: CancellationToken,
    takeovers: TaskTracker,
}

impl ConnectionHandle {
    /// The address to which the client connected.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Closes the connection without another byte.
    pub fn close(&self) {
        self.close.cancel();
    }

    /// Gives the raw connection to `script`, which runs until it ends or the lab stops. The HTTP
    /// server sees a closed connection.
    pub fn take_over<F>(&self, script: impl FnOnce(TcpStream) -> F)
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = stream {
            let (script, close_all) = (script(stream), self.close_all.clone());
            self.takeovers.spawn(async move {
                // An error means that the client closed the connection, as expected.
                let _ = close_all.run_until_cancelled(script).await;
            });
        }
        self.close();
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().handle.clone()
    }
}

/// A TCP stream whose reads and writes fail once it is closed by its handle.
pub struct CuttableStream {
    handle: ConnectionHandle,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl CuttableStream {
    fn new(stream: TcpStream, local: SocketAddr, listener: &CuttableListener) -> Self {
        let close = listener.close_all.child_token();
        let closed = Box::pin(close.clone().cancelled_owned());
        let (close_all, takeovers) = (listener.close_all.clone(), listener.takeovers.clone());
        let stream = Arc::new(Mutex::new(Some(stream)));
        let handle = ConnectionHandle { stream, local, close, close_all, takeovers };
        Self { handle, closed }
    }

    /// Polls the stream; an error once it is closed. Closing it wakes the task of the connection.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let gone = || Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        if self.closed.as_mut().poll(cx).is_ready() {
            return gone();
        }
        let mut stream = self.handle.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().map_or_else(gone, |stream| poll(Pin::new(stream), cx))
    }
}

impl Drop for CuttableStream {
    fn drop(&mut self) {
        // A handle may outlive this stream; the connection must not.
        self.handle.stream.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(cx, |stream, cx| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = self.handle.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // The script closes a connection that it has taken over.
        stream.as_mut().map_or(Poll::Ready(Ok(())), |stream| Pin::new(stream).poll_shutdown(cx))
    }
}
