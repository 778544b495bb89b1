//! Queries that give few rows each, in an order of their own.

use std::collections::BTreeMap;

use crate::crawl::protocol::change::{Change, ChangeAction};
use crate::report::data::{
    Broken, BrokenTarget, Chain, ChangeKind, ChangeLine, DuplicateGroup, Duplicates, HostLine,
    HostSums, Reason,
};
use crate::report::latency::MillisHistogram;
use crate::report::text::without_login;
use crate::settings::mask::mask;
use crate::store::{StoreError, parse_utc};

use super::crawl_reader::{CrawlReader, count, list, text};
use super::pages::hops;

/// Hosts shown.
const HOSTS: usize = 50;

/// Hosts with incidents shown.
const INCIDENTS: usize = 30;

/// Links to failed pages shown.
const BROKEN: usize = 500;

/// Failed pages shown that others link to.
const BROKEN_TARGETS: usize = 150;

/// Pages shown that link to one failed page.
const HOLDERS: usize = 10;

/// Reasons shown.
const REASONS: usize = 30;

/// Groups of copies shown, and pages of each.
const COPIES: usize = 25;
const PAGES_OF_COPIES: usize = 5;

/// Journal entries shown.
const CHANGES: usize = 400;

/// A page with the text of its link.
type Holder = (String, Option<String>);

