//! A report as one HTML file that loads nothing else: it holds its style and pictures, and no scripts.

mod changes;
mod chart;
mod chart_axis;
mod course;
mod lists;
mod measured;
mod overview;
mod parts;
mod pauses;

use maud::{DOCTYPE, PreEscaped, html};

use super::data::Report;
use super::save::GENERATOR;
use super::text;
use parts::Section;

/// Allows nothing but the style in the file.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

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
    let compared = report.recrawl_of.map(|previous| lists::compared(report, previous));
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
