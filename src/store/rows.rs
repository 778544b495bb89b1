//! What goes into a database and comes out of it: rows, and the [`Batch`] of them.
//!
//! Plain data; it knows neither the crawl's tasks nor any database.

#![allow(clippy::doc_markdown, reason = "ETag is a name, not code")]

use crate::model::page_state::PageState;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::ids::PageId;
use crate::model::url_identity::UrlHash;
use crate::store::timeline_row::TimelineRow;

/// A row of `scraped_pages`.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRow {
    /// See [`PageId`].
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub url_hash: UrlHash,
    /// Host with port, as in the URL: `127.0.0.1:8700`.
    pub host: Arc<str>,
    /// How it ended.
    pub state: PageState,
    /// Final status.
    pub status: Option<u16>,
    /// Body bytes after decoding.
    pub content_length: u64,
    /// Media type as sent.
    pub content_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Links from a seed.
    pub depth: u32,
    /// Last attempt, in ms.
    pub elapsed_ms: u64,
    /// Requests made for it that count as attempts.
    pub attempts: u32,
    /// Requests made for it that do not: the server never processed them, or its host refused them
    /// (429, 503) or was down.
    pub resent: u32,
    /// Where redirects led, if elsewhere.
    pub final_url: Option<String>,
    /// Redirects on the way, as a JSON array of `{"url", "status"}`; `None` when there were none.
    pub redirects: Option<String>,
    /// What went wrong, or why it was skipped.
    pub error: Option<String>,
    /// The page on which its URL was first found; `None` for a seed.
    pub found_on: Option<PageId>,
    /// Links found on it (in scope, distinct).
    pub links_found: u32,
    /// When it ended: ms since 1970, UTC.
    pub created_at_ms: i64,
    /// What lets the server say "not modified" next time, and what lets us see a copy. Boxed: many
    /// pages have none of it.
    pub content: Option<Box<Content>>,
    /// What a sitemap says of its last change: ms since 1970, UTC.
    pub lastmod_ms: Option<i64>,
    /// How it compares with the earlier crawl; `None` in a first crawl.
    pub change: Option<PageChange>,
}

/// What is known of a page's content besides its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
    /// xxh3-128 of the decoded body, big endian.
    pub body_hash: Option<[u8; 16]>,
    /// The canonical URL that it names, when that is another one.
    pub canonical: Option<String>,
    /// Why it was not parsed for title and links, if it was not: its media type, or what is wrong
    /// with that.
    pub not_parsed: Option<String>,
}

/// How a page compares with the same page of the earlier crawl, as stored in
/// `scraped_pages.change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageChange {
    /// It was not there, or had failed.
    New,
    /// Its content is another one.
    Changed,
    /// It is as it was: not modified, or the same bytes.
    Same,
    /// It had succeeded, and fails now.
    Gone,
}

impl PageChange {
    /// The word stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Gone => "gone",
        }
    }
}

/// A page as an earlier crawl left it.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviousPage {
    /// Its id in that crawl.
    pub id: PageId,
    /// How it ended.
    pub state: PageState,
    /// Final status.
    pub status: Option<u16>,
    /// Body bytes after decoding.
    pub content_length: u64,
    /// Media type as sent.
    pub content_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Where redirects led, if elsewhere.
    pub final_url: Option<String>,
    /// Validators and hash.
    pub content: Content,
    /// Whether it had links of which none is stored: see
    /// [`store_links`](crate::settings::Settings::store_links).
    pub links_missing: bool,
}

/// A row of `links`: a page leads to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkRow {
    /// The page.
    pub from: PageId,
    /// Where it leads.
    pub to: PageId,
    /// Text of the link, at most [`MAX_ANCHOR`](crate::web::links::MAX_ANCHOR) characters; `None` when it has none.
    pub anchor: Option<Arc<str>>,
}

/// A link as an earlier crawl found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousLink {
    /// Where it leads.
    pub url: Arc<str>,
    /// Its text.
    pub anchor: Option<Arc<str>>,
}

/// A row of `frontier`: a URL known and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontierRow {
    /// See [`PageId`].
    pub id: PageId,
    /// URL as found, without its fragment.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub url_hash: UrlHash,
    /// Links from a seed.
    pub depth: u32,
    /// Requests made for it so far that count as attempts.
    pub attempts: u32,
    /// Requests made for it so far that do not; see [`PageRow::resent`].
    pub resent: u32,
    /// Not to be fetched before: ms since 1970, UTC; 0 = at once.
    pub not_before_ms: i64,
    /// The page on which it was first found; `None` for a seed.
    pub found_on: Option<PageId>,
    /// The host it waits for; see [`host_id`].
    pub host_id: i64,
    /// What a sitemap says of its last change: ms since 1970, UTC.
    pub lastmod_ms: Option<i64>,
}

