//! What a crawl from the entry must find: a walk over the same link lists from which the pages are
//! rendered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::plan::{PageKind, SitePlan};

/// The rows of a complete crawl from the first host's `/` without a limit of scope that obeys
/// `robots.txt`: one per canonical URL found by a link, under its final status after redirects
/// and attempts, or skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// How many URLs, the skipped ones included.
    pub pages: u64,
    /// How many of them `robots.txt` forbids; they have no status.
    #[serde(default)]
    pub skipped: u64,
    /// How many URLs end with each status.
    pub by_status: BTreeMap<String, u64>,
    /// The hosts, as `ADDRESS:PORT`, in order.
    pub hosts: Vec<String>,
}

impl Truth {
    /// Walks the site breadth first.
    pub(super) fn of(plan: &SitePlan, hosts: Vec<String>) -> Self {
        let mut found = BitSet::new(plan.pages());
        let mut read = BitSet::new(plan.pages());
        let mut counts = BTreeMap::<u16, u64>::new();
        // Every number enters once, so a list with a cursor is enough as the queue.
        let mut queue = vec![0];
        found.set(0);
        let mut links = Vec::new();
        let (mut at, mut skipped) = (0, 0);
        while let Some(&n) = queue.get(at) {
            at += 1;
            if plan.is_private(n) {
                skipped += 1;
                continue;
            }
            let end = if plan.kind(n) == PageKind::Redirect { plan.target(n) } else { n };
            *counts.entry(plan.status(end)).or_default() += 1;
            if read.set(end) {
                plan.links(end, &mut links);
                queue.extend(links.iter().map(|link| link.to).filter(|to| found.set(*to)));
            }
        }
        let by_status = counts.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        Self { pages: queue.len() as u64, skipped, by_status, hosts }
    }
}

/// One bit per number.
struct BitSet(Vec<u64>);

impl BitSet {
    fn new(len: u32) -> Self {
        Self(vec![0; len as usize / 64 + 1])
    }

    /// Sets the bit; true if it was not set.
    fn set(&mut self, n: u32) -> bool {
        let (word, bit) = (&mut self.0[n as usize / 64], 1 << (n % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
