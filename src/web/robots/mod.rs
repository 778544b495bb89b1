//! robots.txt (RFC 9309): what a host asks of us, and whether a path is allowed.
//!
//! Our own parser, because neither crate fits: `robotstxt` 0.3 reads the whole file again for every
//! URL and takes text, not bytes; `robotxt` 0.7 compares the whole value of `User-agent` (so that
//! `crawldeck/1.0` is a stranger, and the published case `Foo Bar` fails), lets `Crawl-delay` end a
//! run of agents (against 2.2.4) and looks at every rule for every path.
//!
//! It knows no host and no HTTP; [`Fate`] says what an answer means.

mod agents;
mod pattern;
mod policy;
mod rules;
mod tag;

use std::fmt;
use std::time::Duration;

use url::Url;

pub use agents::RobotsAgents;
use pattern::{Side, normalise};
pub use policy::{MAX_REDIRECTS, RobotsPolicy, RobotsResponse};
pub use rules::Decision;
use rules::{Line, Rules};
pub(super) use tag::meta_robots;
pub use tag::robots_tag;

/// So much of a robots.txt is read, in bytes (RFC 9309, 2.5).
pub const MAX_BYTES: usize = 500 << 10;
/// Sitemaps taken from one robots.txt at most.
pub const MAX_SITEMAPS: usize = 500;
/// Longest sitemap URL taken, in bytes.
const MAX_SITEMAP_URL: usize = 2048;
/// Longest gap that is believed to be meant, in seconds: one year.
const MAX_DELAY_S: f64 = 365.0 * 86_400.0;

/// What a robots.txt says to us.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Robots {
    rules: Rules,
    delay: Option<Duration>,
    sitemaps: Vec<Url>,
    cut: bool,
    named: bool,
}

impl Robots {
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
        let mut reader = Reader::default();
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
impl fmt::Display for Robots {
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

/// What a line is about.
#[derive(Debug, Clone, Copy)]
enum Key {
    Agent,
    Rule { allow: bool },
    Delay,
    Sitemap,
}

/// The key and the value of a line that means something.
fn directive(line: &[u8]) -> Option<(Key, &[u8])> {
    let comment = line.iter().position(|&byte| byte == b'#').unwrap_or(line.len());
    let line = line[..comment].trim_ascii();
    if let Some(colon) = line.iter().position(|&byte| byte == b':')
        && let Some(key) = key(&line[..colon])
    {
        return Some((key, line[colon + 1..].trim_ascii()));
    }
    // `disallow /`: two words and no colon.
    let space = line.iter().position(u8::is_ascii_whitespace)?;
    let value = line[space..].trim_ascii();
    let one_word = !value.iter().any(u8::is_ascii_whitespace);
    Some((key(&line[..space])?, value)).filter(|_| one_word)
}

fn key(name: &[u8]) -> Option<Key> {
    const LONGEST: usize = 16;
    let name = name.trim_ascii();
    if name.len() > LONGEST {
        return None;
    }
    let mut plain = [0; LONGEST];
    let mut len = 0;
    for byte in name.iter().filter(|byte| !matches!(byte, b'-' | b'_' | b' ' | b'\t')) {
        plain[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(match &plain[..len] {
        b"useragent" => Key::Agent,
        b"allow" => Key::Rule { allow: true },
        b"disallow" | b"dissallow" | b"dissalow" | b"disalow" | b"diasllow" | b"disallaw" => {
            Key::Rule { allow: false }
        }
        b"crawldelay" => Key::Delay,
        b"sitemap" => Key::Sitemap,
        _ => return None,
    })
}

/// What is said to one kind of agent.
#[derive(Debug, Default)]
struct Group {
    /// Whether it was named at all.
    seen: bool,
    /// Whether the lines that follow are said to it.
    open: bool,
    lines: Vec<Line>,
    delay: Option<Duration>,
}

#[derive(Debug, Default)]
struct Reader {
    /// Said to us by name.
    named: Group,
    /// Said to everybody.
    any: Group,
    /// Whether the run of agents is over, so that the next one begins a group.
    in_rules: bool,
    sitemaps: Vec<Url>,
}

impl Reader {
    fn take(&mut self, key: Key, value: &[u8], names: &RobotsAgents) {
        match key {
            Key::Agent => self.agent(value, names),
            Key::Rule { allow } => {
                self.in_rules = true;
                // An empty rule matches nothing, and so says nothing.
                if !value.is_empty() {
                    for group in self.open_groups() {
                        group.lines.push(Line { pattern: value.to_vec(), allow });
                    }
                }
            }
            Key::Delay => {
                if let Some(delay) = delay(value) {
                    for group in self.open_groups() {
                        group.delay = group.delay.max(Some(delay));
                    }
                }
            }
            Key::Sitemap => self.sitemap(value),
        }
    }

    fn open_groups(&mut self) -> impl Iterator<Item = &mut Group> {
        [&mut self.named, &mut self.any].into_iter().filter(|group| group.open)
    }

    fn agent(&mut self, value: &[u8], names: &RobotsAgents) {
        if self.in_rules {
            self.in_rules = false;
            self.named.open = false;
            self.any.open = false;
        }
        let token =
            value.iter().take_while(|b| b.is_ascii_alphabetic() || b"-_".contains(b)).count();
        let everybody =
            value.first() == Some(&b'*') && value.get(1).is_none_or(u8::is_ascii_whitespace);
        let group = if everybody {
            &mut self.any
        } else if names.contain(&value[..token]) {
            &mut self.named
        } else {
            return;
        };
        group.seen = true;
        group.open = true;
    }

    fn sitemap(&mut self, value: &[u8]) {
        if self.sitemaps.len() >= MAX_SITEMAPS || value.len() > MAX_SITEMAP_URL {
            return;
        }
        let Some(mut url) = std::str::from_utf8(value).ok().and_then(|text| Url::parse(text).ok())
        else {
            return;
        };
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        url.set_fragment(None);
        // Neither fails: an http URL has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if !self.sitemaps.contains(&url) {
            self.sitemaps.push(url);
        }
    }
}

/// Seconds, with or without a fraction; `None` for anything else, negative ones included.
fn delay(value: &[u8]) -> Option<Duration> {
    let plain = value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let seconds: f64 = std::str::from_utf8(value).ok().filter(|_| plain)?.parse().ok()?;
    Duration::try_from_secs_f64(seconds.min(MAX_DELAY_S)).ok()
}
