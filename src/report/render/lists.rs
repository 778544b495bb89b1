//! Lists of pages: broken links, the slowest, what was skipped, redirects, copies, what has changed.

use maud::{Markup, html};

use crate::model::page_state::PageState;
use crate::report::data::{BrokenTarget, PageLine, Reason, Report};
use crate::units::{self, count, counted, percent_precise};

use super::parts::{Section, bar, empty, scroll, status, url, words};

/// Rows shown before the rest is folded away.
const OPEN: usize = 12;

/// Pages shown that hold a broken link, likewise.
const OPEN_HOLDERS: usize = 3;

/// A list as a table, most of a long one folded away. Both parts have the same columns.
fn folded(label: &str, class: &str, head: &Markup, rows: &[Markup]) -> Markup {
    let (open, rest) = rows.split_at(rows.len().min(OPEN));
    let table = |caption: &str, rows: &[Markup]| {
        html! {
            table class=(class) {
                caption { (caption) }
                thead { (head) }
                tbody { @for row in rows { (row) } }
            }
        }
    };
    html! {
        (scroll(label, &table(label, open)))
        @if !rest.is_empty() {
            @let more = format!("{label}, continued");
            details { summary { (rest.len()) " more" } (scroll(&more, &table(&more, rest))) }
        }
    }
}

pub(super) fn broken(report: &Report) -> Section {
    let broken = &report.broken;
    let head = html! {
        tr { th scope="col" { "broken link" } th scope="col" { "status" } th scope="col" class="n" { "linked from" } th scope="col" { "pages that hold it, with the link’s text" } }
    };
    let holder = |(page, anchor): &(String, Option<String>)| {
        html! { li { (url(page)) @if let Some(anchor) = anchor { " " span class="anchor" { "“" (words(anchor)) "”" } } } }
    };
    let row = |target: &BrokenTarget| {
        let open = target.holders.len().min(OPEN_HOLDERS);
        let shown = target.holders.len() as u64;
        html! {
            tr {
                th scope="row" { (url(&target.url)) }
                td { (status(target.status, target.error.as_deref())) }
                td class="n" data-label="linked from" { (count(target.links)) }
                td {
                    ul class="plain" { @for one in &target.holders[..open] { (holder(one)) } }
                    @if target.links > open as u64 {
                        details {
                            summary { (count(target.links - open as u64)) " more" }
                            ul class="plain" { @for one in &target.holders[open..] { (holder(one)) } }
                            @if target.links > shown { p class="soft" { "and " (counted(target.links - shown, "page", "pages")) " not listed here" } }
                        }
                    }
                }
            }
        }
    };
    let rows: Vec<Markup> = broken.targets.iter().map(row).collect();
    let links = broken.targets.iter().map(|target| target.holders.len() as u64).sum();
    let more = broken.all_links.saturating_sub(links);
    let lonely = report.pages.of(PageState::Failed).saturating_sub(broken.all_targets);
    let body = html! {
        @if !report.links_stored { p { "The crawl ran with " code { "--store-links no" } ": which pages link to a failed one is not known, or not of all." } }
        @if rows.is_empty() && report.links_stored { (empty("No link leads to a page that failed.")) }
        @if !rows.is_empty() { (folded("Broken links", "broken", &head, &rows)) }
        @if more > 0 {
            p { (counted(more, "more broken link", "more broken links")) ": " code { "crawldeck export --table broken_links" } " has them all." }
        }
        @if lonely > 0 && report.links_stored {
            p class="soft" { (counted(lonely, "failed page is", "failed pages are")) " linked from nowhere: a seed, or named by a sitemap." }
        }
    };
    let note = match broken.all_links {
        0 if !report.links_stored => "not known".to_owned(),
        0 => "none".to_owned(),
        links => format!(
            "{} to {}",
            counted(links, "link", "links"),
            counted(broken.all_targets, "page", "pages")
        ),
    };
    Section { id: "broken", title: "Broken links", note, body }
}

