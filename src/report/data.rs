//! All that a report shows of a crawl. Plain data of bounded size; times in ms since 1970, UTC.

use std::collections::BTreeMap;

use crate::crawl::protocol::snapshot::Totals;
use crate::crawl::protocol::tuning::{ChangeEffect, MeasuredRow};
use crate::model::page_state::PageState;
use crate::store::CrawlInfo;

use super::latency::MillisHistogram;
use super::timeline::Timeline;

/// A crawl, as a report shows it.
#[derive(Debug)]
pub struct Report {
    /// The database, without secrets.
    pub db: String,
    /// The crawl's row.
    pub crawl: CrawlInfo,
    /// Its counters when it was last saved.
    pub totals: Totals,
    /// Its settings, line by line.
    pub settings: Vec<SettingLine>,
    /// Whether it stores the links of its pages.
    pub links_stored: bool,
    /// Names of secrets that it was started with.
    pub identity: Vec<String>,
    /// The earlier crawl that it is a recrawl of.
    pub recrawl_of: Option<i64>,
    /// What one pass over its pages gives.
    pub pages: PageSums,
    /// When it was started.
    pub began_ms: i64,
    /// How it went.
    pub timeline: Timeline,
    /// The slowest pages, slowest first.
    pub slowest: Vec<PageLine>,
    /// Hosts with the most pages.
    pub hosts: Vec<HostLine>,
    /// Sums over all hosts.
    pub all_hosts: HostSums,
    /// Hosts that were found to be down, most often first.
    pub incidents: Vec<(String, u64)>,
    /// Broken links.
    pub broken: Broken,
    /// Why pages were not answered.
    pub unanswered: Vec<Reason>,
    /// Why pages were skipped.
    pub skipped: Vec<Reason>,
    /// The longest chains of redirects, of more than one hop.
    pub chains: Vec<Chain>,
    /// Pages with the same content.
    pub copies: Duplicates,
    /// Pages that are not as they were, by word (`new`, `changed`, `gone`): the first of each.
    pub differing: Vec<(String, Vec<PageLine>)>,
    /// The journal, oldest first.
    pub changes: Vec<ChangeLine>,
    /// Entries in the whole journal.
    pub all_changes: u64,
    /// What was measured while it ran; `None` where nothing was.
    pub measured: Option<MeasuredSettings>,
}

/// What each setting gave.
#[derive(Debug)]
pub struct MeasuredSettings {
    /// A row for each setting that was held long enough, by conditions and setting.
    pub rows: Vec<MeasuredRow>,
    /// Whether there was more than is read for a report: then the newest is taken.
    pub is_cut: bool,
}

/// A setting in force.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingLine {
    /// The option's name.
    pub name: &'static str,
    /// Its value, in words.
    pub value: String,
    /// Whether it is not the usual one.
    pub set: bool,
}

/// Sums over the rows of `scraped_pages`.
#[derive(Debug, Default)]
pub struct PageSums {
    /// Pages by state and status.
    pub by_status: BTreeMap<(PageState, Option<i64>), StatusSums>,
    /// Requests made for every page, without the hops of redirects: attempts, and those resent.
    pub requests: u64,
    /// Body bytes after decoding.
    pub bytes: u64,
    /// Durations of the pages that were requested.
    pub latencies: MillisHistogram,
    /// Pages with redirects, by how many.
    pub hops: BTreeMap<u64, u64>,
    /// Pages by how they compare with an earlier crawl.
    pub compared: BTreeMap<String, u64>,
    /// When the last page ended.
    pub last_ms: Option<i64>,
}

impl PageSums {
    /// Pages in one state.
    #[must_use]
    pub fn of(&self, state: PageState) -> u64 {
        let sums = self.by_status.iter().filter(|((is, _), _)| *is == state);
        sums.map(|(_, sums)| sums.pages).sum()
    }

    /// All pages.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.by_status.values().map(|sums| sums.pages).sum()
    }
}

/// Pages of one status.
#[derive(Debug, Default)]
pub struct StatusSums {
    /// How many.
    pub pages: u64,
    /// Their bytes after decoding.
    pub bytes: u64,
    /// Times that they took.
    pub latencies: MillisHistogram,
}

/// A page.
#[derive(Debug)]
pub struct PageLine {
    /// Its URL.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
    /// Final status.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// Time of the last attempt, in ms.
    pub elapsed_ms: u64,
    /// Bytes after decoding.
    pub bytes: u64,
    /// Requests made: attempts, and those resent.
    pub requests: u64,
}

/// A host.
#[derive(Debug)]
pub struct HostLine {
    /// Name with port.
    pub host: String,
    /// Its sums.
    pub sums: HostSums,
    /// What its robots.txt says, in words.
    pub robots: Option<String>,
    /// Times that its pages took.
    pub latencies: MillisHistogram,
}

/// Sums over a host, or over all of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct HostSums {
    /// Hosts.
    pub hosts: u64,
    /// Pages in a final state.
    pub pages: u64,
    /// Responded 2xx.
    pub ok: u64,
    /// Responded otherwise, or not at all.
    pub failed: u64,
    /// Not fetched.
    pub skipped: u64,
    /// Bytes after decoding.
    pub bytes: u64,
    /// How often it was found to be down.
    pub incidents: u64,
}

/// Links that lead to failed pages.
#[derive(Debug, Default)]
pub struct Broken {
    /// Targets that most pages link to first.
    pub targets: Vec<BrokenTarget>,
    /// Targets in all.
    pub all_targets: u64,
    /// Links in all.
    pub all_links: u64,
}

/// A failed page that others link to.
#[derive(Debug)]
pub struct BrokenTarget {
    /// Its URL.
    pub url: String,
    /// Its status.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// Pages that link to it.
    pub links: u64,
    /// The first of them, with the text of the link.
    pub holders: Vec<(String, Option<String>)>,
}

/// Why pages ended as they did.
#[derive(Debug)]
#[allow(clippy::struct_field_names, reason = "the text of the reason")]
pub struct Reason {
    /// In words.
    pub reason: Option<String>,
    /// How many pages.
    pub pages: u64,
    /// One of them.
    pub example: String,
}

/// A chain of redirects.
#[derive(Debug)]
pub struct Chain {
    /// Where it begins.
    pub url: String,
    /// Every answer on the way, with its status.
    pub hops: Vec<(String, Option<i64>)>,
    /// Where it led.
    pub final_url: Option<String>,
    /// Final status.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
}

/// Pages with the same content.
#[derive(Debug, Default)]
pub struct Duplicates {
    /// The largest groups.
    pub groups: Vec<DuplicateGroup>,
    /// Groups in all.
    pub all_groups: u64,
    /// Pages in all of them.
    pub all_pages: u64,
}

/// Pages with the same content.
#[derive(Debug)]
pub struct DuplicateGroup {
    /// How many.
    pub pages: u64,
    /// Bytes of one.
    pub bytes: u64,
    /// The first of them.
    pub urls: Vec<String>,
}

/// A journal entry.
#[derive(Debug, Clone)]
pub struct ChangeLine {
    /// Its number in the crawl.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
    /// What, in words.
    pub what: String,
    /// What it means to the chart.
    pub kind: ChangeKind,
    /// Why, where the autopilot made it.
    pub reason: Option<String>,
    /// What it gave, where that was measured.
    pub effect: Option<ChangeEffect>,
}

/// What an entry means to the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A dial, a rule or a seed was changed: a mark.
    Turned,
    /// The crawl was paused from here.
    Pause,
    /// Until here.
    Resume,
    /// It was stopped.
    Stop,
}
