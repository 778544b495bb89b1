//! What a frontier begins with.

use std::collections::HashMap;
use std::sync::Arc;

use crate::crawl::frontier::exclusions::Exclusions;
use crate::crawl::frontier::sitemaps::Sitemaps;
use crate::crawl::hosts::Pace;
use crate::crawl::protocol::snapshot::Totals;
use crate::model::ids::CrawlId;
use crate::settings::{HostRule, TrapSettings};
use crate::store::OpenHost;
use crate::web::traps::Traps;

/// Limits on the URLs that are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admission {
    /// Maximum number of links from a seed.
    pub depth: Option<u32>,
    /// Maximum number of URLs fetched.
    pub max_pages: Option<u64>,
}

/// What a frontier begins with.
#[derive(Debug)]
pub struct FrontierStart {
    /// Number of the crawl.
    pub crawl: CrawlId,
    /// Limits on what is taken in.
    pub admission: Admission,
    /// Whether the links of a page are stored.
    pub store_links: bool,
    /// Politeness.
    pub pace: Pace,
    /// The user's rules for single hosts.
    pub rules: HashMap<Arc<str>, HostRule>,
    /// What was excluded while the crawl ran.
    pub exclusions: Exclusions,
    /// What looks like a trap.
    pub traps: Traps,
    /// Sitemaps.
    pub sitemaps: Sitemaps,
    /// Hosts with URLs on disk.
    pub hosts: Vec<OpenHost>,
    /// The next URL number to give out, from 1.
    pub next_seq: u32,
    /// Rows on disk that are open.
    pub open: u64,
    /// Counts so far.
    pub totals: Totals,
}

impl Default for FrontierStart {
    fn default() -> Self {
        Self {
            crawl: 0,
            admission: Admission::default(),
            store_links: true,
            pace: Pace::default(),
            rules: HashMap::new(),
            exclusions: Exclusions::default(),
            traps: Traps::new(&TrapSettings::default()),
            sitemaps: Sitemaps::default(),
            hosts: Vec::new(),
            next_seq: 1,
            open: 0,
            totals: Totals::default(),
        }
    }
}
