//! Reports the phases of a request as they begin.
//!
//! The HTTP client reports the arrival of a response head, but neither the opening of a connection
//! nor the hand-over of a request to one. A layer around its connector detects the first, and finds
//! the request in a task-local. The second follows from how the client waits: it polls a pooled
//! connection and the opening connection together, so after a poll that did not poll the opening
//! connection, the request has been handed to a pooled one.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::Connection;
use tower::{Layer, Service};

use crate::lock::Lock;
use crate::web::connections::{ConnectionKey, Connections};

/// A phase of a request: what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection: DNS, TCP, TLS.
    Connect,
    /// The head of the response; the request was handed to a ready connection.
    FirstByte,
    /// The rest of the body; the head has arrived.
    Body,
}

/// Receives each phase of a request as it begins.
///
/// [`Phase::Connect`] is reported only when a connection is opened, [`Phase::FirstByte`] only when the
/// request starts; a request without a connection never reports it. Both are reported again in the
/// rare case that a pooled connection was closed before the request was sent; the last
/// [`Phase::FirstByte`] is then the start of the request that the server receives.
pub trait PhaseSink: Send + Sync {
    /// `phase` begins.
    fn phase(&self, phase: Phase);
}

/// Ignores all phases.
impl PhaseSink for () {
    fn phase(&self, _: Phase) {}
}

tokio::task_local! {
    static CURRENT: Arc<PhaseTracker>;
}

/// No phase was reported yet.
const NEW: u8 = 0;
/// A connection is being opened for the request.
const CONNECTING: u8 = 1;
/// The request has a connection.
const STARTED: u8 = 2;
/// No connection could be opened.
const FAILED: u8 = 3;
/// The request is over.
const FINISHED: u8 = 4;

/// The state of one request. A connector that finishes late finds the state changed and reports nothing.
pub(super) struct PhaseTracker {
    stage: AtomicU8,
    /// Whether this poll of the request polled the connection that is being opened.
    polled: AtomicBool,
    sink: Arc<dyn PhaseSink>,
    /// The connection that was opened for the request, if its addresses are known.
    opened: Mutex<Option<ConnectionKey>>,
}

impl PhaseTracker {
    /// Runs `request` and reports its phases to `sink`. Returns its result and the connection that was
    /// opened for it.
    pub(super) async fn track<T, E>(
        sink: &Arc<dyn PhaseSink>,
        request: impl Future<Output = Result<T, E>>,
    ) -> (Result<T, E>, Option<ConnectionKey>) {
        let tracker = Arc::new(Self {
            stage: AtomicU8::new(NEW),
            polled: AtomicBool::new(false),
            sink: Arc::clone(sink),
            opened: Mutex::default(),
        });
        let mut request = pin!(CURRENT.scope(Arc::clone(&tracker), request));
        let response = poll_fn(|cx| {
            tracker.polled.store(false, Ordering::Relaxed);
            let polled = request.as_mut().poll(cx);
            match &polled {
                Poll::Pending => tracker.after_poll(),
                Poll::Ready(Ok(_)) => tracker.start(&[NEW, CONNECTING]),
                Poll::Ready(Err(_)) => {}
            }
            polled
        })
        .await;
        tracker.stage.store(FINISHED, Ordering::Release);
        let opened = *tracker.opened.locked();
        (response, opened)
    }

    /// After a pending poll: the request has a connection unless it waits for one.
    fn after_poll(&self) {
        if self.polled.load(Ordering::Relaxed) {
            self.start(&[NEW]);
        } else {
            self.start(&[NEW, CONNECTING]);
        }
    }

    /// A connection is being opened.
    fn connect(&self) {
        self.polled.store(true, Ordering::Relaxed);
        if self.transition(&[NEW, STARTED, FAILED], CONNECTING) {
            self.sink.phase(Phase::Connect);
        }
    }

    fn start(&self, from: &[u8]) {
        if self.transition(from, STARTED) {
            self.sink.phase(Phase::FirstByte);
        }
    }

    fn transition(&self, from: &[u8], to: u8) -> bool {
        from.iter().any(|&from| {
            self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    fn is_polled_by_its_request(&self) -> bool {
        CURRENT.try_with(|current| std::ptr::eq(&raw const **current, self)).unwrap_or(false)
    }
}

/// Layer that reports the start and end of a connection attempt to its request, and each new
/// connection to [`Connections`].
#[derive(Debug, Clone)]
pub(super) struct ConnectLayer(pub(super) Arc<Connections>);

impl<S> Layer<S> for ConnectLayer {
    type Service = TrackedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TrackedConnector { inner, connections: Arc::clone(&self.0) }
    }
}

/// A connector whose attempts are reported.
#[derive(Debug, Clone)]
pub(super) struct TrackedConnector<S> {
    inner: S,
    connections: Arc<Connections>,
}

impl<S, R> Service<R> for TrackedConnector<S>
where
    S: Service<R>,
    S::Future: Unpin,
    S::Response: Connection,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let tracker = CURRENT.try_with(Arc::clone).ok();
        if let Some(tracker) = &tracker {
            tracker.connect();
        }
        let connections = Arc::clone(&self.connections);
        Connecting { inner: self.inner.call(target), tracker, connections }
    }
}

