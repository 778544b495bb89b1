//! Reads the value of a `Refresh` header or of a `meta http-equiv=refresh` (HTML standard, "shared
//! declarative refresh steps").

/// What the value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh<'v> {
    /// It is no valid value.
    Invalid,
    /// The document reloads itself.
    Reload,
    /// The document is replaced by the one at this URL, which may be relative and may be empty.
    Navigate(&'v str),
}

/// Reads `value`.
pub(super) fn parse(value: &str) -> Refresh<'_> {
    let rest = skip_whitespace(value);
    let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if after_digits.len() == rest.len() && !rest.starts_with('.') {
        return Refresh::Invalid;
    }
    let rest = after_digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if rest.is_empty() {
        return Refresh::Reload;
    }
    if !rest.starts_with(|c: char| matches!(c, ';' | ',') || c.is_ascii_whitespace()) {
        return Refresh::Invalid;
    }
    let rest = skip_whitespace(rest);
    let rest = skip_whitespace(rest.strip_prefix([';', ',']).unwrap_or(rest));
    if rest.is_empty() { Refresh::Reload } else { Refresh::Navigate(target(rest)) }
}

/// The URL in `url='…'`, where both `url=` and the quotes may be missing.
fn target(text: &str) -> &str {
    let unquoted = if text.starts_with(['u', 'U']) {
        let named = text.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("url"));
        let value = named.then(|| skip_whitespace(&text[3..]).strip_prefix('=')).flatten();
        let Some(value) = value else { return text };
        skip_whitespace(value)
    } else {
        text
    };
    match unquoted.chars().next() {
        Some(quote @ ('"' | '\'')) => unquoted[1..].split(quote).next().unwrap_or_default(),
        _ => unquoted,
    }
}

fn skip_whitespace(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::Refresh::{Invalid, Navigate, Reload};
    use super::*;

    #[test]
    fn values_are_read_as_the_standard_says() {
        let table = [
            ("5;url=/a", Navigate("/a")),
            ("0.1; URL = '/a' junk", Navigate("/a")),
            (" 0 ,url=\"/a\"", Navigate("/a")),
            ("0 url=/a", Navigate("/a")),
            ("0; /a", Navigate("/a")),
            (".5;url=/a", Navigate("/a")),
            ("1;\turl=/a", Navigate("/a")),
            ("0;url=/a;x=1", Navigate("/a;x=1")),
            ("0 /a", Navigate("/a")),
            ("0, /a", Navigate("/a")),
            ("0\u{c}/a", Navigate("/a")),
            ("1.2.3.4;/a", Navigate("/a")),
            ("...;/a", Navigate("/a")),
            ("0;url='/a", Navigate("/a")),
            ("0;'/a' x", Navigate("/a")),
            ("0;\"/a'b\"", Navigate("/a'b")),
            ("0;url='", Navigate("")),
            ("0;url", Navigate("url")),
            ("0;url/x", Navigate("url/x")),
            ("0;up'x'", Navigate("up'x'")),
            ("0;ur", Navigate("ur")),
            ("0;url =/a", Navigate("/a")),
            ("0;URL==/a", Navigate("=/a")),
            ("0;;/a", Navigate(";/a")),
            ("5;url=", Navigate("")),
            ("5;\u{fc}", Navigate("\u{fc}")),
            ("5", Reload),
            (" 5 ", Reload),
            ("5;", Reload),
            ("5 ; ", Reload),
            (".", Reload),
            ("30seconds", Invalid),
            ("30seconds; url=/a", Invalid),
            ("3s", Invalid),
            ("5\u{a0};url=/a", Invalid),
            ("5:url=/a", Invalid),
            ("-1;url=/a", Invalid),
            ("+1;url=/a", Invalid),
            ("x;url=/a", Invalid),
            (";url=/a", Invalid),
            ("url=/a", Invalid),
            ("/a", Invalid),
            ("", Invalid),
            (" ", Invalid),
        ];
        for (value, expected) in table {
            assert_eq!(parse(value), expected, "{value:?}");
        }
    }
}
