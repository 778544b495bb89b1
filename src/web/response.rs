//! An answer whose head was read: its body, decoded piece by piece and bounded on the way.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use crate::settings::FetchSettings;
use crate::web::body::Chunks;
use crate::web::classify::{Circumstances, about, classify, line, size, span};
use crate::web::decode::Decoder;
use crate::web::failure::{FailureKind, FetchError};
use crate::web::head::ResponseHead;
use crate::web::message::Response;
use crate::web::redirect_chain::FailureCause;

/// Bodies up to this length, in bytes, may have any ratio to what was sent.
const ANY_RATIO: u64 = 1 << 20;
/// Coded bytes beyond the limit for decoded ones, for what coding adds.
const CODING_ADDS: u64 = 64 << 10;

/// An answer whose body is yet to be read. Dropping it closes the connection.
pub struct OpenResponse {
    /// What the head says.
    pub head: ResponseHead,
    url: Url,
    settings: Arc<FetchSettings>,
    response: reqwest::Response,
    /// The length of the body as announced, where it is not coded.
    announced: Option<u64>,
    decoder: Option<Box<Decoder>>,
    /// What has come and is not yet decoded.
    input: Bytes,
    /// Whether all has come.
    over: bool,
    /// Ends it all, `timeout` after the request began.
    deadline: Pin<Box<Sleep>>,
    timeout: Duration,
    max_body: u64,
    length: u64,
    wire_length: u64,
    hash: Box<Xxh3>,
}

/// What bounds the reading of a body.
pub(super) struct Bounds {
    pub(super) deadline: Pin<Box<Sleep>>,
    pub(super) timeout: Duration,
    pub(super) max_body: u64,
}

impl fmt::Debug for OpenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenResponse")
            .field("head", &self.head)
            .field("length", &self.length)
            .field("wire_length", &self.wire_length)
            .finish_non_exhaustive()
    }
}

impl OpenResponse {
    pub(super) fn new(
        head: ResponseHead,
        url: &Url,
        settings: &Arc<FetchSettings>,
        response: reqwest::Response,
        bounds: Bounds,
    ) -> Result<Self, FetchError> {
        let decoder = Decoder::of(response.headers());
        let announced = response.content_length();
        let mut open = Self {
            head,
            url: url.clone(),
            settings: Arc::clone(settings),
            response,
            announced: None,
            decoder: None,
            input: Bytes::new(),
            over: false,
            deadline: bounds.deadline,
            timeout: bounds.timeout,
            max_body: bounds.max_body,
            length: 0,
            wire_length: 0,
            hash: Box::new(Xxh3::new()),
        };
        match decoder {
            Ok(Some(decoder)) => open.decoder = Some(Box::new(decoder)),
            Ok(None) => open.announced = announced,
            // No body, nothing to decode.
            Err(_) if announced == Some(0) => {}
            Err(message) => return Err(open.failure(undecodable(&message))),
        }
        if open.announced.is_some_and(|length| length > open.max_body) {
            let too_large = open.too_large();
            return Err(open.failure(too_large));
        }
        Ok(open)
    }