/// A connection being opened.
pub(super) struct Connecting<F> {
    inner: F,
    /// The request that waits for the connection.
    tracker: Option<Arc<PhaseTracker>>,
    connections: Arc<Connections>,
}

impl<T, E, F> Future for Connecting<F>
where
    F: Future<Output = Result<T, E>> + Unpin,
    T: Connection,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // When a pooled connection became free first, the client continues to open this one in the
        // background; the request no longer waits for it.
        self.tracker.take_if(|tracker| !tracker.is_polled_by_its_request());
        let polled = Pin::new(&mut self.inner).poll(cx);
        if let Poll::Ready(Ok(connection)) = &polled {
            let opened = self.connections.opened(&connection.connected());
            if let Some(tracker) = &self.tracker {
                *tracker.opened.locked() = opened;
            }
        }
        if let Some(tracker) = &self.tracker {
            tracker.polled.store(true, Ordering::Relaxed);
            match &polled {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => tracker.start(&[CONNECTING]),
                Poll::Ready(Err(_)) => {
                    tracker.transition(&[CONNECTING], FAILED);
                }
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use futures_util::future::BoxFuture;
    use hyper_util::client::legacy::connect::Connected;
    use tokio::sync::oneshot;
    use tower::service_fn;

    use super::*;

    /// A connection without a socket.
    struct NoSocket;

    impl Connection for NoSocket {
        fn connected(&self) -> Connected {
            Connected::new()
        }
    }

    fn layer() -> ConnectLayer {
        ConnectLayer(Arc::default())
    }

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Phase>>);

    impl PhaseSink for Recorder {
        fn phase(&self, phase: Phase) {
            self.0.lock().unwrap().push(phase);
        }
    }

    impl Recorder {
        fn reported(&self) -> Vec<Phase> {
            self.0.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn a_connection_opened_in_the_background_is_nobodys_phase() {
        let (open, opened) = oneshot::channel::<NoSocket>();
        let mut opened = Some(opened);
        let mut connector = layer().layer(service_fn(move |(): ()| {
            Box::pin(opened.take().unwrap()) as BoxFuture<'static, _>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let mut left = None;
        let request = async {
            let mut connecting = connector.call(());
            assert!(futures_util::poll!(&mut connecting).is_pending());
            assert_eq!(recorder.reported(), [Phase::Connect]);
            // A pooled connection became free: the client continues without this one.
            left = Some(connecting);
            Ok::<_, ()>(())
        };
        PhaseTracker::track(&sink, request).await.0.unwrap();
        assert_eq!(recorder.reported(), [Phase::Connect, Phase::FirstByte]);
        let background = tokio::spawn(left.unwrap());
        open.send(NoSocket).ok().unwrap();
        background.await.unwrap().unwrap();
        assert_eq!(recorder.reported(), [Phase::Connect, Phase::FirstByte]);
    }

    #[tokio::test]
    async fn the_start_is_told_in_the_poll_that_took_another_connection() {
        let mut connector = layer().layer(service_fn(|(): ()| {
            Box::pin(std::future::pending()) as BoxFuture<'static, Result<NoSocket, ()>>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let (free, pooled) = oneshot::channel::<()>();
        let (answer, answered) = oneshot::channel::<()>();
        let request = async move {
            futures_util::future::select(pooled, connector.call(())).await;
            answered.await
        };
        let mut request = pin!(PhaseTracker::track(&sink, request));
        assert!(futures_util::poll!(&mut request).is_pending());
        assert_eq!(recorder.reported(), [Phase::Connect]);
        free.send(()).unwrap();
        assert!(futures_util::poll!(&mut request).is_pending());
        assert_eq!(recorder.reported(), [Phase::Connect, Phase::FirstByte]);
        answer.send(()).unwrap();
        request.await.0.unwrap();
        assert_eq!(recorder.reported(), [Phase::Connect, Phase::FirstByte]);
    }

    #[tokio::test]
    async fn without_a_connection_nothing_starts() {
        let mut connector = layer().layer(service_fn(|(): ()| {
            Box::pin(async { Err(()) }) as BoxFuture<'static, Result<NoSocket, ()>>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let request = async { connector.call(()).await.map(|_| ()) };
        PhaseTracker::track(&sink, request).await.0.unwrap_err();
        assert_eq!(recorder.reported(), [Phase::Connect]);
    }
}
