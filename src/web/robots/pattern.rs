//! Normalises paths and patterns, and matches a pattern against a path.
//!
//! In the normalised form, `*` and a final `$` of a pattern are always special: literal ones, and
//! those of a path, are escaped as `%2A` and `%24` (RFC 9309, 2.2.3). This module knows no rules.

/// What is normalised.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Path and query of a URL.
    Path,
    /// The value of an `Allow` or `Disallow` line.
    Pattern,
}

/// The normalised form of `input` (RFC 9309, 2.2.2): escapes of unreserved characters decoded, all
/// other escapes in upper case, all bytes that are not URL characters escaped. `%2F` and `/` stay
/// different in a path; in a query, where they mean the same, `%3A %2F %3F %40` are decoded.
pub(super) fn normalise(input: &[u8], side: Side) -> String {
    let mut out = String::with_capacity(input.len() + 8);
    let starts_well =
        input.first().is_some_and(|&b| b == b'/' || (side == Side::Pattern && b == b'*'));
    if !starts_well {
        out.push('/');
    }
    let mut in_query = false;
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        at += 1;
        match byte {
            b'%' => {
                let escaped = input.get(at..at + 2).and_then(hex);
                let Some(decoded) = escaped else {
                    escape(&mut out, b'%');
                    continue;
                };
                at += 2;
                let plain = is_unreserved(decoded)
                    || (in_query && matches!(decoded, b':' | b'/' | b'?' | b'@'));
                if plain { out.push(char::from(decoded)) } else { escape(&mut out, decoded) }
            }
            b'*' if side == Side::Pattern => {
                // Two stars are equivalent to one.
                if !out.ends_with('*') {
                    out.push('*');
                }
            }
            b'$' if side == Side::Pattern && at == input.len() => out.push('$'),
            b'*' | b'$' => escape(&mut out, byte),
            _ if is_unreserved(byte) || is_reserved(byte) => {
                in_query |= byte == b'?';
                out.push(char::from(byte));
            }
            _ => escape(&mut out, byte),
        }
    }
    out
}

fn hex(digits: &[u8]) -> Option<u8> {
    let high = char::from(digits[0]).to_digit(16)?;
    let low = char::from(digits[1]).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

fn escape(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// RFC 3986, 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, 2.2.
const fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'#'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}

/// Whether `pattern` matches the beginning of `path`, or all of it with a final `$`.
///
/// Each part between stars is searched once, after the previous part, without backtracking: the
/// leftmost match is always as good as any other. So the cost is one pass over path and pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = parts.next_back() else { return !anchored || rest.is_empty() };
    for part in parts {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    if anchored { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition of matching, by exhaustive search.
    fn by_definition(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, _) => true,
            (Some((b'$', [])), _) => path.is_empty(),
            (Some((b'*', rest)), None) => by_definition(rest, path),
            (Some((b'*', rest)), Some((_, later))) => {
                by_definition(rest, path) || by_definition(pattern, later)
            }
            (Some((a, rest)), Some((b, later))) => a == b && by_definition(rest, later),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn matching_is_what_its_definition_says(pattern in "/[ab/*]{0,8}[$]?", path in "/[ab/]{0,10}") {
            prop_assert_eq!(matches(&pattern, &path), by_definition(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn a_path_is_spelt_once(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let once = normalise(&bytes, Side::Path);
            prop_assert_eq!(normalise(once.as_bytes(), Side::Path), once);
        }
    }
}
