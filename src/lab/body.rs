//! A body as it leaves the site: counted until it is out, and no faster than the bandwidth.
//!
//! It must not know what is in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::load::Visit;
use super::stage::Stage;
use crate::semaphore::Permit;

/// A body that holds its request's visit and place until it is sent or dropped.
pub struct Leaving {
    body: Body,
    /// Taken from the body, not yet sent.
    left: Bytes,
    /// Until the next chunk of that may go.
    wait: Option<Wait>,
    stage: Arc<Stage>,
    _visit: Visit,
    _place: Permit,
}

struct Wait {
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
    bytes: usize,
}

impl Leaving {
    /// Ties visit and place to the body.
    pub fn wrap(body: Body, stage: Arc<Stage>, visit: Visit, place: Permit) -> Body {
        let left = Bytes::new();
        Body::new(Self { body, left, wait: None, stage, _visit: visit, _place: place })
    }
}

impl HttpBody for Leaving {
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
                return Poll::Ready(Some(Ok(Frame::data(this.left.split_to(bytes)))));
            }
            if !this.left.is_empty() {
                let Some(most) = this.stage.chunk() else {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.left)))));
                };
                let bytes = most.min(this.left.len());
                this.wait = Some(Wait { until: this.stage.pace(bytes), bytes });
                continue;
            }
            let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) if !data.is_empty() => this.left = data,
                Some(Ok(Ok(_))) => {}
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, left) = (self.body.size_hint(), self.left.len() as u64);
        // The upper bound first: it may not be below the lower one.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + left);
        }
        hint.set_lower(hint.lower() + left);
        hint
    }
}
