//! A report as one HTML file that asks for nothing else: style and pictures are in it, scripts are not.

mod chart;
mod course;
mod lists;
mod overview;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::data::Report;
use super::save::GENERATOR;
use super::text;

/// Forbids everything but the style in the file.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// A part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    /// What is said beside the title, and in the navigation.
    note: String,
    body: Markup,
}

/// The file's text.
#[must_use]
pub fn render(report: &Report) -> String {
    let sections = [
        course::section(report),
        overview::statuses(report),
        overview::hosts(report),
        lists::broken(report),
        lists::slowest(report),
        lists::skipped(report),
        lists::redirects(report),
        lists::copies(report),
    ];
    let compared = report.again.map(|previous| lists::compared(report, previous));
    let sections: Vec<Section> =
        sections.into_iter().chain(compared).chain([overview::settings(report)]).collect();
    let title = format!("Crawl {} of {}", report.crawl.id, overview::subject(report));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content=(format!("{GENERATOR} {}", env!("CARGO_PKG_VERSION")));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " – crawldeck" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the report" }
                (overview::header(report))
                nav aria-label="Sections" {
                    ul {
                        @for section in &sections {
                            li { a href=(format!("#{}", section.id)) { (section.title) } }
                        }
                    }
                }
                main id="main" tabindex="-1" {
                    (overview::totals(report))
                    @for section in &sections {
                        section id=(section.id) aria-labelledby=(format!("{}-title", section.id)) {
                            h2 id=(format!("{}-title", section.id)) {
                                (section.title)
                                @if !section.note.is_empty() { " " small { (section.note) } }
                            }
                            (section.body)
                        }
                    }
                }
                footer {
                    p {
                        "Written by crawldeck " (env!("CARGO_PKG_VERSION")) " from " code { (text::clean(&report.db)) }
                        ", as last saved at " (overview::time(&report.crawl.updated_at)) " UTC. "
                        "Times are UTC. Sizes are of bodies after decoding."
                    }
                }
            }
        }
    }
    .into_string()
}

/// A table that can be moved sideways where it does not fit.
fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div class="scroll" role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// What is said in place of an empty list.
fn empty(words: &str) -> Markup {
    html! { p class="empty" { (words) } }
}

/// A URL: a link where it leads to the web.
fn url(address: &str) -> Markup {
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
fn words(from_the_web: &str) -> Markup {
    let shown = text::text(from_the_web);
    html! { bdi title=[shown.tip] { (shown.text) } }
}

/// A bar as long as `part` is of `whole`.
fn bar(class: &str, part: u64, whole: u64) -> Markup {
    let share = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    html! {
        span class="bar" aria-hidden="true" {
            @if part > 0 { span class=(class) style=(format!("width:{share:.2}%")) {} }
        }
    }
}

/// A status with its name.
fn status(status: Option<i64>, error: Option<&str>) -> Markup {
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

const fn status_class(code: i64) -> &'static str {
    match code {
        200..300 => "status good",
        400.. => "status bad",
        _ => "status",
    }
}

fn status_name(code: i64) -> Option<&'static str> {
    let code = http::StatusCode::from_u16(u16::try_from(code).ok()?).ok()?;
    code.canonical_reason()
}

/// A time of the latencies, or a dash.
fn quantile(latencies: &super::latency::Latencies, share: f64) -> String {
    latencies.quantile(share).map_or_else(|| "–".to_owned(), text::ms)
}
