//! The plan of the generated web: what the page of a number is, where it lives, how long it
//! takes. All of it follows from seed and page count; nothing is stored per page.
//!
//! It must not know paths, ports, HTML or HTTP.
//!
//! Page 0 is the entry. Pages form a tree of [`FANOUT`] children each (page `n` has
//! `8n + 1 ..= 8n + 8`), so that everything is reachable; only pages without children may be
//! anything else than a page that finally answers 200 with its links.

use std::time::Duration;

use super::dice::{Dice, Topic};

/// Hosts of the lab.
pub const HOSTS: usize = 4;
/// Children of a page in the tree.
pub const FANOUT: u32 = 8;

/// What answers under a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An HTML page.
    Page,
    /// An HTML page that fails `failures` times, then answers, again and again.
    Flaky {
        /// 1 or 2, so that three attempts succeed.
        failures: u8,
        /// Fails by closing the connection instead of a 502.
        closes: bool,
    },
    /// Another page's text under a second address, with a canonical link.
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

impl Kind {
    /// Finally answers with HTML that carries links.
    pub fn has_links(self) -> bool {
        matches!(self, Self::Page | Self::Flaky { .. } | Self::Duplicate)
    }
}

/// Seed and page count: all that a web is.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    seed: u64,
    pages: u32,
    /// Whether a part is forbidden to crawlers.
    forbidden: bool,
}

impl Plan {
    /// A web of `pages` numbers, at least the entry.
    pub fn new(seed: u64, pages: u32) -> Self {
        Self { seed, pages: pages.max(1), forbidden: false }
    }

    /// The same web with a part of it forbidden to crawlers, or without.
    pub fn with_forbidden(self, forbidden: bool) -> Self {
        Self { forbidden, ..self }
    }