pub(super) fn slowest(report: &Report) -> Section {
    let most = report.slowest.first().map_or(0, |page| page.elapsed_ms);
    let head = html! {
        tr { th scope="col" class="n" { "took" } th scope="col" class="narrow" { span class="unseen" { "bar" } } th scope="col" { "page" } th scope="col" { "status" } th scope="col" class="n" { "bytes" } th scope="col" class="n" { "requests" } }
    };
    let row = |page: &PageLine| {
        html! {
            tr {
                td class="n" { (units::duration_precise(page.elapsed_ms)) }
                td { (bar("p95", page.elapsed_ms, most)) }
                th scope="row" { (title_and_url(page)) }
                td { (status(page.status, page.error.as_deref())) }
                td class="n" { (units::bytes_precise(page.bytes)) }
                td class="n" { (count(page.requests)) }
            }
        }
    };
    let rows: Vec<Markup> = report.slowest.iter().map(row).collect();
    let body = html! {
        @if rows.is_empty() { (empty("No page was fetched.")) }
        @else {
            p class="soft" { "The time is that of the last attempt, body included." }
            (folded("Slowest pages", "slowest", &head, &rows))
        }
    };
    let note = if rows.is_empty() { String::new() } else { format!("the {} slowest", rows.len()) };
    Section { id: "slowest", title: "Slowest pages", note, body }
}

fn title_and_url(page: &PageLine) -> Markup {
    html! {
        (url(&page.url))
        @if let Some(title) = page.title.as_deref().filter(|title| !title.trim().is_empty()) {
            " " span class="title" { (words(title)) }
        }
    }
}

/// Reasons with an example each; of `all` pages with one, if that is known.
pub(super) fn reasons(label: &str, reasons: &[Reason], all: Option<u64>) -> Markup {
    let most = reasons.iter().map(|reason| reason.pages).max().unwrap_or(0);
    let listed = reasons.iter().map(|reason| reason.pages).sum::<u64>();
    let rest = all.map_or(0, |all| all.saturating_sub(listed));
    let table = html! {
        table class="reasons" {
            caption { (label) }
            thead { tr {
                th scope="col" { "reason" } th scope="col" class="n" { "pages" } th scope="col" class="n" { "share" }
                th scope="col" class="narrow" { span class="unseen" { "bar" } } th scope="col" { "for example" }
            } }
            tbody {
                @for reason in reasons {
                    tr {
                        th scope="row" { @match &reason.reason { Some(text) => (words(text)), None => { "not said" } } }
                        td class="n" { (count(reason.pages)) } td class="n" { (percent_precise(reason.pages, all.unwrap_or(listed))) }
                        td { (bar("skipped", reason.pages, most)) }
                        td { (url(&reason.example)) }
                    }
                }
                @if rest > 0 {
                    tr class="rest" {
                        th scope="row" { "other reasons" }
                        td class="n" { (count(rest)) } td class="n" { (percent_precise(rest, all.unwrap_or(listed))) } td {} td {}
                    }
                }
            }
        }
    };
    scroll(label, &table)
}

pub(super) fn skipped(report: &Report) -> Section {
    let all = report.pages.of(PageState::Skipped);
    let body = html! {
        @if report.skipped.is_empty() { (empty("Nothing was skipped: every URL found was requested.")) }
        @else { (reasons("Why pages were skipped", &report.skipped, Some(all))) }
    };
    Section { id: "skipped", title: "Skipped", note: count(all), body }
}

