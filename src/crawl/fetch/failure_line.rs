//! A line about a retry or a failure, for viewers and for the log.

use std::sync::Arc;
use std::time::Duration;

use crate::crawl::hosts::UrlTask;
use crate::crawl::protocol::snapshot::RecentFailure;
use crate::web::http::{FetchError, Response};

/// The line for viewers, at `at_s` seconds of the run; `pause` is the one before the next of at most
/// `max_attempts` attempts. It is logged as well.
pub fn failure_line(
    at_s: f64,
    max_attempts: u32,
    task: &UrlTask,
    result: &Result<Response, FetchError>,
    pause: Option<Duration>,
) -> Arc<RecentFailure> {
    let what = match result {
        Ok(response) => response.status.to_string(),
        Err(error) => error.message.clone(),
    };
    let attempt = task.attempts;
    if let Some(pause) = pause {
        let pause = humantime::format_duration(Duration::from_millis(pause.as_millis() as u64));
        tracing::debug!("{}: {what}, attempt {attempt}; the next in {pause}", task.url);
    } else {
        tracing::warn!("{}: {what}, attempt {attempt}, the last", task.url);
    }
    Arc::new(RecentFailure {
        at_s,
        url: Arc::clone(&task.url),
        what,
        attempt: task.attempts,
        attempts: max_attempts,
        next_at_s: pause.map(|pause| at_s + pause.as_secs_f64()),
        found_on: task.found_on_url.clone(),
        found_on_id: task.found_on,
    })
}
