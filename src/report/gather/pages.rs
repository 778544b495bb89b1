//! One pass over the pages of a crawl, a row at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::model::page_state::PageState;
use crate::report::data::{HostLine, PageSums};
use crate::report::latency::MillisHistogram;
use crate::report::timeline::Collector;
use crate::store::{Columns, StoreError, Value, parse_utc};

use super::crawl_reader::{CrawlReader, by_name, count};

/// Slowest pages shown.
const SLOWEST: usize = 50;

/// Chains of redirects shown.
const CHAINS: usize = 30;

/// Pages shown of each way to differ from an earlier crawl.
const DIFFERING: usize = 25;

/// What a pass gives.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) sums: PageSums,
    pub(super) timeline: Collector,
    pub(super) slowest: Best,
    pub(super) chains: Best,
    pub(super) differing: BTreeMap<String, Best>,
    pub(super) host_latencies: Vec<MillisHistogram>,
}

/// The pages with the highest ranks; of the same rank, those found first.
#[derive(Debug)]
pub(super) struct Best {
    most: usize,
    /// The worst of the best on top.
    heap: BinaryHeap<Reverse<(u64, Reverse<i64>)>>,
}

impl Best {
    fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::with_capacity(most + 1) }
    }

    fn offer(&mut self, rank: u64, id: i64) {
        let worst = self.heap.peek().map(|Reverse(worst)| *worst);
        if self.heap.len() == self.most && worst.is_some_and(|worst| worst > (rank, Reverse(id))) {
            return;
        }
        self.heap.push(Reverse((rank, Reverse(id))));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }

    /// Rank and id, the highest rank first.
    pub(super) fn into_best(self) -> impl Iterator<Item = (u64, i64)> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse((rank, Reverse(id)))| (rank, id))
    }
}

impl CrawlReader<'_> {
    /// Reads all pages once. `hosts`: those whose times are kept apart.
    pub(super) async fn pass(&self, hosts: &[HostLine]) -> Result<Pass, StoreError> {
        // `change` alone is a word that MySQL wants for itself.
        let sql = format!(
            "SELECT id, state, status, elapsed_ms, content_length, attempts + resent, created_at, \
             host, scraped_pages.change, redirects FROM scraped_pages WHERE {}",
            self.own("id")
        );
        let names = by_name(hosts);
        let mut pass = Pass {
            sums: PageSums::default(),
            timeline: Collector::default(),
            slowest: Best::new(SLOWEST),
            chains: Best::new(CHAINS),
            differing: BTreeMap::new(),
            host_latencies: vec![MillisHistogram::default(); hosts.len()],
        };
        let mut sink = |_: &Columns, row: &[Value]| {
            let host = row[7].as_text().and_then(|host| names.get(host)).copied();
            pass.page(row, host);
            true
        };
        self.store.select(&sql, &mut sink).await?;
        Ok(pass)
    }
}

impl Pass {
    fn page(&mut self, row: &[Value], host: Option<usize>) {
        let id = row[0].as_int().unwrap_or(0);
        let state = match row[1].as_text() {
            Some("ok") => PageState::Ok,
            Some("failed") => PageState::Failed,
            _ => PageState::Skipped,
        };
        let (elapsed, bytes) = (count(&row[3]), count(&row[4]));
        let sums = &mut self.sums;
        let of_status = sums.by_status.entry((state, row[2].as_int())).or_default();
        of_status.pages += 1;
        of_status.bytes += bytes;
        sums.requests += count(&row[5]);
        sums.bytes += bytes;
        if state != PageState::Skipped {
            let at = row[6].as_text().and_then(parse_utc);
            sums.last_ms = sums.last_ms.max(at);
            sums.latencies.record(elapsed);
            of_status.latencies.record(elapsed);
            self.slowest.offer(elapsed, id);
            if let Some(at) = at {
                self.timeline.page(at, state == PageState::Ok, elapsed);
            }
            if let Some(host) = host {
                self.host_latencies[host].record(elapsed);
            }
        }
        if let Some(change) = row[8].as_text() {
            match sums.compared.get_mut(change) {
                Some(pages) => *pages += 1,
                None => _ = sums.compared.insert(change.to_owned(), 1),
            }
            if change != "same" {
                let best = self.differing.entry(change.to_owned());
                best.or_insert_with(|| Best::new(DIFFERING)).offer(0, id);
            }
        }
        if let Some(redirects) = row[9].as_text() {
            let hops = hops(redirects).len() as u64;
            *self.sums.hops.entry(hops).or_default() += 1;
            if hops > 1 {
                self.chains.offer(hops, id);
            }
        }
    }
}

/// The redirects on the way to a page: URL and status of each.
pub(super) fn hops(redirects: &str) -> Vec<(String, Option<i64>)> {
    #[derive(serde::Deserialize)]
    struct Hop {
        url: String,
        status: Option<i64>,
    }
    let hops = serde_json::from_str::<Vec<Hop>>(redirects).unwrap_or_default();
    hops.into_iter().map(|hop| (hop.url, hop.status)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_and_ties_go_to_the_first() {
        let mut best = Best::new(3);
        for (rank, id) in [(5, 9), (1, 1), (7, 4), (5, 2), (5, 8), (2, 3)] {
            best.offer(rank, id);
        }
        assert_eq!(best.into_best().collect::<Vec<_>>(), [(7, 4), (5, 2), (5, 8)]);
    }

    #[test]
    fn hops_are_read() {
        let two = r#"[{"url":"http://h/a","status":301},{"url":"http://h/b","status":302}]"#;
        let hop = |url: &str, status| (url.to_owned(), Some(status));
        assert_eq!(hops(two), [hop("http://h/a", 301), hop("http://h/b", 302)]);
        assert_eq!(hops("no JSON"), []);
    }
}
