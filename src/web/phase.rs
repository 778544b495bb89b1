//! Phases of a request, told as they begin.
//!
//! The HTTP client says when an answer's head has arrived, but not when it opens a
//! connection. A layer around its connector does, and finds the request it works for in
//! a task-local. A connection that the client goes on opening in the background, because
//! a pooled one became free first, is no longer the request's business.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tower::{Layer, Service};

/// What a request is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection: name, TCP, TLS.
    Connect,
    /// The head of the answer.
    FirstByte,
    /// The rest of the body.
    Body,
}

/// Is told each phase as it begins. Every request, each redirect's as well, begins with
/// [`Phase::FirstByte`]; one that opens a connection tells [`Phase::Connect`] and then
/// [`Phase::FirstByte`] again.
pub trait PhaseSink: Send + Sync {
    /// `phase` begins.
    fn phase(&self, phase: Phase);
}

/// Nobody listens.
impl PhaseSink for () {
    fn phase(&self, _: Phase) {}
}

tokio::task_local! {
    static CURRENT: Arc<Watch>;
}

const WAITING: u8 = 0;
const CONNECTING: u8 = 1;
const ANSWERED: u8 = 2;

/// Where one request stands, so that a late connector changes nothing.
pub(super) struct Watch {
    stage: AtomicU8,
    sink: Arc<dyn PhaseSink>,
}

impl Watch {
    /// Runs `request`, telling its phases to `sink`.
    pub(super) async fn over<F: Future>(sink: &Arc<dyn PhaseSink>, request: F) -> F::Output {
        sink.phase(Phase::FirstByte);
        let watch = Arc::new(Self { stage: AtomicU8::new(WAITING), sink: Arc::clone(sink) });
        let answer = CURRENT.scope(Arc::clone(&watch), request).await;
        watch.stage.store(ANSWERED, Ordering::Release);
        answer
    }

    fn turn(&self, from: u8, to: u8, phase: Phase) {
        if self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.sink.phase(phase);
        }
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
            watch.turn(WAITING, CONNECTING, Phase::Connect);
        }
        Connecting { inner: self.inner.call(target), watch }
    }
}

/// A connection being opened.
pub(super) struct Connecting<F> {
    inner: F,
    /// The request that waits for it.
    watch: Option<Arc<Watch>>,
}

impl<F> Connecting<F> {
    fn leave(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.turn(CONNECTING, WAITING, Phase::FirstByte);
        }
    }
}

impl<F: Future + Unpin> Future for Connecting<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.watch.as_ref().is_some_and(|watch| !watch.is_polled_by_its_request()) {
            self.leave();
        }
        let polled = Pin::new(&mut self.inner).poll(cx);
        if polled.is_ready() {
            self.leave();
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
            assert_eq!(*recorder.0.lock().unwrap(), [Phase::FirstByte, Phase::Connect]);
            // A pooled connection became free: the client goes on without this one.
            left = Some(connecting);
        };
        Watch::over(&sink, request).await;
        let background = tokio::spawn(left.unwrap());
        open.send(()).unwrap();
        background.await.unwrap().unwrap();
        assert_eq!(*recorder.0.lock().unwrap(), [Phase::FirstByte, Phase::Connect]);
    }

    #[tokio::test]
    async fn moved_to_another_task_it_no_longer_keeps_the_request_connecting() {
        let mut connector = WatchConnect.layer(service_fn(|(): ()| {
            Box::pin(std::future::pending()) as BoxFuture<'static, Result<(), ()>>
        }));
        let recorder = Arc::new(Recorder::default());
        let sink: Arc<dyn PhaseSink> = recorder.clone();
        let request = async {
            let mut connecting = connector.call(());
            let polled = tokio::spawn(async move { futures_util::poll!(&mut connecting) });
            assert!(polled.await.unwrap().is_pending());
        };
        Watch::over(&sink, request).await;
        let phases = recorder.0.lock().unwrap();
        assert_eq!(*phases, [Phase::FirstByte, Phase::Connect, Phase::FirstByte]);
    }
}
