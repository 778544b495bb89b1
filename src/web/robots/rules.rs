//! An index of the rules of one group: finds the rule that decides for a path.
//!
//! Rules without wildcard are sorted, so that the longest prefix of a path is found by one binary
//! search. Each rule with a wildcard has a short string that a path must contain; the rule is compared
//! only with such paths. This module knows neither lines nor agents.

use hashbrown::HashMap;

use super::pattern::{Side, matches, normalise};

/// Bits of the filter of short strings of a path.
const BITS: usize = 1 << 13;
/// Maximum length of such a string, in bytes.
const GRAM: usize = 4;
/// No other rule is a prefix of this one.
const NONE: u32 = u32::MAX;

/// A rule before it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleLine {
    pub(super) pattern: Vec<u8>,
    pub(super) allow: bool,
}

/// The priority of a rule: more octets first, then `Allow` (RFC 9309, 2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RulePriority {
    octets: u32,
    allow: bool,
}

/// The position of a pattern in the joined text of all patterns, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PatternSpan {
    start: u32,
    len: u32,
}

/// A rule without wildcard, which matches all paths that begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PrefixRule {
    span: PatternSpan,
    /// The index of the longest other rule that is a prefix of this one.
    parent: u32,
    /// The index of the rule that decides where this one matches: nearly always itself.
    best: u32,
    priority: RulePriority,
}

/// A rule with `*` or `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WildcardRule {
    span: PatternSpan,
    priority: RulePriority,
    /// The filter bit of a string that every matching path contains.
    bit: Option<u16>,
}

/// The rule that decides for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'robots> {
    /// Whether the path may be fetched.
    pub allowed: bool,
    /// The pattern of the deciding rule, normalised; `None` when no rule matches.
    pub pattern: Option<&'robots str>,
    /// The number of rules compared with the path.
    pub compared: usize,
}

/// The rules of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    text: Box<str>,
    /// Sorted by pattern.
    plain: Box<[PrefixRule]>,
    /// Highest priority first.
    wild: Box<[WildcardRule]>,
}

impl Rules {
    pub(super) fn index(lines: Vec<RuleLine>) -> Self {
        let mut patterns: Vec<(String, RulePriority)> = lines
            .into_iter()
            .map(|line| {
                let mut text = normalise(&line.pattern, Side::Pattern);
                let priority = RulePriority { octets: text.len() as u32, allow: line.allow };
                if text.ends_with('*') {
                    text.pop();
                }
                (text, priority)
            })
            .collect();
        patterns.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        patterns.dedup_by(|later, kept| later.0 == kept.0);
        let mut text = String::with_capacity(patterns.iter().map(|(text, _)| text.len()).sum());
        let (mut plain, mut wild) = (Vec::new(), Vec::new());
        for (pattern, priority) in &patterns {
            let span = PatternSpan { start: text.len() as u32, len: pattern.len() as u32 };
            text.push_str(pattern);
            if pattern.contains('*') || pattern.ends_with('$') {
                wild.push(WildcardRule { span, priority: *priority, bit: None });
            } else {
                plain.push(PrefixRule {
                    span,
                    parent: NONE,
                    best: plain.len() as u32,
                    priority: *priority,
                });
            }
        }
        drop(patterns);
        let text = text.into_boxed_str();
        link_prefixes(&text, &mut plain);
        choose_bits(&text, &mut wild);
        wild.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
        Self { text, plain: plain.into(), wild: wild.into() }
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.wild.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.plain) + size_of_val(&*self.wild)
    }

    /// The rule that decides for a normalised `path`.
    pub(super) fn decide(&self, path: &str) -> Decision<'_> {
        let mut compared = 0;
        let mut best = self.longest_prefix(path, &mut compared);
        let grams = if self.wild.is_empty() { None } else { Some(Grams::of(path)) };
        for rule in &self.wild {
            if best.is_some_and(|(priority, _)| priority >= rule.priority) {
                break;
            }
            if rule.bit.is_some_and(|bit| grams.as_ref().is_some_and(|grams| !grams.contains(bit)))
            {
                continue;
            }
            compared += 1;
            if matches(slice(&self.text, rule.span), path) {
                best = Some((rule.priority, rule.span));
                break;
            }
        }
        Decision {
            allowed: best.is_none_or(|(priority, _)| priority.allow),
            pattern: best.map(|(_, span)| slice(&self.text, span)),
            compared,
        }
    }

    /// The rule of highest priority among those without wildcard that are a prefix of `path`.
    fn longest_prefix(
        &self,
        path: &str,
        compared: &mut usize,
    ) -> Option<(RulePriority, PatternSpan)> {
        let behind = self.plain.partition_point(|rule| {
            *compared += 1;
            slice(&self.text, rule.span) <= path
        });
        let mut at = behind.checked_sub(1)?;
        let pattern = slice(&self.text, self.plain[at].span);
        let common = pattern.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        // The rules that are a prefix of `path` are also a prefix of this neighbour, within their common part.
        while self.plain[at].span.len as usize > common {
            at = Some(self.plain[at].parent).filter(|&parent| parent != NONE)? as usize;
        }
        let best = &self.plain[self.plain[at].best as usize];
        Some((best.priority, best.span))
    }
}

