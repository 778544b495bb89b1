//! The content of a robots.txt that applies to this crawler.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::agents::RobotsAgents;
#[cfg(doc)]
use super::parser::MAX_SITEMAPS;
use super::parser::{RulesParser, directive};
use super::pattern::{Side, normalise};
use super::rules::{Decision, Rules};

/// Maximum length of a robots.txt that is read, in bytes (RFC 9309, 2.5).
pub const MAX_BYTES: usize = 500 << 10;

/// The rules, the delay and the sitemaps of a robots.txt that apply to this crawler.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RobotsTxt {
    rules: Rules,
    delay: Option<Duration>,
    sitemaps: Vec<Url>,
    cut: bool,
    named: bool,
}

impl RobotsTxt {
    /// Parses a robots.txt for the agent `names`: the rules of all groups that name one of them
    /// (compared without case, up to the first character that is not part of a product token), else of
    /// all groups for `*`, else none.
    ///
    /// Any bytes are accepted: unknown lines are skipped, a colon may be missing, and the known
    /// misspellings of `Disallow` count. At most [`MAX_BYTES`] are read, up to the end of a line. Lines
    /// that RFC 9309 does not define, `Crawl-delay` and `Sitemap` among them, never end
    /// a group (2.2.4). Of several delays the longest counts.
    #[must_use]
    #[cfg(feature = "internals")]
    pub fn parse(bytes: &[u8], names: &RobotsAgents) -> Self {
        Self::parse_at(None, bytes, names)
    }

    /// Like [`Self::parse`], for the file at `url`: relative URLs of sitemaps are resolved against it.
    #[must_use]
    pub fn parse_at(url: Option<&Url>, bytes: &[u8], names: &RobotsAgents) -> Self {
        let cut = bytes.len() > MAX_BYTES;
        let text = if cut { whole_lines(bytes) } else { bytes };
        // A byte order mark, possibly incomplete.
        let text = text.strip_prefix(b"\xEF").unwrap_or(text);
        let text = text.strip_prefix(b"\xBB").unwrap_or(text);
        let text = text.strip_prefix(b"\xBF").unwrap_or(text);
        let mut parser = RulesParser::at(url);
        for line in text.split(|&byte| matches!(byte, b'\n' | b'\r')) {
            if let Some((key, value)) = directive(line) {
                parser.take(key, value, names);
            }
        }
        let named = parser.named.seen;
        let group = if named { parser.named } else { parser.any };
        Self {
            rules: Rules::index(group.lines),
            delay: group.delay,
            sitemaps: parser.sitemaps,
            cut,
            named,
        }
    }

    /// Whether path and query of a URL (`/search?q=1`) may be fetched: by the longest rule that
    /// matches, by `Allow` among equals; `/robots.txt` always.
    ///
    /// The cost is one pass over the path, one binary search among the rules without wildcard, one
    /// bit test for each rule with a wildcard, and a comparison with the few that remain: about 1 µs
    /// with a hundred rules, about 50 µs with 20,000 wildcards.
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

    /// The gap between two requests that `Crawl-delay` demands.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// The sitemaps in the file, at most [`MAX_SITEMAPS`]: absolute `http` and `https` URLs,
    /// distinct, without fragment, user and password.
    #[must_use]
    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// The number of rules that apply to this crawler.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Approximate memory use, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sitemaps: usize =
            self.sitemaps.iter().map(|url| size_of::<Url>() + url.as_str().len()).sum();
        size_of::<Self>() + self.rules.bytes() + sitemaps
    }
}

/// What only tests ask.
#[cfg(feature = "internals")]
impl RobotsTxt {
    /// Whether the rules are from groups that name this crawler, not from groups for `*`.
    #[must_use]
    pub const fn has_own_group(&self) -> bool {
        self.named
    }

    /// Whether the file was longer than [`MAX_BYTES`], so that its end was not read.
    #[must_use]
    pub const fn cut(&self) -> bool {
        self.cut
    }
}

/// A short line for the user: `12 rules, delay 2 s, 1 sitemap`.
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

/// The complete lines within [`MAX_BYTES`]: a cut `Allow` would allow too much.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes[..=MAX_BYTES].iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    &bytes[..end.unwrap_or(0)]
}