    /// The next piece of the decoded body, `None` at its end. Pieces of a coded body have at most
    /// 32 KiB; others are as they came. The request's time limit includes the time between calls.
    ///
    /// # Errors
    /// When the body is too large, too slow, cut short or cannot be decoded.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        match self.pull().await {
            Ok(chunk) => Ok(chunk),
            Err(failure) => Err(self.failure(failure)),
        }
    }

    /// Bytes of the body read so far, after decoding.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of the body read so far, before decoding.
    #[must_use]
    pub const fn wire_length(&self) -> u64 {
        self.wire_length
    }

    /// xxh3-128 of what was read so far of the decoded body, big endian.
    #[must_use]
    pub fn body_hash(&self) -> [u8; 16] {
        self.hash.digest128().to_be_bytes()
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// As [`OpenResponse::chunk`].
    pub async fn whole(mut self) -> Result<Response, FetchError> {
        let mut chunks = Chunks::default();
        while let Some(chunk) = self.chunk().await? {
            chunks.push(chunk);
        }
        let body_hash = self.body_hash();
        let ResponseHead {
            status,
            content_type,
            retry_after,
            etag,
            last_modified,
            robots_tag,
            canonical,
        } = self.head;
        Ok(Response {
            status,
            content_type,
            retry_after,
            etag,
            last_modified,
            robots_tag,
            canonical,
            body: chunks.finish(),
            length: self.length,
            wire_length: self.wire_length,
            body_hash,
        })
    }

    async fn pull(&mut self) -> Result<Option<Bytes>, FailureCause> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                // A bomb must not keep this thread for itself.
                tokio::task::consume_budget().await;
                let piece =
                    if self.over { decoder.finish() } else { decoder.next(&mut self.input) };
                match piece {
                    Ok(Some(piece)) => return self.count(piece).map(Some),
                    Ok(None) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                        let message = format!("body cut short after {} bytes", self.length);
                        return Err((FailureKind::Truncated, message));
                    }
                    Err(error) => return Err(undecodable(&error.to_string())),
                }
            }
            if self.over {
                return Ok(None);
            }
            match self.read().await? {
                Some(chunk) if self.decoder.is_none() => {
                    if !chunk.is_empty() {
                        return self.count(chunk).map(Some);
                    }
                }
                // What decodes to nothing, on and on, is no body either.
                Some(_) if self.wire_length > self.most_on_the_wire() => {
                    return Err(self.too_large());
                }
                Some(chunk) => self.input = chunk,
                None => self.over = true,
            }
        }
    }

    /// Bytes that may come for the largest body; coding something can make it a little longer.
    const fn most_on_the_wire(&self) -> u64 {
        self.max_body.saturating_add(self.max_body / 8).saturating_add(CODING_ADDS)
    }

    /// The next bytes as they come.
    async fn read(&mut self) -> Result<Option<Bytes>, FailureCause> {
        let read = tokio::select! {
            biased;
            read = self.response.chunk() => read,
            () = &mut self.deadline => {
                let limit = span(self.timeout);
                let message = format!("not complete within {limit}: {} bytes read", self.length);
                return Err((FailureKind::Timeout, message));
            }
        };
        match read {
            Ok(Some(chunk)) => {
                self.wire_length += chunk.len() as u64;
                Ok(Some(chunk))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(classify(
                &error,
                &Circumstances {
                    url: &self.url,
                    settings: &self.settings,
                    proxied: false,
                    answered: true,
                    length: self.length,
                    announced: self.announced,
                },
            )),
        }
    }

    /// Takes a piece of the decoded body into account.
    fn count(&mut self, piece: Bytes) -> Result<Bytes, FailureCause> {
        self.length += piece.len() as u64;
        if self.length > self.max_body {
            return Err(self.too_large());
        }
        // What has come and waits to be decoded has no part in this piece; without it the ratio
        // does not hang on how the bytes travelled.
        let used = self.wire_length - self.input.len() as u64;
        let most = used.saturating_mul(u64::from(self.settings.max_decompression_ratio.max(1)));
        if self.decoder.is_some() && self.length > ANY_RATIO.max(most) {
            let (length, sent) = (about(self.length), about(used));
            let message = format!("decompression bomb: {length} out of {sent}");
            return Err((FailureKind::TooLarge, message));
        }
        self.hash.update(&piece);
        Ok(piece)
    }

    fn too_large(&self) -> FailureCause {
        (FailureKind::TooLarge, format!("body larger than {}", size(self.max_body)))
    }

    fn failure(&self, (kind, message): FailureCause) -> FetchError {
        FetchError { length: self.length, ..FetchError::new(kind, message).with(&self.head) }
    }
}

fn undecodable(cause: &str) -> FailureCause {
    (FailureKind::Decode, format!("body cannot be decoded: {}", line(cause)))
}