fn slice(text: &str, span: PatternSpan) -> &str {
    &text[span.start as usize..(span.start + span.len) as usize]
}

/// Sets for each rule, in sorted order, the longest rule that is a prefix of it, and the best rule.
fn link_prefixes(text: &str, plain: &mut [PrefixRule]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..plain.len() {
        let pattern = slice(text, plain[at].span);
        while open.last().is_some_and(|&p| !pattern.starts_with(slice(text, plain[p].span))) {
            open.pop();
        }
        if let Some(&parent) = open.last() {
            plain[at].parent = parent as u32;
            let inherited = plain[parent].best;
            if plain[inherited as usize].priority > plain[at].priority {
                plain[at].best = inherited;
            }
        }
        open.push(at);
    }
}

/// Chooses for each rule the string that the fewest other rules contain.
fn choose_bits(text: &str, wild: &mut [WildcardRule]) {
    let mut counts: HashMap<u16, u32> = HashMap::new();
    for rule in wild.iter() {
        for gram in grams_of(slice(text, rule.span)) {
            *counts.entry(bit(gram)).or_default() += 1;
        }
    }
    for rule in wild {
        rule.bit = grams_of(slice(text, rule.span)).map(bit).min_by_key(|b| counts.get(b));
    }
}

/// The strings that a matching path must contain: from each literal part, those of the maximum length.
fn grams_of(pattern: &str) -> impl Iterator<Item = &[u8]> {
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    pattern.split('*').filter(|part| !part.is_empty()).flat_map(|part| {
        let part = part.as_bytes();
        part.windows(GRAM.min(part.len()))
    })
}

fn bit(gram: &[u8]) -> u16 {
    let word = gram.iter().fold(gram.len() as u64, |word, &byte| word << 8 | u64::from(byte));
    (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS.ilog2())) as u16
}

/// A filter of all strings of up to [`GRAM`] bytes in a path.
struct Grams([u64; BITS / 64]);

impl Grams {
    fn of(path: &str) -> Self {
        let mut bits = [0; BITS / 64];
        let path = path.as_bytes();
        for at in 0..path.len() {
            for end in at + 1..=(at + GRAM).min(path.len()) {
                let bit = usize::from(bit(&path[at..end]));
                bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        Self(bits)
    }

    fn contains(&self, bit: u16) -> bool {
        self.0[usize::from(bit) / 64] >> (bit % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn the_index_decides_as_a_look_at_every_rule(
            lines in prop::collection::vec(("[/*][ab/*]{0,5}[$]?", any::<bool>()), 0..12),
            path in "/[ab/]{0,8}",
        ) {
            let expected = lines
                .iter()
                .map(|(pattern, allow)| (normalise(pattern.as_bytes(), Side::Pattern), *allow))
                .filter(|(pattern, _)| matches(pattern, &path))
                .max_by_key(|(pattern, allow)| (pattern.len(), *allow))
                .is_none_or(|(_, allow)| allow);
            let lines = lines
                .into_iter()
                .map(|(pattern, allow)| RuleLine { pattern: pattern.into_bytes(), allow })
                .collect();
            prop_assert_eq!(Rules::index(lines).decide(&path).allowed, expected);
        }
    }
}
