//! A response body in flight: counted until it is sent, and no faster than the bandwidth.
//!
//! It must not know its content.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::fault_injector::FaultInjector;
use super::load::InFlightRequest;
use crate::semaphore::Permit;

/// A body that keeps its request in flight, and its permit, until it is sent or dropped.
pub struct ThrottledBody {
    body: Body,
    /// Read from the inner body, not yet sent.
    unsent: Bytes,
    /// The delay before the next chunk of that.
    wait: Option<Wait>,
    injector: Arc<FaultInjector>,
    _request: InFlightRequest,
    _permit: Permit,
}

struct Wait {
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
    bytes: usize,
}

impl ThrottledBody {
    /// Ties the request in flight and its permit to the body.
    pub fn wrap(
        body: Body,
        injector: Arc<FaultInjector>,
        request: InFlightRequest,
        permit: Permit,
    ) -> Body {
        let unsent = Bytes::new();
        Body::new(Self { body, unsent, wait: None, injector, _request: request, _permit: permit })
    }
}

impl HttpBody for ThrottledBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            if let Some(wait) = &mut this.wait {
                ready!(wait.until.as_mut().poll(cx));
                let bytes = wait.bytes;
                this.wait = None;
                return Poll::Ready(Some(Ok(Frame::data(this.unsent.split_to(bytes)))));
            }
            if !this.unsent.is_empty() {
                let Some(max_bytes) = this.injector.max_chunk() else {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.unsent)))));
                };
                let bytes = max_bytes.min(this.unsent.len());
                this.wait = Some(Wait { until: this.injector.throttle(bytes), bytes });
                continue;
            }
            let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) if !data.is_empty() => this.unsent = data,
                Some(Ok(Ok(_))) => {}
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.unsent.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, unsent) = (self.body.size_hint(), self.unsent.len() as u64);
        // The upper bound first: it must not be below the lower one.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + unsent);
        }
        hint.set_lower(hint.lower() + unsent);
        hint
    }
}
