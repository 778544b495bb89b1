//! The lines of a robots.txt, sorted by the agents that they speak to.

use std::time::Duration;

use url::Url;

use super::agents::RobotsAgents;
use super::rules::RuleLine;

/// Sitemaps taken from one robots.txt at most.
pub const MAX_SITEMAPS: usize = 500;

/// Longest sitemap URL taken, in bytes.
const MAX_SITEMAP_URL: usize = 2048;

/// Longest gap that is believed to be meant, in seconds: one year.
const MAX_DELAY_S: f64 = 365.0 * 86_400.0;

/// What a line is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Directive {
    Agent,
    Rule { allow: bool },
    Delay,
    Sitemap,
}

/// The key and the value of a line that means something.
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

/// What is said to one kind of agent.
#[derive(Debug, Default)]
pub(super) struct AgentGroup {
    /// Whether it was named at all.
    pub(super) seen: bool,
    /// Whether the lines that follow are said to it.
    pub(super) open: bool,
    pub(super) lines: Vec<RuleLine>,
    pub(super) delay: Option<Duration>,
}

#[derive(Debug, Default)]
pub(super) struct RulesParser {
    /// Said to us by name.
    pub(super) named: AgentGroup,
    /// Said to everybody.
    pub(super) any: AgentGroup,
    /// Whether the run of agents is over, so that the next one begins a group.
    in_rules: bool,
    pub(super) sitemaps: Vec<Url>,
}

impl RulesParser {
    pub(super) fn take(&mut self, key: Directive, value: &[u8], names: &RobotsAgents) {
        match key {
            Directive::Agent => self.agent(value, names),
            Directive::Rule { allow } => {
                self.in_rules = true;
                // An empty rule matches nothing, and so says nothing.
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
