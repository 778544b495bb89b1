//! Connections that can be cut, by an answer that closes instead of answering, and all at once
//! when the lab stops; or taken over, by an answer that no HTTP library would write.
//!
//! It must not know HTTP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

/// A listener whose connections are cut with `all`.
pub struct Door {
    listener: TcpListener,
    all: CancellationToken,
    taken: TaskTracker,
}

impl Door {
    /// Takes the listener; cancelling `all` cuts every connection, those taken over as well,
    /// whose tasks are in `taken`.
    pub fn new(listener: TcpListener, all: CancellationToken, taken: TaskTracker) -> Self {
        Self { listener, all, taken }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Small answers should not wait for the client's acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return (Wire::new(stream, self), peer);
                }
                // Out of file descriptors: accepting again at once would spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, empty once it was taken over. Locked by one poll at a time and by whoever
/// takes it over, never across an await.
type Slot = Arc<Mutex<Option<TcpStream>>>;

/// The handle by which an answer cuts its connection or takes it over.
#[derive(Debug, Clone)]
pub struct Cut {
    slot: Slot,
    /// Cancelled for this connection alone.
    one: CancellationToken,
    all: CancellationToken,
    taken: TaskTracker,
}

impl Cut {
    /// Closes the connection without another byte.
    pub fn now(&self) {
        self.one.cancel();
    }

    /// Gives the bare connection to `script`, which goes on alone until it ends or the lab
    /// stops; what would answer otherwise sees a connection that was cut.
    pub fn take_over<F>(&self, script: impl FnOnce(TcpStream) -> F)
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let stream = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = stream {
            let (script, all) = (script(stream), self.all.clone());
            self.taken.spawn(async move {
                // A client that leaves is the usual end.
                let _ = all.run_until_cancelled(script).await;
            });
        }
        self.now();
    }
}

impl Connected<IncomingStream<'_, Door>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().handle.clone()
    }
}

/// A TCP stream that fails once it is cut.
pub struct Wire {
    handle: Cut,
    until_cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Wire {
    fn new(stream: TcpStream, door: &Door) -> Self {
        let one = door.all.child_token();
        let until_cut = Box::pin(one.clone().cancelled_owned());
        let (all, taken) = (door.all.clone(), door.taken.clone());
        let handle = Cut { slot: Arc::new(Mutex::new(Some(stream))), one, all, taken };
        Self { handle, until_cut }
    }

    /// Polls the stream; an error once it is cut, and the connection's task wakes when that
    /// happens.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let gone = || Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        if self.until_cut.as_mut().poll(cx).is_ready() {
            return gone();
        }
        let mut slot = self.handle.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_mut().map_or_else(gone, |stream| poll(Pin::new(stream), cx))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // A handle may live longer, the connection not.
        self.handle.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(cx, |stream, cx| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Wire {
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
        let mut slot = self.handle.slot.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was taken over is not ours to close.
        slot.as_mut().map_or(Poll::Ready(Ok(())), |stream| Pin::new(stream).poll_shutdown(cx))
    }
}
