//! A response whose head was read: decodes its body in pieces, within the limits.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use crate::settings::FetchSettings;
use crate::units::{bytes_about, bytes_exact, duration_option};
use crate::web::body::Chunks;
use crate::web::classify::{RequestContext, classify, one_line};
use crate::web::decode::Decoder;
use crate::web::failure::{FailureKind, FetchError};
use crate::web::head::ResponseHead;
use crate::web::message::Response;
use crate::web::redirect_chain::FailureCause;

/// Decoded length, in bytes, up to which any compression ratio is accepted.
const RATIO_CHECKED_ABOVE: u64 = 1 << 20;
/// Encoded bytes accepted beyond the limit of the decoded body, for the overhead of the coding.
const CODING_OVERHEAD: u64 = 64 << 10;

/// A response whose body is still to be read. Dropping it closes the connection.
pub struct OpenResponse {
    /// The head of the response.
    pub head: ResponseHead,
    url: Url,
    settings: Arc<FetchSettings>,
    response: reqwest::Response,
    /// `Content-Length` in bytes, where the body is not encoded.
    announced: Option<u64>,
    decoder: Option<Box<Decoder>>,
    /// Bytes received and not yet decoded.
    input: Bytes,
    /// Whether the whole body was received.
    received_all: bool,
    /// Ends the request, `timeout` after its start.
    deadline: Pin<Box<Sleep>>,
    timeout: Duration,
    max_body: u64,
    length: u64,
    wire_length: u64,
    hash: Box<Xxh3>,
}

/// The limits of reading a body; `max_body` in bytes after decoding.
pub(super) struct BodyLimits {
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
        limits: BodyLimits,
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
            received_all: false,
            deadline: limits.deadline,
            timeout: limits.timeout,
            max_body: limits.max_body,
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

    /// The next piece of the decoded body; `None` at its end. Pieces of an encoded body have at most
    /// 32 KiB; others are as received. The request's time limit includes the time between calls.
    ///
    /// # Errors
    /// When the body is too large, too slow, cut short or cannot be decoded.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        match self.next_piece().await {
            Ok(chunk) => Ok(chunk),
            Err(failure) => Err(self.failure(failure)),
        }
    }

    /// xxh3-128 of the decoded body read so far, big endian.
    #[must_use]
    pub fn body_hash(&self) -> [u8; 16] {
        self.hash.digest128().to_be_bytes()
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// As [`OpenResponse::chunk`].
    pub async fn read_all(mut self) -> Result<Response, FetchError> {
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
            document,
        } = self.head;
        Ok(Response {
            status,
            content_type,
            retry_after,
            etag,
            last_modified,
            robots_tag,
            canonical,
            document,
            body: chunks.finish(),
            length: self.length,
            wire_length: self.wire_length,
            body_hash,
        })
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, FailureCause> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                // A decompression bomb must not block this thread.
                tokio::task::consume_budget().await;
                let piece = if self.received_all {
                    decoder.finish()
                } else {
                    decoder.next(&mut self.input)
                };
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
            if self.received_all {
                return Ok(None);
            }
            match self.read().await? {
                Some(chunk) if self.decoder.is_none() => {
                    if !chunk.is_empty() {
                        return self.count(chunk).map(Some);
                    }
                }
                // Endless input that decodes to nothing is too large as well.
                Some(_) if self.wire_length > self.max_wire_length() => {
                    return Err(self.too_large());
                }
                Some(chunk) => self.input = chunk,
                // HTTP/2 can end a body early without an error (RFC 9113 8.1).
                None if self.announced.is_some_and(|length| length > self.wire_length) => {
                    let message = format!("body cut short after {} bytes", self.length);
                    return Err((FailureKind::Truncated, message));
                }
                None => self.received_all = true,
            }
        }
    }

    /// Maximum of received bytes for the largest body; encoding can make it a little longer.
    const fn max_wire_length(&self) -> u64 {
        self.max_body.saturating_add(self.max_body / 8).saturating_add(CODING_OVERHEAD)
    }

    /// Receives the next bytes.
    async fn read(&mut self) -> Result<Option<Bytes>, FailureCause> {
        let read = tokio::select! {
            biased;
            read = self.response.chunk() => read,
            () = &mut self.deadline => {
                let time_limit = duration_option(self.timeout);
                let message = format!("not complete within {time_limit}: {} bytes read", self.length);
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
                &RequestContext {
                    url: &self.url,
                    settings: &self.settings,
                    proxied: false,
                    head_received: true,
                    length: self.length,
                    announced: self.announced,
                },
            )),
        }
    }

    /// Checks a piece of the decoded body against the limits, counts and hashes it.
    fn count(&mut self, piece: Bytes) -> Result<Bytes, FailureCause> {
        self.length += piece.len() as u64;
        if self.length > self.max_body {
            return Err(self.too_large());
        }
        // Bytes that still wait to be decoded are not counted, so that the ratio does not depend on
        // how the body was split into packets.
        let used = self.wire_length - self.input.len() as u64;
        let max_length =
            used.saturating_mul(u64::from(self.settings.max_decompression_ratio.max(1)));
        if self.decoder.is_some() && self.length > RATIO_CHECKED_ABOVE.max(max_length) {
            let (length, sent) = (bytes_about(self.length), bytes_about(used));
            let message = format!("decompression bomb: {length} out of {sent}");
            return Err((FailureKind::TooLarge, message));
        }
        self.hash.update(&piece);
        Ok(piece)
    }

    fn too_large(&self) -> FailureCause {
        (FailureKind::TooLarge, format!("body larger than {}", bytes_exact(self.max_body)))
    }

    fn failure(&self, (kind, message): FailureCause) -> FetchError {
        FetchError { length: self.length, ..FetchError::new(kind, message).with(&self.head) }
    }
}

/// What only tests ask.
#[cfg(feature = "internals")]
impl OpenResponse {
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
}

fn undecodable(cause: &str) -> FailureCause {
    (FailureKind::Decode, format!("body cannot be decoded: {}", one_line(cause)))
}