/// A URL of `frontier` that is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostponedRow {
    /// See [`PageId`].
    pub id: PageId,
    /// Requests made for it so far that count as attempts.
    pub attempts: u32,
    /// Requests made for it so far that do not; see [`PageRow::resent`].
    pub resent: u32,
    /// Not to be fetched before: ms since 1970, UTC.
    pub not_before_ms: i64,
}

/// A host with URLs in `frontier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHost {
    /// See [`host_id`].
    pub host_id: i64,
    /// How many URLs.
    pub open: u64,
    /// One of them.
    pub url: Arc<str>,
}

/// What is known of a host besides the totals over its pages: a row of `hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// Host with port.
    pub host: Arc<str>,
    /// What its robots.txt says, in words: `12 rules, delay 2 s`, `none (404)`. `None` when that
    /// is not known, which leaves in place what was.
    pub robots: Option<String>,
    /// How often it was found to be down.
    pub incidents: u32,
}

/// A row of `sitemaps`: a sitemap that was read, or was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitemapRow {
    /// Its URL.
    pub url: Arc<str>,
    /// Hash of its canonical form.
    pub url_hash: UrlHash,
    /// `ok`, `failed` or `skipped`.
    pub state: PageState,
    /// Status of the last answer.
    pub status: Option<u16>,
    /// URLs in it.
    pub urls: u32,
    /// Of these, sitemaps.
    pub sitemaps: u32,
    /// Index files above it.
    pub depth: u32,
    /// What went wrong, or why it was not read (to its end).
    pub error: Option<String>,
    /// When: ms since 1970, UTC.
    pub created_at_ms: i64,
}

/// A row of `changes`: a journal entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeRow {
    /// Its number in the crawl, from 1.
    pub seq: u64,
    /// ms since 1970, UTC.
    pub at_ms: i64,
    /// By whom.
    pub by: &'static str,
    /// What, in words: `permits 8 → 16`.
    pub what: String,
    /// The whole entry, as JSON.
    pub entry: String,
    /// What it gave; `None` for what no throughput follows from, and while it is measured.
    pub effect: Option<EffectColumns>,
}

/// What a change gave, as stored in `changes`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EffectColumns {
    /// Pages per second before it,
    pub pages_per_s_before: f64,
    /// and after it.
    pub pages_per_s_after: f64,
    /// 95th percentile of the latency before it in ms; `None` where nothing was answered,
    pub p95_ms_before: Option<f64>,
    /// and after it.
    pub p95_ms_after: Option<f64>,
    /// The verdict's word: `better`.
    pub word: &'static str,
}

/// One transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// Finished pages. Their frontier rows are deleted in the same transaction.
    pub pages: Vec<PageRow>,
    /// Links, distinct per page; of two between the same pages the first counts.
    pub links: Vec<LinkRow>,
    /// URLs found, in order of id.
    pub discovered: Vec<FrontierRow>,
    /// URLs to be tried again; of several rows for one URL the last counts.
    pub postponed: Vec<PostponedRow>,
    /// URLs that were skipped and are open again: their page rows are deleted, their frontier rows
    /// inserted. Processed before `pages`.
    pub restored: Vec<FrontierRow>,
    /// Sitemaps, inserted or (same hash) replaced.
    pub sitemaps: Vec<SitemapRow>,
    /// What is known of hosts, written over what is there.
    pub hosts: Vec<HostRow>,
    /// Journal entries, inserted or (same `seq`) replaced.
    pub changes: Vec<ChangeRow>,
    /// What was measured; a row that is there already (same `seq`) stays.
    pub timeline: Vec<TimelineRow>,
    /// The crawl's counters after this batch, as JSON: stored so that resuming need not count.
    pub totals: Option<String>,
    /// When settings changed: a JSON object whose members take the place of the stored ones
    /// (RFC 7396: null takes a member away).
    pub settings: Option<String>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.links.is_empty()
            && self.discovered.is_empty()
            && self.postponed.is_empty()
            && self.restored.is_empty()
            && self.sitemaps.is_empty()
            && self.hosts.is_empty()
            && self.changes.is_empty()
            && self.timeline.is_empty()
            && self.totals.is_none()
            && self.settings.is_none()
    }
}
