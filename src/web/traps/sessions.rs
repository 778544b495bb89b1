//! Session ids in URLs, and what is left without them.

use super::shape::Shape;

/// Parameters that hold nothing but a session id.
const CERTAIN: [&str; 9] = [
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
const PERHAPS: [&str; 8] = ["sid", "s", "sess", "session", "xtsid", "_sid", "token", "cfid"];
/// Shortest token that looks random.
const MIN_TOKEN: usize = 16;

/// Writes path and query without session ids, if there are any.
pub(super) fn strip(shape: Shape<'_>, out: &mut String) -> bool {
    let in_path = shape.path.bytes().any(|byte| matches!(byte, b';' | b'('));
    if !in_path && shape.query.is_none() {
        return false;
    }
    out.clear();
    let mut found = false;
    if in_path {
        for segment in shape.segments() {
            if is_asp(segment) {
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

/// `(S(abc))`, `(X(1)S(abc))`: what ASP.NET puts into paths.
fn is_asp(segment: &str) -> bool {
    segment.starts_with('(') && segment.ends_with("))") && segment.contains("S(")
}

fn is_session(key: &str, value: &str) -> bool {
    let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    if value.is_empty() || key.len() > 32 {
        return false;
    }
    let asp = key.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("aspsessionid"));
    is(&CERTAIN) || asp || (is(&PERHAPS) && is_random(value))
}

/// Whether it looks like hexadecimal or base64, rather than like a word or a number.
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
            let found = strip(Shape::of(&url), &mut out);
            assert_eq!(found.then_some(out.as_str()), expected, "{url}");
        }
    }
}
