//! Phases of a request, told as they begin.
//!
//! The HTTP client says when an answer's head has arrived, but neither when it opens a
//! connection nor when it hands a request to one. A layer around its connector sees the first,
//! and finds the request it works for in a task-local. The second follows from how the client
//! waits: it polls a pooled connection and the one it opens together, so a poll that left the
//! opening connection alone has handed the request to a pooled one.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use tower::{Layer, Service};

/// What a request is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection: name, TCP, TLS.
    Connect,
    /// The head of the answer: the request was handed to a ready connection.
    FirstByte,
    /// The rest of the body: the head has arrived.
    Body,
}

/// Is told each phase as it begins.
///
/// [`Phase::Connect`] comes only when a connection is opened, [`Phase::FirstByte`] only when the
/// request starts: a request that finds no connection never tells it. Both come again in the
/// rare case that a pooled connection was closed before the request went out; the last
/// [`Phase::FirstByte`] is then the start that the server sees.
pub trait PhaseSink: Send + Sync {
    /// `phase` begins.
    fn phase(&self, phase: Phase);
}

/// Nobody listens.
impl PhaseSink for () {
    fn phase(&self, _: Phase) {}
}

tokio::task_local! {
    static CURRENT: Arc<PhaseTracker>;
}

/// Nothing was told yet.
const NEW: u8 = 0;
/// A connection is being opened for the request.
const CONNECTING: u8 = 1;
/// The request has a connection.
const STARTED: u8 = 2;
/// No connection could be opened.
const FAILED: u8 = 3;
/// The request is over.
const OVER: u8 = 4;

/// Where one request stands, so that a late connector changes nothing.
pub(super) struct PhaseTracker {
    stage: AtomicU8,
    /// Whether this poll of the request polled the connection that is being opened.
    polled: AtomicBool,
    sink: Arc<dyn PhaseSink>,
}

impl PhaseTracker {
    /// Runs `request`, telling its phases to `sink`.
    pub(super) async fn over<T, E>(
        sink: &Arc<dyn PhaseSink>,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let watch = Arc::new(Self {
            stage: AtomicU8::new(NEW),
            polled: AtomicBool::new(false),
            sink: Arc::clone(sink),
        });
        let mut request = pin!(CURRENT.scope(Arc::clone(&watch), request));
        let answer = poll_fn(|cx| {
            watch.polled.store(false, Ordering::Relaxed);
            let polled = request.as_mut().poll(cx);
            match &polled {
                Poll::Pending => watch.settle(),
                Poll::Ready(Ok(_)) => watch.start(&[NEW, CONNECTING]),
                Poll::Ready(Err(_)) => {}
            }
            polled
        })
        .await;
        watch.stage.store(OVER, Ordering::Release);
        answer
    }

    /// After a poll of the request: it has a connection unless it waits for one.
    fn settle(&self) {
        if self.polled.load(Ordering::Relaxed) {
            self.start(&[NEW]);
        } else {
            self.start(&[NEW, CONNECTING]);
        }
    }

    /// A connection is being opened.
    fn connect(&self) {
        self.polled.store(true, Ordering::Relaxed);
        if self.turn(&[NEW, STARTED, FAILED], CONNECTING) {
            self.sink.phase(Phase::Connect);
        }
    }

    fn start(&self, from: &[u8]) {
        if self.turn(from, STARTED) {
            self.sink.phase(Phase::FirstByte);
        }
    }

    fn turn(&self, from: &[u8], to: u8) -> bool {
        from.iter().any(|&from| {
            self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    fn is_polled_by_its_request(&self) -> bool {
        CURRENT.try_with(|current| std::ptr::eq(&raw const **current, self)).unwrap_or(false)
    }
}

/// Tells the connector's beginning and end to the request it works for.
#[derive(Debug, Clone, Copy)]
pub(super) struct WatchConnect;

impl<S> Layer<S> for WatchConnect {
    type Service = WatchedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchedConnector { inner }
    }
}

/// A connector under watch.
#[derive(Debug, Clone)]
pub(super) struct WatchedConnector<S> {
    inner: S,
}

impl<S, R> Service<R> for WatchedConnector<S>
where
    S: Service<R>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let watch = CURRENT.try_with(Arc::clone).ok();
        if let Some(watch) = &watch {
            watch.connect();
        }
        Connecting { inner: self.inner.call(target), watch }
    }
}