impl CrawlReader<'_> {
    pub(super) async fn hosts(&self) -> Result<Vec<HostLine>, StoreError> {
        let sql = format!(
            "SELECT host, pages, ok, failed, skipped, bytes, incidents, robots FROM hosts \
             WHERE crawl_id = {} ORDER BY pages DESC, host LIMIT {HOSTS}",
            self.crawl
        );
        let line = |row: &Vec<_>| HostLine {
            host: text(&row[0]).unwrap_or_default(),
            sums: HostSums {
                hosts: 1,
                pages: count(&row[1]),
                ok: count(&row[2]),
                failed: count(&row[3]),
                skipped: count(&row[4]),
                bytes: count(&row[5]),
                incidents: count(&row[6]),
            },
            robots: text(&row[7]),
            latencies: MillisHistogram::default(),
        };
        Ok(self.rows(&sql).await?.iter().map(line).collect())
    }

    pub(super) async fn all_hosts(&self) -> Result<HostSums, StoreError> {
        let sql = format!(
            "SELECT count(*), sum(pages), sum(ok), sum(failed), sum(skipped), sum(bytes), \
             sum(incidents) FROM hosts WHERE crawl_id = {}",
            self.crawl
        );
        let rows = self.rows(&sql).await?;
        let Some(row) = rows.first() else { return Ok(HostSums::default()) };
        Ok(HostSums {
            hosts: count(&row[0]),
            pages: count(&row[1]),
            ok: count(&row[2]),
            failed: count(&row[3]),
            skipped: count(&row[4]),
            bytes: count(&row[5]),
            incidents: count(&row[6]),
        })
    }

    pub(super) async fn incidents(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = format!(
            "SELECT host, incidents FROM hosts WHERE crawl_id = {} AND incidents > 0 \
             ORDER BY incidents DESC, host LIMIT {INCIDENTS}",
            self.crawl
        );
        let rows = self.rows(&sql).await?;
        Ok(rows.iter().map(|row| (text(&row[0]).unwrap_or_default(), count(&row[1]))).collect())
    }

    /// The most common reasons of pages for which `condition` holds.
    pub(super) async fn reasons(&self, condition: &str) -> Result<Vec<Reason>, StoreError> {
        let sql = format!(
            "SELECT page.error, reason.pages, page.url \
             FROM (SELECT min(id) AS first, count(*) AS pages FROM scraped_pages \
                   WHERE crawl_id = {} AND {condition} GROUP BY error \
                   ORDER BY pages DESC, first LIMIT {REASONS}) AS reason \
             JOIN scraped_pages AS page ON page.id = reason.first \
             ORDER BY reason.pages DESC, reason.first",
            self.crawl
        );
        let reason = |row: &Vec<_>| Reason {
            reason: text(&row[0]),
            pages: count(&row[1]),
            example: text(&row[2]).unwrap_or_default(),
        };
        Ok(self.rows(&sql).await?.iter().map(reason).collect())
    }

    pub(super) async fn broken(&self) -> Result<Broken, StoreError> {
        // The links are read once; only the failed pages are queried for which of them are broken.
        let sql = format!(
            "SELECT to_id, n, sum(n) OVER () AS all_links, count(*) OVER () AS all_targets \
             FROM (SELECT to_id, count(*) AS n FROM links WHERE {} AND to_id IN \
                   (SELECT id FROM scraped_pages WHERE crawl_id = {} AND state = 'failed') \
                   GROUP BY to_id) AS target \
             ORDER BY n DESC, to_id LIMIT {BROKEN_TARGETS}",
            self.own_links(),
            self.crawl
        );
        let mut broken = Broken::default();
        let mut links = Vec::new();
        let mut shown = 0;
        for row in self.rows(&sql).await? {
            broken.all_links = count(&row[2]);
            broken.all_targets = count(&row[3]);
            if shown < BROKEN {
                shown += HOLDERS.min(count(&row[1]) as usize);
                links.push((count(&row[0]) as i64, count(&row[1])));
            }
        }
        let ids: Vec<i64> = links.iter().map(|(id, _)| *id).collect();
        let mut holders = self.holders(&ids).await?;
        for (id, line) in self.page_lines(&ids).await? {
            let links = links.iter().find(|(target, _)| *target == id).map_or(0, |(_, n)| *n);
            let holders = holders.remove(&id).unwrap_or_default();
            let (url, status, error) = (line.url, line.status, line.error);
            broken.targets.push(BrokenTarget { url, status, error, links, holders });
        }
        Ok(broken)
    }

    /// The first pages that link to each of these, by target.
    async fn holders(&self, targets: &[i64]) -> Result<BTreeMap<i64, Vec<Holder>>, StoreError> {
        let mut holders: BTreeMap<i64, Vec<Holder>> = BTreeMap::new();
        if targets.is_empty() {
            return Ok(holders);
        }
        let sql = format!(
            "SELECT link.to_id, page.url, link.anchor \
             FROM (SELECT to_id, from_id, anchor, \
                          row_number() OVER (PARTITION BY to_id ORDER BY from_id) AS place \
                   FROM links WHERE {} AND to_id IN ({})) AS link \
             JOIN scraped_pages AS page ON page.id = link.from_id \
             WHERE link.place <= {HOLDERS} ORDER BY link.to_id, link.from_id",
            self.own_links(),
            list(targets)
        );
        for row in self.rows(&sql).await? {
            let holder = (text(&row[1]).unwrap_or_default(), text(&row[2]));
            holders.entry(row[0].as_int().unwrap_or(0)).or_default().push(holder);
        }
        Ok(holders)
    }

    /// The condition that a link is one of the crawl's, fit for the key of every database.
    fn own_links(&self) -> String {
        format!("crawl_id = {} AND {}", self.crawl, self.own("from_id"))
    }

    /// Chains of redirects, in the order of `ids`.
    pub(super) async fn chains(&self, ids: &[i64]) -> Result<Vec<Chain>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, url, redirects, final_url, status, error FROM scraped_pages WHERE id IN ({})",
            list(ids)
        );
        let mut rows = self.rows(&sql).await?;
        rows.sort_by_key(|row| ids.iter().position(|id| Some(*id) == row[0].as_int()));
        let chain = |row: &Vec<crate::store::Value>| Chain {
            url: text(&row[1]).unwrap_or_default(),
            hops: row[2].as_text().map(hops).unwrap_or_default(),
            final_url: text(&row[3]),
            status: row[4].as_int(),
            error: text(&row[5]),
        };
        Ok(rows.iter().map(chain).collect())
    }

    pub(super) async fn copies(&self) -> Result<Duplicates, StoreError> {
        let alike = format!(
            "{} AND state = 'ok' AND body_hash IS NOT NULL AND content_length > 0 \
             AND final_url IS NULL",
            self.own("id")
        );
        let sql = format!(
            "SELECT first, pages, bytes, count(*) OVER () AS all_groups, \
                    sum(pages) OVER () AS all_pages \
             FROM (SELECT min(id) AS first, count(*) AS pages, min(content_length) AS bytes \
                   FROM scraped_pages WHERE {alike} GROUP BY body_hash HAVING count(*) > 1) AS alike \
             ORDER BY pages DESC, first LIMIT {COPIES}"
        );
        let mut copies = Duplicates::default();
        let mut firsts = Vec::new();
        for row in self.rows(&sql).await? {
            copies.all_groups = count(&row[3]);
            copies.all_pages = count(&row[4]);
            let (pages, bytes) = (count(&row[1]), count(&row[2]));
            copies.groups.push(DuplicateGroup { pages, bytes, urls: Vec::new() });
            firsts.push(count(&row[0]) as i64);
        }
        if firsts.is_empty() {
            return Ok(copies);
        }
        let sql = format!(
            "SELECT copy.first, page.url \
             FROM (SELECT id, min(id) OVER (PARTITION BY body_hash) AS first, \
                          row_number() OVER (PARTITION BY body_hash ORDER BY id) AS place \
                   FROM scraped_pages WHERE {alike} AND body_hash IN \
                        (SELECT body_hash FROM scraped_pages WHERE id IN ({}))) AS copy \
             JOIN scraped_pages AS page ON page.id = copy.id \
             WHERE copy.place <= {PAGES_OF_COPIES} ORDER BY copy.first, copy.id",
            list(&firsts)
        );
        for row in self.rows(&sql).await? {
            let at = firsts.iter().position(|first| Some(*first) == row[0].as_int());
            if let Some(at) = at {
                copies.groups[at].urls.extend(text(&row[1]));
            }
        }
        Ok(copies)
    }

    /// The first journal entries, and how many there are.
    pub(super) async fn changes(&self) -> Result<(Vec<ChangeLine>, u64), StoreError> {
        let own = format!("FROM changes WHERE crawl_id = {}", self.crawl);
        let all = self.rows(&format!("SELECT count(*) {own}")).await?;
        let sql =
            format!("SELECT seq, at, by_whom, what, entry {own} ORDER BY seq LIMIT {CHANGES}");
        let mut lines = Vec::new();
        for row in self.rows(&sql).await? {
            let entry =
                row[4].as_text().and_then(|entry| serde_json::from_str::<Change>(entry).ok());
            let kind = match entry.as_ref().map(|entry| &entry.what) {
                Some(ChangeAction::Pause) => ChangeKind::Pause,
                Some(ChangeAction::Resume) => ChangeKind::Resume,
                Some(ChangeAction::Stop | ChangeAction::StopNow) => ChangeKind::Stop,
                _ => ChangeKind::Turned,
            };
            let what = text(&row[3]).unwrap_or_default();
            // Patterns may hold an `@`; only what has a URL's form can hold a password.
            let what = match what.split_once(' ') {
                Some(("seed", url)) => format!("seed {}", without_login(url)),
                _ if what.contains("://") => mask(&what),
                _ => what,
            };
            lines.push(ChangeLine {
                seq: row[0].as_int().unwrap_or(0),
                at_ms: row[1].as_text().and_then(parse_utc).unwrap_or(0),
                by: text(&row[2]).unwrap_or_default(),
                what,
                kind,
                reason: entry.as_ref().and_then(|entry| entry.reason.as_deref().map(str::to_owned)),
                effect: entry.and_then(|entry| entry.effect),
            });
        }
        Ok((lines, all.first().map_or(0, |row| count(&row[0]))))
    }
}