    /// How many numbers there are.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// The dice for one property of a number.
    pub fn dice(&self, n: u32, topic: Topic) -> Dice {
        Dice::new(self.seed, n, topic)
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

    /// What answers under `n`.
    pub fn kind(&self, n: u32) -> Kind {
        if n == 0 {
            return Kind::Page;
        }
        let mut dice = self.dice(n, Topic::Kind);
        let roll = dice.below(1000);
        if roll < 12 {
            return Kind::Flaky { failures: 1 + dice.below(2) as u8, closes: dice.chance(400) };
        }
        if !self.children(n).is_empty() {
            return Kind::Page;
        }
        match roll {
            12..25 => Kind::Missing,
            25..29 => Kind::Gone,
            29..53 => Kind::Redirect,
            53..57 => Kind::Broken,
            57..68 => Kind::Duplicate,
            68..77 => Kind::Pdf,
            77..85 => Kind::Text,
            85..93 => Kind::Json,
            _ => Kind::Page,
        }
    }

    /// Only its parent links to `n`, and not by an anchor: a crawl that overlooks one kind of
    /// link, or resolves it wrongly, misses it.
    pub fn is_shy(&self, n: u32) -> bool {
        n > 0 && self.children(n).is_empty() && self.dice(n, Topic::Shy).chance(40)
    }

    /// Whether a part is forbidden to crawlers.
    pub fn forbids(&self) -> bool {
        self.forbidden
    }

    /// `robots.txt` forbids `n`: only ever a page without children, so that nothing hides
    /// behind it.
    pub fn is_private(&self, n: u32) -> bool {
        self.forbidden
            && n > 0
            && self.children(n).is_empty()
            && self.kind(n) == Kind::Page
            && self.dice(n, Topic::Private).chance(20)
    }

    /// The host of `n`; the hosts are of unequal size.
    pub fn host(&self, n: u32) -> usize {
        if n == 0 {
            return 0;
        }
        match self.dice(n, Topic::Host).below(100) {
            0..34 => 0,
            34..62 => 1,
            62..84 => 2,
            _ => 3,
        }
    }

    /// Where redirect `n` ends: never at another redirect nor at anything that fails for a
    /// while, or two rows would share one page's attempts.
    pub fn target(&self, n: u32) -> u32 {
        self.seek(n, |m| {
            let kind = self.kind(m);
            let odd = matches!(
                kind,
                Kind::Redirect | Kind::Flaky { .. } | Kind::Broken | Kind::Duplicate
            );
            !odd && !self.is_private(m)
        })
    }

    /// The page that duplicate `n` repeats.
    pub fn original(&self, n: u32) -> u32 {
        self.seek(n, |m| self.kind(m) == Kind::Page && !self.is_shy(m) && !self.is_private(m))
    }

    fn seek(&self, n: u32, fits: impl Fn(u32) -> bool) -> u32 {
        let mut dice = self.dice(n, Topic::Target);
        (0..32).map(|_| dice.below(self.pages)).find(|m| fits(*m)).unwrap_or(0)
    }

    /// How many redirects the chain of `n` has: 1 to 3.
    pub fn hops(&self, n: u32) -> u32 {
        match self.dice(n, Topic::Hops).below(10) {
            0..6 => 1,
            6..9 => 2,
            _ => 3,
        }
    }

    /// The host that answers hop `hop` of redirect `n`.
    pub fn hop_host(&self, n: u32, hop: u32) -> usize {
        let own = self.host(n);
        if hop == 0 { own } else { (own + (self.hop_roll(n, hop) & 1) as usize) % HOSTS }
    }

    /// The status of hop `hop` of redirect `n`.
    pub fn hop_status(&self, n: u32, hop: u32) -> u16 {
        [301, 302, 307, 308][(self.hop_roll(n, hop) >> 8) as usize % 4]
    }

    fn hop_roll(&self, n: u32, hop: u32) -> u64 {
        let mut dice = self.dice(n, Topic::Hops);
        (0..=hop).fold(0, |_, _| dice.roll())
    }

    /// The final status of `n`, after redirects and attempts.
    pub fn status(&self, n: u32) -> u16 {
        match self.kind(n) {
            Kind::Missing => 404,
            Kind::Gone => 410,
            Kind::Broken => 500,
            Kind::Redirect => self.status(self.target(n)),
            _ => 200,
        }
    }

    /// The time until `n` answers: around 40 ms, a few per cent up to 1.5 s; the last host is
    /// slower than the others.
    pub fn latency(&self, n: u32) -> Duration {
        let mut dice = self.dice(n, Topic::Latency);
        let slow_host = if self.host(n) == HOSTS - 1 { 1.5 } else { 0.95 };
        let ms = if dice.chance(30) {
            400.0 + f64::from(dice.below(1100))
        } else {
            dice.log_normal(40.0, 0.6) * slow_host
        };
        Duration::from_secs_f64(ms.clamp(2.0, 1500.0) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_occurs_and_redirects_end() {
        let plan = Plan::new(1, 10_000);
        let count = |fits: fn(Kind) -> bool| (0..10_000).filter(|n| fits(plan.kind(*n))).count();
        assert!((60..200).contains(&count(|k| k == Kind::Missing)));
        assert!((130..300).contains(&count(|k| k == Kind::Redirect)));
        assert!((60..200).contains(&count(|k| matches!(k, Kind::Flaky { .. }))));
        assert!(count(|k| k == Kind::Broken) > 5 && count(|k| k == Kind::Gone) > 5);
        for n in (0..10_000).filter(|n| plan.kind(*n) == Kind::Redirect) {
            assert_ne!(plan.kind(plan.target(n)), Kind::Redirect);
        }
    }

    #[test]
    fn latencies_are_spread_around_their_median() {
        let plan = Plan::new(1, 10_000);
        let mut all: Vec<_> = (0..10_000).map(|n| plan.latency(n).as_millis()).collect();
        all.sort_unstable();
        assert!((35..50).contains(&all[5000]), "median {} ms", all[5000]);
        assert!(all[9900] > 400 && all[9999] <= 1500);
    }
}
