//! Finds session ids and random-looking parts in URLs, and removes or masks them.

use super::shape::Shape;

/// Parameters that always hold a session id.
const SESSION_PARAMETERS: [&str; 9] = [
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "sessionid",
    "session_id",
    "sessid",
    "oscsid",
    "zenid",
    "cftoken",
];
/// Parameters that hold a session id if they hold a long random token.
const AMBIGUOUS_PARAMETERS: [&str; 8] =
    ["sid", "s", "sess", "session", "xtsid", "_sid", "token", "cfid"];
/// Minimum length of a random-looking token, in bytes.
const MIN_TOKEN: usize = 16;

/// Minimum length of a random-looking part of a path, in bytes.
const MIN_PART: usize = 8;

/// Writes path and query without session ids to `out`; returns whether there were any.
pub(super) fn strip_sessions(shape: Shape<'_>, out: &mut String) -> bool {
    let in_path = shape.path.bytes().any(|byte| matches!(byte, b';' | b'('));
    if !in_path && shape.query.is_none() {
        return false;
    }
    out.clear();
    let mut found = false;
    if in_path {
        for segment in shape.segments() {
            if is_asp_session(segment) {
                found = true;
                continue;
            }
            out.push('/');
            for (n, part) in segment.split(';').enumerate() {
                let is_id = n > 0
                    && part.split_once('=').is_some_and(|(key, value)| is_session(key, value));
                if is_id {
                    found = true;
                } else {
                    out.push_str(if n > 0 { ";" } else { "" });
                    out.push_str(part);
                }
            }
        }
    } else {
        out.push_str(shape.path.strip_suffix('/').unwrap_or(shape.path));
    }
    for (key, value) in shape.pairs() {
        if is_session(key, value) {
            found = true;
        } else {
            out.push('&');
            out.push_str(key);
            out.push('=');
            out.push_str(value);
        }
    }
    found
}

/// Whether a segment is a session id of ASP.NET: `(S(abc))`, `(X(1)S(abc))`.
fn is_asp_session(segment: &str) -> bool {
    segment.starts_with('(') && segment.ends_with("))") && segment.contains("S(")
}

/// Writes path and query to `out` with `*` for each random-looking part of a segment, and returns the
/// offset in `out` behind the first; `None` when there is none. Long numbers are masked too, but do not
/// count as random-looking.
pub(super) fn mask_random(shape: Shape<'_>, out: &mut String) -> Option<usize> {
    if !shape.path.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    out.clear();
    let mut first = None;
    for segment in shape.segments() {
        out.push('/');
        let mut rest = segment;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let uuid = rest.get(..36).filter(|text| is_uuid(text));
            let part = uuid.unwrap_or(&rest[..end]);
            let number = part.len() >= MIN_PART && part.bytes().all(|byte| byte.is_ascii_digit());
            if uuid.is_some() || is_token(part) {
                out.push('*');
                first.get_or_insert(out.len());
            } else {
                out.push_str(if number { "*" } else { part });
            }
            rest = &rest[part.len()..];
            let other = rest.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            out.push_str(&rest[..other]);
            rest = &rest[other..];
        }
    }
    if let Some(query) = shape.query {
        out.push('?');
        out.push_str(query);
    }
    first
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Whether a part looks random: hexadecimal with letters and digits, or many changes between them.
fn is_token(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if part.len() < MIN_PART || digits == 0 || digits == part.len() {
        return false;
    }
    let turns =
        part.as_bytes().windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit());
    part.bytes().all(|byte| byte.is_ascii_hexdigit()) || turns.count() >= 3
}

fn is_session(key: &str, value: &str) -> bool {
    let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    if value.is_empty() || key.len() > 32 {
        return false;
    }
    let asp = key.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("aspsessionid"));
    is(&SESSION_PARAMETERS) || asp || (is(&AMBIGUOUS_PARAMETERS) && is_random(value))
}

/// Whether a value looks like hexadecimal or base64, not like a word or a number.
fn is_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    value.len() >= MIN_TOKEN
        && digits >= 3
        && letters >= 3
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+=.,!%".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_random_in_a_path_is_masked() {
        for (url, expected) in [
            ("http://h/s-0a1b2c3d/page", Some(("/s-*/page", 4))),
            ("http://h/s-12345678/page", None),
            ("http://h/x7k2m9q4z/a/12345678?b=1", Some(("/*/a/*?b=1", 2))),
            ("http://h/550e8400-e29b-41d4-a716-446655440000/a", Some(("/*/a", 2))),
            ("http://h/sid~0A1B2C3D4E/", Some(("/sid~*", 6))),
            ("http://h/windows11/model2020/part-12", None),
            ("http://h/\u{e9}-0a1b2c3d", Some(("/\u{e9}-*", 5))),
            ("http://h/words/deadbeef", None),
        ] {
            let mut out = String::new();
            let found = mask_random(Shape::of(url), &mut out);
            assert_eq!(found.map(|end| (out.as_str(), end)), expected, "{url}");
        }
    }

    #[test]
    fn session_ids_are_told_from_other_values() {
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        for (url, expected) in [
            (format!("http://h/a;jsessionid={id}"), Some("/a")),
            ("http://h/a;JSESSIONID=1.node?b=c".into(), Some("/a&b=c")),
            (format!("http://h/a;v=1;jsessionid={id}/b"), Some("/a;v=1/b")),
            ("http://h/(S(abc))/a".into(), Some("/a")),
            ("http://h/x/(X(1)S(abc))/a".into(), Some("/x/a")),
            (format!("http://h/a/?PHPSESSID={id}&b=c"), Some("/a&b=c")),
            ("http://h/?ASPSESSIONIDQQ=XY".into(), Some("")),
            (format!("http://h/a?sid={id}"), Some("/a")),
            (format!("http://h/a?s={id}&t=1"), Some("/a&t=1")),
            ("http://h/a?sid=5".into(), None),
            ("http://h/a?s=what-people-search-for".into(), None),
            ("http://h/a?s=1234567890123456789".into(), None),
            (format!("http://h/a?commit={id}"), None),
            ("http://h/a?PHPSESSID=".into(), None),
            ("http://h/wiki/Saturn_(planet)".into(), None),
            ("http://h/a;v=1".into(), None),
            ("http://h/a".into(), None),
        ] {
            let mut out = String::new();
            let found = strip_sessions(Shape::of(&url), &mut out);
            assert_eq!(found.then_some(out.as_str()), expected, "{url}");
        }
    }
}
