//! The plan of the generated web: what the page of a number is, where it lives, how long it
//! takes. All of it follows from seed and page count; nothing is stored per page.
//!
//! It must not know ports, HTML or HTTP.
//!
//! Page 0 is the entry. Pages form a tree of [`FANOUT`] children each (page `n` has
//! `8n + 1 ..= 8n + 8`), so that everything is reachable; only pages without children may be
//! anything else than a page that finally answers 200 with its links.

use std::fmt::Write as _;
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
        /// Fails by closing the connection instead of a 503.
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

/// What an address of a host stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The page of this number.
    Number(u32),
    /// Hop `1..` of the redirect of this number.
    Hop(u32, u32),
}

/// Seed and page count: all that a web is.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    seed: u64,
    pages: u32,
}

/// Kept percent-encoded, as a canonical URL has them.
const SECTIONS: [&str; 10] = [
    "harbours",
    "rivers",
    "letters",
    "museum",
    "stra%C3%9Fen",
    "islands",
    "r%C3%ADos",
    "maps",
    "%E7%81%AF%E5%8F%B0",
    "%D0%BA%D0%B0%D1%80%D1%82%D1%8B",
];

/// Without digits: the last run of digits in a path is the page's number.
const SLUGS: [&str; 16] = [
    "quiet-bay",
    "north-pier",
    "old-light",
    "salt-road",
    "gl%C3%BCcksburg",
    "ferry-times",
    "tide-table",
    "caf%C3%A9-du-port",
    "signal-book",
    "chart-room",
    "%E6%B8%AF",
    "storm-log",
    "keeper",
    "Fog_Horn",
    "rope.and.sail",
    "sm%C3%B8rebr%C3%B8d",
];

impl Plan {
    /// A web of `pages` numbers, at least the entry.
    pub fn new(seed: u64, pages: u32) -> Self {
        Self { seed, pages: pages.max(1) }
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

    /// Path and query of `n`, in canonical form.
    pub fn path(&self, n: u32) -> String {
        if n == 0 {
            return "/".to_owned();
        }
        let mut dice = self.dice(n, Topic::Path);
        let section = dice.pick(&SECTIONS);
        let slug = dice.pick(&SLUGS);
        match self.kind(n) {
            Kind::Missing => format!("/old/{slug}-{n}"),
            Kind::Gone => format!("/archive/{slug}-{n}"),
            Kind::Redirect => format!("/go/{n}"),
            Kind::Broken => format!("/app/{slug}-{n}"),
            Kind::Pdf => format!("/files/{slug}-{n}.pdf"),
            Kind::Text => format!("/files/{slug}-{n}.txt"),
            Kind::Json => format!("/data/{slug}-{n}.json"),
            Kind::Page | Kind::Flaky { .. } | Kind::Duplicate => match dice.below(20) {
                0..7 => format!("/{section}/{slug}-{n}"),
                7..12 => format!("/{section}/{slug}-{n}.html"),
                12..15 => format!("/{section}/{n}/"),
                15..17 => format!("/{section}/{slug}/{n}"),
                17 => format!("/{section}/item?id={n}&view=full"),
                18 => format!("/deep/{section}/{slug}/page/{n}.html"),
                _ => format!("/{slug}-{n}.html"),
            },
        }
    }

    /// What stands at this path and query of a host; the inverse of [`Self::path`].
    pub fn find(&self, host: usize, path: &str) -> Option<Place> {
        let path = upper_case_escapes(path);
        if path == "/" {
            return (host == 0).then_some(Place::Number(0));
        }
        if let Some((n, hop)) = path.strip_prefix("/go/").and_then(|rest| rest.split_once('/')) {
            let (n, hop) = (self.number(n)?, self.number(hop)?);
            let known = self.kind(n) == Kind::Redirect && (1..self.hops(n)).contains(&hop);
            return (known && self.hop_host(n, hop) == host).then_some(Place::Hop(n, hop));
        }
        let end = path.rfind(|c: char| c.is_ascii_digit())? + 1;
        let start = path[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        let n = self.number(&path[start..end])?;
        (self.host(n) == host && self.path(n) == path).then_some(Place::Number(n))
    }

    fn number(&self, digits: &str) -> Option<u32> {
        digits.parse().ok().filter(|n| *n < self.pages)
    }

    /// Where redirect `n` ends: never at another redirect nor at anything that fails for a
    /// while, or two rows would share one page's attempts.
    pub fn target(&self, n: u32) -> u32 {
        self.seek(n, |m| {
            let kind = self.kind(m);
            !matches!(kind, Kind::Redirect | Kind::Flaky { .. } | Kind::Broken | Kind::Duplicate)
        })
    }

    /// The page that duplicate `n` repeats.
    pub fn original(&self, n: u32) -> u32 {
        self.seek(n, |m| self.kind(m) == Kind::Page && !self.is_shy(m))
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

    /// The path of hop `hop` of redirect `n`.
    pub fn hop_path(&self, n: u32, hop: u32) -> String {
        let mut path = self.path(n);
        if hop > 0 {
            let _ = write!(path, "/{hop}");
        }
        path
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

fn upper_case_escapes(path: &str) -> String {
    let mut hex_left = 0;
    path.chars()
        .map(|c| match (c, hex_left) {
            ('%', _) => {
                hex_left = 2;
                c
            }
            (c, 1..) => {
                hex_left -= 1;
                c.to_ascii_uppercase()
            }
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_back_to_its_number() {
        let plan = Plan::new(7, 5000);
        for n in 0..5000 {
            let (host, path) = (plan.host(n), plan.path(n));
            assert_eq!(plan.find(host, &path), Some(Place::Number(n)), "{path}");
            assert_eq!(plan.find((host + 1) % HOSTS, &path), None, "{path}");
        }
        assert_eq!(plan.find(0, "/old/unknown-99999999999"), None);
    }

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
