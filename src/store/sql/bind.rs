//! Values of rows, in the order in which the statements of `bulk` name the columns.
//!
//! For the databases that take a placeholder per value; PostgreSQL takes an array per column.

use super::backend::{BindResult, SqlArguments};
use crate::model::ids::CrawlId;
use crate::store::host_totals::HostTotals;
use crate::store::rows::{
    ChangeRow, Content, FrontierRow, HostRow, LinkRow, PageChange, PageRow, SitemapRow,
};
use crate::store::text::utc;
use crate::store::timeline_row::TimelineRow;

/// A page, up to and with the hash of its body.
pub fn bind_page_head(to: &mut impl SqlArguments, crawl: CrawlId, page: &PageRow) -> BindResult {
    to.int(page.id)?;
    to.int(crawl)?;
    to.bytes(Some(&page.url_hash.0))?;
    to.word(page.state.name())?;
    to.optional_int(page.status)?;
    to.int(page.depth)?;
    to.int(page.attempts)?;
    to.int(page.resent)?;
    to.int(page.elapsed_ms as i64)?;
    to.int(page.content_length as i64)?;
    to.int(page.links_found)?;
    to.optional_int(page.found_on)?;
    to.optional_time(Some(utc(page.created_at_ms)))?;
    to.optional_int(page.lastmod_ms)?;
    to.optional_word(page.change.map(PageChange::name))?;
    let content = page.content.as_deref();
    to.bytes(content.and_then(|content| content.body_hash.as_ref()).map(<[u8; 16]>::as_slice))
}

/// The texts of a page, from its host on.
pub fn bind_page_texts(to: &mut impl SqlArguments, page: &PageRow) -> BindResult {
    to.shared_text(&page.host)?;
    to.optional_text(page.content_type.as_deref())?;
    let content = page.content.as_deref();
    to.optional_text(content.and_then(|content| content.not_parsed.as_deref()))?;
    to.shared_text(&page.url)?;
    to.optional_text(page.final_url.as_deref())?;
    to.optional_text(page.title.as_deref())?;
    to.optional_text(page.error.as_deref())?;
    to.optional_text(page.redirects.as_deref())?;
    let text = |of: fn(&Content) -> Option<&String>| content.and_then(of).map(String::as_str);
    to.optional_text(text(|content| content.etag.as_ref()))?;
    to.optional_text(text(|content| content.last_modified.as_ref()))?;
    to.optional_text(text(|content| content.canonical.as_ref()))
}

/// A link.
pub fn bind_link(to: &mut impl SqlArguments, crawl: CrawlId, link: &LinkRow) -> BindResult {
    to.int(crawl)?;
    to.int(link.from)?;
    to.int(link.to)?;
    to.optional_shared_text(link.anchor.as_ref())
}

/// A URL of the frontier.
pub fn bind_frontier(to: &mut impl SqlArguments, crawl: CrawlId, row: &FrontierRow) -> BindResult {
    to.int(row.id)?;
    to.int(crawl)?;
    to.bytes(Some(&row.url_hash.0))?;
    to.int(row.depth)?;
    to.int(row.attempts)?;
    to.int(row.resent)?;
    to.int(row.not_before_ms)?;
    to.optional_int(row.found_on)?;
    to.int(row.host_id)?;
    to.optional_int(row.lastmod_ms)?;
    to.shared_text(&row.url)
}

/// A sitemap.
pub fn bind_sitemap(to: &mut impl SqlArguments, crawl: CrawlId, row: &SitemapRow) -> BindResult {
    to.int(crawl)?;
    to.bytes(Some(&row.url_hash.0))?;
    to.shared_text(&row.url)?;
    to.word(row.state.name())?;
    to.optional_int(row.status)?;
    to.int(row.urls)?;
    to.int(row.sitemaps)?;
    to.int(row.depth)?;
    to.optional_text(row.error.as_deref())?;
    to.optional_time(Some(utc(row.created_at_ms)))
}

/// A journal entry.
pub fn bind_change(to: &mut impl SqlArguments, crawl: CrawlId, row: &ChangeRow) -> BindResult {
    to.int(crawl)?;
    to.int(row.seq as i64)?;
    to.optional_time(Some(utc(row.at_ms)))?;
    to.word(row.by)?;
    to.text(&row.what)?;
    to.word(&row.entry)?;
    let effect = row.effect;
    to.optional_real(effect.map(|effect| effect.pages_per_s_before))?;
    to.optional_real(effect.map(|effect| effect.pages_per_s_after))?;
    to.optional_real(effect.and_then(|effect| effect.p95_ms_before))?;
    to.optional_real(effect.and_then(|effect| effect.p95_ms_after))?;
    to.optional_word(effect.map(|effect| effect.word))
}

/// What was measured.
pub fn bind_timeline(to: &mut impl SqlArguments, crawl: CrawlId, row: &TimelineRow) -> BindResult {
    to.int(crawl)?;
    to.int(row.seq as i64)?;
    to.int(row.run)?;
    to.optional_time(Some(utc(row.at_ms)))?;
    to.int(row.span_ms as i64)?;
    to.int(row.conditions)?;
    to.int(row.permits)?;
    to.int(row.workers)?;
    to.int(row.queue)?;
    to.optional_real(row.rate)?;
    to.int(row.pages as i64)?;
    to.optional_real(row.pages_sd)?;
    to.int(row.bytes as i64)?;
    to.int(row.requests as i64)?;
    to.int(row.retries as i64)?;
    to.int(row.errors as i64)?;
    to.int(row.refused as i64)?;
    to.optional_real(row.p50_ms)?;
    to.optional_real(row.p95_ms)?;
    to.optional_real(row.mean_ms)?;
    to.real(row.in_flight)?;
    to.real(row.queued)?;
    to.int(row.saver_backlog as i64)?;
    to.real(row.loop_delay_ms)?;
    to.real(row.cpu_percent)?;
    to.int(row.memory as i64)
}

/// What a batch adds to the totals of a host, from the number of pages on.
pub fn bind_host_totals(to: &mut impl SqlArguments, totals: &HostTotals) -> BindResult {
    to.int(totals.pages)?;
    to.int(totals.ok)?;
    to.int(totals.failed)?;
    to.int(totals.skipped)?;
    to.int(totals.bytes)?;
    to.optional_time(totals.first_ms.map(utc))?;
    to.optional_time(totals.last_ms.map(utc))
}

/// What else is known of a host, from the number of pages on: totals of 0, in case it has no row yet.
pub fn bind_known_host(to: &mut impl SqlArguments, row: &HostRow) -> BindResult {
    // Pages, ok, failed, skipped, bytes.
    for _ in 0..5 {
        to.int(0)?;
    }
    to.int(row.incidents)?;
    to.optional_text(row.robots.as_deref())
}
