//! Parses the lines of a robots.txt into groups by agent.

use std::time::Duration;

use url::Url;

use super::agents::RobotsAgents;
use super::rules::RuleLine;
use crate::web::url::{resolve, strip_user, trim_invisible, url_text};

/// Maximum number of sitemaps taken from one robots.txt.
pub const MAX_SITEMAPS: usize = 500;

/// Maximum length of a sitemap URL, in bytes.
const MAX_SITEMAP_URL: usize = 2048;

/// Maximum `Crawl-delay`, in seconds (one year); a longer one is reduced to it.
const MAX_DELAY_S: f64 = 365.0 * 86_400.0;

/// The kind of a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Directive {
    Agent,
    Rule { allow: bool },
    Delay,
    Sitemap,
}

/// The directive and the value of a line; `None` for an unknown line.
pub(super) fn directive(line: &[u8]) -> Option<(Directive, &[u8])> {
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

fn key(name: &[u8]) -> Option<Directive> {
    const MAX_KEY: usize = 16;
    let name = name.trim_ascii();
    if name.len() > MAX_KEY {
        return None;
    }
    let mut plain = [0; MAX_KEY];
    let mut len = 0;
    for byte in name.iter().filter(|byte| !matches!(byte, b'-' | b'_' | b' ' | b'\t')) {
        plain[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    Some(match &plain[..len] {
        b"useragent" => Directive::Agent,
        b"allow" => Directive::Rule { allow: true },
        b"disallow" | b"dissallow" | b"dissalow" | b"disalow" | b"diasllow" | b"disallaw" => {
            Directive::Rule { allow: false }
        }
        b"crawldelay" => Directive::Delay,
        b"sitemap" => Directive::Sitemap,
        _ => return None,
    })
}

/// The lines for one kind of agent.
#[derive(Debug, Default)]
pub(super) struct AgentGroup {
    /// Whether any `User-agent` line named it.
    pub(super) seen: bool,
    /// Whether the next lines belong to it.
    pub(super) open: bool,
    pub(super) lines: Vec<RuleLine>,
    pub(super) delay: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct RulesParser {
    /// The groups that name this crawler.
    pub(super) named: AgentGroup,
    /// The groups for `*`.
    pub(super) any: AgentGroup,
    /// Whether a rule followed the run of agents, so that the next agent begins a new group.
    in_rules: bool,
    pub(super) sitemaps: Vec<Url>,
    /// The URL of the robots.txt; without it, only absolute URLs of sitemaps count.
    base: Option<Url>,
}

impl RulesParser {
    /// The parser for the file at `url`.
    pub(super) fn at(url: Option<&Url>) -> Self {
        Self { base: url.cloned(), ..Self::default() }
    }

    pub(super) fn take(&mut self, key: Directive, value: &[u8], names: &RobotsAgents) {
        match key {
            Directive::Agent => self.agent(value, names),
            Directive::Rule { allow } => {
                self.in_rules = true;
                // An empty rule matches no path.
                if !value.is_empty() {
                    for group in self.open_groups() {
                        group.lines.push(RuleLine { pattern: value.to_vec(), allow });
                    }
                }
            }
            Directive::Delay => {
                if let Some(delay) = delay(value) {
                    for group in self.open_groups() {
                        group.delay = group.delay.max(Some(delay));
                    }
                }
            }
            Directive::Sitemap => self.sitemap(value),
        }
    }

    fn open_groups(&mut self) -> impl Iterator<Item = &mut AgentGroup> {
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
        } else if names.contains(&value[..token]) {
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
        let text = url_text(value);
        let text = trim_invisible(&text);
        if text.is_empty() {
            return;
        }
        let parsed = match &self.base {
            Some(base) => resolve(base, text),
            None => Url::parse(text),
        };
        let Ok(mut url) = parsed else { return };
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        url.set_fragment(None);
        strip_user(&mut url);
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
