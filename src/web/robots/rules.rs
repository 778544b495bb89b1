//! The rules of one group, indexed: which one decides for a path.
//!
//! Rules without wildcard are sorted, so that the longest that begins a path is found by one
//! binary search; each of the others names a few bytes that a path must hold for it to be
//! looked at. It knows neither lines nor agents.

use super::pattern::{Side, matches, normalise};

/// Bits in which the short strings of a path are noted.
const BITS: usize = 1 << 13;
/// Longest such string, in bytes.
const GRAM: usize = 4;
/// No shorter rule begins this one.
const NONE: u32 = u32::MAX;

/// A rule before it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleLine {
    pub(super) pattern: Vec<u8>,
    pub(super) allow: bool,
}

/// What decides between two rules: more octets, then `Allow` (RFC 9309, 2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RulePriority {
    octets: u32,
    allow: bool,
}

/// Where a pattern stands in the text of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PatternSpan {
    start: u32,
    len: u32,
}

/// A rule that matches all that begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    span: PatternSpan,
    /// The longest other rule that begins this one.
    parent: u32,
    /// The rule that decides where this one matches: itself, nearly always.
    best: u32,
    weight: RulePriority,
}

/// A rule with `*` or `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wild {
    span: PatternSpan,
    weight: RulePriority,
    /// A path without this string cannot match.
    bit: Option<u16>,
}

/// The rule that decides for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'robots> {
    /// Whether the path may be fetched.
    pub allowed: bool,
    /// The pattern that says so, in its normalised spelling; `None` when no rule matches.
    pub pattern: Option<&'robots str>,
    /// Rules compared with the path to find it.
    pub compared: usize,
}

/// The rules of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    text: Box<str>,
    /// In the order of their patterns.
    plain: Box<[Plain]>,
    /// Heaviest first.
    wild: Box<[Wild]>,
}

impl Rules {
    pub(super) fn index(lines: Vec<RuleLine>) -> Self {
        let mut patterns: Vec<(String, RulePriority)> = lines
            .into_iter()
            .map(|line| {
                let mut text = normalise(&line.pattern, Side::Pattern);
                let weight = RulePriority { octets: text.len() as u32, allow: line.allow };
                if text.ends_with('*') {
                    text.pop();
                }
                (text, weight)
            })
            .collect();
        patterns.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        patterns.dedup_by(|later, kept| later.0 == kept.0);
        let mut text = String::with_capacity(patterns.iter().map(|(text, _)| text.len()).sum());
        let (mut plain, mut wild) = (Vec::new(), Vec::new());
        for (pattern, weight) in &patterns {
            let span = PatternSpan { start: text.len() as u32, len: pattern.len() as u32 };
            text.push_str(pattern);
            if pattern.contains('*') || pattern.ends_with('$') {
                wild.push(Wild { span, weight: *weight, bit: None });
            } else {
                plain.push(Plain { span, parent: NONE, best: plain.len() as u32, weight: *weight });
            }
        }
        drop(patterns);
        let text = text.into_boxed_str();
        link(&text, &mut plain);
        note_bits(&text, &mut wild);
        wild.sort_by_key(|rule| std::cmp::Reverse(rule.weight));
        Self { text, plain: plain.into(), wild: wild.into() }
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.wild.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.plain) + size_of_val(&*self.wild)
    }

    /// The rule that decides for `path`, which is normalised.
    pub(super) fn decide(&self, path: &str) -> Decision<'_> {
        let mut compared = 0;
        let mut best = self.longest_beginning(path, &mut compared);
        let grams = if self.wild.is_empty() { None } else { Some(Grams::of(path)) };
        for rule in &self.wild {
            if best.is_some_and(|(weight, _)| weight >= rule.weight) {
                break;
            }
            if rule.bit.is_some_and(|bit| grams.as_ref().is_some_and(|grams| !grams.hold(bit))) {
                continue;
            }
            compared += 1;
            if matches(slice(&self.text, rule.span), path) {
                best = Some((rule.weight, rule.span));
                break;
            }
        }
        Decision {
            allowed: best.is_none_or(|(weight, _)| weight.allow),
            pattern: best.map(|(_, span)| slice(&self.text, span)),
            compared,
        }
    }

    /// The heaviest plain rule that `path` begins with.
    fn longest_beginning(
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
        // The rules that begin `path` all begin its neighbour too, as far as both agree.
        while self.plain[at].span.len as usize > common {
            at = Some(self.plain[at].parent).filter(|&parent| parent != NONE)? as usize;
        }
        let best = &self.plain[self.plain[at].best as usize];
        Some((best.weight, best.span))
    }
}

fn slice(text: &str, span: PatternSpan) -> &str {
    &text[span.start as usize..(span.start + span.len) as usize]
}

/// Finds for each rule, in sorted order, the rules that begin it.
fn link(text: &str, plain: &mut [Plain]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..plain.len() {
        let pattern = slice(text, plain[at].span);
        while open.last().is_some_and(|&p| !pattern.starts_with(slice(text, plain[p].span))) {
            open.pop();
        }
        if let Some(&parent) = open.last() {
            plain[at].parent = parent as u32;
            let heir = plain[parent].best;
            if plain[heir as usize].weight > plain[at].weight {
                plain[at].best = heir;
            }
        }
        open.push(at);
    }
}

/// Chooses for each rule the string that the fewest other rules hold.
fn note_bits(text: &str, wild: &mut [Wild]) {
    let mut counts = vec![0_u32; BITS];
    for rule in wild.iter() {
        for gram in grams_of(slice(text, rule.span)) {
            counts[usize::from(bit(gram))] += 1;
        }
    }
    for rule in wild {
        rule.bit =
            grams_of(slice(text, rule.span)).map(bit).min_by_key(|&b| counts[usize::from(b)]);
    }
}

/// The strings that a path must hold: the longest possible ones of each literal part.
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

/// All strings of up to [`GRAM`] bytes in a path, as a filter.
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

    fn hold(&self, bit: u16) -> bool {
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
