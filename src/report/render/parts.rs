//! Parts that the sections are made of: tables that scroll, URLs, bars, statuses.

use maud::{Markup, html};

use crate::report::latency::MillisHistogram;
use crate::report::text;
use crate::units;

/// A section of the page.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// A remark beside the title.
    pub(super) note: String,
    pub(super) body: Markup,
}

/// A table that can be moved sideways where it does not fit.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div class="scroll" role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// A sentence in place of an empty list.
pub(super) fn empty(words: &str) -> Markup {
    html! { p class="empty" { (words) } }
}

/// A URL: a link where it leads to the web.
pub(super) fn url(address: &str) -> Markup {
    let (shown, link) = text::url(address);
    html! {
        @if let Some(link) = link {
            a class="url" href=(link) rel="noopener noreferrer" title=[shown.tip] { (shown.text) }
        } @else {
            span class="url" title=[shown.tip] { (shown.text) }
        }
    }
}

/// A text from the web, kept apart from the direction of the text around it.
pub(super) fn words(from_the_web: &str) -> Markup {
    let shown = text::text(from_the_web);
    html! { bdi title=[shown.tip] { (shown.text) } }
}

/// A bar as long as `part` is of `whole`.
pub(super) fn bar(class: &str, part: u64, whole: u64) -> Markup {
    let share = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    html! {
        span class="bar" aria-hidden="true" {
            @if part > 0 { span class=(class) style=(format!("width:{share:.2}%")) {} }
        }
    }
}

/// A status with its name.
pub(super) fn status(status: Option<i64>, error: Option<&str>) -> Markup {
    html! {
        @match status {
            Some(code) => {
                span class=(status_class(code)) { (code) }
                @if let Some(name) = status_name(code) { " " (name) }
            }
            None => {
                span class="status bad" { "none" }
                @if let Some(error) = error { " " (words(error)) }
            }
        }
    }
}

pub(super) const fn status_class(code: i64) -> &'static str {
    match code {
        200..300 => "status good",
        400.. => "status bad",
        _ => "status",
    }
}

pub(super) fn status_name(code: i64) -> Option<&'static str> {
    let code = http::StatusCode::from_u16(u16::try_from(code).ok()?).ok()?;
    code.canonical_reason()
}

/// A time of the latencies, or a dash.
pub(super) fn quantile(latencies: &MillisHistogram, share: f64) -> String {
    latencies.quantile(share).map_or_else(|| "–".to_owned(), units::duration_precise)
}
