//! What a robots.txt says to us.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::agents::RobotsAgents;
#[cfg(doc)]
use super::parser::MAX_SITEMAPS;
use super::parser::{RulesParser, directive};
use super::pattern::{Side, normalise};
use super::rules::{Decision, Rules};

/// So much of a robots.txt is read, in bytes (RFC 9309, 2.5).
pub const MAX_BYTES: usize = 500 << 10;

/// What a robots.txt says to us.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RobotsTxt {
    rules: Rules,
    delay: Option<Duration>,
    sitemaps: Vec<Url>,
    cut: bool,
    named: bool,
}

impl RobotsTxt {
    /// Reads a robots.txt for us, by our `names`: the rules of all groups that name one
    /// (in any case, up to the first character that no product name has), else of all groups for
    /// `*`, else none.
    ///
    /// Any bytes will do: what is no line of a robots.txt is skipped, a colon may be missing and
    /// the known misspellings of `Disallow` count. At most [`MAX_BYTES`] are read, to the end of a
    /// line. Lines that RFC 9309 does not know, `Crawl-delay` and `Sitemap` among them, never end
    /// a group (2.2.4). Of several delays the longest counts.
    #[must_use]
    pub fn parse(bytes: &[u8], names: &RobotsAgents) -> Self {
        let cut = bytes.len() > MAX_BYTES;
        let text = if cut { whole_lines(bytes) } else { bytes };
        // A byte order mark, or what a careless editor left of it.
        let text = text.strip_prefix(b"\xEF").unwrap_or(text);
        let text = text.strip_prefix(b"\xBB").unwrap_or(text);
        let text = text.strip_prefix(b"\xBF").unwrap_or(text);
        let mut reader = RulesParser::default();
        for line in text.split(|&byte| matches!(byte, b'\n' | b'\r')) {
            if let Some((key, value)) = directive(line) {
                reader.take(key, value, names);
            }
        }
        let named = reader.named.seen;
        let group = if named { reader.named } else { reader.any };
        Self {
            rules: Rules::index(group.lines),
            delay: group.delay,
            sitemaps: reader.sitemaps,
            cut,
            named,
        }
    }

    /// Whether path and query of a URL (`/search?q=1`) may be fetched: by the longest rule that
    /// matches, by `Allow` among equals; `/robots.txt` always.
    ///
    /// Costs one pass over the path, one binary search among the rules without wildcard, one
    /// look at a bit for each rule with one, and a comparison with the few that are left: a
    /// microsecond with a hundred rules, some 50 µs with 20,000 wildcards.
    #[must_use]
    pub fn allows(&self, path_and_query: &str) -> bool {
        self.decide(path_and_query).allowed
    }

    /// Like [`Self::allows`], with the rule that decides.
    #[must_use]
    pub fn decide(&self, path_and_query: &str) -> Decision<'_> {
        let path = path_and_query.split('#').next().unwrap_or_default();
        let path = normalise(path.as_bytes(), Side::Path);
        if path == "/robots.txt" {
            return Decision { allowed: true, pattern: None, compared: 0 };
        }
        self.rules.decide(&path)
    }

    /// The gap between two requests that `Crawl-delay` asks for.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// The sitemaps it names, at most [`MAX_SITEMAPS`]: absolute `http` and `https` URLs,
    /// distinct, without fragment, user and password.
    #[must_use]
    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// Rules that apply to us.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Whether a group names us, rather than everybody.
    #[must_use]
    pub const fn names_us(&self) -> bool {
        self.named
    }

    /// Whether it was longer than [`MAX_BYTES`], so that its end was not read.
    #[must_use]
    pub const fn cut(&self) -> bool {
        self.cut
    }

    /// Memory held, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sitemaps: usize =
            self.sitemaps.iter().map(|url| size_of::<Url>() + url.as_str().len()).sum();
        size_of::<Self>() + self.rules.bytes() + sitemaps
    }
}

/// For a line on the screen: `12 rules, delay 2 s, 1 sitemap`.
impl fmt::Display for RobotsTxt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rules() {
            0 => f.write_str("no rules")?,
            1 => f.write_str("1 rule")?,
            rules => write!(f, "{rules} rules")?,
        }
        if let Some(delay) = self.delay {
            write!(f, ", delay {} s", delay.as_secs_f64())?;
        }
        match self.sitemaps.len() {
            0 => {}
            1 => f.write_str(", 1 sitemap")?,
            sitemaps => write!(f, ", {sitemaps} sitemaps")?,
        }
        if self.cut {
            write!(f, ", cut at {} KiB", MAX_BYTES >> 10)?;
        }
        Ok(())
    }
}

/// The lines that are whole within [`MAX_BYTES`]: half an `Allow` would allow too much.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes[..=MAX_BYTES].iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    &bytes[..end.unwrap_or(0)]
}