/// A connection being opened.
pub(super) struct Connecting<F> {
    inner: F,
    /// The request that waits for it.
    watch: Option<Arc<PhaseTracker>>,
}

impl<T, E, F> Future for Connecting<F>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // One that the client goes on opening in the background, because a pooled one became
        // free first, is no longer the request's business.
        self.watch.take_if(|watch| !watch.is_polled_by_its_request());
        let polled = Pin::new(&mut self.inner).poll(cx);
        if let Some(watch) = &self.watch {
            watch.polled.store(true, Ordering::Relaxed);
            match &polled {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => watch.start(&[CONNECTING]),
                Poll::Ready(Err(_)) => {
                    watch.turn(&[CONNECTING], FAILED);
                }
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::sync::Mutex;

    use futures_util::future::BoxFuture;
    use tokio::sync::oneshot;
    use tower::service_fn;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Phase>>);

    impl PhaseSink for Recorder {
        fn phase(&self, phase: Phase) {
            self.0.lock().unwrap().push(phase);
        }
    }

    impl Recorder {
        fn told(&self) -> Vec<Phase> {
            self.0.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn a_connection_opened_in_the_background_is_nobodys_phase() {
        let (open, opened) = oneshot::channel::<()>();
        let mut opened = Some(opened);
        let mut connector = WatchConnect.layer(service_fn(move |(): ()| {
            Box::pin(opened.take().unwrap()) as BoxFuture<'static, _>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let mut left = None;
        let request = async {
            let mut connecting = connector.call(());
            assert!(futures_util::poll!(&mut connecting).is_pending());
            assert_eq!(recorder.told(), [Phase::Connect]);
            // A pooled connection became free: the client goes on without this one.
            left = Some(connecting);
            Ok::<_, ()>(())
        };
        PhaseTracker::over(&sink, request).await.unwrap();
        assert_eq!(recorder.told(), [Phase::Connect, Phase::FirstByte]);
        let background = tokio::spawn(left.unwrap());
        open.send(()).unwrap();
        background.await.unwrap().unwrap();
        assert_eq!(recorder.told(), [Phase::Connect, Phase::FirstByte]);
    }

    #[tokio::test]
    async fn the_start_is_told_in_the_poll_that_took_another_connection() {
        let mut connector = WatchConnect.layer(service_fn(|(): ()| {
            Box::pin(std::future::pending()) as BoxFuture<'static, Result<(), ()>>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let (free, pooled) = oneshot::channel::<()>();
        let (answer, answered) = oneshot::channel::<()>();
        let request = async move {
            futures_util::future::select(pooled, connector.call(())).await;
            answered.await
        };
        let mut request = pin!(PhaseTracker::over(&sink, request));
        assert!(futures_util::poll!(&mut request).is_pending());
        assert_eq!(recorder.told(), [Phase::Connect]);
        free.send(()).unwrap();
        assert!(futures_util::poll!(&mut request).is_pending());
        assert_eq!(recorder.told(), [Phase::Connect, Phase::FirstByte]);
        answer.send(()).unwrap();
        request.await.unwrap();
        assert_eq!(recorder.told(), [Phase::Connect, Phase::FirstByte]);
    }

    #[tokio::test]
    async fn without_a_connection_nothing_starts() {
        let mut connector = WatchConnect.layer(service_fn(|(): ()| {
            Box::pin(async { Err(()) }) as BoxFuture<'static, Result<(), ()>>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        PhaseTracker::over(&sink, async { connector.call(()).await }).await.unwrap_err();
        assert_eq!(recorder.told(), [Phase::Connect]);
    }
}
