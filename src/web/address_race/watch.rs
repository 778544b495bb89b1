//! Notices connections that failed or were slow, although the winner of an earlier race was tried first.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service};

use super::race::{AddressRace, ConnectTarget, lock};

/// A connection that takes longer was made by another address than the first, or by one that is in
/// trouble: the addresses race again.
const SLOW: Duration = Duration::from_secs(1);

/// Layer that notices connections that failed or were slow, although an earlier race was relied on.
#[derive(Debug, Clone)]
pub(in crate::web) struct WatchLayer {
    race: Arc<AddressRace>,
}

impl WatchLayer {
    pub(in crate::web) const fn new(race: Arc<AddressRace>) -> Self {
        Self { race }
    }
}

impl<S> Layer<S> for WatchLayer {
    type Service = WatchedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchedConnector { inner, race: Arc::clone(&self.race) }
    }
}

/// A connector whose connections are watched.
#[derive(Debug, Clone)]
pub(in crate::web) struct WatchedConnector<S> {
    inner: S,
    race: Arc<AddressRace>,
}

impl<S, R> Service<R> for WatchedConnector<S>
where
    S: Service<R>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WatchedConnecting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let watched = ConnectTarget::of_this_request();
        let race = Arc::clone(&self.race);
        let began = Instant::now();
        WatchedConnecting { inner: self.inner.call(request), race, watched, began }
    }
}

/// A connection that is being opened.
pub(in crate::web) struct WatchedConnecting<F> {
    inner: F,
    race: Arc<AddressRace>,
    /// `None` once there is nothing to forget.
    watched: Option<Arc<ConnectTarget>>,
    began: Instant,
}

impl<T, E, F> Future for WatchedConnecting<F>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let connected = ready!(Pin::new(&mut self.inner).poll(cx));
        if connected.is_ok() && self.began.elapsed() < SLOW {
            self.watched = None;
        }
        Poll::Ready(connected)
    }
}

/// A connection that came to nothing, or late.
impl<F> Drop for WatchedConnecting<F> {
    fn drop(&mut self) {
        let relied_on = self.watched.take().and_then(|target| lock(&target.relies_on).take());
        if let Some(winner) = relied_on {
            self.race.forget(&winner);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use futures_util::future::BoxFuture;
    use tokio::time::sleep;
    use tower::service_fn;
    use url::Url;

    use super::super::race::{Winner, to_host_of};
    use super::*;

    /// Whether the winner is still known after a connection that ended so, `ms` after its begin.
    async fn known_after(ms: u64, connected: Result<(), ()>) -> bool {
        let race = Arc::new(AddressRace::new(None));
        let key = ("a.test".to_owned(), 80);
        let winner = race.winner(&key);
        let mut connector = WatchLayer::new(Arc::clone(&race)).layer(service_fn(move |(): ()| {
            Box::pin(async move {
                sleep(Duration::from_millis(ms)).await;
                connected
            }) as BoxFuture<'static, _>
        }));
        let connecting = async {
            let target = ConnectTarget::of_this_request().unwrap();
            *lock(&target.relies_on) = Some(Winner::clone(&winner));
            let _ = connector.call(()).await;
        };
        to_host_of(&Url::parse("http://a.test/").unwrap(), connecting).await;
        Arc::ptr_eq(&race.winner(&key), &winner)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_or_failed_connection_forgets_the_winner() {
        for (ms, connected, known) in [
            (10, Ok(()), true),
            (900, Ok(()), true),
            (1_100, Ok(()), false),
            (5_000, Ok(()), false),
            (10, Err(()), false),
        ] {
            assert_eq!(known_after(ms, connected).await, known, "{ms} ms, {connected:?}");
        }
    }
}