pub(super) fn redirects(report: &Report) -> Section {
    let by_hops = &report.pages.hops;
    let all = by_hops.values().sum::<u64>();
    let chains = by_hops.range(2..).map(|(_, pages)| pages).sum::<u64>();
    let head = html! {
        tr { th scope="col" class="n" { "hops" } th scope="col" { "from" } th scope="col" { "by way of" } th scope="col" { "to" } }
    };
    let rows: Vec<Markup> = report
        .chains
        .iter()
        .map(|chain| {
            html! {
                tr {
                    td class="n" data-label="hops" { (chain.hops.len()) }
                    th scope="row" { (url(&chain.url)) }
                    td {
                        ol class="plain" {
                            @for (address, code) in chain.hops.iter().take(12) {
                                li { @if let Some(code) = code { span class="status" { (code) } " " } (url(address)) }
                            }
                            @if chain.hops.len() > 12 { li { "and " (chain.hops.len() - 12) " more" } }
                        }
                    }
                    td { (status(chain.status, chain.error.as_deref())) " " @if let Some(address) = &chain.final_url { (url(address)) } }
                }
            }
        })
        .collect();
    let shown = rows.len() as u64;
    let body = html! {
        @if all == 0 { (empty("No page was redirected.")) }
        @else {
            p {
                (counted(all, "page was", "pages were")) " redirected, "
                (counted(chains, "page", "pages")) " more than once"
                @if chains > shown { "; the " (shown) " longest chains are shown" } "."
            }
            @if !rows.is_empty() { (folded("Chains of redirects", "chains", &head, &rows)) }
        }
    };
    Section { id: "redirects", title: "Redirects", note: count(all), body }
}

pub(super) fn copies(report: &Report) -> Section {
    let copies = &report.copies;
    let head = html! {
        tr { th scope="col" class="n" { "pages" } th scope="col" class="n" { "bytes each" } th scope="col" { "the same content at" } }
    };
    let rows: Vec<Markup> = copies
        .groups
        .iter()
        .map(|group| {
            let more = group.pages.saturating_sub(group.urls.len() as u64);
            html! {
                tr {
                    th scope="row" class="n" { (count(group.pages)) } td class="n" { (units::bytes_precise(group.bytes)) }
                    td {
                        ul class="plain" {
                            @for address in &group.urls { li { (url(address)) } }
                            @if more > 0 { li class="soft" { "and " (count(more)) " more" } }
                        }
                    }
                }
            }
        })
        .collect();
    let body = html! {
        @if rows.is_empty() { (empty("No two pages have the same content.")) }
        @else {
            (folded("Pages with the same content", "copies", &head, &rows))
            @if copies.all_groups > rows.len() as u64 {
                p { (counted(copies.all_groups - rows.len() as u64, "more group", "more groups")) ": the view " code { "duplicates" } " has them all." }
            }
        }
    };
    let note = match copies.all_groups {
        0 => "none".to_owned(),
        groups => format!(
            "{} in {}",
            counted(copies.all_pages, "page", "pages"),
            counted(groups, "group", "groups")
        ),
    };
    Section { id: "duplicates", title: "Duplicates", note, body }
}

pub(super) fn compared(report: &Report, previous: i64) -> Section {
    let of = |word: &str| report.pages.compared.get(word).copied().unwrap_or(0);
    let all = report.pages.compared.values().sum::<u64>();
    let table = html! {
        table class="compared" {
            caption { "Pages compared with crawl " (previous) }
            thead { tr { th scope="col" { "is" } th scope="col" class="n" { "pages" } th scope="col" class="n" { "share" } th scope="col" class="wide" { span class="unseen" { "bar" } } } }
            tbody {
                @for (word, class) in [("new", "ok"), ("changed", "p95"), ("same", "skipped"), ("gone", "failed")] {
                    tr { th scope="row" { (word) } td class="n" { (count(of(word))) } td class="n" { (percent_precise(of(word), all)) } td { (bar(class, of(word), all)) } }
                }
            }
        }
    };
    let body = html! {
        (scroll("Comparison", &table))
        @if report.totals.unchecked > 0 {
            p { (counted(report.totals.unchecked, "page", "pages")) " could not be compared: out of scope or limits by now, skipped, or failed." }
        }
        @for (word, pages) in &report.differing {
            details {
                summary { (word) ": " @if of(word) > pages.len() as u64 { "the first " (pages.len()) " of " } (counted(of(word), "page", "pages")) }
                ul class="plain" { @for page in pages { li { (title_and_url(page)) } } }
            }
        }
    };
    Section {
        id: "compared",
        title: "Against an earlier crawl",
        note: format!("crawl {previous}"),
        body,
    }
}
