//! The plan of the generated site: the kind, host and latency of each page number. All of it follows
//! from seed and page count; nothing is stored per page.
//!
//! It must not know paths, ports, HTML or HTTP.
//!
//! Page 0 is the entry. Pages form a tree of [`FANOUT`] children each (page `n` has
//! `8n + 1 ..= 8n + 8`), so that everything is reachable; only pages without children may be
//! anything else than a page that finally returns 200 with its links.

use std::time::Duration;

use super::rng::{Rng, Topic};

/// Hosts of the lab, unless another number is wanted.
pub const HOSTS: usize = 4;
/// Children of a page in the tree.
pub const FANOUT: u32 = 8;

/// The kind of resource that a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// An HTML page.
    Page,
    /// An HTML page that fails `failures` times, then succeeds, in a cycle.
    Flaky {
        /// 1 or 2, so that three attempts succeed.
        failures: u8,
        /// Fails by closing the connection instead of a 502.
        closes: bool,
    },
    /// Another page's text at a second address, with a canonical link.
    Duplicate,
    /// Redirects to a number in one to three hops.
    Redirect,
    /// 404.
    Missing,
    /// 410.
    Gone,
    /// 500, always.
    Broken,
    /// A PDF-like binary.
    Pdf,
    /// Plain text.
    Text,
    /// JSON.
    Json,
}

impl PageKind {
    /// Whether it finally returns HTML with links.
    pub fn has_links(self) -> bool {
        matches!(self, Self::Page | Self::Flaky { .. } | Self::Duplicate)
    }
}

/// Seed and page count, from which the whole site follows.
#[derive(Debug, Clone, Copy)]
pub struct SitePlan {
    seed: u64,
    pages: u32,
    /// Whether `robots.txt` forbids a part.
    forbidden: bool,
    /// Whether some pages fail at first.
    flaky: bool,
    /// That many hosts of equal size instead of [`HOSTS`] of unequal size.
    hosts: Option<u32>,
}

impl SitePlan {
    /// A site of `pages` numbers, at least the entry.
    pub fn new(seed: u64, pages: u32) -> Self {
        Self { seed, pages: pages.max(1), forbidden: false, flaky: true, hosts: None }
    }

    /// The same site with or without a part that `robots.txt` forbids.
    pub fn with_forbidden(self, forbidden: bool) -> Self {
        Self { forbidden, ..self }
    }

    /// The same site with or without pages that fail at first.
    pub fn with_flaky(self, flaky: bool) -> Self {
        Self { flaky, ..self }
    }

    /// The same pages on this many hosts of equal size, or on [`HOSTS`] of unequal size.
    pub fn with_hosts(self, hosts: Option<u32>) -> Self {
        Self { hosts: hosts.map(|count| count.max(1)), ..self }
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.hosts.map_or(HOSTS, |count| count as usize)
    }

    /// How many numbers there are.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// The random numbers for one property of a page number.
    pub fn rng(&self, n: u32, topic: Topic) -> Rng {
        Rng::new(self.seed, n, topic)
    }

    /// The numbers below `n` in the tree.
    pub fn children(&self, n: u32) -> std::ops::Range<u32> {
        let first = u64::from(n) * u64::from(FANOUT) + 1;
        let clamp = |at: u64| at.min(u64::from(self.pages)) as u32;
        clamp(first)..clamp(first + u64::from(FANOUT))
    }

    /// The number above `n` in the tree; the entry is its own parent.
    pub fn parent(n: u32) -> u32 {
        n.saturating_sub(1) / FANOUT
    }

    /// The kind of `n`.
    pub fn kind(&self, n: u32) -> PageKind {
        if n == 0 {
            return PageKind::Page;
        }
        let mut rng = self.rng(n, Topic::Kind);
        let roll = rng.below(1000);
        if roll < 12 && !self.flaky {
            return PageKind::Page;
        }
        if roll < 12 {
            return PageKind::Flaky { failures: 1 + rng.below(2) as u8, closes: rng.chance(400) };
        }
        if !self.children(n).is_empty() {
            return PageKind::Page;
        }
        match roll {
            12..25 => PageKind::Missing,
            25..29 => PageKind::Gone,
            29..53 => PageKind::Redirect,
            53..57 => PageKind::Broken,
            57..68 => PageKind::Duplicate,
            68..77 => PageKind::Pdf,
            77..85 => PageKind::Text,
            85..93 => PageKind::Json,
            _ => PageKind::Page,
        }
    }

    /// Whether only its parent links to `n`, and not by an anchor: a crawl that overlooks one kind
    /// of link, or resolves it wrongly, misses the page.
    pub fn is_weakly_linked(&self, n: u32) -> bool {
        n > 0 && self.children(n).is_empty() && self.rng(n, Topic::WeaklyLinked).chance(40)
    }

    /// Whether `robots.txt` forbids a part.
    pub fn forbids(&self) -> bool {
        self.forbidden
    }

    /// Whether `robots.txt` forbids `n`: only pages without children, so that the others stay
    /// reachable.
    pub fn is_private(&self, n: u32) -> bool {
        self.forbidden
            && n > 0
            && self.children(n).is_empty()
            && self.kind(n) == PageKind::Page
            && self.rng(n, Topic::Private).chance(20)
    }

