//! Reading a page: title and links of an HTML or XML body, on a parse thread when the body is large.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::crawl::fetch::attempt::{FetchAttempt, essence};
use crate::crawl::pipeline::signals::Signals;
use crate::panics;
use crate::semaphore::ResizableSemaphore;
use crate::settings::Settings;
use crate::settings::faults::{Fault, Faults, PanicPoint};
use crate::web::html::{document_kind, parse_html};
use crate::web::http::{DocumentHead, FailureKind, FetchError};
use crate::web::parsed::LinkOptions;
use crate::web::robots::RobotsAgents;

/// Time after which a slowed thread checks whether it is still to be slow.
const MAX_NAP: Duration = Duration::from_millis(20);

/// Finds links and title of a successful page, on a parse thread when the body is large.
pub async fn parse(
    settings: &Settings,
    agents: &Arc<RobotsAgents>,
    threads: &Arc<ResizableSemaphore>,
    signals: &Signals,
    attempt: &mut FetchAttempt,
    base: &Url,
) {
    let Ok(response) = &mut attempt.result else { return };
    if !(200..300).contains(&response.status) {
        return;
    }
    let DocumentHead { media_type, nosniff, .. } = &response.document;
    if document_kind(media_type.as_deref(), *nosniff, &response.body).is_none() {
        attempt.not_parsed = Some(not_parsed(media_type.as_deref(), *nosniff));
        return;
    }
    let max_links = if settings.follow { settings.max_links as usize } else { 0 };
    let agents = Arc::clone(agents);
    let nofollow = settings.respect_nofollow;
    let texts = settings.store_links;
    let options = LinkOptions { max_links, texts, nofollow, names: agents };
    let slowed = signals.faults.borrow().get(Fault::Parser).is_some();
    if response.length < settings.parse_offload && !slowed {
        let parsed = parse_html(&response.body, media_type.as_deref(), base, &options);
        attempt.take(parsed);
        return;
    }
    let thread = threads.acquire().await;
    let body = std::mem::take(&mut response.body);
    let (media_type, base) = (media_type.clone(), base.clone());
    let (faults, abort) = (signals.faults.subscribe(), signals.abort.clone());
    let (panic_points, base_of_page) = (Arc::clone(&signals.panic_points), base.clone());
    let parsing = tokio::task::spawn_blocking(move || {
        let _thread = thread;
        inject_delay(&faults, &abort);
        panics::caught_now(|| {
            panic_points.pass(PanicPoint::Parser);
            parse_html(&body, media_type.as_deref(), &base, &options)
        })
    });
    let parsed = parsing.await.map_err(|error| error.to_string());
    match parsed.and_then(|parsed| parsed.map_err(|panic| panic.to_string())) {
        Ok(parsed) => attempt.take(parsed),
        Err(error) => {
            tracing::error!(url = %base_of_page, "a parse thread panicked: {error}");
            let message = format!("internal error: {error}");
            attempt.result = Err(FetchError {
                status: Some(response.status),
                content_type: response.content_type.clone(),
                length: response.length,
                ..FetchError::new(FailureKind::Other, message)
            });
        }
    }
}

/// Why a page of this media type is not parsed.
fn not_parsed(media_type: Option<&str>, nosniff: bool) -> String {
    match media_type {
        Some(media_type) => essence(media_type).to_owned(),
        None if nosniff => "no valid Content-Type, and X-Content-Type-Options: nosniff".to_owned(),
        None => "no valid Content-Type, and the body does not begin as HTML or XML".to_owned(),
    }
}

/// Occupies the thread as long as the fault of the parser says, which may change meanwhile.
fn inject_delay(faults: &watch::Receiver<Faults>, abort: &CancellationToken) {
    let begin = std::time::Instant::now();
    loop {
        let wanted = faults.borrow().time(Fault::Parser).unwrap_or_default();
        let left = wanted.saturating_sub(begin.elapsed());
        if left.is_zero() || abort.is_cancelled() {
            return;
        }
        std::thread::sleep(left.min(MAX_NAP));
    }
}