    /// The host of `n`; four hosts are of unequal size.
    pub fn host(&self, n: u32) -> usize {
        if let Some(count) = self.hosts {
            return (n % count) as usize;
        }
        if n == 0 {
            return 0;
        }
        match self.rng(n, Topic::Host).below(100) {
            0..34 => 0,
            34..62 => 1,
            62..84 => 2,
            _ => 3,
        }
    }

    /// The target of redirect `n`: never another redirect nor a page that fails for a while, or two
    /// rows would share one page's attempts.
    pub fn target(&self, n: u32) -> u32 {
        self.seek(n, |m| {
            let kind = self.kind(m);
            let unsuitable = matches!(
                kind,
                PageKind::Redirect
                    | PageKind::Flaky { .. }
                    | PageKind::Broken
                    | PageKind::Duplicate
            );
            !unsuitable && !self.is_private(m)
        })
    }

    /// The page that duplicate `n` repeats.
    pub fn original(&self, n: u32) -> u32 {
        self.seek(n, |m| {
            self.kind(m) == PageKind::Page && !self.is_weakly_linked(m) && !self.is_private(m)
        })
    }

    fn seek(&self, n: u32, fits: impl Fn(u32) -> bool) -> u32 {
        let mut rng = self.rng(n, Topic::Target);
        (0..32).map(|_| rng.below(self.pages)).find(|m| fits(*m)).unwrap_or(0)
    }

    /// How many redirects the chain of `n` has: 1 to 3.
    pub fn hops(&self, n: u32) -> u32 {
        match self.rng(n, Topic::Hops).below(10) {
            0..6 => 1,
            6..9 => 2,
            _ => 3,
        }
    }

    /// The host that serves hop `hop` of redirect `n`.
    pub fn hop_host(&self, n: u32, hop: u32) -> usize {
        let own = self.host(n);
        if hop == 0 { own } else { (own + (self.hop_roll(n, hop) & 1) as usize) % self.hosts() }
    }

    /// The status of hop `hop` of redirect `n`.
    pub fn hop_status(&self, n: u32, hop: u32) -> u16 {
        [301, 302, 307, 308][(self.hop_roll(n, hop) >> 8) as usize % 4]
    }

    fn hop_roll(&self, n: u32, hop: u32) -> u64 {
        let mut rng = self.rng(n, Topic::Hops);
        (0..=hop).fold(0, |_, _| rng.next_u64())
    }

    /// The final status of `n`, after redirects and attempts.
    pub fn status(&self, n: u32) -> u16 {
        match self.kind(n) {
            PageKind::Missing => 404,
            PageKind::Gone => 410,
            PageKind::Broken => 500,
            PageKind::Redirect => self.status(self.target(n)),
            _ => 200,
        }
    }

    /// The latency of `n`: around 40 ms, a few per cent up to 1.5 s; the last host is slower than the
    /// others.
    pub fn latency(&self, n: u32) -> Duration {
        let mut rng = self.rng(n, Topic::Latency);
        let slow_host = if self.host(n) == self.hosts() - 1 { 1.5 } else { 0.95 };
        let ms = if rng.chance(30) {
            400.0 + f64::from(rng.below(1100))
        } else {
            rng.log_normal(40.0, 0.6) * slow_host
        };
        Duration::from_secs_f64(ms.clamp(2.0, 1500.0) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_occurs_and_redirects_end() {
        let plan = SitePlan::new(1, 10_000);
        let count =
            |fits: fn(PageKind) -> bool| (0..10_000).filter(|n| fits(plan.kind(*n))).count();
        assert!((60..200).contains(&count(|k| k == PageKind::Missing)));
        assert!((130..300).contains(&count(|k| k == PageKind::Redirect)));
        assert!((60..200).contains(&count(|k| matches!(k, PageKind::Flaky { .. }))));
        assert!(count(|k| k == PageKind::Broken) > 5 && count(|k| k == PageKind::Gone) > 5);
        for n in (0..10_000).filter(|n| plan.kind(*n) == PageKind::Redirect) {
            assert_ne!(plan.kind(plan.target(n)), PageKind::Redirect);
        }
    }

    #[test]
    fn hosts_are_of_equal_size_where_their_number_is_wanted() {
        for (pages, hosts) in [(10_000, 1), (10_000, 10), (10_000, 10_000)] {
            let plan = SitePlan::new(1, pages).with_hosts(Some(hosts));
            let mut sizes = vec![0; plan.hosts()];
            (0..pages).for_each(|n| sizes[plan.host(n)] += 1);
            assert!(sizes.iter().all(|size| *size == pages / hosts), "{hosts}");
            assert_eq!(plan.host(0), 0);
        }
        assert_eq!(SitePlan::new(1, 10).with_hosts(None).hosts(), HOSTS);
    }

    #[test]
    fn latencies_are_spread_around_their_median() {
        let plan = SitePlan::new(1, 10_000);
        let mut all: Vec<_> = (0..10_000).map(|n| plan.latency(n).as_millis()).collect();
        all.sort_unstable();
        assert!((35..50).contains(&all[5000]), "median {} ms", all[5000]);
        assert!(all[9900] > 400 && all[9999] <= 1500);
    }
}
